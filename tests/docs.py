"""The generated parts of the README: `python -m tests.docs` writes them, `tests/test_docs.py` checks them."""

import re
from pathlib import Path

from bot import registry
from bot.settings import SETTINGS

README = Path(__file__).parent.parent / "README.md"


def commands() -> str:
    """Return the table of commands."""
    found = registry.load().values()
    rows = [f"| `{c.usage.replace('|', chr(92) + '|')}` | {c.summary} | {c.role} |" for c in found]
    return "\n".join(["| command | what it does | who |", "|---|---|---|", *rows])


def settings() -> str:
    """Return the table of settings."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def generated(text: str) -> str:
    """Return a README with its generated parts made anew."""
    for name, made in (("commands", commands()), ("settings", settings())):
        pattern = rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end of {name} -->)"
        text, count = re.subn(pattern, rf"\g<1>{made.replace(chr(92), chr(92) * 2)}\n\g<2>", text, flags=re.DOTALL)
        assert count == 1, f"README.md has no place for {name}"
    return text


if __name__ == "__main__":
    README.write_text(generated(README.read_text()))
