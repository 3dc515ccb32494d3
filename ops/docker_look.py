"""How far Docker is on a host: one script, one round trip, and a parser that reads nothing but text."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from ops.facts import key_values
from ops.ports import Remote
from ops.render import render

KEY_FILE = "/etc/apt/keyrings/docker.asc"
SOURCE_FILE = "/etc/apt/sources.list.d/docker.list"
# The packages of both channels, and those of the distribution that cannot be beside Docker's own:
# "Install Docker Engine on Debian", section "Uninstall old versions".
OF_DISTRIBUTION = ("docker.io", "docker-cli", "docker-doc", "docker-compose", "docker-buildx", "containerd", "runc")
OF_DOCKER = (
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "docker-ce-rootless-extras",
    "docker-buildx-plugin",
    "docker-compose-plugin",
)
OF_OTHERS = ("podman-docker", "docker-compose-v2")
CERTIFICATES = "ca-certificates"
_CANDIDATES = ("docker.io", "docker-cli", "docker-ce")


@dataclass(frozen=True, slots=True)
class Look:
    """A host as the installation sees it; versions by package name.

    `member` is what the user database says of the group `docker`, `effective` what this login has: a membership
    counts only for logins after it. `elsewhere` is a file of somebody else that names Docker's repository already.
    """

    user: str = "pi"
    arch: str = ""
    os_id: str = ""
    codename: str = ""
    installed: Mapping[str, str] = field(default_factory=dict)
    candidates: Mapping[str, str] = field(default_factory=dict)
    lists_fresh: bool = True
    installing: str = ""
    interrupted: bool = False
    key: bool = False
    source: str = ""
    elsewhere: str = ""
    group: bool = False
    member: bool = False
    effective: bool = False
    systemd: bool = True
    enabled: str = ""
    active: bool = False
    memory_limits: bool = True


def look(remote: Remote, *, url: str, audit: bool, candidates: bool, timeout_s: float) -> Look:
    """Look at a host; `audit` and `candidates` cost a Pi half a second each. Raises what Remote.run raises."""
    text = script(url=url, audit=audit, candidates=candidates)
    return parse(remote.run(text, timeout_s=timeout_s, check=False).stdout)


def script(*, url: str = "", audit: bool = True, candidates: bool = True) -> str:
    """Build the script that looks; `url` is Docker's repository as in the settings, '' where none is set."""
    return render(
        "host/docker_look.sh.j2",
        packages=" ".join((CERTIFICATES, *OF_DISTRIBUTION, *OF_DOCKER, *OF_OTHERS)),
        candidates=" ".join(_CANDIDATES) if candidates else "",
        audit=audit,
        url=shlex.quote(url.split("{os}", maxsplit=1)[0]) if url else "",
        key_file=KEY_FILE,
        source_file=SOURCE_FILE,
    )


def parse(text: str) -> Look:
    """Read the script's lines; what is missing counts as not there."""
    lines = key_values(text)
    return Look(
        user=lines.get("user", ""),
        arch=lines.get("arch", ""),
        os_id=lines.get("os_id", ""),
        codename=lines.get("codename", ""),
        installed=_versions(lines),
        candidates={
            name: version for name, version in _below(lines, "candidate.").items() if version not in {"", "(none)"}
        },
        lists_fresh=bool(lines.get("lists_fresh")),
        installing=lines.get("installing", ""),
        interrupted=bool(lines.get("interrupted")),
        key=lines.get("key", "0") not in {"", "0"},
        source=lines.get("source", ""),
        elsewhere=lines.get("elsewhere", ""),
        group=bool(lines.get("group")),
        member=bool(lines.get("member")),
        effective=bool(lines.get("effective")),
        systemd=lines.get("init") == "systemd",
        enabled=lines.get("enabled", ""),
        active=lines.get("active") == "active",
        memory_limits=bool(lines.get("memory_limits")),
    )


def _versions(lines: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of packages that are installed whole; half-configured ones are not."""
    words = {name: line.split(" ", 1) for name, line in _below(lines, "package.").items()}
    return {name: parts[1] for name, parts in words.items() if parts[0] == "installed" and len(parts) > 1}


def _below(lines: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key[len(prefix) :]: value for key, value in lines.items() if key.startswith(prefix)}
