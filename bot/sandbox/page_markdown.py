"""The markdown block as safe HTML: the standard Markdown that Slack documents for it, and no raw HTML.

Source: https://docs.slack.dev/reference/block-kit/blocks/markdown-block
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from bot.sandbox import page_emoji, richtext
from bot.sandbox.richtext import Html

_OPAQUE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|!?\[(?P<label>[^\]\n]*)\]\((?P<url>[^()\s]+)\)"
    r"|\\(?P<literal>[\\`*_{}\[\]()#+.!~>|-])"
    r"|(?P<bare>https?://[^\s<>)\"\x02\x03]+)"
)
_STYLES = re.compile(
    r"\*\*(?![\s*])([^*\n]+)(?<!\s)\*\*|(?<!\w)__(?![\s_])([^_\n]+)(?<!\s)__(?!\w)"
    r"|~~(?![\s~])([^~\n]+)(?<!\s)~~"
    r"|\*(?![\s*])([^*\n]+)(?<!\s)\*|(?<!\w)_(?![\s_])([^_\n]+)(?<!\s)_(?!\w)"
)
_TAGS = ("b", "b", "s", "i", "i")
_STASHED = re.compile(r"\x02(\d+)\x03")
_ITEM = re.compile(r"(\s*)(?:[-*+]|(\d{1,4})[.)])\s+(.*)\Z")
_TASK = re.compile(r"\[([ xX])\]\s+")
_KINDS = (
    ("heading", re.compile(r"#{1,6}\s+\S")),
    ("rule", re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*\Z")),
    ("item", _ITEM),
    ("quote", re.compile(r">")),
    ("table", re.compile(r"\s*\|.*\|\s*\Z")),
    ("blank", re.compile(r"\s*\Z")),
)
_TABLE_RULE = re.compile(r"[\s|:-]+\Z")


def markdown(text: str) -> Html:
    """Render a Markdown text."""
    kinds = groupby(_classified(richtext.clean(text).split("\n")), key=lambda pair: pair[0])
    return Html("".join(_RENDER[kind]([line for _, line in pairs]) for kind, pairs in kinds))


def _classified(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield every line with its kind; a fence and what it encloses are code."""
    is_code = False
    for line in lines:
        if line.lstrip().startswith("```"):
            is_code = not is_code
            yield "fence", ""
        elif is_code:
            yield "code", line
        else:
            yield next((kind for kind, pattern in _KINDS if pattern.match(line)), "text"), line


def _inline(text: str) -> str:
    stash: list[str] = []

    def keep(match: re.Match[str]) -> str:
        stash.append(_opaque(match))
        return f"\x02{len(stash) - 1}\x03"

    pieces = re.split(r"(\x02\d+\x03)", _OPAQUE.sub(keep, text))
    escaped = "".join(piece if index % 2 else richtext.escape(piece) for index, piece in enumerate(pieces))
    return _STASHED.sub(lambda match: stash[int(match[1])], page_emoji.replace(_style(escaped)))


def _opaque(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return f"<code>{richtext.escape(match['code'])}</code>"
    if match["literal"] is not None:
        return richtext.escape(match["literal"])
    url = match["url"] or match["bare"]
    return richtext.link(url, richtext.escape(match["label"] or url))


def _style(text: str) -> str:
    def wrap(match: re.Match[str]) -> str:
        tag = _TAGS[(match.lastindex or 1) - 1]
        return f"<{tag}>{_style(match[match.lastindex or 0])}</{tag}>"

    return _STYLES.sub(wrap, text)


def _headings(lines: list[str]) -> str:
    parts = []
    for line in lines:
        marks, _, title = line.partition(" ")
        level = len(marks.strip())
        parts.append(
            f'<div class="md-h md-h{level}" role="heading" aria-level="{level}">{_inline(title.strip(" #"))}</div>'
        )
    return "".join(parts)


def _paragraph(lines: list[str]) -> str:
    return f"<p>{'<br>'.join(_inline(line.rstrip()) for line in lines)}</p>"


def _quote(lines: list[str]) -> str:
    return f"<blockquote>{'<br>'.join(_inline(line[1:].strip()) for line in lines)}</blockquote>"


def _items(lines: list[str]) -> str:
    parts = []
    for line in lines:
        match = _ITEM.match(line)
        assert match
        depth = min(len(match[1].expandtabs(4)) // 2, 5)
        sign, content = (f"{match[2]}." if match[2] else "•"), match[3]
        if task := _TASK.match(content):
            sign, content = ("☐" if task[1] == " " else "☑"), content[task.end() :]
        parts.append(f'<div class="li d{depth}"><span>{sign}</span><div>{_inline(content)}</div></div>')
    return "".join(parts)


def _code(lines: list[str]) -> str:
    return f"<pre><code>{richtext.escape(chr(10).join(lines))}</code></pre>"


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    has_head = len(lines) > 1 and _TABLE_RULE.match(lines[1]) is not None
    parts = []
    for index, row in enumerate(rows):
        if index == 1 and has_head:
            continue
        tag = "th" if index == 0 and has_head else "td"
        parts.append("<tr>" + "".join(f"<{tag}>{_inline(cell)}</{tag}>" for cell in row) + "</tr>")
    return f'<div class="table-wrap"><table class="table">{"".join(parts)}</table></div>'


_RENDER: dict[str, Callable[[list[str]], str]] = {
    "heading": _headings,
    "rule": lambda lines: "<hr>" * len(lines),
    "item": _items,
    "quote": _quote,
    "table": _table,
    "blank": lambda _: "",
    "fence": lambda _: "",
    "code": _code,
    "text": _paragraph,
}
