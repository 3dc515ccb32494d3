"""Blocks laid into as few messages as Slack's limits allow, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.views import limits
from bot.views.payload import Block, MessagePayload

THREAD_MESSAGES = 3  # more than these are a file instead


@dataclass(frozen=True, slots=True)
class Piece:
    """Blocks that stay together, with the words they say for screen readers."""

    blocks: tuple[Block, ...]
    words: str = ""

    @property
    def has_table(self) -> bool:
        """Tell whether there is a table in it; a message may have one."""
        return any(block["type"] == "table" for block in self.blocks)


def pack(pieces: Iterable[Piece], tail: Piece | None = None) -> list[MessagePayload]:
    """Return messages that hold every piece; `tail` goes to the end of the first one, which leaves room for it."""
    end = tail or Piece(())
    messages: list[list[Piece]] = [[]]
    for piece in pieces:
        fixed = end if len(messages) == 1 else Piece(())
        if messages[-1] and not _fits([*messages[-1], piece, fixed]):
            messages.append([])
        messages[-1].append(piece)
    messages[0].append(end)
    return [message(held) for held in messages if any(piece.blocks for piece in held)]


def message(pieces: Sequence[Piece]) -> MessagePayload:
    """Return one message of pieces."""
    words = "\n".join(piece.words for piece in pieces if piece.words)
    return MessagePayload(
        text=limits.escaped(words, limits.FALLBACK_CHARS).strip() or "An answer from flsvc.",
        blocks=tuple(block for piece in pieces for block in piece.blocks),
    )


def _fits(pieces: Sequence[Piece]) -> bool:
    blocks = [block for piece in pieces for block in piece.blocks]
    return (
        len(blocks) <= limits.MESSAGE_BLOCKS
        and limits.chars(blocks) <= limits.MESSAGE_CHARS
        and sum(piece.has_table for piece in pieces) <= 1
    )
