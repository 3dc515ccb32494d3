"""An engine in memory, the machine's own, and the machine's own reached over SSH."""

import io
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ops.ports import ContainerSpec, Engine
from tests.fakes import FakeEngine, FakeImage
from tests.fleet import images
from tests.fleet.engine import docker, lines

LABEL = "flsvc.contract"


def context(files: Mapping[str, str]) -> io.BytesIO:
    """Make a build context."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    stream.seek(0)
    return stream


class EngineWorld(Protocol):
    """An engine, an image to start from, a registry to push to, and programs that run on or end."""

    @property
    def engine(self) -> Engine: ...
    @property
    def base(self) -> str: ...
    @property
    def registry(self) -> str: ...
    def fail_builds(self) -> str:
        """Return a line of a Dockerfile with which a build fails after it printed why."""
        ...

    def running(self, name: str, **labels: str) -> ContainerSpec:
        """Return what starts a program that stays up."""
        ...

    def ending(self, name: str, status: int, output: str, *, restart: str) -> ContainerSpec:
        """Return what starts a program that prints and ends."""
        ...


@dataclass
class FakeEngineWorld:
    """The fake engine."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    base: str = images.PYTHON
    registry: str = "127.0.0.1:5055"

    def __post_init__(self) -> None:
        self.engine.images[self.base] = FakeImage("sha256:" + "0" * 64)

    def fail_builds(self) -> str:
        self.engine.build_error = "ERROR: No matching distribution found for nothing"
        return "RUN pip install nothing"

    def running(self, name: str, **labels: str) -> ContainerSpec:
        self.engine.crash_on_start = None
        return ContainerSpec(name, self.base, labels=labels, network_mode="none")

    def ending(self, name: str, status: int, output: str, *, restart: str) -> ContainerSpec:
        self.engine.crash_on_start, self.engine.crash_log = status, output
        return ContainerSpec(name, self.base, network_mode="none", restart=restart)


@dataclass
class RealEngineWorld:
    """A real engine; all it makes carries one label and is removed by `clean`."""

    engine: Engine
    registry: str
    base: str = images.PYTHON
    mark: str = field(default_factory=lambda: secrets.token_hex(4))

    def fail_builds(self) -> str:
        return "RUN echo 'ERROR: No matching distribution found for nothing' >&2; exit 1"

    def running(self, name: str, **labels: str) -> ContainerSpec:
        return ContainerSpec(
            name, self.base, ("sleep", "600"), labels={**labels, LABEL: self.mark}, network_mode="none"
        )

    def ending(self, name: str, status: int, output: str, *, restart: str) -> ContainerSpec:
        script = f"printf '{output}'; exit {status}".replace("\n", "\\n")
        return ContainerSpec(
            name, self.base, ("sh", "-c", script), labels={LABEL: self.mark}, network_mode="none", restart=restart
        )

    def clean(self) -> None:
        containers = lines("ps", "-aq", "--filter", f"label={LABEL}={self.mark}")
        if containers:
            docker("rm", "-f", *containers)
        made = [name for name in lines("images", "--format", "{{.Repository}}:{{.Tag}}") if "flsvc-contract" in name]
        if made:
            docker("rmi", "-f", *made)
