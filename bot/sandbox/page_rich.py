"""The rich_text block as safe HTML (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.sandbox import page_emoji, richtext
from bot.sandbox.richtext import Html, Reader

Json = Mapping[str, Any]

_STYLE_TAGS = (
    ("code", "code"),
    ("bold", "b"),
    ("italic", "i"),
    ("strike", "s"),
    ("underline", "u"),
    ("highlight", "mark"),
)
_ORDERED = ("1", "a", "i")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\Z")


def rich_text(block: Json, reader: Reader) -> Html:
    """Render a rich_text block or a rich_text cell of a table."""
    return Html("".join(_element(element, reader) for element in block.get("elements", ())))


def _element(element: Json, reader: Reader) -> str:
    kind = element.get("type")
    if kind == "rich_text_list":
        return _list(element, reader)
    content = _inlines(element.get("elements", ()), reader)
    if kind == "rich_text_preformatted":
        return f"<pre><code>{content}</code></pre>"
    content = content.replace("\n", "<br>")
    if kind == "rich_text_quote":
        return f"<blockquote>{content}</blockquote>"
    return f"<div>{content or '<br>'}</div>"


def _list(element: Json, reader: Reader) -> str:
    depth = min(max(int(element.get("indent") or 0), 0), 8)
    tag, attributes = "ul", ""
    if element.get("style") == "ordered":
        start = int(element.get("offset") or 0) + 1
        tag, attributes = "ol", f' type="{_ORDERED[depth % 3]}" start="{start}"'
    items = "".join(
        f"<li>{_inlines(item.get('elements', ()), reader).replace(chr(10), '<br>')}</li>"
        for item in element.get("elements", ())
    )
    return f'<{tag} class="rich-list d{depth}"{attributes}>{items}</{tag}>'


def _inlines(elements: Iterable[Json], reader: Reader) -> str:
    return "".join(_styled(_inline(element, reader), element.get("style") or {}) for element in elements)


def _inline(element: Json, reader: Reader) -> str:
    render = _INLINE.get(str(element.get("type")))
    return render(element, reader) if render else richtext.escape(str(element.get("text", "")))


def _styled(content: str, style: Json) -> str:
    for name, tag in _STYLE_TAGS:
        if style.get(name):
            content = f"<{tag}>{content}</{tag}>"
    return content


def _text(element: Json, _reader: Reader) -> str:
    text = str(element.get("text", ""))
    is_code = bool((element.get("style") or {}).get("code"))
    return richtext.escape(text) if is_code else richtext.plain_text(text, emoji=False)


def _link(element: Json, _reader: Reader) -> str:
    url = str(element.get("url", ""))
    return richtext.link(url, richtext.escape(str(element.get("text") or url)))


def _emoji(element: Json, _reader: Reader) -> str:
    name = str(element.get("name", ""))
    return page_emoji.image(name) or richtext.escape(f":{name}:")


def _date(element: Json, reader: Reader) -> str:
    fallback = str(element.get("fallback", ""))
    stamp = richtext.time_stamp(
        max(int(element.get("timestamp") or 0), 0), str(element.get("format", "")), fallback, reader
    )
    url = str(element.get("url") or "")
    return richtext.link(url, stamp) if richtext.is_safe_link(url) else stamp


def _colour(element: Json, _reader: Reader) -> str:
    value = str(element.get("value", ""))
    swatch = f'<span class="swatch" style="background:{value}"></span>' if _COLOUR.match(value) else ""
    return swatch + richtext.escape(value)


def _broadcast(element: Json, _reader: Reader) -> str:
    return f'<span class="mention mention-me">@{richtext.escape(str(element.get("range", "here")))}</span>'


_INLINE: dict[str, Callable[[Json, Reader], str]] = {
    "text": _text,
    "link": _link,
    "emoji": _emoji,
    "date": _date,
    "color": _colour,
    "broadcast": _broadcast,
    "user": lambda element, reader: richtext.mention(str(element.get("user_id", "")), "", reader),
    "channel": lambda element, reader: richtext.channel(str(element.get("channel_id", "")), "", reader),
    "usergroup": lambda element, reader: richtext.group(str(element.get("usergroup_id", "")), "", reader),
}
