"""The registry beside the builder: started, mended, waited for; what is on its port when it is something else."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ops import registry
from ops.errors import StepFailed, UserError
from ops.model import Host
from ops.ports import ContainerSpec, Engine
from ops.services import Services
from tests.fakes import FakeEngine, FakeImage, FakeRegistry
from tests.ops.registry_http import a_registry
from tests.ops.worlds import World, a_config, a_world

IMAGE = "registry:2"


@dataclass
class RegistryEngine(FakeEngine):
    """An engine in which a started registry really answers."""

    port: int = 0
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self, name: str) -> None:
        super().start(name)
        self.stack.enter_context(a_registry(self.port))


@dataclass
class Engines:
    engine: FakeEngine

    def local(self) -> Engine:
        return self.engine

    def on(self, host: Host) -> Engine:
        return self.engine


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with a_world(tmp_path, config=replace(a_config(tmp_path), registry=f"127.0.0.1:{port}")) as world:
        yield world


@pytest.fixture
def engine(world: World) -> Iterator[RegistryEngine]:
    engine = RegistryEngine(port=registry.port_of(world.services.config.registry))
    engine.registry.images[IMAGE] = FakeImage("sha256:1")
    with engine.stack:
        yield engine


def with_engine(world: World, engine: FakeEngine) -> Services:
    return replace(world.services, engines=Engines(engine))


def test_the_container_is_reachable_from_this_machine_only_and_keeps_its_data(tmp_path: Path) -> None:
    assert registry.spec(a_config(tmp_path)) == ContainerSpec(
        name="flsvc-registry",
        image=IMAGE,
        labels={"flsvc.registry": "5055"},
        binds=(("flsvc-registry", "/var/lib/registry", "rw"),),
        network_mode="bridge",
        restart="always",
        ports={5000: ("127.0.0.1", 5055)},
    )
    other = registry.spec(replace(a_config(tmp_path), registry="127.0.0.1:5099"))
    assert other.name == "flsvc-registry-5099"


def test_a_missing_registry_is_pulled_created_and_waited_for(world: World, engine: RegistryEngine) -> None:
    address = registry.ensure_registry(with_engine(world, engine))
    name = f"flsvc-registry-{engine.port}"
    assert address == f"127.0.0.1:{engine.port}"
    assert engine.log == [f"pull {IMAGE}", f"create {name}", f"start {name}"]
    registry.ensure_registry(with_engine(world, engine))
    assert len(engine.log) == 3


def test_a_stopped_registry_is_started_again(world: World, engine: RegistryEngine) -> None:
    engine.images[IMAGE] = FakeImage("sha256:1")
    engine.create(registry.spec(world.services.config))
    registry.ensure_registry(with_engine(world, engine))
    assert engine.log[-1].startswith("start ")


def test_many_at_once_start_one(world: World, engine: RegistryEngine) -> None:
    services = with_engine(world, engine)
    with ThreadPoolExecutor(8) as pool:
        addresses = set(pool.map(lambda _: registry.ensure_registry(services), range(8)))
    assert addresses == {f"127.0.0.1:{engine.port}"}
    assert len([line for line in engine.log if line.startswith("create")]) == 1


def test_another_process_that_creates_it_first_is_no_failure(world: World) -> None:
    """Its `create` comes between our look and ours."""

    @dataclass
    class Racing(RegistryEngine):
        def create(self, spec: ContainerSpec) -> str:
            super().create(spec)
            raise StepFailed("Conflict. The container name is already in use")

    engine = Racing(port=registry.port_of(world.services.config.registry))
    engine.images[IMAGE] = FakeImage("sha256:1")
    with engine.stack:
        assert registry.ensure_registry(with_engine(world, engine)).endswith(str(engine.port))


def test_an_engine_that_refuses_is_reported(world: World, engine: RegistryEngine) -> None:
    engine.registry.images.clear()
    with pytest.raises(StepFailed, match="manifest unknown"):
        registry.ensure_registry(with_engine(world, engine))


def test_a_registry_that_never_answers_is_not_waited_for_for_ever(world: World, engine: RegistryEngine) -> None:
    silent = FakeEngine(images={IMAGE: FakeImage("sha256:1")})
    with pytest.raises(StepFailed, match=r"does not answer at .* Nothing was delivered\. See `docker logs"):
        registry.ensure_registry(with_engine(world, silent), timeout_s=0.2)


def test_something_else_on_the_port_is_no_registry(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert not registry.answers(f"127.0.0.1:{port}")
        thread.join()
    assert not registry.answers(f"127.0.0.1:{port}")


def test_an_external_registry_is_left_alone(world: World) -> None:
    config = replace(world.services.config, registry="registry.example.org", external_registry=True)
    services = replace(world.services, config=config)
    assert registry.ensure_registry(services) == "registry.example.org"
    assert world.engines.local().log == []


@pytest.mark.parametrize("setting", ["127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999"])
def test_a_wrong_setting_is_named(setting: str) -> None:
    with pytest.raises(UserError, match="must be an address and a port"):
        registry.port_of(setting)


def test_digests_are_asked_for_by_tag_and_by_digest() -> None:
    with a_registry() as front:
        front.registry = FakeRegistry({"face:1": FakeImage("sha256:7"), "face@sha256:7": FakeImage("sha256:7")})
        assert registry.digest(front.address, "face", "1") == "sha256:7"
        assert registry.digest(front.address, "face", "sha256:7") == "sha256:7"
        assert registry.digest(front.address, "face", "2") == ""
        address = front.address
    assert registry.digest(address, "face", "1") == ""
