"""How numbers and times are said to people, the same on every face."""

from datetime import datetime, timedelta

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float | timedelta | None) -> str:
    """Say how long: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`; a dash when it is not known."""
    if seconds is None:
        return "–"
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if total < 10:
        return f"{total:.1f} s"
    whole = round(total)
    for index, (size, unit) in enumerate(_UNITS):
        if whole >= size:
            rest = whole % size // _UNITS[index + 1][0] if size > 1 else 0
            return f"{whole // size} {unit}" + (f" {rest} {_UNITS[index + 1][1]}" if rest else "")
    return "0 s"


def ago(when: datetime | None, now: datetime) -> str:
    """Say how long since: `just now`, `5 min ago`, `3 d ago`; `never` without a time."""
    if when is None:
        return "never"
    seconds = (now - when).total_seconds()
    return "just now" if seconds < 10 else f"{duration(seconds).split(' ')[0]} {duration(seconds).split(' ')[1]} ago"


def size(size_bytes: int) -> str:
    """Say how much, in powers of 1,024: `512 B`, `1.5 KiB`, `7.6 GiB`; a dash for nothing known."""
    if size_bytes <= 0:
        return "–"
    value, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def moment(when: datetime | None) -> str:
    """Say when, in UTC: `2026-11-24 09:30`; a dash without a time."""
    return when.strftime("%Y-%m-%d %H:%M") if when else "–"


def count(number: int, thing: str) -> str:
    """Say how many: `1 host`, `5 hosts`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
