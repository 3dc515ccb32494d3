"""Whether what is to be sent keeps to Slack's rules, by the sandbox's own validators."""

from typing import Any

from bot.sandbox.blocks import message_problems, view_problems
from bot.views.limits import chars
from bot.views.payload import Block, MessagePayload, Posting

HOSTILE = (
    "<!channel> <@U0ANNA> & </b> &lt;",
    "*bold `code` _no_ ~no~ ```",
    "`" * 50,
    "`a` " * 2_000,
    "*",
    "",
    " ",
    "\x00\x1b[31mred\x1b[0m\r\nline",
    "x" * 10_000,
    "😀" * 6_000,
    "\u202eright to left\u202c مرحبا بالعالم",
    "👩‍👩‍👧‍👦 ｗｉｄｅ e\u0301",
    "\ud800",
    "=1+1",
    "a\n" * 500,
    "&" * 4_000,
)


def problems(payload: MessagePayload) -> list[str]:
    """Return what Slack would refuse in one message."""
    found = message_problems(list(payload.blocks))
    if not payload.text.strip():
        found.append("no text for notifications and screen readers")
    if len(payload.text) > 4_000:
        found.append(f"text of {len(payload.text)} characters")
    if (size := chars(payload.blocks)) > 12_000:
        found.append(f"blocks of {size} characters")
    return found


def posting_problems(posting: Posting) -> list[str]:
    """Return what Slack would refuse in an answer, all of it."""
    found = [problem for payload in (posting.first, *posting.thread) for problem in problems(payload)]
    found += [f"{file.filename} is empty" for file in posting.files if not file.content]
    return found


def modal_problems(view: Block) -> list[str]:
    """Return what Slack would refuse in a view."""
    return view_problems(view)


def strings(value: Any) -> list[str]:
    """Return every text in blocks, in order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, inner in value.items() if key not in ("type", "style") for text in strings(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in strings(inner)]
    return []


def said(payload: MessagePayload) -> str:
    """Return all the words of a message's blocks."""
    return " ".join(strings(payload.blocks))


def table(payload: MessagePayload) -> list[list[str]]:
    """Return the texts of a message's one table, its titles first."""
    (found,) = [block for block in payload.blocks if block["type"] == "table"]
    return [["".join(strings(cell)) for cell in row] for row in found["rows"]]
