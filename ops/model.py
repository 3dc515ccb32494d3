"""What a host, a project, an image and a deployment are; `ops.work` has the jobs.

Times are aware datetimes in UTC. Addresses are canonical IP text. Sizes are bytes unless the name says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class FlowerType(StrEnum):
    """What a host does in its federation."""

    SERVER = "server"
    CLIENT = "client"


class Arch(StrEnum):
    """Architectures Flower has wheels for, as `dpkg --print-architecture` and Docker name them."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class Platform(StrEnum):
    """What a project runs on; one Dockerfile template each."""

    PYTHON = "python"
    SKLEARN = "sklearn"
    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"


class ProjectKind(StrEnum):
    """How a zip is run."""

    CONTAINER = "container"
    FLOWER_APP = "app"


class Sudo(StrEnum):
    """How the registered user becomes root."""

    NONE = "none"
    PASSWORDLESS = "passwordless"
    PASSWORD = "password"


class DeploymentState(StrEnum):
    """How a deployment stands, as far as flsvc knows."""

    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked, and where: a Slack user in a channel, or a person at a terminal."""

    id: str
    name: str
    channel: str = ""

    @property
    def mention(self) -> str:
        """Phrase the person for a Slack message; terminal users have no Slack id."""
        return f"<@{self.id}>" if self.id.startswith(("U", "W")) else self.name


@dataclass(frozen=True, slots=True)
class Facts:
    """What registration and `ping` learn about a host."""

    arch: str
    os: str = ""
    codename: str = ""
    model: str = ""
    hostname: str = ""
    kernel: str = ""
    cpus: int = 0
    memory_bytes: int = 0
    disk_free_bytes: int = 0
    disk_total_bytes: int = 0
    temperature_c: float | None = None
    uptime_s: float | None = None
    docker_version: str = ""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host's public key: type, base64 body, and the fingerprint people compare."""

    kind: str
    body: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Host:
    """One machine reached over SSH, known by its address."""

    address: str
    user: str
    key: HostKey
    flower_type: FlowerType
    port: int = 22
    name: str = ""
    federation: str = ""
    contact: str = ""
    description: str = ""
    sudo: Sudo = Sudo.NONE
    sudo_secret: str = ""
    facts: Facts | None = None
    facts_at: datetime | None = None
    registered_at: datetime | None = None
    registered_by: str = ""

    @property
    def arch(self) -> str:
        """Return the architecture learned at registration, or '' before."""
        return self.facts.arch if self.facts else ""

    @property
    def label(self) -> str:
        """Phrase the host for people: its address, and its name beside it when it has one."""
        return f"{self.address} ({self.name})" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Definition:
    """What `definition.yaml` says, checked and with defaults filled in.

    `entrypoints` maps a flower type to the file it starts; a project with one entrypoint has it under both.
    """

    entrypoints: Mapping[FlowerType, str]
    sourcedir: str = "."
    targetdir: str = "/app"
    image_name: str = ""
    platform: Platform = Platform.PYTHON
    env: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    memory_bytes: int | None = None
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """An uploaded zip, kept under the sha256 of its bytes."""

    id: str
    name: str
    kind: ProjectKind
    definition: Definition
    requirements: tuple[str, ...]
    size_bytes: int
    file_count: int
    filename: str
    uploaded_at: datetime
    uploaded_by: str
    uploaded_by_name: str = ""

    @property
    def short_id(self) -> str:
        """Return the twelve hex digits shown to people."""
        return self.id[:12]


@dataclass(frozen=True, slots=True)
class Image:
    """A project built for one platform and arch. `reference` is what a host pulls, `name@sha256:...`."""

    project_id: str
    platform: Platform
    arch: Arch
    reference: str
    digest: str
    size_bytes: int
    built_at: datetime
    built_by: str
    build_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One container started on one host from one image; superseded by the next, never edited."""

    id: str
    host: str
    project_id: str
    project_name: str
    image_digest: str
    state: DeploymentState
    by: str
    by_name: str
    job_id: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    took_s: float | None = None
    container_id: str = ""
    detail: str = ""
    permalink: str = ""
    returns_to: str = ""
