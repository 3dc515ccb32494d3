"""Every limit of Block Kit as one row: the largest that passes, the smallest that does not, and Slack's words."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.blocks import message_problems, view_problems, with_block_ids
from bot.sandbox.blocks_elements import ELEMENTS
from bot.sandbox.blocks_table import BLOCKS

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**fields: Any) -> Json:
    return {"type": "section", **({} if "text" in fields or "fields" in fields else {"text": mrkdwn("x")}), **fields}


def button(**fields: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **fields}


def option(text: str = "One", value: str = "1") -> Json:
    return {"text": plain(text), "value": value}


def options(count: int) -> list[Json]:
    return [option(value=str(number)) for number in range(count)]


def select(**fields: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": options(1), **fields}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def buttons(count: int) -> Json:
    return actions(*(button(action_id=str(number)) for number in range(count)))


def table(rows: int, columns: int = 1, text: str = "x", **fields: Any) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows, **fields}


def field(element: Json | None = None, **fields: Any) -> Json:
    held = element or {"type": "plain_text_input", "action_id": "a"}
    return {"type": "input", "label": plain("Address"), "element": held, **fields}


def modal(*blocks: Json, **fields: Any) -> Json:
    return {"type": "modal", "title": plain("Register"), "submit": plain("Go"), "blocks": list(blocks), **fields}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def confirm(**fields: Any) -> Json:
    return {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n"), **fields}


LONG = "must be less than"
MANY = "no more than"

MESSAGE_LIMITS = [
    ([{"type": "divider"}] * 50, [{"type": "divider"}] * 51, f"{MANY} 50 items allowed [json-pointer:/blocks]"),
    ([section(text=mrkdwn("x" * 3000))], [section(text=mrkdwn("x" * 3001))], f"{LONG} 3001 characters"),
    ([section(fields=[mrkdwn("x")] * 10)], [section(fields=[mrkdwn("x")] * 11)], f"{MANY} 10 items"),
    ([section(fields=[plain("x" * 2000)])], [section(fields=[plain("x" * 2001)])], f"{LONG} 2001 characters"),
    ([{"type": "header", "text": plain("x" * 150)}], [{"type": "header", "text": plain("x" * 151)}], f"{LONG} 151"),
    ([{"type": "markdown", "text": "x" * 12000}], [{"type": "markdown", "text": "x" * 12001}], f"{LONG} 12001"),
    ([actions(button(text=plain("x" * 75)))], [actions(button(text=plain("x" * 76)))], f"{LONG} 76 characters"),
    ([actions(button(value="x" * 2000))], [actions(button(value="x" * 2001))], f"{LONG} 2001 characters"),
    ([actions(button(action_id="x" * 255))], [actions(button(action_id="x" * 256))], f"{LONG} 256 characters"),
    (
        [actions(button(url=f"https://h/{'x' * 2990}"))],
        [actions(button(url=f"https://h/{'x' * 2991}"))],
        f"{LONG} 3001",
    ),
    ([section(block_id="x" * 255)], [section(block_id="x" * 256)], f"{LONG} 256 characters"),
    ([buttons(25)], [buttons(26)], f"{MANY} 25 items allowed [json-pointer:/blocks/0/elements]"),
    (
        [{"type": "context", "elements": [mrkdwn("x")] * 10}],
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        f"{MANY} 10 items",
    ),
    ([actions(select(options=options(100)))], [actions(select(options=options(101)))], f"{MANY} 100 items"),
    ([actions(select(options=[option("x" * 75)]))], [actions(select(options=[option("x" * 76)]))], f"{LONG} 76"),
    (
        [actions(select(options=[option(value="x" * 150)]))],
        [actions(select(options=[option(value="x" * 151)]))],
        f"{LONG} 151 characters",
    ),
    (
        [section(accessory={"type": "overflow", "action_id": "o", "options": options(5)})],
        [section(accessory={"type": "overflow", "action_id": "o", "options": options(6)})],
        f"{MANY} 5 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    (
        [actions({"type": "radio_buttons", "action_id": "r", "options": options(10)})],
        [actions({"type": "radio_buttons", "action_id": "r", "options": options(11)})],
        f"{MANY} 10 items",
    ),
    ([actions(select(placeholder=plain("x" * 150)))], [actions(select(placeholder=plain("x" * 151)))], f"{LONG} 151"),
    ([table(100)], [table(101)], f"{MANY} 100 items allowed [json-pointer:/blocks/0/rows]"),
    ([table(1, 20)], [table(1, 21)], f"{MANY} 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    ([table(100, 20, "x" * 5)], [table(100, 20, "x" * 5 + "y")], "table cells must be less than 10001 characters"),
    ([table(1)], [table(1), table(1)], "only_one_table_allowed"),
    (
        [table(1, column_settings=[None, {"align": "right"}])],
        [table(1, column_settings=[{"align": "up"}])],
        "must be one",
    ),
    (
        [actions(button(confirm=confirm(title=plain("x" * 100))))],
        [actions(button(confirm=confirm(title=plain("x" * 101))))],
        f"{LONG} 101",
    ),
    (
        [actions(button(confirm=confirm(deny=plain("x" * 30))))],
        [actions(button(confirm=confirm(deny=plain("x" * 31))))],
        f"{LONG} 31",
    ),
    ([section(block_id="a"), section(block_id="b")], [section(block_id="a")] * 2, "`block_id` a already exists"),
    ([actions(button(action_id="a"), select())], [actions(button(action_id="s"), select())], "`action_id` s already"),
    ([section(text=mrkdwn("x"))], [section(text=mrkdwn(""))], "must be more than 0 characters"),
    ([section()], [{"type": "section"}], "must define either `text` or `fields`"),
    ([section()], [{"type": "sektion"}], "unsupported type: sektion [json-pointer:/blocks/0/type]"),
    ([section(accessory=button())], [section(accessory={"type": "knob"})], "unsupported type: knob"),
    ([section()], [section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    ([section()], [{"text": mrkdwn("x")}], "missing required field: type"),
    ([actions(button())], [actions(button(text=mrkdwn("x")))], "unsupported type: mrkdwn; must be plain_text"),
    ([{"type": "header", "text": plain("x")}], [{"type": "header", "text": mrkdwn("x")}], "must be plain_text"),
    ([actions(button())], [{"type": "actions", "elements": []}], "no fewer than 1 items allowed"),
    ([actions(button(style="danger"))], [actions(button(style="green"))], "must be one of: primary, danger"),
    ([section()], ["section"], "must provide an object"),
    ([section()], "[]", "must provide an array"),
    (
        [actions(select(initial_option=option(value="0")))],
        [actions(select(initial_option=option(value="9")))],
        "not an",
    ),
    (
        [{"type": "image", "image_url": "https://h/p.png", "alt_text": "p"}],
        [{"type": "image", "image_url": "https://h/p.png"}],
        "missing required field: alt_text",
    ),
    (
        [rich({"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]})],
        [rich({"type": "rich_text_section", "elements": [{"type": "blink", "text": "x"}]})],
        "unsupported type: blink",
    ),
    (
        [
            rich(
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": []}],
                }
            )
        ],
        [
            rich(
                {
                    "type": "rich_text_list",
                    "style": "stars",
                    "elements": [{"type": "rich_text_section", "elements": []}],
                }
            )
        ],
        "must be one of: bullet, ordered",
    ),
]


@pytest.mark.parametrize(("passes", "fails", "words"), MESSAGE_LIMITS)
def test_a_message_limit(passes: Any, fails: Any, words: str) -> None:
    assert message_problems(passes) == []
    assert any(words in problem for problem in message_problems(fails)), message_problems(fails)


VIEW_LIMITS = [
    (modal(*[{"type": "divider"}] * 100), modal(*[{"type": "divider"}] * 101), f"{MANY} 100 items"),
    (modal(section(), title=plain("x" * 24)), modal(section(), title=plain("x" * 25)), f"{LONG} 25 characters"),
    (modal(section(), submit=plain("x" * 24)), modal(section(), submit=plain("x" * 25)), f"{LONG} 25 characters"),
    (modal(section(), close=plain("x" * 24)), modal(section(), close=plain("x" * 25)), f"{LONG} 25 characters"),
    (
        modal(section(), private_metadata="x" * 3000),
        modal(section(), private_metadata="x" * 3001),
        f"{LONG} 3001 characters [json-pointer:/view/private_metadata]",
    ),
    (modal(section(), callback_id="x" * 255), modal(section(), callback_id="x" * 256), f"{LONG} 256 characters"),
    (modal(field()), {**modal(field()), "submit": None}, "missing required field: submit"),
    (modal(section()), {"type": "modal", "blocks": [section()]}, "missing required field: title"),
    (modal(section()), modal(table(1)), "unsupported type: table"),
    (modal(section()), {"type": "dialog", "blocks": []}, "unsupported type: dialog"),
    (
        {"type": "home", "blocks": [section()]},
        {**modal(section()), "type": "home"},
        "invalid additional property: title",
    ),
    (modal(field(label=plain("x" * 2000))), modal(field(label=plain("x" * 2001))), f"{LONG} 2001"),
    (modal(field(hint=plain("x" * 2000))), modal(field(hint=plain("x" * 2001))), f"{LONG} 2001"),
    (
        modal(field({"type": "plain_text_input", "action_id": "a", "max_length": 3000})),
        modal(field({"type": "plain_text_input", "action_id": "a", "max_length": 3001})),
        "must be from 1 to 3000",
    ),
    (
        modal(field({"type": "number_input", "action_id": "a", "is_decimal_allowed": False})),
        modal(field({"type": "number_input", "action_id": "a"})),
        "missing required field: is_decimal_allowed",
    ),
    (
        modal(field()),
        modal(field({"type": "button", "text": plain("x"), "action_id": "a"})),
        "unsupported type: button",
    ),
    (
        modal(field({"type": "plain_text_input", "action_id": "a", "focus_on_load": True})),
        modal(*[field({"type": "plain_text_input", "action_id": "a", "focus_on_load": True})] * 2),
        "only one element may have focus_on_load",
    ),
    (
        modal(field({"type": "datepicker", "action_id": "d", "initial_date": "2026-11-24"})),
        modal(field({"type": "datepicker", "action_id": "d", "initial_date": "24.11.2026"})),
        "must match",
    ),
]


@pytest.mark.parametrize(("passes", "fails", "words"), VIEW_LIMITS)
def test_a_view_limit(passes: Any, fails: Any, words: str) -> None:
    assert view_problems(passes) == []
    assert any(words in problem for problem in view_problems(fails)), view_problems(fails)


def test_ids_are_given_to_what_has_none() -> None:
    given_blocks = [
        section(accessory={"type": "button", "text": plain("x")}),
        actions(button()),
        section(block_id="mine"),
    ]
    named = with_block_ids(given_blocks)
    assert len({block["block_id"] for block in named}) == 3
    assert named[0]["accessory"]["action_id"]
    assert named[1]["elements"][0]["action_id"] == "go"
    assert named[2]["block_id"] == "mine"
    assert "block_id" not in given_blocks[0]


KEYS = ["type", "text", "blocks", "elements", "options", "rows", "accessory", "element", "fields", "label", "value"]
KINDS = [*BLOCKS, *ELEMENTS, "plain_text", "mrkdwn", "raw_text", "modal", "home", ""]
WORDS = st.sampled_from([*KEYS, *KINDS])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(WORDS, children, max_size=5),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_any_json_gets_an_answer_and_no_exception(value: Any) -> None:
    assert all("[json-pointer:" in problem for problem in message_problems(value))
    assert all("[json-pointer:" in problem for problem in view_problems(value))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 49), st.data())
def test_one_wrong_block_among_good_ones_is_found_where_it_is(count: int, data: st.DataObject) -> None:
    blocks: list[Json] = [{"type": "divider"} for _ in range(count)]
    position = data.draw(st.integers(0, count))
    blocks.insert(position, {"type": "sektion"})
    assert message_problems(blocks) == [f"unsupported type: sektion [json-pointer:/blocks/{position}/type]"]
