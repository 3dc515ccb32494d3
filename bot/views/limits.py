"""Slack's limits on what is shown, with a margin, and the cutting that keeps to them.

Source: https://docs.slack.dev/reference/block-kit. A message whose blocks hold more than about 13,200 characters is
refused, which is not documented. Sizes are UTF-16 units, the larger count.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MESSAGE_CHARS = 11_500
MESSAGE_BLOCKS = 48  # two less, for notes added last
VIEW_BLOCKS = 100
SECTION_CHARS = 3_000
CODE_CHARS = 2_900
FALLBACK_CHARS = 2_000
HEADER_CHARS = 150
CONTEXT_CHARS = 2_000
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
BUTTON_LABEL_CHARS = 75
BUTTON_VALUE_CHARS = 2_000
OPTION_CHARS = 75
OPTIONS = 100
TABLE_ROWS = 100
TABLE_CELLS = 20
TABLE_CHARS = 9_500
CELL_CHARS = 300
VIEW_TITLE_CHARS = 24
METADATA_CHARS = 3_000

ELLIPSIS = "…"
_UNSEEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # colours and titles meant for a terminal
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NO_TEXT = frozenset({"type", "style", "align", "action_id", "block_id"})


def printable(text: str) -> str:
    """Drop what is not shown: colours, control characters, and those that turn the direction of what follows."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def size(text: str) -> int:
    """Return the length as Slack's clients count it, in UTF-16 units."""
    return len(text) if text.isascii() else len(_utf16(text)) // 2


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def cut(text: str, limit: int) -> str:
    """Return a text of at most `limit` units; one that was cut ends with an ellipsis."""
    if size(text) <= limit:
        return text
    return _utf16(text)[: 2 * max(limit - 1, 0)].decode("utf-16-le", "ignore") + ELLIPSIS


def last_lines(text: str, limit: int) -> str:
    """Return as many whole last lines as fit; the end of the last one when even that is too long."""
    kept: list[str] = []
    left = limit
    for line in reversed(text.splitlines()):
        left -= size(line) + 1
        if left < 0:
            break
        kept.append(line)
    if kept or not text.strip():
        return "\n".join(reversed(kept))
    return ELLIPSIS + cut(text.strip()[::-1], limit - 1).removesuffix(ELLIPSIS)[::-1]


def chars(blocks: Iterable[object]) -> int:
    """Return how many characters blocks carry, of whatever kind: the words of the block language do not count."""
    return sum(_chars(block) for block in blocks)


def _chars(value: object) -> int:
    if isinstance(value, str):
        return size(value)
    if isinstance(value, Mapping):
        return sum(_chars(inner) for key, inner in value.items() if key not in _NO_TEXT)
    if isinstance(value, Sequence):
        return sum(_chars(inner) for inner in value)
    return 0


def escape(text: str) -> str:
    """Escape the three characters that Slack reads as markup in a message's text and in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(text: str, limit: int) -> str:
    """Escape what is shown of a text and cut it, never through an escape."""
    text = printable(text)
    whole = escape(text)
    if size(whole) <= limit:
        return whole
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(escape(text[:middle])) < limit else (low, middle - 1)
    return escape(text[:low]) + ELLIPSIS


def as_dict(value: Any) -> dict[str, Any]:
    """Return a JSON object, or an empty one where something else stands: what Slack sends is not ours."""
    return value if isinstance(value, dict) else {}
