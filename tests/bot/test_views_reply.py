import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.replies import Button, Cell, Code, Column, Link, Reply, Table, Text, failure
from bot.views.marks import Run, Style, bare, runs
from bot.views.payload import Posting
from bot.views.reply import FIRST_ROWS, messages
from ops.work import StepState
from tests.bot.blockkit import HOSTILE, posting_problems, said, strings, table

COLUMNS = (Column("Address"), Column("State"), Column("Latency", "right"))


def rows(count: int) -> tuple[tuple[Cell, ...], ...]:
    return tuple((f"10.0.{n // 250}.{n % 250}", StepState.OK, f"{n} ms") for n in range(count))


def hosts(count: int, title: str = "Hosts") -> Table:
    return Table(title, COLUMNS, rows(count), "No host is registered. `register` adds one.")


def post(*parts: Text | Table | Code, buttons: tuple[Button, ...] = (), private: bool = False) -> Posting:
    posting = messages(Reply(parts, buttons=buttons, private=private), "/flsvc")
    assert posting_problems(posting) == []
    return posting


def test_a_sentence_is_one_message() -> None:
    posting = post(Text("The key is *ready*: `ssh-ed25519`."))
    assert (posting.thread, posting.files) == ((), ())
    assert posting.first.text == "The key is ready: `ssh-ed25519`."
    assert strings(posting.first.blocks) == ["The key is ", "ready", ": ", "ssh-ed25519", "."]


@pytest.mark.parametrize("count", [1, 2, 50, 99])
def test_a_table_that_fits_is_one_message(count: int) -> None:
    posting = post(hosts(count))
    assert (posting.thread, posting.files) == ((), ())
    assert len(table(posting.first)) == count + 1
    assert table(posting.first)[1] == ["10.0.0.0", "✅ ok", "0 ms"]
    assert posting.first.text.startswith(f"Hosts ({count} row{'s' if count > 1 else ''})\n10.0.0.0, ok, 0 ms")


def test_a_table_without_rows_is_its_sentence() -> None:
    posting = post(hosts(0))
    assert "No host is registered." in said(posting.first)
    assert not [block for block in posting.first.blocks if block["type"] == "table"]


@pytest.mark.parametrize("count", [100, 200, 300])
def test_a_longer_table_goes_on_in_the_thread(count: int) -> None:
    posting = post(hosts(count))
    assert len(table(posting.first)) == FIRST_ROWS + 1
    assert f"Showing 40 of {count}, the others in the thread." in said(posting.first)
    shown = [row for message in (posting.first, *posting.thread) for row in table(message)[1:]]
    assert [row[0] for row in shown] == [row[0] for row in rows(count)]


def test_a_very_long_table_goes_on_as_a_file() -> None:
    posting = post(hosts(1000))
    assert "Showing 40 of 1000, all of them in the file." in said(posting.first)
    (file,) = posting.files
    assert file.filename == "hosts.csv"
    read = list(csv.reader(io.StringIO(file.content)))
    assert len(read) == 1001
    assert read[1] == ["10.0.0.0", "ok", "0 ms"]


def test_long_cells_are_cut_and_whole_in_the_file() -> None:
    posting = post(Table("Logs", (Column("Line"),), (("x" * 5_000,),), "None."))
    assert table(posting.first)[1][0].endswith("…")
    assert "x" * 5_000 in posting.files[0].content
    assert "logs.csv" in said(posting.first)


def test_two_tables_are_two_messages() -> None:
    posting = post(hosts(3), hosts(2, "Others"))
    assert [len(table(message)) for message in (posting.first, *posting.thread)] == [4, 3]


def test_long_lines_show_their_end_and_are_a_file() -> None:
    log = "\n".join(f"line {n}" for n in range(2_000))
    posting = post(Code("192.168.1.105", log))
    assert "line 1999" in said(posting.first)
    assert "of 2,000 lines)" in said(posting.first)
    assert "line 0\n" not in said(posting.first)
    assert posting.files[0].content == log


def test_many_logs_become_one_file() -> None:
    posting = post(*(Code(f"10.0.0.{n}", f"line of {n}\n" * 500) for n in range(60)))
    assert posting.thread == ()
    (file,) = posting.files
    assert file.content.count("line of 59\n") >= 499
    assert "the whole answer is in the file in the thread" in said(posting.first)


def test_a_private_answer_names_the_direct_message() -> None:
    posting = post(hosts(1000), private=True)
    assert "a direct message to you" in said(posting.first)


def test_a_link_leads_somewhere_and_other_addresses_stay_text() -> None:
    cells = ((Link("thread", "https://x.example/p1"),), (Link("bad", "javascript:alert(1)"),))
    posting = post(Table("History", (Column("Where"),), cells, "None."))
    (block,) = [block for block in posting.first.blocks if block["type"] == "table"]
    assert block["rows"][1][0]["elements"][0]["elements"][0]["url"] == "https://x.example/p1"
    assert block["rows"][2][0]["elements"][0]["elements"] == [{"type": "text", "text": "bad"}]


def test_buttons_give_commands() -> None:
    buttons = (Button("Install", "docker install 10.0.0.1"), Button("Forget", "forget 10.0.0.1", "danger", "Sure?"))
    block = post(Text("Hello"), buttons=buttons).first.blocks[-1]
    assert [(one["action_id"], one["value"]) for one in block["elements"]] == [
        ("run:0", "docker install 10.0.0.1"),
        ("run:1", "forget 10.0.0.1"),
    ]
    assert block["elements"][1]["confirm"]["text"]["text"] == "Sure?"


def test_a_command_too_long_for_a_button_is_a_sentence() -> None:
    posting = post(Text("Hello"), buttons=(Button("Deploy", "deploy " + "10.0.0.1," * 300),))
    assert not [block for block in posting.first.blocks if block["type"] == "actions"]
    assert "type `/flsvc deploy 10.0.0.1" in said(posting.first)


def test_the_buttons_stay_on_the_first_message() -> None:
    posting = post(hosts(99), hosts(99), buttons=tuple(Button(f"B{n}", "status " + "x" * 900) for n in range(30)))
    assert posting.first.blocks[-1]["type"] == "actions"
    assert all(block["type"] != "actions" for message in posting.thread for block in message.blocks)


def test_a_failure_has_a_sign_and_its_lines() -> None:
    posting = messages(failure("`10.0.0.9` is not registered.", "No route to host"), "/flsvc")
    assert posting_problems(posting) == []
    assert posting.first.text.startswith("⚠️ `10.0.0.9` is not registered.")
    assert "No route to host" in said(posting.first)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_text_is_no_markup_and_breaks_nothing(value: str) -> None:
    posting = post(
        Text(value),
        Code(value, value),
        Table(value, (Column(value),), ((value,), (Link(value, value),)), value, value),
    )
    for message in (posting.first, *posting.thread):
        assert "<!channel>" not in message.text
        for block in message.blocks:
            if block["type"] in ("section", "context"):
                assert "<" not in "".join(strings(block))


def test_text_longer_than_a_block_is_several() -> None:
    lines = [f"line {n} of a long help" for n in range(400)]
    assert said(post(Text("\n".join(lines))).first).replace(" line", "\nline").split("\n") == lines


LINKS = (Link("here", "https://x.example/"), Link("x" * 999, "https://x.example/" + "y" * 300))
SAMPLES = (*HOSTILE, *StepState, *LINKS)
places = st.integers(0, len(SAMPLES) - 1)
widths = st.sampled_from((1, 3, 8, 25))
heights = st.sampled_from((0, 1, 2, 99, 120))
kinds = st.sampled_from(("text", "code", "table"))


def part(kind: str, place: int, width: int, height: int) -> Text | Table | Code:
    """Make a part out of small numbers, so that a failure is told in small numbers."""
    values = [SAMPLES[(place + n) % len(SAMPLES)] for n in range(width)]
    words = HOSTILE[place % len(HOSTILE)]
    if kind == "table":
        return Table(words, tuple(Column(words) for _ in values), (tuple(values),) * height, words, words)
    return Text(words * (1 + height % 3)) if kind == "text" else Code(words, words * (1 + height % 3))


@settings(max_examples=40, deadline=None)
@example(chosen=[("text", 6, 1, 0)], pressed=[], private=False)
@given(
    st.lists(st.tuples(kinds, places, widths, heights), max_size=5),
    st.lists(places, max_size=30),
    st.booleans(),
)
@pytest.mark.slow
def test_whatever_is_answered_keeps_to_the_limits(
    chosen: list[tuple[str, int, int, int]], pressed: list[int], private: bool
) -> None:
    words = [HOSTILE[place % len(HOSTILE)] for place in pressed]
    buttons = tuple(Button(text, text, "primary", text) for text in words)
    reply = Reply(tuple(part(*one) for one in chosen), buttons=buttons, private=private, failed=private)
    assert posting_problems(messages(reply, "/flsvc")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `b` *c d*", [("a ", Style.PLAIN), ("b", Style.CODE), (" ", Style.PLAIN), ("c d", Style.BOLD)]),
        ("2*3*4 and * x *", [("2*3*4 and * x *", Style.PLAIN)]),
        ("`*not bold*`", [("*not bold*", Style.CODE)]),
        ("", []),
    ],
)
def test_marks(text: str, expected: list[tuple[str, Style]]) -> None:
    assert runs(text) == [Run(*pair) for pair in expected]


def test_bare_keeps_backticks_only() -> None:
    assert bare("type `help` *now*") == "type `help` now"
