"""Emoji short codes as characters, and as small drawings where the sandbox brings its own.

A machine without a colour emoji font (most servers, most containers) shows empty boxes for the characters, so those
with a drawing come from `static/emoji.svg`. The short code is what is copied and read aloud, as in Slack.
"""

from __future__ import annotations

import re

SPRITE = "/static/emoji.svg"

CHARACTERS: dict[str, str] = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "warning": "⚠️",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "large_green_circle": "🟢",
    "red_circle": "🔴",
    "large_yellow_circle": "🟡",
    "large_orange_circle": "🟠",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
    "black_circle": "⚫",
    "electric_plug": "🔌",
    "rocket": "🚀",
    "package": "📦",
    "arrow_right": "➡️",
    "arrow_left": "⬅️",
    "arrow_up": "⬆️",
    "arrow_down": "⬇️",
    "arrows_counterclockwise": "🔄",
    "arrow_forward": "▶️",
    "fast_forward": "⏩",
    "rewind": "⏪",
    "black_right_pointing_double_triangle_with_vertical_bar": "⏭️",
    "double_vertical_bar": "⏸️",
    "black_square_for_stop": "⏹️",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "information_source": "ℹ️",
    "question": "❓",
    "exclamation": "❗",
    "bulb": "💡",
    "lock": "🔒",
    "key": "🔑",
    "gear": "⚙️",
    "mag": "🔍",
    "chart_with_upwards_trend": "📈",
    "robot_face": "🤖",
    "wave": "👋",
    "tada": "🎉",
    "eyes": "👀",
    "thumbsup": "👍",
    "thumbsdown": "👎",
    "heart": "❤️",
    "bell": "🔔",
    "computer": "💻",
    "page_facing_up": "📄",
    "file_folder": "📁",
    "pushpin": "📌",
    "speech_balloon": "💬",
    "clock3": "🕒",
    "zap": "⚡",
    "wastebasket": "🗑️",
    "whale": "🐳",
    "smile": "😄",
    "fire": "🔥",
    "wrench": "🔧",
    "broom": "🧹",
    "satellite": "📡",
    "seedling": "🌱",
    "pray": "🙏",
    "clap": "👏",
    "bug": "🐛",
    "memo": "📝",
    "clipboard": "📋",
    "link": "🔗",
    "calendar": "📆",
    "zzz": "💤",
    "sparkles": "✨",
    "checkered_flag": "🏁",
    "brain": "🧠",
}

ALIASES: dict[str, str] = {
    "+1": "thumbsup",
    "-1": "thumbsdown",
    "heavy_multiplication_x": "x",
    "stop_button": "black_square_for_stop",
    "pause_button": "double_vertical_bar",
    "green_circle": "large_green_circle",
    "yellow_circle": "large_yellow_circle",
    "slightly_smiling_face": "smile",
    "computer_disk": "computer",
    "mag_right": "mag",
    "arrows_clockwise": "arrows_counterclockwise",
}

DRAWN = frozenset(CHARACTERS) - {
    "brain", "broom", "satellite", "seedling", "pray", "clap", "bug", "memo", "clipboard", "link", "calendar",
    "zzz", "sparkles", "checkered_flag", "fire", "wrench",
}  # fmt: skip
"""Names with a drawing of their own in the sprite; a test keeps the two equal."""

CODE = re.compile(r":([a-z0-9_+'-]{1,60}):(?::skin-tone-[2-6]:)?")
"""A short code, with the skin tone that Slack appends to some."""

_BY_CHARACTER = {character.rstrip("\ufe0f"): name for name, character in CHARACTERS.items() if name in DRAWN}
CHARACTER = re.compile("(" + "|".join(map(re.escape, _BY_CHARACTER)) + ")\ufe0f?")
"""A character that has a drawing."""


def image(name: str) -> str | None:
    """Return the HTML of an emoji by short code, or None for a name nobody knows."""
    known = ALIASES.get(name, name)
    if known in DRAWN:
        return (
            f'<svg class="emoji" role="img" aria-label=":{known}:">'
            f'<title>:{known}:</title><use href="{SPRITE}#{known}"></use></svg>'
        )
    character = CHARACTERS.get(known)
    return character and f'<span class="emoji" role="img" aria-label=":{known}:">{character}</span>'


def replace(text: str) -> str:
    """Return HTML text with its short codes and drawn characters as emoji; unknown codes stay as they are."""
    return draw(CODE.sub(lambda match: image(match[1]) or match[0], text))


def draw(text: str) -> str:
    """Return HTML text with the characters that have a drawing replaced by it."""
    return CHARACTER.sub(lambda match: image(_BY_CHARACTER[match[1]]) or match[0], text)
