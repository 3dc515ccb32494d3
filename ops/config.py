"""What operations need to know of their surroundings; made by the composition root, which reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ops.model import Platform


class DockerChannel(StrEnum):
    """Where a host's Docker Engine comes from."""

    DISTRIBUTION = "distribution"  # the package docker.io
    DOCKER = "docker"  # Docker's own repository, its address by setting


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the operations layer; every path is absolute, every time in seconds, every size in bytes."""

    state_dir: Path
    database_url: str
    executor_id: str = "bot"
    application_version: str = "flsvc-1"
    connect_timeout_s: float = 10.0
    ssh_idle_s: float = 600.0  # an SSH connection nobody used for this long is closed
    command_timeout_s: float = 120.0
    install_timeout_s: float = 900.0
    fan_out: int = 16
    docker_channel: DockerChannel = DockerChannel.DISTRIBUTION
    docker_repository_url: str = ""
    docker_repository_key_url: str = ""
    base_images: Mapping[str, str] = field(default_factory=dict)  # "python/amd64" or "python" -> reference
    package_indexes: Mapping[Platform, str] = field(default_factory=dict)
    docker_host: str = ""  # the Docker Engine that builds; empty is the default socket
    wheel_mirror: str = ""  # a directory of wheels on the bot's machine, offered to the build
    pip_index_url: str = ""
    ca_bundle: str = ""
    build_network: str = "host"
    registry: str = "127.0.0.1:5055"  # where the builder pushes
    registry_image: str = "registry:2"
    external_registry: bool = False  # hosts reach `registry` by themselves
    registry_port_on_host: int = 5055  # 127.0.0.0/8 needs no daemon setting (FACTS, Docker)
    stay_up_s: float = 5.0
    start_timeout_s: float = 60.0
    data_dir: str = "data"  # relative to the home of the registered user
    max_zip_bytes: int = 200 * 1024 * 1024

    @property
    def key_path(self) -> Path:
        """Return where the bot's private ed25519 key lies; the public half is beside it, `.pub`."""
        return self.state_dir / "ssh" / "id_ed25519"

    @property
    def projects_dir(self) -> Path:
        """Return where uploaded zips are kept, each under its sha256."""
        return self.state_dir / "projects"

    @property
    def locks_dir(self) -> Path:
        """Return where the per-host lock files lie."""
        return self.state_dir / "locks"
