"""What a host tells about itself: one script, one round trip, and a parser that reads nothing but text."""

import re
from collections.abc import Mapping

from ops.errors import StepFailed
from ops.model import Arch, Facts
from ops.ports import Remote
from ops.render import render

_KIB = 1024
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_VERSION = re.compile(r"(?:version )?(\d+(?:\.\d+)+[^\s,]*)")


def collect(remote: Remote, *, timeout_s: float) -> Facts:
    """Ask a host for its facts in one round trip; raises what Remote.run raises."""
    return parse(remote.run(script(), timeout_s=timeout_s, check=False).stdout)


def script() -> str:
    """Return the shell script that prints the facts."""
    return render("host/facts.sh")


def parse(text: str) -> Facts:
    """Read the script's lines; what is missing or unreadable stays at its default."""
    lines = key_values(text)
    return Facts(
        arch=lines.get("arch") or lines.get("machine", ""),
        os=lines.get("os", ""),
        codename=lines.get("codename", ""),
        model=lines.get("model", ""),
        hostname=lines.get("hostname", ""),
        kernel=lines.get("kernel", ""),
        cpus=int(_number(lines, "cpus") or 0),
        memory_bytes=_kib(lines, "memory_kib"),
        disk_free_bytes=_kib(lines, "disk_free_kib"),
        disk_total_bytes=_kib(lines, "disk_total_kib"),
        temperature_c=_celsius(lines),
        uptime_s=_number(lines, "uptime_s"),
        docker_version=version(lines.get("docker", "")),
    )


def key_values(text: str) -> dict[str, str]:
    """Read key=value lines, the last of a key counts; other lines are left out."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def version(text: str) -> str:
    """Return the version in `Docker version 20.10.24+dfsg1, build …`, or ''."""
    found = _VERSION.search(text)
    return found.group(1) if found else ""


def refuse_unfit(facts: Facts, address: str) -> None:
    """Raise StepFailed with the reason when Flower cannot run on a machine with these facts."""
    if facts.arch in set(Arch):
        return
    if facts.arch in {"armhf", "armel", "armv7l", "armv6l"}:
        raise StepFailed(
            f"{address} runs a 32-bit system ({facts.arch}), for which Flower has no packages. "
            "A Pi 3 or newer can do 64 bits: write the 64-bit Raspberry Pi OS to its card, then register it again.",
            host=address,
        )
    if facts.arch in {"aarch64", "x86_64"}:
        raise StepFailed(
            f"{address} has no `dpkg`{_system(facts)}. flsvc needs Debian, Raspberry Pi OS or Ubuntu there.",
            host=address,
        )
    raise StepFailed(
        f"{address} has the architecture {facts.arch or 'unknown'}{_system(facts)}. "
        f"Flower has packages for {' and '.join(Arch)} only.",
        host=address,
    )


def _system(facts: Facts) -> str:
    return f" ({facts.os})" if facts.os else ""


def _kib(lines: Mapping[str, str], key: str) -> int:
    return int(_number(lines, key) or 0) * _KIB


def _celsius(lines: Mapping[str, str]) -> float | None:
    thousandths = _number(lines, "temperature_millic")
    return None if thousandths is None else thousandths / 1000


def _number(lines: Mapping[str, str], key: str) -> float | None:
    found = _NUMBER.fullmatch(lines.get(key, ""))
    return float(found.group()) if found else None
