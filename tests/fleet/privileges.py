"""The words that give a container the rights systemd and a Docker Engine inside need."""

import functools
import re
from pathlib import Path

from .engine import docker

CAP_SYS_RESOURCE = 24
FIRST_FRUGAL_ENGINE = 23
"""From this version on `--privileged` asks only for the capabilities the machine has, and dropping others fails."""

WITHOUT_SYS_RESOURCE = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=a *:* rwm",
)


@functools.cache
def privileged() -> tuple[str, ...]:
    """Return the words for this machine and its engine."""
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return words(int(found[1], 16) if found else 0, docker("version", "-f", "{{.Server.Version}}"))


def words(bounding_set: int, engine_version: str) -> tuple[str, ...]:
    """Return `--privileged`, or the same by hand for an old engine on a machine without CAP_SYS_RESOURCE.

    An old engine's `--privileged` asks for every capability there is and fails to start when one is missing.
    """
    has_all = bool(bounding_set >> CAP_SYS_RESOURCE & 1)
    frugal = int(engine_version.split(".", maxsplit=1)[0]) >= FIRST_FRUGAL_ENGINE
    return ("--privileged",) if has_all or frugal else WITHOUT_SYS_RESOURCE
