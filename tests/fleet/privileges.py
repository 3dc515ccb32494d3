"""The words that give a container the rights systemd and a Docker Engine inside need."""

import re
from pathlib import Path

CAP_SYS_RESOURCE = 24

WITHOUT_SYS_RESOURCE = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--device-cgroup-rule=a *:* rwm",
)


def privileged(bounding_set: int | None = None) -> tuple[str, ...]:
    """Return `--privileged`, or the same by hand where the machine lacks CAP_SYS_RESOURCE.

    `--privileged` asks for every capability and fails to start when the machine's own bounding set lacks one.
    """
    if bounding_set is None:
        status = Path("/proc/self/status").read_text()
        found = re.search(r"^CapBnd:\s*([0-9a-f]+)", status, re.MULTILINE)
        bounding_set = int(found[1], 16) if found else 0
    return ("--privileged",) if bounding_set >> CAP_SYS_RESOURCE & 1 else WITHOUT_SYS_RESOURCE
