"""A world with a registry and the starter project in it, for tests of builds and deployments."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ops import projects
from ops.config import Config
from ops.model import Facts, FlowerType, Host, Project
from tests.fakes import FakeMachine
from tests.ops.registry_http import a_registry
from tests.ops.runner import ACTOR
from tests.ops.samples import a_host
from tests.ops.worlds import World, a_config, a_world

SERVER = "10.0.0.1"
CLIENTS = ("10.0.0.2", "10.0.0.3")


@contextmanager
def a_fleet_world(tmp_path: Path, config: Config | None = None, clients: Sequence[str] = CLIENTS) -> Iterator[World]:
    """Open a world with a registry that answers, one server and clients of the federation `faces`."""
    machines = [FakeMachine(address) for address in (SERVER, *clients)]
    for machine in machines:
        machine.on(r"^mkdir -p", f"/home/{machine.user}/data\n")
        machine.on(r"^df ", "50000000000\n")
    with a_registry() as front:
        config = replace(config or a_config(tmp_path), stay_up_s=0.0)
        if not config.external_registry:
            config = replace(config, registry=front.address)
        with a_world(tmp_path, *machines, config=config) as world:
            front.registry = world.engines.registry
            world.save(a_pi(SERVER, FlowerType.SERVER), *(a_pi(address) for address in clients))
            yield world


def a_pi(address: str, flower_type: FlowerType = FlowerType.CLIENT, arch: str = "amd64") -> Host:
    host = a_host(address, federation="faces", flower_type=flower_type, arch=arch)
    return replace(host, facts=Facts(arch=arch, disk_free_bytes=10**10))


def starter(world: World, tmp_path: Path) -> Project:
    return projects.receive(world.services, projects.starter_zip(tmp_path / "starter.zip"), "starter.zip", ACTOR)
