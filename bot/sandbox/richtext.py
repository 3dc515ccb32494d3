"""Slack's mrkdwn as safe HTML.

Text is read the way Slack reads it: `&amp; &lt; &gt;` are the only escapes, `<…>` holds links, mentions and dates,
and `* _ ~` style whole words only (https://docs.slack.dev/messaging/formatting-message-text). Whatever is not
understood stays text. Nothing here trusts its input: every character of it is escaped on the way out.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from bot.sandbox import page_emoji


class Html(str):
    """HTML that is already safe; Jinja's autoescape leaves it alone."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Names(Protocol):
    """Who and what the ids of a workspace are called; None where nobody is."""

    def user_name(self, user_id: str) -> str | None: ...

    def channel_name(self, channel_id: str) -> str | None: ...

    def group_name(self, group_id: str) -> str | None: ...


@dataclass(frozen=True)
class Reader:
    """For whom text is rendered: names, the reader's own id and time zone, and what links within the page carry."""

    names: Names
    user_id: str = ""
    zone: tzinfo = UTC
    query: str = ""


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_FENCE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_OPAQUE = re.compile(r"`([^`\n]+)`|<([^<>\n]+)>")
_BARE_URL = re.compile(r"(?<![\w/])https?://[^\s<>|\x02\x03\"]+[^\s<>|\x02\x03\".,;:!?)\]'*_~]")
_STYLES = re.compile(
    r"(?<!\w)(?:\*(?![\s*])([^*\n]+)(?<!\s)\*(?![\w*])"
    r"|_(?![\s_])([^\n]*?[^\s_])_(?!\w)"
    r"|~(?![\s~])([^~\n]+)(?<!\s)~(?![\w~]))"
)
_STASHED = re.compile(r"\x02(\d+)\x03")
_LIST_LINE = re.compile(r"^( *)(•|◦|▪︎?|-|\d{1,3}\.) +(?=\S)")
_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\x00-\x20]*\Z", re.IGNORECASE)


def clean(text: str) -> str:
    """Drop the control characters that HTML cannot carry."""
    return _CONTROL.sub("", text)


def escape(text: str) -> str:
    """Return text as HTML text, with Slack's three escapes read first."""
    plain = clean(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return html.escape(plain)


def is_safe_link(url: str) -> bool:
    """Say whether a link may become clickable: web, mail and telephone addresses only."""
    return _SAFE_LINK.match(url) is not None


def link(url: str, label: str) -> str:
    """Return a link whose label is already HTML; an address that is not safe stays text."""
    plain = url.replace("&amp;", "&")
    if not is_safe_link(plain):
        return f"{label} ({escape(url)})" if label != escape(url) else label
    return f'<a href="{html.escape(plain)}" target="_blank" rel="noopener noreferrer">{label}</a>'


def plain_text(text: str, *, emoji: bool = True) -> Html:
    """Render a plain_text object: no styles, line breaks kept, short codes as emoji where asked for."""
    escaped = escape(text)
    return Html(page_emoji.replace(escaped) if emoji else page_emoji.draw(escaped))


def mrkdwn(text: str, reader: Reader) -> Html:
    """Render a message text or a mrkdwn object."""
    parts: list[str] = []
    at = 0
    source = clean(text)
    for fence in _FENCE.finditer(source):
        parts.append(_paragraphs(source[at : fence.start()].rstrip("\n"), reader))
        parts.append(f"<pre><code>{_code(fence[1], reader)}</code></pre>")
        at = fence.end() + (source[fence.end() : fence.end() + 1] == "\n")
    parts.append(_paragraphs(source[at:], reader))
    return Html("".join(parts))


def inline(text: str, reader: Reader) -> Html:
    """Render one run of mrkdwn without quotes, lists and code blocks."""
    stash: list[str] = []

    def keep(fragment: str) -> str:
        stash.append(fragment)
        return f"\x02{len(stash) - 1}\x03"

    def opaque(match: re.Match[str]) -> str:
        if match[1] is not None:
            return keep(f"<code>{_code(match[1], reader)}</code>")
        return keep(_token(match[2], reader))

    kept = _OPAQUE.sub(opaque, clean(text))
    kept = _BARE_URL.sub(lambda match: keep(link(match[0], escape(match[0]))), kept)
    styled = page_emoji.replace(_style(_escape_around(kept)))
    return Html(_STASHED.sub(lambda match: stash[int(match[1])], styled).replace("\n", "<br>"))


def _escape_around(text: str) -> str:
    """Escape text that holds stash marks, which are control characters and must survive."""
    pieces = re.split(r"(\x02\d+\x03)", text)
    return "".join(piece if index % 2 else escape(piece) for index, piece in enumerate(pieces))


def _style(text: str) -> str:
    def wrap(match: re.Match[str]) -> str:
        for group, tag in ((1, "b"), (2, "i"), (3, "s")):
            if match[group] is not None:
                return f"<{tag}>{_style(match[group])}</{tag}>"
        raise AssertionError(match)

    return _STYLES.sub(wrap, text)


def _code(text: str, reader: Reader) -> str:
    """Render code: links and mentions work in it, styles and emoji do not."""
    pieces = re.split(r"<([^<>\n]+)>", text)
    return "".join(_token(piece, reader) if index % 2 else escape(piece) for index, piece in enumerate(pieces))


def _paragraphs(text: str, reader: Reader) -> str:
    """Render lines, grouping quoted ones; `>>>` quotes everything after it."""
    parts: list[str] = []
    plain: list[str] = []
    quoted: list[str] = []

    def flush() -> None:
        if plain:
            parts.append(_lines(plain, reader))
        if quoted:
            parts.append(f"<blockquote>{_lines(quoted, reader)}</blockquote>")
        plain.clear()
        quoted.clear()

    rest = text.split("\n") if text else []
    for index, line in enumerate(rest):
        mark, content = _quote(line)
        if (mark and plain) or (quoted and not mark):
            flush()
        if mark == "all":
            quoted.extend([content, *rest[index + 1 :]])
            break
        (quoted if mark else plain).append(content)
    flush()
    return "".join(parts)


def _quote(line: str) -> tuple[str, str]:
    for sign in ("&gt;", ">"):
        if line.startswith(sign * 3):
            return "all", line[len(sign) * 3 :].removeprefix(" ")
        if line.startswith(sign):
            return "line", line[len(sign) :].removeprefix(" ")
    return "", line


def _lines(lines: list[str], reader: Reader) -> str:
    """Render lines; one that starts with a bullet hangs its continuation under its text."""
    parts: list[str] = []
    for index, line in enumerate(lines):
        bullet = _LIST_LINE.match(line)
        if bullet:
            depth = min(len(bullet[1]) // 2, 5)
            content = inline(line[bullet.end() :], reader)
            sign = "•" if bullet[2] == "-" else bullet[2]
            parts.append(f'<div class="li d{depth}"><span>{sign}</span><div>{content}</div></div>')
            continue
        parts.append(inline(line, reader))
        if index + 1 < len(lines) and not _LIST_LINE.match(lines[index + 1]):
            parts.append("<br>")
    return "".join(parts)


def _token(body: str, reader: Reader) -> str:
    """Render what stands between `<` and `>`; anything unknown stays as it was typed."""
    target, _, label = body.partition("|")
    sign, name = target[:1], target[1:]
    if sign == "@":
        return mention(name, label, reader)
    if sign == "#":
        return channel(name, label, reader)
    if sign == "!":
        return _special(name, label, reader) or escape(f"<{body}>")
    if is_safe_link(target.replace("&amp;", "&")):
        shown = label or target.removeprefix("mailto:").removeprefix("tel:")
        return link(target, page_emoji.replace(escape(shown)))
    return escape(f"<{body}>")


def mention(user_id: str, label: str, reader: Reader) -> str:
    """Render a mention of a person, marked when it is the reader."""
    name = reader.names.user_name(user_id) or label.removeprefix("@") or user_id
    mine = " mention-me" if user_id and user_id == reader.user_id else ""
    return f'<span class="mention{mine}">@{escape(name)}</span>'


def channel(channel_id: str, label: str, reader: Reader) -> str:
    """Render a link to a channel of the workspace."""
    name = reader.names.channel_name(channel_id)
    if name is None:
        return f'<span class="mention">#{escape(label or channel_id)}</span>'
    return f'<a class="mention" href="/c/{html.escape(channel_id + reader.query)}">#{escape(name)}</a>'


def group(group_id: str, label: str, reader: Reader) -> str:
    """Render a mention of a user group."""
    name = reader.names.group_name(group_id) or label.removeprefix("@") or group_id
    return f'<span class="mention">@{escape(name)}</span>'


def _special(name: str, label: str, reader: Reader) -> str | None:
    kind, _, rest = name.partition("^")
    if kind in ("here", "channel", "everyone"):
        return f'<span class="mention mention-me">@{kind}</span>'
    if kind == "subteam":
        return group(rest, label, reader)
    if kind == "date":
        return _date_token(rest, label, reader)
    return None


def _date_token(rest: str, fallback: str, reader: Reader) -> str | None:
    unix, _, form_and_link = rest.partition("^")
    form, _, address = form_and_link.partition("^")
    if not re.fullmatch(r"[0-9]{1,12}", unix):
        return None
    stamp = time_stamp(int(unix), form, fallback, reader)
    return link(address, stamp) if address and is_safe_link(address.replace("&amp;", "&")) else stamp


def time_stamp(unix: int, form: str, fallback: str, reader: Reader) -> str:
    """Render a moment as Slack formats dates, or the fallback when it is out of range."""
    if unix >= _LATEST:
        return escape(fallback)
    moment = datetime.fromtimestamp(unix, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{escape(date(unix, form, reader.zone))}</time>'


_LATEST = 253402300800 - 86400  # the last day datetime can hold, in seconds since 1970


def date(unix: int, form: str, zone: tzinfo, now: datetime | None = None) -> str:
    """Fill a date format of Slack's, e.g. `{date_short} at {time}`.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    moment = datetime.fromtimestamp(min(unix, _LATEST), zone)
    today = (now or datetime.now(zone)).astimezone(zone).date()
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}.get((moment.date() - today).days)
    short, full = f"{moment:%b} {moment.day}, {moment.year}", f"{moment:%B} {moment.day}, {moment.year}"
    values = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date_slash": f"{moment:%m/%d/%Y}",
        "date": full,
        "date_short": short,
        "date_long": f"{moment:%A}, {full}",
        "date_pretty": near or full,
        "date_short_pretty": near or short,
        "date_long_pretty": near or f"{moment:%A}, {full}",
        "time": f"{moment:%H:%M}",
        "time_secs": f"{moment:%H:%M:%S}",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), form)
