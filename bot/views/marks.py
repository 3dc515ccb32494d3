"""The two marks a text may carry, `code` and *bold*; everything else stands for itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_MARKED = re.compile(r"`([^`\n]+)`|(?<![\w*])\*(?![\s*])([^*\n]+?)(?<!\s)\*(?![\w*])")


class Style(StrEnum):
    """How a run of text is shown."""

    PLAIN = "plain"
    CODE = "code"
    BOLD = "bold"


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of one style, without the marks."""

    text: str
    style: Style = Style.PLAIN


def runs(text: str) -> list[Run]:
    """Split a text at its marks."""
    return [run for run in _split(text) if run.text]


def bare(text: str) -> str:
    """Return a text as a terminal shows it: bold without its stars, code still in backticks."""
    return "".join(f"`{run.text}`" if run.style is Style.CODE else run.text for run in runs(text))


def _split(text: str) -> Iterator[Run]:
    at = 0
    for match in _MARKED.finditer(text):
        yield Run(text[at : match.start()])
        yield Run(match[1], Style.CODE) if match[1] else Run(match[2], Style.BOLD)
        at = match.end()
    yield Run(text[at:])
