"""Docker Engines in memory behind the Protocols of `ops.ports`: containers, images, and one registry for all."""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from ops.errors import StepFailed
from ops.model import Host
from ops.ports import Container, ContainerSpec, EngineInfo
from tests.fake_ssh import FakePool


@dataclass(frozen=True)
class FakeImage:
    """An image: the digest stands for its content."""

    digest: str
    arch: str = "amd64"
    size_bytes: int = 1_000_000


@dataclass(frozen=True)
class FakeRegistry:
    """What was pushed, by repository without the registry's own name; hosts reach it under another port."""

    images: dict[str, FakeImage] = field(default_factory=dict)


def _split(reference: str) -> tuple[str, str]:
    """Split a reference into the registry's name and the rest; 'python:3' has no registry."""
    first, _, rest = reference.partition("/")
    return (first, rest) if rest and (":" in first or "." in first or first == "localhost") else ("", reference)


def _tagged(reference: str) -> str:
    return reference if "@" in reference or ":" in reference.rpartition("/")[2] else f"{reference}:latest"


@dataclass
class FakeEngine:
    """One engine. Set the fields to make trouble; `log` has every changing call.

    `down` is a sentence every call fails with; `crash_on_start` the status with which containers exit at once (they
    restart for ever when told so), `crash_log` what they print; `build_error` makes a build fail with that line.
    """

    name: str = "local"
    version: str = "20.10.24+dfsg1"
    arch: str = "amd64"
    memory_limits: bool = True
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    pool: FakePool | None = None
    host: Host | None = None
    down: str = ""
    build_error: str = ""
    crash_on_start: int | None = None
    crash_log: str = "Traceback: it broke\n"
    images: dict[str, FakeImage] = field(default_factory=dict)
    specs: dict[str, ContainerSpec] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)  # container name -> what it printed
    log: list[str] = field(default_factory=list)
    _containers: dict[str, Container] = field(default_factory=dict)

    def _check(self) -> None:
        if self.pool is not None and self.host is not None:
            self.pool.remote(self.host).connect()
        if self.down:
            raise StepFailed(self.down, host=self.host.address if self.host else None)

    def _fail(self, words: str) -> StepFailed:
        return StepFailed(
            f"The Docker Engine on {self.name} says: {words}", host=self.host.address if self.host else None
        )

    def _image(self, reference: str) -> FakeImage:
        image = self.images.get(_tagged(reference))
        if image is None:
            raise self._fail(f"No such image: {reference}")
        return image

    def _find(self, name: str) -> Container:
        container = self.inspect(name)
        if container is None:
            raise self._fail(f"No such container: {name}")
        return container

    def _keep(self, container: Container) -> None:
        self._containers[container.name] = container

    def info(self) -> EngineInfo:
        self._check()
        return EngineInfo(self.version, "1.41", self.arch, self.memory_limits)

    def build(self, context: BinaryIO, *, tag: str, platform: str, network: str) -> Iterator[str]:
        self._check()
        self.log.append(f"build {tag} {platform}")
        content = context.read()
        with tarfile.open(fileobj=BytesIO(content), mode="r|*") as archive:
            files = {entry.name.removeprefix("./"): _read(archive, entry) for entry in archive}
        if "Dockerfile" not in files:
            raise self._fail("Cannot locate specified Dockerfile: Dockerfile")
        yield from files["Dockerfile"].decode().splitlines()
        if self.build_error:
            raise StepFailed(f"The build of {tag} failed: {self.build_error}", output=self.build_error)
        digest = "sha256:" + hashlib.sha256(content + platform.encode()).hexdigest()
        self.images[_tagged(tag)] = FakeImage(digest, platform.rpartition("/")[2] or self.arch, len(content))

    def tag(self, image: str, reference: str) -> None:
        self._check()
        self.images[_tagged(reference)] = self._image(image)

    def push(self, reference: str) -> str:
        self._check()
        self.log.append(f"push {reference}")
        image = self._image(reference)
        repository = _split(_tagged(reference))[1]
        self.registry.images[repository] = image
        self.registry.images[f"{repository.rpartition(':')[0]}@{image.digest}"] = image
        return image.digest

    def pull(self, reference: str) -> None:
        self._check()
        self.log.append(f"pull {reference}")
        registry, repository = _split(_tagged(reference))
        if self.pool and self.host and registry.startswith(("127.", "localhost")):
            port = int(registry.partition(":")[2] or 80)
            if port not in self.pool.machine(self.host.address).tunnels:
                raise self._fail(f"Get http://{registry}/v2/: dial tcp {registry}: connect: connection refused")
        if repository not in self.registry.images:
            raise self._fail(f"manifest for {reference} not found: manifest unknown")
        self.images[_tagged(reference)] = self.registry.images[repository]

    def has_image(self, reference: str) -> bool:
        self._check()
        return _tagged(reference) in self.images

    def image_size(self, reference: str) -> int:
        self._check()
        return self._image(reference).size_bytes

    def image_arch(self, reference: str) -> str:
        self._check()
        return self._image(reference).arch

    def create(self, spec: ContainerSpec) -> str:
        self._check()
        self.log.append(f"create {spec.name}")
        self._image(spec.image)
        if spec.name in self._containers:
            raise self._fail(f'Conflict. The container name "/{spec.name}" is already in use')
        id = hashlib.sha256(f"{self.name}/{spec.name}/{len(self.log)}".encode()).hexdigest()
        self.specs[spec.name] = spec
        self._containers[spec.name] = Container(id, spec.name, spec.image, "created", dict(spec.labels))
        return id

    def start(self, name: str) -> None:
        self._check()
        self.log.append(f"start {name}")
        container = self._find(name)
        self._keep(replace(container, status="running", started_at=datetime.now(UTC), exit_code=None))
        if self.crash_on_start is not None:
            self.outputs[container.name] = self.outputs.get(container.name, "") + self.crash_log
            self.exit(container.name, self.crash_on_start)

    def set_restart(self, name: str, policy: str) -> None:
        self._check()
        self.log.append(f"set_restart {name} {policy}")
        container = self._find(name)
        self.specs[container.name] = replace(self.specs[container.name], restart=policy)

    def exit(self, name: str, status: int) -> None:
        """Let a container's program end, as the test wishes; it restarts when its policy says so."""
        container = self._find(name)
        policy = self.specs[container.name].restart
        if policy in {"always", "unless-stopped"} or (policy == "on-failure" and status):
            self._keep(replace(container, status="restarting", exit_code=status, restarts=container.restarts + 1))
        else:
            self._keep(replace(container, status="exited", exit_code=status))

    def containers(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        self._check()
        wanted = (labels or {}).items()
        return [
            container
            for container in self._containers.values()
            if all(key in container.labels and value in {"", container.labels[key]} for key, value in wanted)
        ]

    def inspect(self, name: str) -> Container | None:
        self._check()
        by_id = (one for one in self._containers.values() if one.id == name)
        return self._containers.get(name) or next(by_id, None)

    def stop(self, name: str, *, timeout_s: int = 10) -> None:
        self._check()
        self.log.append(f"stop {name}")
        container = self.inspect(name)
        if container and container.status in {"running", "restarting"}:
            self._keep(replace(container, status="exited", exit_code=container.exit_code or 0))

    def remove(self, name: str) -> None:
        self._check()
        self.log.append(f"remove {name}")
        container = self.inspect(name)
        if container:
            del self._containers[container.name]

    def logs(self, name: str, *, tail: int = 100) -> str:
        self._check()
        return "".join(self.outputs.get(self._find(name).name, "").splitlines(keepends=True)[-tail:])

    def wait(self, name: str, *, timeout_s: float) -> int | None:
        self._check()
        container = self._find(name)
        return None if container.status == "running" else container.exit_code


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    return file.read() if file else b""


class FakeEngines:
    """Engines by address, made when first asked for; they share one registry.

    With a pool, an engine on a host fails as its connection would, and pulls from a loopback registry only while the
    host has a tunnel for its port.
    """

    def __init__(self, pool: FakePool | None = None, *, arch: str = "amd64") -> None:
        self.pool, self.arch = pool, arch
        self.registry = FakeRegistry()
        self._local = FakeEngine("the bot's machine", arch=arch, registry=self.registry)
        self.hosts: dict[str, FakeEngine] = {}

    def local(self) -> FakeEngine:
        return self._local

    def at(self, address: str) -> FakeEngine:
        """Return the engine at an address, to set it up or to look at it."""
        return self.hosts.setdefault(address, FakeEngine(address, arch=self.arch, registry=self.registry))

    def on(self, host: Host) -> FakeEngine:
        engine = self.at(host.address)
        engine.pool, engine.host = self.pool, host
        if host.arch:
            engine.arch = host.arch
        return engine
