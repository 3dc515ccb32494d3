"""The seams to a host: what the verbs need from SSH and from Docker.

`ops.ssh` and `ops.engine` are real, `tests/fakes.py` has the others, and one contract suite runs on both.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

from ops.model import Host, HostKey


@dataclass(frozen=True, slots=True)
class Output:
    """What a remote command left: its exit status and both streams as text."""

    status: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Tell whether the command ended with 0."""
        return self.status == 0

    @property
    def tail(self) -> str:
        """Return the last lines of what it printed, for a message about a failure."""
        return "\n".join((self.stderr.strip() or self.stdout.strip()).splitlines()[-8:])


class Remote(Protocol):
    """One host over its warm SSH connection. Every method raises HostUnreachable, HostKeyChanged or LoginRefused."""

    @property
    def address(self) -> str:
        """Return the host's address."""
        ...

    def run(
        self,
        command: str,
        *,
        sudo: bool = False,
        timeout_s: float | None = None,
        stdin: str = "",
        check: bool = True,
    ) -> Output:
        """Run a shell command, as root with `sudo`, stopping it on the host too when its time is over.

        Raises StepFailed with the last lines when `check` and the status is not 0, TimedOut when it took too long.
        The sudo password travels on standard input, never in the command.
        """
        ...

    def put(self, content: bytes | BinaryIO, path: str, *, mode: int = 0o644, sudo: bool = False) -> None:
        """Write a file whole or not at all, streaming."""
        ...

    def reverse_tunnel(self, port: int, to: tuple[str, int]) -> AbstractContextManager[int]:
        """Make `127.0.0.1:port` on the host reach `to` on this side; yields the port while it is open."""
        ...

    def reconnect(self) -> None:
        """Log in anew, which a change of group membership needs."""
        ...


class Pool(Protocol):
    """Warm SSH connections, one per host, shared by commands, Docker calls and tunnels."""

    def remote(self, host: Host) -> Remote:
        """Return the host's connection, opened at its first use."""
        ...

    def scan(self, address: str, port: int) -> HostKey:
        """Read a host's key without sending any credentials."""
        ...

    def password_login(self, host: Host, password: str) -> AbstractContextManager[Remote]:
        """Log in once with a password, to a host that shows the pinned key."""
        ...

    def key_login(self, host: Host, private_key: str) -> AbstractContextManager[Remote]:
        """Log in once with somebody's existing private key (OpenSSH text)."""
        ...

    def drop(self, address: str) -> None:
        """Close and forget the connection to an address."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """Everything a container is started with; built by pure functions and compared in tests."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[tuple[str, str, str], ...] = ()  # host path, container path, "ro" | "rw"
    network_mode: str = "host"
    restart: str = "always"
    devices: tuple[str, ...] = ()
    memory_bytes: int | None = None
    ports: Mapping[int, tuple[str, int]] = field(default_factory=dict)  # container port -> (address, port)


@dataclass(frozen=True, slots=True)
class Container:
    """A container as its engine sees it. `status` is Docker's word: created, running, restarting, exited, ..."""

    id: str
    name: str
    image: str
    status: str
    labels: Mapping[str, str]
    exit_code: int | None = None
    started_at: datetime | None = None
    restarts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine says of itself."""

    version: str
    api_version: str
    arch: str
    memory_limits: bool = True


class Engine(Protocol):
    """A Docker Engine, here or on a host. Every method raises StepFailed with the engine's own words."""

    def info(self) -> EngineInfo:
        """Ask the engine for its version and architecture."""
        ...

    def build(self, context: BinaryIO, *, tag: str, platform: str, network: str) -> Iterator[str]:
        """Build a tar stream with a Dockerfile in it; yields log lines. StepFailed has the failing line."""
        ...

    def tag(self, image: str, reference: str) -> None:
        """Give an image another name."""
        ...

    def push(self, reference: str) -> str:
        """Push to the registry the name holds; returns the manifest's digest, `sha256:...`."""
        ...

    def pull(self, reference: str) -> None:
        """Pull only the layers that are missing."""
        ...

    def has_image(self, reference: str) -> bool:
        """Tell whether the image is there."""
        ...

    def image_size(self, reference: str) -> int:
        """Return the size in bytes; StepFailed when it is not there."""
        ...

    def image_arch(self, reference: str) -> str:
        """Return the architecture the image's configuration names."""
        ...

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id; StepFailed when the name is taken."""
        ...

    def start(self, name: str) -> None:
        """Start a created or stopped container."""
        ...

    def set_restart(self, name: str, policy: str) -> None:
        """Change what happens when a container ends or the host starts: no, always, on-failure, unless-stopped."""
        ...

    def containers(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        """List containers in any state that carry every one of the labels ('' matches any value)."""
        ...

    def inspect(self, name: str) -> Container | None:
        """Return one container, or None."""
        ...

    def stop(self, name: str, *, timeout_s: int = 10) -> None:
        """Stop a container; fine when it is stopped or gone."""
        ...

    def remove(self, name: str) -> None:
        """Remove a container, running or not; fine when it is gone."""
        ...

    def logs(self, name: str, *, tail: int = 100) -> str:
        """Return the last lines of both streams."""
        ...

    def wait(self, name: str, *, timeout_s: float) -> int | None:
        """Wait for the container to exit; its status, or None when it is still up after the time."""
        ...


class Engines(Protocol):
    """Where engines are found."""

    def local(self) -> Engine:
        """Return the bot's own engine."""
        ...

    def on(self, host: Host) -> Engine:
        """Return a host's engine, reached through its pooled SSH connection."""
        ...
