"""What Slack does to the text people type, undone: quotes, dashes, spaces, links and mentions."""

import re
import shlex

_CHARACTERS = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "—": "--",
        "–": "-",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2007": " ",
    }
    | dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff", "")
)
_LINK = re.compile(r"<(?:(?:https?|mailto|tel):(?://)?)?([^<>|]+)(?:\|([^<>]*))?>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_GROUP = re.compile(r"<!subteam\^(S[A-Z0-9]+)(?:\|[^<>]*)?>")
_CHANNEL = re.compile(r"<#(C[A-Z0-9]+)(?:\|([^<>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def clean(text: str) -> str:
    """Return what was meant: `<http://1.2.3.4|1.2.3.4>` is 1.2.3.4, `<@U1|ada>` is @U1, an em dash is `--`."""
    text = text.translate(_CHARACTERS)
    text = _MENTION.sub(r"@\1", text)
    text = _GROUP.sub(r"@\1", text)
    text = _CHANNEL.sub(lambda m: f"#{m[2] or m[1]}", text)
    text = _LINK.sub(lambda m: (m[2] or m[1]).rstrip("/"), text)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text.strip()


def words(text: str) -> list[str]:
    """Split cleaned text as a shell does; an unmatched quote is taken as it stands."""
    cleaned = clean(text)
    try:
        return shlex.split(cleaned)
    except ValueError:
        return cleaned.split()
