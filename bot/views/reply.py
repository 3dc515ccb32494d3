"""An answer as messages for Slack: what fits in the channel, the rest in its thread, the longest as files."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from bot import terminal_text
from bot.replies import Button, Code, Reply, Table, Text
from bot.views import blocks, limits, rich, tables
from bot.views.marks import bare
from bot.views.packing import THREAD_MESSAGES, Piece, pack
from bot.views.payload import Block, MessagePayload, Posting, Snippet
from bot.views.words import count

FIRST_ROWS = 40  # of a table that does not fit one message
_FILES = 3
_BUTTONS_CHARS = 4_000
_TITLE_CHARS = 300
_NOTE_CHARS = 600
_AROUND_CHARS = _TITLE_CHARS + 2 * _NOTE_CHARS
_FILE_WIDTH = 160
_READ_ALOUD_ROWS = 10


def messages(reply: Reply, prefix: str) -> Posting:
    """Return an answer as one posting; `prefix` is what people type before a command."""
    end = _end(reply, prefix)
    table_chars = limits.MESSAGE_CHARS - limits.chars(end.blocks) - _AROUND_CHARS
    shown = [_shown(part, table_chars) for part in reply.parts]
    files = [file for _, _, made in shown for file in made]
    pieces = [piece for now, _, _ in shown for piece in now]
    later = [piece for _, then, _ in shown for piece in then]
    if reply.failed and pieces:
        pieces = [_warning(pieces[0]), *pieces[1:]]
    first, *thread = pack(pieces, end) or [MessagePayload("Done.", (rich.text("Done."),))]
    thread += pack(later) if later else []
    if len(thread) > THREAD_MESSAGES or len(files) > _FILES:
        return Posting(_with_note(first, reply), (), _whole(reply))
    return Posting(_with_notes(first, files, reply), tuple(thread), tuple(files))


Shown = tuple[list[Piece], list[Piece], list[Snippet]]  # in the channel, in the thread, as files


def _shown(part: Text | Table | Code, table_chars: int) -> Shown:
    match part:
        case Text(text):
            return [Piece((rich.text(piece),), bare(piece)) for piece in _paragraphs(text)], [], []
        case Code():
            return _code(part)
        case Table():
            return _table(part, table_chars)


def _paragraphs(text: str) -> Iterator[str]:
    """Split a text into pieces that fit a block, between lines where it can."""
    held = ""
    for line in text.split("\n"):
        joined = f"{held}\n{line}" if held else line
        if limits.size(joined) > limits.SECTION_CHARS and held:
            yield held
            joined = line
        held = joined
    yield held


def _code(part: Code) -> Shown:
    text = limits.printable(part.text).rstrip() or "(nothing)"
    if limits.size(text) <= limits.CODE_CHARS:
        return [_lines(part.title, text)], [], []
    end = limits.last_lines(text, limits.CODE_CHARS)
    title = f"{part.title} (the last {len(end.splitlines())} of {count(len(text.splitlines()), 'line')})"
    return [_lines(title, end)], [], [Snippet(_filename(part.title, "txt"), part.title or "Lines", part.text)]


def _lines(title: str, text: str) -> Piece:
    heading = (_title(title),) if title else ()
    return Piece((*heading, rich.preformatted(text)), f"{bare(title)}\n{limits.cut(text, 400)}")


def _table(part: Table, budget: int) -> Shown:
    title = (_title(part.title),) if part.title else ()
    if not part.rows:
        return [Piece((*title, rich.text(part.empty)), f"{bare(part.title)}: {bare(part.empty)}")], [], []
    whole = tables.fit(part.columns, part.rows, budget)
    files = [_csv(part)] if whole.is_cut else []
    if whole.taken == len(part.rows):
        note = [part.note, "Long values are cut; all of them are in the file." if whole.is_cut else ""]
        return [Piece((*title, whole.block, *_small(note)), _aloud(part))], [], files
    return _long_table(part, title, budget)


def _long_table(part: Table, title: tuple[Block, ...], budget: int) -> Shown:
    first = tables.fit(part.columns, part.rows[:FIRST_ROWS], budget)
    rest = list(_rest(part, first.taken))
    is_file = first.is_cut or len(rest) > THREAD_MESSAGES or any(fitted.is_cut for fitted in rest)
    where = "all of them in the file" if is_file else "the others in the thread"
    note = [part.note, f"Showing {first.taken} of {len(part.rows)}, {where}."]
    shown = [Piece((*title, first.block, *_small(note)), _aloud(part))]
    if is_file:
        return shown, [], [_csv(part)]
    return shown, [Piece((fitted.block,), f"{part.title}, more") for fitted in rest], []


def _rest(part: Table, at: int) -> Iterator[tables.Fitted]:
    while at < len(part.rows):
        fitted = tables.fit(part.columns, part.rows[at:])
        yield fitted
        at += fitted.taken


def _title(text: str) -> Block:
    return rich.paragraph([rich.plain(limits.cut(bare(text), _TITLE_CHARS), bold=True)])


def _small(notes: Sequence[str]) -> tuple[Block, ...]:
    texts = [limits.escaped(note, _NOTE_CHARS) for note in notes if note]
    return (blocks.context(*texts),) if texts else ()


def _aloud(part: Table) -> str:
    """Return what a screen reader says of a table: its size, then its first rows."""
    rows = tables.plain_rows(part.rows[:_READ_ALOUD_ROWS])
    lines = [limits.cut(", ".join(bare(text) for text in row if text), limits.CELL_CHARS) for row in rows]
    return "\n".join([f"{bare(part.title) or 'Table'} ({count(len(part.rows), 'row')})", *lines])


def _warning(piece: Piece) -> Piece:
    first, *others = piece.blocks
    if first["type"] != "rich_text" or first["elements"][0]["type"] != "rich_text_section":
        return piece
    elements = [rich.plain("⚠️ "), *first["elements"][0]["elements"]]
    return Piece((rich.paragraph(elements), *others), f"⚠️ {piece.words}")


def _end(reply: Reply, prefix: str) -> Piece:
    """Return the buttons; one whose command is too long for it becomes a sentence."""
    kept: list[Button] = []
    left = _BUTTONS_CHARS
    for button in reply.buttons:
        cost = limits.chars(blocks.commands([button])) if blocks.fits(button) else left + 1
        if cost <= left:
            kept.append(button)
            left -= cost
    long = [button for button in reply.buttons if button not in kept]
    notes = [f"Too long for the button “{one.label}”: type `{prefix} {one.command[:40]}…`" for one in long[:2]]
    return Piece((*_small(notes), *blocks.commands(kept)))


def _with_note(first: MessagePayload, reply: Reply) -> MessagePayload:
    return _add(first, f"This is the beginning; the whole answer is in the file in {_where(reply)}.")


def _with_notes(first: MessagePayload, files: Sequence[Snippet], reply: Reply) -> MessagePayload:
    if not files:
        return first
    names = ", ".join(f"`{file.filename}`" for file in files)
    return _add(first, f"In full in {_where(reply)}: {names}")


def _add(first: MessagePayload, note: str) -> MessagePayload:
    """Put a note before the buttons; pack left room for it."""
    at = next((n for n, block in enumerate(first.blocks) if block["type"] == "actions"), len(first.blocks))
    return MessagePayload(first.text, (*first.blocks[:at], *_small([note]), *first.blocks[at:]))


def _where(reply: Reply) -> str:
    return "a direct message to you" if reply.private else "the thread"


def _whole(reply: Reply) -> tuple[Snippet, ...]:
    text = Snippet("answer.txt", "The whole answer", terminal_text.render(reply, _FILE_WIDTH))
    return (text, *(_csv(part) for part in reply.parts if isinstance(part, Table) and part.rows))


def _csv(part: Table) -> Snippet:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([column.title for column in part.columns])
    writer.writerows([[_harmless(bare(text)) for text in row] for row in tables.plain_rows(part.rows)])
    return Snippet(_filename(part.title, "csv"), part.title or "Table", written.getvalue())


def _harmless(text: str) -> str:
    """Keep a spreadsheet from reading a value as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t") else text


def _filename(title: str, ending: str) -> str:
    return f"{re.sub(r'[^a-z0-9]+', '-', bare(title).lower()).strip('-')[:60] or 'answer'}.{ending}"
