"""A table as Slack's table block: as many rows as fit, and how many that was."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.replies import Cell, Column, Link
from bot.views import limits, rich, words
from bot.views.limits import cut, printable, size
from bot.views.marks import Style, runs
from bot.views.payload import Block
from ops.work import StepState

_EMPTY = "–"  # Slack refuses a cell without text
_LINK_CHARS = 400  # twenty of them and their titles still make a table


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table block, how many of the rows it took, and whether something in them was cut."""

    block: Block
    taken: int
    is_cut: bool


def fit(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], budget: int = limits.TABLE_CHARS) -> Fitted:
    """Return a table block of the first rows that keep to Slack's limits; at least the first row is in it.

    Source: https://docs.slack.dev/reference/block-kit/blocks/table-block: 100 rows of 20 cells, 10,000 characters.
    """
    shown = columns[: limits.TABLE_CELLS]
    taken: list[list[Block]] = [[_raw(cut(column.title, limits.BUTTON_LABEL_CHARS)) for column in shown]]
    left = min(budget, limits.TABLE_CHARS) - limits.chars(taken)
    for row in rows[: limits.TABLE_ROWS - 1]:
        cells = [cell(value) for value in row[: limits.TABLE_CELLS]]
        left -= limits.chars(cells)
        if left < 0 and len(taken) > 1:
            break
        taken.append(cells)
    used = len(taken) - 1
    block: Block = {
        "type": "table",
        "column_settings": [{"align": column.align, "is_wrapped": True} for column in shown],
        "rows": taken,
    }
    return Fitted(block, used, len(columns) > len(shown) or any(map(_too_long, rows[:used])))


def cell(value: Cell) -> Block:
    """Return one cell; a state gets its sign and its word, a text with marks becomes rich text."""
    if isinstance(value, StepState):
        return _raw(words.state(value))
    if isinstance(value, Link):
        text = cut(printable(value.text), limits.CELL_CHARS)
        return rich.paragraph([rich.link(text, value.url)]) if size(text + value.url) <= _LINK_CHARS else _raw(text)
    text = cut(printable(value), limits.CELL_CHARS)
    if any(run.style is not Style.PLAIN for run in runs(text)):
        return rich.paragraph(rich.marked(text))
    return _raw(text)


def plain_rows(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Return rows as words alone."""
    return [[words_of(value) for value in row] for row in rows]


def words_of(value: Cell) -> str:
    """Return a cell as words alone, for files, terminals and screen readers."""
    if isinstance(value, StepState):
        return value.value
    return value.text if isinstance(value, Link) else value


def _raw(text: str) -> Block:
    seen = printable(text)
    return {"type": "raw_text", "text": seen if seen.strip() else _EMPTY}


def _too_long(row: Sequence[Cell]) -> bool:
    return any(size(words_of(value)) > limits.CELL_CHARS for value in row)
