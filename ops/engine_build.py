"""Reads the JSON in which an engine reports builds, pushes and pulls: errors arrive inside, under HTTP 200."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ops import engine_words as words
from ops.engine_specs import last_lines, plain
from ops.errors import StepFailed

Event = Mapping[str, Any]
ALARMS = ("error", "failed", "cannot", "not found", "no such", "denied", "fatal")


def error_of(event: Event) -> str:
    """Return the error an event carries, or ''."""
    detail = event.get("errorDetail") or {}
    return str(detail.get("message") or event.get("error") or "")


def events(stream: Iterable[Event], where: str, address: str | None) -> Iterator[Event]:
    """Yield the events of a push or pull; StepFailed at the first error among them."""
    for event in stream:
        if error := error_of(event):
            raise words.says(where, error, address)
        yield event


def log_lines(stream: Iterable[Event], tag: str, address: str | None) -> Iterator[str]:
    """Yield the lines a build prints; StepFailed names the step and its last line that looks like the reason."""
    seen: list[str] = []
    for event in stream:
        if error := error_of(event):
            raise build_failed(tag, seen, error, address)
        for line in _lines(event):
            seen.append(line)
            yield line


def _lines(event: Event) -> list[str]:
    text = str(event.get("stream") or "")
    if not text and event.get("status") and not event.get("progressDetail"):
        text = " ".join(str(event[key]) for key in ("id", "status") if event.get(key))
    return [line.rstrip() for line in plain(text).replace("\r", "\n").split("\n") if line.strip()]


def build_failed(tag: str, seen: list[str], error: str, address: str | None) -> StepFailed:
    """Phrase a failed build: the step of the Dockerfile, and the line that tells why."""
    step = next((line for line in reversed(seen) if line.startswith("Step ")), "")
    printed = seen[seen.index(step) + 1 :] if step else seen
    printed = [line for line in printed if not line.startswith(" --->")]
    telling = [line for line in printed if any(word in line.lower() for word in ALARMS)]
    reason = (telling or [error])[-1].strip()
    at = f" at `{step}`" if step else ""
    return StepFailed(f"The build of {tag} failed{at}: {reason}", host=address, output=last_lines([*printed, error]))
