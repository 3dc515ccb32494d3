"""Every block and element as HTML, with hostile words in every place that takes words."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.model import File, Json, Message, Reaction
from bot.sandbox.workspace import Workspace
from tests.browser import gallery
from tests.sandbox.page_html import Found, paint, paint_blocks, read

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "</textarea></li></ol></article><b>",
    "*`<@U0ADA|\"><i>`* <http://x\"onclick=alert(1)|y>",
)  # fmt: skip


def found(*blocks: Json) -> Found:
    return read(paint_blocks(*blocks))


def test_section_with_fields_and_accessory() -> None:
    seen = found(gallery.FIELDS, gallery.ACCESSORY)
    assert "Project" in seen.text
    assert "facefl:3f2a9c1" in seen.text
    assert "retry" in seen.values("data-action")
    assert "104" in seen.values("data-value")


def test_header_divider_and_context() -> None:
    context = {"type": "context", "elements": [gallery.mrkdwn("*took* 3 s"), image("https://x.org/a.png")]}
    seen = found({"type": "header", "text": gallery.plain("*Title*")}, {"type": "divider"}, context)
    assert "*Title*" in seen.text
    assert "took 3 s" in seen.text
    assert "hr" in seen.tags
    assert "https://x.org/a.png" in seen.values("src")


def image(url: str, **more: Any) -> Json:
    return {"type": "image", "image_url": url, "alt_text": "a picture", **more}


def test_buttons_say_style_confirmation_and_address() -> None:
    seen = found(gallery.ACTIONS)
    assert [name for name in seen.values("data-action") if name] == ["deploy", "logs", "stop", "docs"]
    assert {"btn btn-primary", "btn btn-danger", "btn btn-default"} <= set(seen.values("class"))
    assert "Stop the run?" in seen.values("data-confirm")[0]
    assert "https://flower.ai/docs/" in seen.values("href")


def test_an_unsafe_button_address_is_no_link() -> None:
    seen = found({"type": "actions", "elements": [gallery.button("x", "x", url="javascript:alert(1)")]})
    assert [tag for tag, name, value in seen.attributes if name == "data-action" and value] == ["button"]


@pytest.mark.parametrize("kind", ["static", "users", "channels", "conversations"])
def test_selects_list_their_options_and_what_is_chosen(kind: str) -> None:
    element: Json = {"type": f"{kind}_select", "action_id": "pick", "placeholder": gallery.plain("Pick one")}
    chosen = {"static": "sklearn", "users": "U0BEN", "channels": "C0LAB", "conversations": "C0LAB"}[kind]
    if kind == "static":
        element |= {
            "options": gallery.options("python", "sklearn"),
            "initial_option": gallery.option("sklearn", "sklearn"),
        }
    else:
        element[f"initial_{kind.removesuffix('s')}"] = chosen
    seen = found({"type": "actions", "elements": [element]})
    assert chosen in seen.values("data-value")
    assert seen.values("aria-selected").count("true") == 1
    assert "Pick one" in seen.values("placeholder")


def test_grouped_options_keep_their_labels() -> None:
    names = (("ARM", "arm64"), ("PC", "amd64"))
    groups = [{"label": gallery.plain(label), "options": gallery.options(arch)} for label, arch in names]
    element = {"type": "static_select", "action_id": "arch", "option_groups": groups}
    assert "ARMarm64PCamd64" in "".join(found({"type": "actions", "elements": [element]}).text.split())


def test_multi_selects_show_chips_with_a_way_to_remove_them() -> None:
    element = {
        "type": "multi_users_select",
        "action_id": "who",
        "initial_users": ["U0ADA", "U0BEN"],
        "max_selected_items": 2,
    }
    seen = found(gallery.section("who?", accessory=element))
    assert [label for label in seen.values("aria-label") if label.startswith("Remove")] == [
        "Remove Ada",
        "Remove Ben",
    ]
    assert "2" in seen.values("data-max")


def test_external_selects_ask_for_options() -> None:
    options = gallery.options("192.168.1.101")
    element = {"type": "external_select", "action_id": "host", "min_query_length": 0, "initial_option": options[0]}
    seen = found({"type": "actions", "elements": [element]})
    assert seen.values("data-min-query") == ["0"]
    assert "192.168.1.101" in seen.text
    assert "option" not in seen.values("role")


def test_choices_pickers_and_overflow() -> None:
    seen = found(gallery.CHOICES, gallery.SELECTS)
    assert {"radio", "checkbox", "date", "time"} <= set(seen.values("type"))
    assert len(seen.values("checked")) == 2
    assert "Weighted mean of the clients" in seen.text
    assert "2026-11-24" in seen.values("value")
    assert seen.values("role").count("menuitem") == 3


def test_table_cells_align_wrap_and_hold_rich_text() -> None:
    block = gallery.table(["Host", "Free"], [["192.168.1.101", "21 GB"], ["ok", "–"]], right=(1,))
    block["column_settings"][0]["is_wrapped"] = True
    seen = found(block)
    assert seen.tags.count("th") == 2
    assert seen.tags.count("td") == 4
    assert seen.values("class").count("right") == 3
    assert seen.values("class").count("left wrap") == 3
    assert ":white_check_mark:" in seen.values("aria-label")


def test_tables_of_no_row_and_of_many() -> None:
    assert "table" in found({"type": "table", "rows": []}).tags
    rows = [[f"192.168.1.{number}"] for number in range(99)]
    assert found(gallery.table(["Host"], rows)).tags.count("tr") == 100


def test_numbers_in_cells() -> None:
    row = [{"type": "raw_number", "value": 0}, {"type": "raw_number", "value": 1234.5, "text": "1,234.5"}]
    assert "01,234.5" in "".join(found({"type": "table", "rows": [row]}).text.split())


def test_images_of_the_web_and_of_the_workspace() -> None:
    seen = found(image("https://x.org/a.png", title=gallery.plain("Loss")), image("javascript:alert(1)"))
    assert seen.values("src") == ["https://x.org/a.png", ""]
    assert "Loss" in seen.text
    assert seen.values("alt") == ["a picture", "a picture"]


def test_pictures_of_the_workspace_are_found_by_id_and_by_address() -> None:
    workspace = Workspace.demo()
    workspace.files["F1"] = File("F1", "a.png", "a", "U0ADA", 1, "image/png", "png", 0)
    named: list[Json] = [{"id": "F1"}, {"url": "http://127.0.0.1/files-pri/T0/F1/a.png"}, {"id": "F9"}]
    blocks = tuple({"type": "image", "alt_text": "a", "slack_file": file} for file in named)
    message = Message(workspace.new_ts(), "C0FLEET", user="U0FLSVC00", blocks=blocks)
    sources = read(paint(workspace, message)).values("src")
    assert sources == ["/page/file/F1?as=U0ADA", "/page/file/F1?as=U0ADA", ""]


def test_groups_are_mentioned_by_their_handle() -> None:
    assert "@lab-engineers please" in found(gallery.section("<!subteam^S0LABENG> please")).text


def test_rich_text_markdown_and_video() -> None:
    video = {"type": "video", "title": gallery.plain("Demo"), "title_url": "https://x.org/v", "alt_text": "v"}
    seen = found(gallery.RICH, gallery.MARKDOWN, video)
    assert "Loss went down." in seen.text
    assert "What is next" in seen.text
    assert "https://x.org/v" in seen.values("href")


def test_a_block_nobody_knows_says_so() -> None:
    assert "A block of type “hologram” is not shown here." in found({"type": "hologram"}).text


def test_context_actions() -> None:
    feedback = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": {"text": gallery.plain("Good"), "value": "yes"},
        "negative_button": {"text": gallery.plain("Bad"), "value": "no"},
    }
    trash = {"type": "icon_button", "action_id": "drop", "icon": "trash", "text": gallery.plain("Delete")}
    seen = found({"type": "context_actions", "elements": [feedback, trash]})
    assert seen.values("data-value")[:2] == ["yes", "no"]
    assert "Delete" in seen.text


@pytest.mark.parametrize("kind", ["plain_text_input", "email_text_input", "url_text_input", "number_input"])
def test_inputs_are_labelled_and_bounded(kind: str) -> None:
    element = {
        "type": kind,
        "action_id": "a",
        "initial_value": "7",
        "min_length": 1,
        "max_length": 9,
        "min_value": "1",
        "max_value": "8",
    }
    seen = found(gallery.field("b", "Rounds", element, hint=gallery.plain("a hint")))
    label = next(value for tag, name, value in seen.attributes if tag == "label" and name == "for")
    assert label in seen.values("id")
    assert "7" in seen.values("value")
    assert "a hint" in seen.text
    assert "(optional)" not in seen.text
    assert "data-required" in {name for _, name, _ in seen.attributes}


def test_multiline_input_keeps_its_text_and_optional_is_said() -> None:
    element = {"type": "plain_text_input", "action_id": "a", "multiline": True, "initial_value": "\n<b>\n"}
    seen = found(gallery.field("b", "Note", element, optional=True))
    assert "\n<b>\n" in seen.text
    assert "(optional)" in seen.text


def test_file_input_and_date_and_time() -> None:
    moment = {"type": "datetimepicker", "action_id": "when", "initial_date_time": 1764000000}
    files = {"type": "file_input", "action_id": "zip", "filetypes": ["zip"], "max_files": 1}
    seen = found(gallery.field("f", "Project", files), gallery.field("w", "When", moment))
    assert ".zip" in seen.values("accept")
    assert {"file", "datetime-local"} <= set(seen.values("type"))


KEPT = ("type", "style", "icon")


def words(node: Any, hostile: str) -> Any:
    """Return a block with every text, title, address and value replaced."""
    if isinstance(node, list):
        return [words(item, hostile) for item in node]
    return {key: word(key, value, hostile) for key, value in node.items()} if isinstance(node, dict) else node


def word(key: str, value: Any, hostile: str) -> Any:
    is_word = isinstance(value, str) and key not in KEPT and not key.startswith(("min_", "max_"))
    return hostile if is_word else words(value, hostile)


VIDEO = {
    "type": "video",
    "title": gallery.plain("t"),
    "title_url": "u",
    "description": gallery.plain("d"),
    "provider_name": "p",
}
EVERY: list[Json] = [
    *gallery.MESSAGE,
    gallery.FLEET,
    *gallery.REGISTER["blocks"],
    image("x", title=gallery.plain("t")),
    VIDEO,
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("block", EVERY, ids=lambda block: str(block["type"]))
def test_hostile_words_stay_words(block: Json, hostile: str) -> None:
    read(paint_blocks(words(block, hostile)))


@given(st.text(max_size=80))
@settings(max_examples=40, deadline=None)
def test_any_words_stay_words(text: str) -> None:
    read(paint_blocks(*(words(block, text) for block in EVERY)))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_attachments_files_reactions_and_authors_are_escaped(hostile: str) -> None:
    workspace = Workspace.demo()
    workspace.users["U0BEN"] = replace(workspace.users["U0BEN"], real_name=hostile, color=hostile)
    path = workspace.new_file_path()
    path.write_text(hostile, encoding="utf-8")
    for file_id, mimetype in (("F1", "text/plain"), ("F2", "image/png"), ("F3", "application/zip")):
        workspace.files[file_id] = File(file_id, hostile, hostile, "U0BEN", len(hostile), mimetype, hostile, 0, path)
    attachment = dict.fromkeys(("color", "pretext", "title", "title_link", "text", "footer", "author_name"), hostile)
    message = Message(
        workspace.new_ts(),
        "C0FLEET",
        hostile,
        user="U0BEN",
        attachments=({**attachment, "fields": [{"title": hostile, "value": hostile, "short": True}]},),
        files=("F1", "F2", "F3"),
        reactions=(Reaction(hostile, ("U0BEN",)),),
    )
    try:
        seen = read(paint(workspace, message))
    finally:
        workspace.close()
    assert "/page/file/F2?as=U0ADA" in seen.values("src")
    assert hostile in seen.text


def test_a_message_shows_edited_pinned_ephemeral_and_app() -> None:
    workspace = Workspace.demo()
    message = Message(workspace.new_ts(), "C0FLEET", "hi", user="U0FLSVC00", bot_id="B0FLSVC00", app_id="A0FLSVC00")
    seen = read(paint(workspace, replace(message, edited=message.ts, pinned=True, ephemeral_for="U0ADA")))
    for word in ("(edited)", "Pinned", "Only visible to you", "APP", "flsvc"):
        assert word in seen.text


def test_attachment_colours() -> None:
    workspace = Workspace.demo()
    for color, style in (("good", "#2eb67d"), ("#FF0000", "#FF0000"), ("00ff00", "#00ff00"), ("red;x", "#dddddd")):
        message = Message(workspace.new_ts(), "C0FLEET", attachments=({"color": color, "text": "*t*"},))
        assert f"--bar:{style}" in read(paint(workspace, message)).values("style")
