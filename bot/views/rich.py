"""Rich text, in which nothing is markup: elements, paragraphs, preformatted lines.

Texts of unknown origin go here rather than into mrkdwn: Slack shows them as they stand, `<!channel>` included.
"""

from collections.abc import Iterable, Sequence

from bot.views.limits import SECTION_CHARS, cut, printable, size
from bot.views.marks import Style, runs
from bot.views.payload import Block

_STYLES: dict[Style, Block] = {Style.PLAIN: {}, Style.CODE: {"code": True}, Style.BOLD: {"bold": True}}
_MOST_RUNS = 400
_LINKS = ("https://", "http://")


def plain(text: str, *, bold: bool = False, code: bool = False, italic: bool = False) -> Block:
    """Return one run of text."""
    styles = {name: True for name, on in (("bold", bold), ("code", code), ("italic", italic)) if on}
    return {"type": "text", "text": printable(text) or " ", **({"style": styles} if styles else {})}


def link(text: str, url: str) -> Block:
    """Return text that leads somewhere; anything but a web address stays text."""
    if not url.startswith(_LINKS) or size(url) > SECTION_CHARS:
        return plain(text)
    return {"type": "link", "url": url, "text": printable(text) or url}


def user(id: str) -> Block:
    """Return a mention of a person."""
    return {"type": "user", "user_id": id}


def marked(text: str, limit: int = SECTION_CHARS) -> list[Block]:
    """Return the runs of a text with marks, cut at `limit`; a text with absurdly many marks stands as it is."""
    shown = cut(printable(text), limit)
    found = runs(shown)
    if len(found) > _MOST_RUNS:
        return [plain(shown)]
    return [
        {"type": "text", "text": run.text, **({"style": _STYLES[run.style]} if _STYLES[run.style] else {})}
        for run in found
    ]


def paragraph(elements: Sequence[Block]) -> Block:
    """Return a rich text block of one paragraph."""
    return _block([{"type": "rich_text_section", "elements": list(elements) or [plain(" ")]}])


def text(value: str, *, sign: str = "", limit: int = SECTION_CHARS) -> Block:
    """Return a text with marks as a block, behind a sign when there is one."""
    return paragraph([*([plain(f"{sign} ")] if sign else []), *marked(value, limit)])


def bullets(items: Iterable[Sequence[Block]]) -> Block:
    """Return a list, an item a line."""
    sections = [{"type": "rich_text_section", "elements": list(item)} for item in items]
    return _block([{"type": "rich_text_list", "style": "bullet", "elements": sections}])


def preformatted(value: str) -> Block:
    """Return lines as they stand, in one width; the caller has cut them."""
    return _block([{"type": "rich_text_preformatted", "elements": [plain(value)]}])


def _block(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": elements}
