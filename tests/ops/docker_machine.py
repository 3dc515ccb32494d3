"""A fake host on which the commands of the Docker installation have their effect, as far as a look can see it."""

from dataclasses import dataclass, replace

from ops.docker_look import Look
from ops.ports import Output
from tests.fakes import Call, FakeMachine

VERSIONS = {"docker.io": "20.10.24+dfsg1-1", "docker-ce": "5:29.0.1-1", "ca-certificates": "20230311"}
BARE = Look(
    user="pi",
    arch="arm64",
    os_id="debian",
    codename="bookworm",
    installed={"ca-certificates": "20230311"},
    candidates={"docker.io": VERSIONS["docker.io"]},
    enabled="not-found",
)


@dataclass
class DockerMachine:
    """Gives a FakeMachine its replies; `state` is what the next look finds, `server` what the engine calls itself."""

    machine: FakeMachine
    state: Look = BARE
    server: str = "20.10.24+dfsg1"

    def __post_init__(self) -> None:
        on = self.machine.on
        on("how far Docker is", lambda _: printed(self._seen()))
        on("^printf .* > /etc/apt/sources", lambda call: self._now(replace(self.state, source=_quoted(call))))
        on("apt's own downloader", lambda _: self._now(replace(self.state, key=True)))
        on(r"apt-get .* update", self._update)
        on(r"apt-get .* --fix-broken install", lambda _: self._now(replace(self.state, interrupted=False)))
        on(r"dpkg --force-confdef .* --configure -a", "")
        on(r"apt-get .* install --no-install-recommends ([\w. -]+) 2>&1", self._install)
        on(r"apt-get .* remove ([\w. -]+) 2>&1", self._remove)
        on("^groupadd", lambda _: self._now(replace(self.state, group=True)))
        on("^usermod", lambda _: self._now(replace(self.state, member=True)))
        on("^systemctl enable", lambda _: self._now(replace(self.state, enabled="enabled")))
        on("^systemctl unmask", lambda _: self._now(replace(self.state, enabled="disabled")))
        on("^systemctl reset-failed", lambda _: self._now(replace(self.state, active=True)))
        on("docker version", lambda _: f"{self.server}\n" if self.state.active else Output(1, "", "Cannot connect"))

    def _now(self, state: Look) -> str:
        self.state = state
        return ""

    def _seen(self) -> Look:
        """See the membership as this login does: it counts only for logins after it was given."""
        if self.state.member and self.machine.logins > 1:
            self.state = replace(self.state, effective=True)
        return self.state

    def _update(self, _call: Call) -> str:
        names = ("docker.io", "docker-ce") if self.state.source else ("docker.io",)
        return self._now(replace(self.state, candidates={name: VERSIONS[name] for name in names}, lists_fresh=True))

    def _install(self, call: Call) -> str:
        added = {name: VERSIONS.get(name, "1") for name in call.match[1].split()}
        installed = {**self.state.installed, **added}
        return self._now(replace(self.state, installed=installed, group=True, enabled="enabled", active=True))

    def _remove(self, call: Call) -> str:
        gone = set(call.match[1].split())
        left = {name: version for name, version in self.state.installed.items() if name not in gone}
        return self._now(replace(self.state, installed=left, active=False))


def printed(look: Look) -> str:
    """Print a look as the script on a host would."""
    words = {
        "user": look.user,
        "arch": look.arch,
        "os_id": look.os_id,
        "codename": look.codename,
        **{f"package.{name}": f"installed {version}" for name, version in look.installed.items()},
        **{f"candidate.{name}": version for name, version in look.candidates.items()},
        "lists_fresh": "x" * look.lists_fresh,
        "installing": look.installing,
        "interrupted": "x" * look.interrupted,
        "key": str(int(look.key)),
        "source": look.source,
        "elsewhere": look.elsewhere,
        "group": "x" * look.group,
        "member": "x" * look.member,
        "effective": "x" * look.effective,
        "init": "systemd" if look.systemd else "service",
        "enabled": look.enabled,
        "active": "active" if look.active else "inactive",
        "memory_limits": "x" * look.memory_limits,
    }
    return "".join(f"{key}={value}\n" for key, value in words.items())


def _quoted(call: Call) -> str:
    """Return the second word between single quotes, which is the line of sources.list."""
    return call.command.split("'")[3]
