"""An answer as plain text: aligned tables, words instead of signs, as wide as the terminal."""

import unicodedata
from collections.abc import Sequence

from bot.replies import Code, Reply, Table, Text
from bot.views.limits import printable
from bot.views.marks import bare
from bot.views.tables import plain_rows

_GAP = "  "
_NARROWEST = 8


def render(reply: Reply, width: int = 120) -> str:
    """Return an answer's parts below each other, without a line end at the end."""
    return "\n\n".join(filter(None, (_part(part, width) for part in reply.parts)))


def _part(part: Text | Table | Code, width: int) -> str:
    match part:
        case Text(text):
            return _clean(text)
        case Code(title, text):
            return "\n".join([*([_clean(title)] if title else []), printable(text).rstrip() or "(nothing)"])
        case Table():
            return table(part, width)


def table(value: Table, width: int) -> str:
    """Return a table under its title; its sentence instead when it has no rows."""
    title = [_clean(value.title)] if value.title else []
    if not value.rows:
        return "\n".join([*title, _clean(value.empty)])
    lines = grid(
        [column.title for column in value.columns],
        plain_rows(value.rows),
        [column.align == "right" for column in value.columns],
        width,
    )
    return "\n".join([*title, *lines, *([_clean(value.note)] if value.note else [])])


def grid(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], width: int) -> list[str]:
    """Return aligned lines; the widest columns wrap until the table fits, as far as they can; empty ones go."""
    cells = [[_clean(text).strip() for text in row] for row in (titles, *rows)]
    widths = [max(_longest_line(row[at]) for row in cells if at < len(row)) for at in range(len(titles))]
    if not any(widths):
        return []
    cells = [[text for text, one in zip(row, widths, strict=False) if one] for row in cells]
    right = [on_right for on_right, one in zip(right, widths, strict=True) if one]
    widths = _shrink([one for one in widths if one], width)
    rule = _GAP.join("-" * one for one in widths)
    lines = [line for row in cells for line in _row(row, widths, right)]
    return [*lines[: _height(cells[0], widths)], rule, *lines[_height(cells[0], widths) :]]


def _clean(text: str) -> str:
    return bare(printable(text))


def cells_wide(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() else sum(map(_wide, text))


def _wide(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200b\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _longest_line(text: str) -> int:
    return max(map(cells_wide, text.split("\n")))


def _shrink(widths: list[int], width: int) -> list[int]:
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _NARROWEST:
        widest = widths.index(max(widths))
        over = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        second = max([_NARROWEST, *(one for one in widths if one < widths[widest])])
        widths[widest] = max(widths[widest] - over, second, _NARROWEST) if second < widths[widest] else _NARROWEST
    return widths


def _height(row: Sequence[str], widths: Sequence[int]) -> int:
    return max(len(wrap(text, one)) for text, one in zip(row, widths, strict=False))


def _row(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    wrapped = [wrap(text, one) for text, one in zip(row, widths, strict=False)]
    lines = []
    for number in range(max(map(len, wrapped))):
        texts = [lines_of[number] if number < len(lines_of) else "" for lines_of in wrapped]
        padded = [pad(text, one, right=on_right) for text, one, on_right in zip(texts, widths, right, strict=False)]
        lines.append(_GAP.join(padded).rstrip())
    return lines


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text up to a width of terminal columns."""
    space = " " * (width - cells_wide(text))
    return space + text if right else text + space


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` columns, between words where it can."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            line = _append(lines, line, word, width)
        lines.append(line)
    return lines


def _append(lines: list[str], line: str, word: str, width: int) -> str:
    """Add a word to a line, or put the line among the finished ones; returns the line that is being filled."""
    joined = f"{line} {word}" if line else word
    if cells_wide(joined) <= width:
        return joined
    if line:
        lines.append(line)
    *whole, last = _pieces(word, width)
    lines.extend(whole)
    return last


def _pieces(word: str, width: int) -> list[str]:
    """Cut a word into pieces of at most `width` columns; a wide character is a piece even where one is too narrow."""
    pieces, begin, taken = [], 0, 0
    for at, character in enumerate(word):
        wide = _wide(character)
        if taken + wide > width and at > begin:
            pieces.append(word[begin:at])
            begin, taken = at, 0
        taken += wide
    return [*pieces, word[begin:]]
