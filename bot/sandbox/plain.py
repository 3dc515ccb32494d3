"""The full text of a message, blocks and table cells included, for assertions and notifications."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.model import Json, Message

_TEXT_KEYS = (
    "text",
    "title",
    "label",
    "description",
    "hint",
    "alt_text",
    "placeholder",
    "submit",
    "close",
    "fallback",
)
_CHILD_KEYS = ("fields", "accessory", "element", "elements", "options", "option_groups", "blocks")


def plain_text(message: Message) -> str:
    """Return every piece of text of a message, one a line; a table row is one line, its cells parted by ` | `."""
    lines = [message.text] if message.text and not message.blocks else []
    lines += _lines(list(message.blocks))
    lines += _lines(list(message.attachments))
    return "\n".join(line for line in lines if line)


def blocks_text(blocks: list[Json]) -> str:
    """Return every piece of text of a list of blocks, one a line."""
    return "\n".join(line for line in _lines(blocks) if line)


def _lines(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _lines(item)
    elif isinstance(node, dict):
        yield from _object_lines(node)


def _object_lines(node: Json) -> Iterator[str]:
    kind = node.get("type", "")
    if kind == "table":
        for row in node.get("rows", []):
            yield " | ".join(_inline(cell) for cell in row)
        return
    if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        yield _inline(node)
        return
    for key in _TEXT_KEYS:
        yield _value(node.get(key))
    for key in _CHILD_KEYS:
        yield from _lines(node.get(key))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


def _inline(node: Any) -> str:
    """Return the text of a run of rich text elements, or of a table cell, as one line."""
    if not isinstance(node, dict):
        return ""
    if "elements" in node:
        return "".join(_inline(child) for child in node["elements"])
    if node.get("type") == "emoji":
        return f":{node.get('name', '')}:"
    if node.get("type") == "user":
        return f"<@{node.get('user_id', '')}>"
    if node.get("type") == "raw_number":
        return str(node.get("text") or node.get("value", ""))
    return _value(node.get("text")) or str(node.get("url", ""))
