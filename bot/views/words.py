"""The words, signs and units that answers share: states, durations, sizes, moments, counts."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from ops.work import JobState, StepState

STEP_SIGNS = {
    StepState.OK: "✅",
    StepState.FAILED: "❌",
    StepState.UNREACHABLE: "🔌",
    StepState.SKIPPED: "⏭️",
    StepState.PENDING: "⏳",
    StepState.RUNNING: "🔄",
    StepState.CANCELLED: "🚫",
}
JOB_SIGNS = {
    JobState.WAITING: "⏳",
    JobState.RUNNING: "🔄",
    JobState.DONE: "✅",
    JobState.PARTLY: "⚠️",
    JobState.FAILED: "❌",
    JobState.CANCELLED: "🚫",
}
JOB_WORDS = {
    JobState.WAITING: "waiting",
    JobState.RUNNING: "running",
    JobState.DONE: "done",
    JobState.PARTLY: "partly done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def state(value: StepState) -> str:
    """Phrase a step's state with its sign; the word is always there."""
    return f"{STEP_SIGNS[value]} {value.value}"


def duration(value: timedelta | float | None) -> str:
    """Phrase a duration: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`; nothing when unknown."""
    if value is None:
        return ""
    seconds = max(0.0, value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    index, large = next((i, size) for i, (size, _) in enumerate(_UNITS) if whole >= size)
    rest = whole % large // _UNITS[index + 1][0] if large > 1 else 0
    return f"{whole // large} {_UNITS[index][1]}" + (f" {rest} {_UNITS[index + 1][1]}" if rest else "")


def ago(when: datetime | None, now: datetime) -> str:
    """Phrase how long since: `just now`, `5 min ago`, `3 d ago`; `never` without a time."""
    if when is None:
        return "never"
    seconds = (now - when).total_seconds()
    return "just now" if seconds < 10 else " ".join(duration(seconds).split(" ")[:2]) + " ago"


def size(size_bytes: int) -> str:
    """Phrase a size in powers of 1,000, as cards and Docker do: `412 B`, `3.2 MB`; nothing when unknown."""
    if size_bytes <= 0:
        return ""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    value, units = size_bytes / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.1f} {units[0]}"


def moment(value: datetime | None) -> str:
    """Phrase a moment in UTC, to the minute."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else ""


def count(number: int, noun: str, plural: str = "") -> str:
    """Phrase a number of things: `1 host`, `2,000 hosts`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def counts(values: Iterable[StepState]) -> str:
    """Phrase how many are in which state, in the order of the states: `3 ok, 1 failed`."""
    found = Counter(values)
    order = (
        StepState.FAILED,
        StepState.UNREACHABLE,
        StepState.CANCELLED,
        StepState.RUNNING,
        StepState.PENDING,
        StepState.SKIPPED,
        StepState.OK,
    )
    return ", ".join(f"{found[one]} {one.value}" for one in order if found[one])


def bar(done: int, total: int, width: int = 12) -> str:
    """Draw how much is done: `▓▓▓▓░░ 7/12`; full only when all of it is."""
    filled = width * done // total if total else 0
    return f"{'▓' * filled}{'░' * (width - filled)} {done}/{total}"
