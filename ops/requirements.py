"""requirements.txt of a project: names and versions only, since every other option reaches out of the project."""

import re

from ops.errors import BadDefinition

FILE_NAME = "requirements.txt"
MAX_BYTES = 64 * 1024
_MAX_LINES = 300
_CLAUSE = r"(?:===?|~=|!=|<=?|>=?)\s*[A-Za-z0-9][A-Za-z0-9.*+!_-]*"
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?P<extras>\s*\[[A-Za-z0-9._,\s-]*\])?"
    rf"(?P<version>\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?"
    r"(?P<marker>\s*;[\w\s.<>=!~'\"()]+)?"
    r"(?P<hashes>(?:\s+--hash=sha(?:256|384|512):[0-9a-f]+)*)"
)


def parse(content: bytes, name: str = FILE_NAME) -> tuple[str, ...]:
    """Return the requirements, one canonical line each, in order; raises BadDefinition with the line's number."""
    if len(content) > MAX_BYTES:
        raise BadDefinition(f"{name} is {len(content)} bytes large; at most {MAX_BYTES} are accepted.")
    try:
        lines = _joined(content.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise BadDefinition(f"{name} is not UTF-8 text: save it as such. Example: numpy==2.1.0") from error
    found = tuple(_requirement(name, number, line) for number, line in lines if line)
    if len(found) > _MAX_LINES:
        raise BadDefinition(f"{name} has {len(found)} requirements; at most {_MAX_LINES} are accepted.")
    return found


def package(requirement: str) -> str:
    """Return the package's name alone."""
    found = _REQUIREMENT.fullmatch(requirement)
    return found["name"] if found else requirement


def check(requirement: str, where: str) -> str:
    """Return a requirement in canonical form; raises BadDefinition that starts with `where`."""
    if requirement.startswith("-"):
        option = re.split(r"[\s=]", requirement, maxsplit=1)[0]
        raise BadDefinition(
            f"{where}: the option {option[:40]} is refused: indexes, paths and links are settings of the bot. "
            "Name packages only. Example: numpy==2.1.0"
        )
    found = _REQUIREMENT.fullmatch(requirement)
    if not found:
        raise BadDefinition(
            f"{where}: '{requirement[:80]}' is not a package's name with versions; "
            "paths and links are refused. Example: numpy>=2,<3"
        )
    return " ".join(requirement.split())


def _joined(lines: list[str]) -> list[tuple[int, str]]:
    """Return the lines without comments, continued ones joined under the number of their first."""
    joined: list[tuple[int, str]] = []
    start, kept = 0, ""
    for number, line in enumerate(lines, 1):
        text = re.sub(r"(^|\s)#.*$", "", line).strip()
        start = start or number
        if text.endswith("\\"):
            kept += text[:-1] + " "
            continue
        joined.append((start, (kept + text).strip()))
        start, kept = 0, ""
    return [*joined, (start, kept.strip())] if kept else joined


def _requirement(name: str, number: int, line: str) -> str:
    return check(line, f"{name}, line {number}")
