"""Translates between our container and Docker's API; pure.

Sources: Docker Engine API 1.41 (Container create, Container inspect), docker run(1).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ops.ports import Container, ContainerSpec

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time, for a container that never started
LOG_FILES, LOG_SIZE = "3", "10m"  # a Pi's card is small: 30 MB of logs a container
MAX_PIDS = 4096  # stops a fork bomb, lets numerical libraries have their threads
LAST_API = (1, 45)  # the newest docker-py 7.2 was written for
TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # ECMA-48, control sequences


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    """Build Docker's HostConfig."""
    config: dict[str, Any] = {
        "Binds": [f"{source}:{target}:{mode}" for source, target, mode in spec.binds],
        "NetworkMode": spec.network_mode,
        "RestartPolicy": {"Name": spec.restart},
        "Devices": [device(text) for text in spec.devices],
        "LogConfig": {"Type": "json-file", "Config": {"max-file": LOG_FILES, "max-size": LOG_SIZE}},
        "SecurityOpt": ["no-new-privileges:true"],
        "PidsLimit": MAX_PIDS,
        "Init": True,
    }
    if spec.memory_bytes is not None:
        config |= {"Memory": spec.memory_bytes, "MemorySwap": spec.memory_bytes}  # equal: no swap to a card
    if spec.ports and spec.network_mode != "host":
        config["PortBindings"] = {
            f"{port}/tcp": [{"HostIp": address, "HostPort": str(outside)}]
            for port, (address, outside) in spec.ports.items()
        }
    return config


def creation(spec: ContainerSpec) -> dict[str, Any]:
    """Build the body of Docker's create request."""
    body: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "Labels": dict(spec.labels),
        "HostConfig": host_config(spec),
    }
    if spec.command:
        body["Cmd"] = list(spec.command)
    if spec.ports and spec.network_mode != "host":
        body["ExposedPorts"] = {f"{port}/tcp": {} for port in spec.ports}
    return body


def device(text: str) -> dict[str, str]:
    """Read `/dev/x[:/dev/y[:rwm]]` as docker run does."""
    outside, inside, rights, *_ = [*text.split(":"), "", ""]
    return {"PathOnHost": outside, "PathInContainer": inside or outside, "CgroupPermissions": rights or "rwm"}


def container(inspected: Mapping[str, Any]) -> Container:
    """Read what inspect returns."""
    state = inspected["State"]
    status = state["Status"]
    why = state.get("Error") or ("it used more memory than it may" if state.get("OOMKilled") else "")
    return Container(
        id=inspected["Id"],
        name=inspected["Name"].lstrip("/"),
        image=inspected["Config"]["Image"],
        status=status,
        labels=dict(inspected["Config"].get("Labels") or {}),
        exit_code=None if status in {"created", "running", "paused"} else state.get("ExitCode"),
        started_at=moment(state.get("StartedAt") or NEVER),
        restarts=inspected.get("RestartCount", 0),
        error=why,
    )


def moment(text: str) -> datetime | None:
    """Read RFC 3339 with up to nine digits of a second, in UTC; None for Go's zero time."""
    if text == NEVER:
        return None
    head, dot, tail = text.partition(".")
    if dot:
        digits = tail.rstrip("Z+-:0123456789") or tail
        digits = "".join(char for char in digits.split("+")[0].split("-")[0] if char.isdigit())
        zone = tail[len(digits) :]
        text = f"{head}.{digits[:6]}{zone}"
    return datetime.fromisoformat(text).astimezone(UTC)


def api_version(newest: str, oldest: str) -> str:
    """Choose the version to speak: the newest that we and the engine know, or the engine's oldest."""

    def pair(text: str) -> tuple[int, int]:
        major, _, minor = text.partition(".")
        return int(major), int(minor or 0)

    major, minor = max(min(pair(newest), LAST_API), pair(oldest))
    return f"{major}.{minor}"


def split(reference: str) -> tuple[str, str]:
    """Split a reference into repository and tag or digest; the tag is `latest` when there is none."""
    if "@" in reference:
        repository, _, digest = reference.partition("@")
        return repository, digest
    head, colon, tag = reference.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (reference, "latest")


def label_filters(labels: Mapping[str, str] | None) -> list[str]:
    """Build Docker's label filter: `name=value`, or `name` for any value."""
    return [f"{name}={value}" if value else name for name, value in (labels or {}).items()]


def plain(text: str) -> str:
    """Remove colours and other terminal sequences; the builder paints what goes to stderr red."""
    return TERMINAL.sub("", text)


def last_lines(lines: Iterable[str], count: int = 20) -> str:
    """Return the last lines that say something."""
    return "\n".join([line for line in lines if line.strip()][-count:])
