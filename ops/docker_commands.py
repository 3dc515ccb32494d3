"""What each installation step has to do on a host that looks so and so: pure functions from a look to commands.

A step with nothing to do has no commands; a step the channel does not need is skipped.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ops.config import DockerChannel
from ops.docker_look import CERTIFICATES, KEY_FILE, OF_DISTRIBUTION, OF_DOCKER, OF_OTHERS, SOURCE_FILE, Look
from ops.render import render

LOCK_WAIT_S = 300
APT = (
    f"LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -q -y -o DPkg::Lock::Timeout={LOCK_WAIT_S} "
    "-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
)
UPDATE = f"{APT} -o APT::Update::Error-Mode=any -o Acquire::Retries=1 -o Acquire::http::Timeout=30 update"
UPDATE_DOCKER = (
    f"{UPDATE} -o Dir::Etc::sourcelist={SOURCE_FILE} -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0"
)
CONFIGURE = "LC_ALL=C DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a"
_LIMITS_OFF = (
    "memory limits are off: to have them, add `cgroup_enable=memory` to the line in /boot/firmware/cmdline.txt "
    "and restart the Pi"
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command as root; `say` is shown while it runs, `apt` marks what takes apt's or dpkg's lock.

    One that `may_fail` is a precaution the next can do without. One that is `once` may look undone afterwards.
    """

    text: str
    say: str
    apt: bool = False
    may_fail: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Todo:
    """What a step does: commands in order, and what to tell when they are done or when there are none."""

    commands: tuple[Command, ...] = ()
    detail: str = ""
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Where Docker is to come from. The addresses may hold `{os}`: `debian` or `ubuntu`, as the host is."""

    channel: DockerChannel
    repository_url: str = ""
    key_url: str = ""

    def repository(self, look: Look) -> str:
        """Return the repository's address for a host, without a final slash."""
        return self.repository_url.replace("{os}", look.os_id or "debian").rstrip("/")

    def key(self, look: Look) -> str:
        """Return the address of the repository's key; unless set it is `gpg` below the repository."""
        return self.key_url.replace("{os}", look.os_id or "debian") or f"{self.repository(look)}/gpg"


def channel_of(look: Look, default: DockerChannel, chosen: DockerChannel | None) -> DockerChannel:
    """Return the channel to use: the one chosen by the person, else the one that is there, else the default."""
    if chosen:
        return chosen
    if "docker-ce" in look.installed:
        return DockerChannel.DOCKER
    return DockerChannel.DISTRIBUTION if "docker.io" in look.installed else default


def required_system_packages(look: Look, wish: Wish) -> Todo:
    """Mend an interrupted dpkg, refresh old package lists, install what both channels build on."""
    commands: list[Command] = []
    if look.interrupted:
        # Unpacked packages whose dependencies are missing fail to configure; fixing those finishes them.
        commands += [
            Command(CONFIGURE, "finishing an interrupted installation", apt=True, may_fail=True, once=True),
            Command(f"{APT} --fix-broken install", "finishing an interrupted installation", apt=True),
        ]
    missing = [] if CERTIFICATES in look.installed else [CERTIFICATES]
    if missing or not _engine(look, wish):
        known = wish.channel is DockerChannel.DOCKER or "docker.io" in look.candidates
        if not (look.lists_fresh and known):
            commands.append(Command(UPDATE, "refreshing the package lists", apt=True, may_fail=known, once=True))
    if missing:
        commands.append(install(missing))
    return Todo(tuple(commands), f"{CERTIFICATES} {look.installed.get(CERTIFICATES, '')}".strip())


def docker_gpg_key(look: Look, wish: Wish) -> Todo:
    """Fetch the key with which Docker signs its packages."""
    reason = _no_repository(look, wish)
    if reason:
        return Todo(detail=reason, skipped=True)
    if look.key and look.source in {"", source_line(look, wish)}:
        return Todo(detail=f"{KEY_FILE} is there")
    text = render("host/docker_key.sh.j2", url=shlex.quote(wish.key(look)), key_file=KEY_FILE)
    return Todo((Command(text, "fetching the key of Docker's repository"),), KEY_FILE)


def docker_repository(look: Look, wish: Wish) -> Todo:
    """Make Docker's repository a source of packages, and read what it has."""
    reason = _no_repository(look, wish)
    if reason:
        return Todo(detail=reason, skipped=True)
    line = source_line(look, wish)
    commands: list[Command] = []
    if look.source != line:
        text = f"printf '%s\\n' {shlex.quote(line)} > {SOURCE_FILE} && chmod 0644 {SOURCE_FILE}"
        commands.append(Command(text, "adding Docker's repository"))
    if commands or not (_engine(look, wish) or "docker-ce" in look.candidates):
        commands.append(Command(UPDATE_DOCKER, "reading Docker's repository", apt=True))
    return Todo(tuple(commands), f"{wish.repository(look)} {look.codename}")


def source_line(look: Look, wish: Wish) -> str:
    """Return the line of sources.list for Docker's repository."""
    return f"deb [arch={look.arch} signed-by={KEY_FILE}] {wish.repository(look)} {look.codename} stable"


def docker_engine(look: Look, wish: Wish) -> Todo:
    """Take away the other channel's packages, their data stays, and install the engine."""
    wanted = packages(look, wish)
    missing = [name for name in wanted if name not in look.installed]
    conflicting = [name for name in _conflicting(wish.channel) if name in look.installed]
    commands: list[Command] = []
    if conflicting:
        commands.append(Command(f"{APT} remove {' '.join(conflicting)}", f"removing {conflicting[0]}", apt=True))
    if missing:
        commands.append(install(missing))
    return Todo(tuple(commands), f"{wanted[0]} {look.installed.get(wanted[0], '')}".strip())


def packages(look: Look, wish: Wish) -> tuple[str, ...]:
    """Return the engine's packages. Debian has the client in a package of its own from trixie on."""
    if wish.channel is DockerChannel.DOCKER:
        return ("docker-ce", "docker-ce-cli", "containerd.io")
    separate = "docker-cli" in look.candidates or "docker-cli" in look.installed
    return ("docker.io", "docker-cli") if separate else ("docker.io",)


def docker_group(look: Look, _wish: Wish) -> Todo:
    """Let the user talk to the engine without sudo."""
    if look.user == "root":
        return Todo(detail="root needs no group", skipped=True)
    commands: list[Command] = []
    if not look.group:
        commands.append(Command("groupadd --system docker", "making the group docker"))
    if not look.member:
        text = f"usermod --append --groups docker {shlex.quote(look.user)}"
        commands.append(Command(text, f"adding {look.user} to the group docker"))
    return Todo(tuple(commands), f"{look.user} is in the group docker")


def docker_daemon(look: Look, _wish: Wish) -> Todo:
    """Start the engine, now and at every start of the host."""
    detail = "runs, and starts with the host"
    if not look.memory_limits:
        detail += f"; {_LIMITS_OFF}"
    commands = _systemd(look) if look.systemd else _service(look)
    return Todo(tuple(commands), detail)


def install(names: Sequence[str]) -> Command:
    """Build the installation of packages, without what is merely recommended."""
    return Command(f"{APT} install --no-install-recommends {' '.join(names)}", f"installing {names[0]}", apt=True)


def _systemd(look: Look) -> list[Command]:
    commands: list[Command] = []
    if look.enabled == "masked":
        units = "docker.service docker.socket containerd.service"
        commands.append(Command(f"systemctl unmask {units}", "unmasking the engine", may_fail=True))
    if look.enabled not in {"enabled", "alias", "static"}:
        commands.append(Command("systemctl enable docker.service", "enabling the engine"))
    if not look.active:
        # A unit that failed often enough is refused until it is reset.
        text = "systemctl reset-failed docker.service; systemctl start docker.service"
        journal = "{ journalctl -u docker.service -n 8 --no-pager -o cat >&2; exit 1; }"
        commands.append(Command(f"{text} || {journal}", "starting the engine"))
    return commands


def _service(look: Look) -> list[Command]:
    """Start it where there is no systemd; `service` returns before the engine answers."""
    answers = "timeout 30 sh -c 'until docker version > /dev/null 2>&1; do sleep 1; done'"
    return [] if look.active else [Command(f"service docker start && {answers}", "starting the engine")]


def _engine(look: Look, wish: Wish) -> bool:
    return all(name in look.installed for name in packages(look, wish))


def _no_repository(look: Look, wish: Wish) -> str:
    """Return why Docker's repository is left alone, or ''."""
    if wish.channel is DockerChannel.DISTRIBUTION:
        return "the package docker.io does not need it"
    if look.elsewhere:
        return f"{look.elsewhere} has Docker's repository already"
    return "" if wish.repository_url else "docker-ce is there already, and its source is left alone"


def _conflicting(channel: DockerChannel) -> tuple[str, ...]:
    return (*(OF_DOCKER if channel is DockerChannel.DISTRIBUTION else OF_DISTRIBUTION), *OF_OTHERS)
