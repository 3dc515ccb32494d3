"""What Slack does to typed text is undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.typed import clean, words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ping 192.168.1.105", ["ping", "192.168.1.105"]),
        ("ping <http://192.168.1.105|192.168.1.105>", ["ping", "192.168.1.105"]),
        ("ping <http://raspberrypi.local>", ["ping", "raspberrypi.local"]),
        ("ping <https://pi.example/>", ["ping", "pi.example"]),
        ("history —last 5", ["history", "--last", "5"]),
        ("deploy a “my project”", ["deploy", "a", "my project"]),
        ("deploy\u00a0all", ["deploy", "all"]),
        ("history --by <@U123|ada>", ["history", "--by", "@U123"]),
        ("history --by <@U123>", ["history", "--by", "@U123"]),
        ("say <#C1|fleet>", ["say", "#fleet"]),
        ("ask <!subteam^S12|@lab>", ["ask", "@S12"]),
        ("logs ada's", ["logs", "ada's"]),
        ("a &lt;b&gt; &amp;amp;", ["a", "<b>", "&amp;"]),
        ("hosts contact:ada@example.org", ["hosts", "contact:ada@example.org"]),
        ("hosts contact:<mailto:ada@example.org|ada@example.org>", ["hosts", "contact:ada@example.org"]),
        ("   ", []),
        ("ping\u200b all", ["ping", "all"]),
    ],
)
def test_words(typed: str, meant: list[str]) -> None:
    assert words(typed) == meant


@given(st.text())
def test_any_text_can_be_split(text: str) -> None:
    assert all(isinstance(word, str) for word in words(text))


@given(st.from_regex(r"[a-z0-9. -]{0,40}", fullmatch=True))
def test_plain_text_is_left_alone(text: str) -> None:
    assert clean(text) == text.strip()
