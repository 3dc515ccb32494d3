"""mrkdwn, Markdown and rich_text as HTML: what is styled, what stays text, and that nothing gets out."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox import page_emoji, richtext
from bot.sandbox.page_markdown import markdown
from bot.sandbox.page_rich import rich_text
from bot.sandbox.richtext import Reader
from ops import render
from tests.sandbox.page_html import TEXT_TAGS, read


class People:
    """Three names."""

    def user_name(self, user_id: str) -> str | None:
        return {"U1": "Ada", "U2": "<b>Ben</b>"}.get(user_id)

    def channel_name(self, channel_id: str) -> str | None:
        return {"C1": "fleet"}.get(channel_id)

    def group_name(self, group_id: str) -> str | None:
        return {"S1": "lab-engineers"}.get(group_id)


READER = Reader(People(), "U1", UTC, "?as=U1")
LINK = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'


def shown(text: str) -> str:
    return richtext.mrkdwn(text, READER)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("*bold*", "<b>bold</b>"),
        ("_it_ and ~gone~", "<i>it</i> and <s>gone</s>"),
        ("*_both_*", "<b><i>both</i></b>"),
        ("*a _b* c_", "<b>a _b</b> c_"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("__init__ **x** * y *", "__init__ **x** * y *"),
        ("*.py and *.txt", "*.py and *.txt"),
        ("(*bold*), *too*!", "(<b>bold</b>), <b>too</b>!"),
        ("`*code*`", "<code>*code*</code>"),
        ("`a` *b `c`*", "<code>a</code> <b>b <code>c</code></b>"),
        ("`unclosed", "`unclosed"),
        ("one\ntwo", "one<br>two"),
        ("```a\n*b* &lt;c&gt;```", "<pre><code>a\n*b* &lt;c&gt;</code></pre>"),
        ("x\n```\ncode\n```\ny", "x<pre><code>code</code></pre>y"),
        ("```never closed", "```never closed"),
        ("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"),
        ("> raw", "<blockquote>raw</blockquote>"),
        ("a\n&gt;&gt;&gt; all\nof it", "a<blockquote>all<br>of it</blockquote>"),
        ("&amp; &lt;b&gt;", "&amp; &lt;b&gt;"),
        ("&amp;lt;", "&amp;lt;"),
        ("a & b < c", "a &amp; b &lt; c"),
        ("<https://x.org|the *page*>", LINK.format("https://x.org", "the *page*")),
        ("<https://x.org?a=1&amp;b=2>", LINK.format("https://x.org?a=1&amp;b=2", "https://x.org?a=1&amp;b=2")),
        ("see https://x.org/a_b_c.", f"see {LINK.format('https://x.org/a_b_c', 'https://x.org/a_b_c')}."),
        ("<mailto:a@b.org|a@b.org>", LINK.format("mailto:a@b.org", "a@b.org")),
        ("<http://1.2.3.4|1.2.3.4>", LINK.format("http://1.2.3.4", "1.2.3.4")),
        ("<@U1>", '<span class="mention mention-me">@Ada</span>'),
        ("<@U9|nobody>", '<span class="mention">@nobody</span>'),
        ("<@U9>", '<span class="mention">@U9</span>'),
        ("<#C1|old>", '<a class="mention" href="/c/C1?as=U1">#fleet</a>'),
        ("<#C9|secret>", '<span class="mention">#secret</span>'),
        ("<!here>", '<span class="mention mention-me">@here</span>'),
        ("<!subteam^S1>", '<span class="mention">@lab-engineers</span>'),
        ("<!subteam^S9|@gone>", '<span class="mention">@gone</span>'),
        ("<!nothing>", "&lt;!nothing&gt;"),
        ("<javascript:alert(1)|click>", "&lt;javascript:alert(1)|click&gt;"),
        ("<data:text/html,x>", "&lt;data:text/html,x&gt;"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (":nope: 12:30:45", ":nope: 12:30:45"),
        ("a\x00b\x020\x03", "ab0"),
    ],
)
def test_mrkdwn(text: str, html: str) -> None:
    assert shown(text) == html


def test_lists_hang_under_their_text_and_keep_it() -> None:
    html = shown("Hosts:\n• one\n  ◦ *two*\n- three\n1. four\nend")
    found = read(html, TEXT_TAGS)
    assert found.text == "Hosts:•one◦two•three1.fourend"
    assert found.values("class") == ["li d0", "li d1", "li d0", "li d0"]


@pytest.mark.parametrize("name", ["white_check_mark", "x", "rocket", "+1"])
def test_known_emoji_are_drawn_and_read_aloud(name: str) -> None:
    html = shown(f"a :{name}: b")
    found = read(html, TEXT_TAGS)
    assert found.values("role") == ["img"]
    assert found.values("href")[0].startswith("/static/emoji.svg#")
    assert found.text == "a  b"


def test_characters_with_a_drawing_become_it_and_others_stay() -> None:
    assert 'aria-label=":white_check_mark:"' in shown("✅ done")
    assert shown("🦄") == "🦄"
    assert "<svg" in rich_text(section({"type": "text", "text": "✅ done :x:"}), READER)
    assert rich_text(section({"type": "text", "text": "✅", "style": {"code": True}}), READER) == (
        "<div><code>✅</code></div>"
    )


def test_every_drawn_emoji_is_in_the_sprite_and_nothing_else() -> None:
    sprite = (render.template_path() / "sandbox" / "static" / "emoji.svg").read_text(encoding="utf-8")
    drawn = {part.split('"', 1)[0] for part in sprite.split('<symbol id="')[1:]}
    assert drawn == page_emoji.DRAWN
    assert set(page_emoji.ALIASES.values()) <= set(page_emoji.CHARACTERS)


def test_emoji_in_code_stays_text() -> None:
    assert shown("`:x:` and ```:x:```") == "<code>:x:</code> and <pre><code>:x:</code></pre>"


NOON = int(datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("{date_num} {time}", "2026-11-24 12:00"),
        ("{date}", "November 24, 2026"),
        ("{date_short}", "Nov 24, 2026"),
        ("{date_long}", "Tuesday, November 24, 2026"),
        ("at {time_secs}", "at 12:00:05"),
        ("{date_pretty}", "yesterday"),
        ("{unknown}", "{unknown}"),
    ],
)
def test_dates(form: str, text: str) -> None:
    now = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
    assert richtext.date(NOON, form, UTC, now) == text


def test_date_tokens_are_shown_in_the_readers_zone_with_fallback_and_link() -> None:
    east = Reader(People(), "U1", timezone(timedelta(hours=2)))
    token = f"<!date^{NOON}^{{time}}^https://x.org|noon>"
    stamp = '<time datetime="2026-11-24T12:00:05Z">14:00</time>'
    assert richtext.mrkdwn(token, east) == LINK.format("https://x.org", stamp)
    assert shown("<!date^999999999999^{time}|far away>") == "far away"
    assert shown("<!date^soon^{time}|soon>") == "&lt;!date^soon^{time}|soon&gt;"
    assert "javascript" not in shown(f"<!date^{NOON}^{{time}}^javascript:alert(1)|noon>")


def test_names_from_the_workspace_are_escaped_too() -> None:
    assert shown("<@U2>") == '<span class="mention">@&lt;b&gt;Ben&lt;/b&gt;</span>'


def test_plain_text_has_no_styles_but_emoji() -> None:
    assert richtext.plain_text("*a* <b> &amp;") == "*a* &lt;b&gt; &amp;"
    assert "<svg" in richtext.plain_text(":x:")
    assert richtext.plain_text(":x:", emoji=False) == ":x:"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("# One\n## Two", ['aria-level="1">One', 'aria-level="2">Two']),
        ("**b** *i* ~~s~~ `c`", ["<p><b>b</b> <i>i</i> <s>s</s> <code>c</code></p>"]),
        ("snake_case_name", ["<p>snake_case_name</p>"]),
        ("[x](https://x.org)", [LINK.format("https://x.org", "x")]),
        ("[x](javascript:alert(1))", ["[x](javascript:alert(1))"]),
        ("![pic](https://x.org/a.png)", [LINK.format("https://x.org/a.png", "pic")]),
        ("- a\n    - b\n1. c\n- [x] d", ['li d0"><span>•', 'li d2"><span>•', "<span>1.", "<span>☑"]),
        ("> a\n> b", ["<blockquote>a<br>b</blockquote>"]),
        ("```py\n<x> **y**\n```", ["<pre><code>&lt;x&gt; **y**</code></pre>"]),
        ("a\n\n---\n\nb", ["<p>a</p><hr><p>b</p>"]),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", ["<tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>"]),
        ("<img src=x onerror=alert(1)>", ["<p>&lt;img src=x onerror=alert(1)&gt;</p>"]),
        (r"\*not\* :x:", ["<p>*not* <svg"]),
    ],
)
def test_markdown(text: str, parts: list[str]) -> None:
    html = markdown(text)
    read(html, TEXT_TAGS)
    for part in parts:
        assert part in html


def section(*elements: dict[str, object]) -> dict[str, object]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


@pytest.mark.parametrize(
    ("element", "html"),
    [
        ({"type": "text", "text": "a*b*", "style": {"bold": True, "italic": True}}, "<i><b>a*b*</b></i>"),
        ({"type": "text", "text": "<&>", "style": {"code": True}}, "<code>&lt;&amp;&gt;</code>"),
        ({"type": "link", "url": "https://x.org", "text": "x"}, LINK.format("https://x.org", "x")),
        ({"type": "link", "url": "javascript:alert(1)", "text": "x"}, "x (javascript:alert(1))"),
        ({"type": "user", "user_id": "U1"}, '<span class="mention mention-me">@Ada</span>'),
        ({"type": "channel", "channel_id": "C1"}, '<a class="mention" href="/c/C1?as=U1">#fleet</a>'),
        ({"type": "usergroup", "usergroup_id": "S1"}, '<span class="mention">@lab-engineers</span>'),
        ({"type": "broadcast", "range": "here"}, '<span class="mention mention-me">@here</span>'),
        ({"type": "emoji", "name": "unheard_of"}, ":unheard_of:"),
        ({"type": "color", "value": "#fff;x"}, "#fff;x"),
        ({"type": "later", "text": "<new>"}, "&lt;new&gt;"),
        (
            {"type": "date", "timestamp": NOON, "format": "{time}", "fallback": "noon"},
            '<time datetime="2026-11-24T12:00:05Z">12:00</time>',
        ),
    ],
)
def test_rich_text_elements(element: dict[str, object], html: str) -> None:
    assert rich_text(section(element), READER) == f"<div>{html}</div>"


def test_rich_text_lists_count_on_and_indent() -> None:
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
    ordered = {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": [item]}
    assert rich_text({"elements": [ordered]}, READER) == '<ol class="rich-list d1" type="a" start="3"><li>x</li></ol>'


SIGNS = [*"ab *_~`<>|@#!:^&;\n\"'\\/()[]{}-.0123 \x02\x03\x00\u2028💥", "```", "&gt;", "<!date^1^", "http://"]
MARKUP = st.lists(st.sampled_from(SIGNS), max_size=80).map("".join)
ANYTHING = st.one_of(st.text(max_size=200), MARKUP)


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_comes_out_as_whole_and_harmless_html(text: str) -> None:
    read(shown(text), TEXT_TAGS)
    read(markdown(text), TEXT_TAGS)
    read(richtext.plain_text(text), TEXT_TAGS)
    read(rich_text(section({"type": "text", "text": text}, {"type": "link", "url": text}), READER), TEXT_TAGS)


@given(
    st.text(
        alphabet=st.characters(exclude_characters="*_~`<>|@#!:&/-•◦▪\\\n0123456789.", exclude_categories=("Cc", "Cs"))
    )
)
@settings(deadline=None)
def test_text_without_markup_is_not_changed(text: str) -> None:
    plain = page_emoji.CHARACTER.sub("", text)
    assert read(shown(plain), TEXT_TAGS).text == plain


def test_long_hostile_text_is_read_in_reasonable_time() -> None:
    for text in (
        "*a" * 6000,
        "_ _" * 4000,
        "<" * 12000,
        "`" * 12000,
        "```" * 4000,
        "~x~" * 4000,
        ":a" * 6000,
        "*_" * 6000,
    ):
        read(shown(text), TEXT_TAGS)
        read(markdown(text), TEXT_TAGS)
