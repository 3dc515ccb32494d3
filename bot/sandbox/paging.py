"""Cursor pagination: `limit` and `cursor` in, `response_metadata.next_cursor` out (docs.slack.dev, "Pagination")."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from bot.sandbox.args import Args
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Json

T = TypeVar("T")
_PREFIX = "after:"


def page(args: Args, items: Sequence[T], *, default: int = 100, maximum: int = 1000) -> tuple[list[T], Json]:
    """Return one page and what to say about the next. Raises SlackError `invalid_limit` or `invalid_cursor`."""
    limit = args.number("limit", default, maximum=maximum) if args.text("limit", "0") != "0" else default
    start = _position(args.text("cursor"), len(items))
    end = start + limit
    has_more = end < len(items)
    cursor = base64.b64encode(f"{_PREFIX}{end}".encode()).decode() if has_more else ""
    return list(items[start:end]), {"has_more": has_more, "response_metadata": {"next_cursor": cursor}}


def _position(cursor: str, count: int) -> int:
    if not cursor:
        return 0
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        position = int(text.removeprefix(_PREFIX))
    except (binascii.Error, ValueError) as error:
        raise SlackError("invalid_cursor") from error
    if not text.startswith(_PREFIX) or not 0 < position <= count:
        raise SlackError("invalid_cursor")
    return position
