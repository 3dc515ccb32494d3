import pytest

from bot.replies import Code, Column, Reply, Table, Text
from bot.terminal_text import cells_wide, pad, render, wrap
from ops.work import StepState
from tests.bot.blockkit import HOSTILE

COLUMNS = (Column("Address"), Column("State"), Column("Latency", "right"))


def hosts(*rows: tuple[str | StepState, ...]) -> Reply:
    return Reply((Table("Hosts", COLUMNS, rows, "No host is registered.", "2 *hosts*"),))


def test_a_table_is_aligned_and_uses_words() -> None:
    reply = hosts(("192.168.1.105", StepState.OK, "3 ms"), ("10.0.0.1", StepState.UNREACHABLE, ""))
    assert render(reply, 80).splitlines() == [
        "Hosts",
        "Address        State        Latency",
        "-------------  -----------  -------",
        "192.168.1.105  ok              3 ms",
        "10.0.0.1       unreachable",
        "2 hosts",
    ]


def test_a_table_without_rows_is_its_sentence() -> None:
    assert render(hosts(), 80) == "Hosts\nNo host is registered."


def test_parts_stand_apart_and_marks_are_undone() -> None:
    reply = Reply((Text("*Done*: type `help`."), Code("192.168.1.105", "one\n\x1b[31mtwo\x1b[0m\n"), Code("", "")))
    assert render(reply) == "Done: type `help`.\n\n192.168.1.105\none\ntwo\n\n(nothing)"


def test_the_widest_column_wraps() -> None:
    lines = render(hosts(("10.0.0.1", "a long sentence about what went wrong here", "1 ms")), 40).splitlines()
    assert max(map(len, lines)) <= 40
    assert " ".join(line[10:].split("  ")[0].strip() for line in lines[3:-1]) == (
        "a long sentence about what went wrong here"
    )


@pytest.mark.parametrize("width", [1, 20, 80, 200])
@pytest.mark.parametrize("value", HOSTILE)
def test_any_text_is_shown_at_any_width(value: str, width: int) -> None:
    reply = Reply((Text(value), Code(value, value), Table(value, COLUMNS, ((value,) * 3,), value, value)))
    shown = render(reply, width)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(("text", "wide"), [("abc", 3), ("ｗｉ", 4), ("e\u0301", 1), ("😀", 2), ("", 0)])
def test_width_in_columns(text: str, wide: int) -> None:
    assert cells_wide(text) == wide
    assert cells_wide(pad(text, 6)) == cells_wide(pad(text, 6, right=True)) == 6


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("ab abcdefgh", 4, ["ab", "abcd", "efgh"]),
        ("ｗｉｄｅ", 1, ["ｗ", "ｉ", "ｄ", "ｅ"]),
        ("a\nb", 4, ["a", "b"]),
    ],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines
