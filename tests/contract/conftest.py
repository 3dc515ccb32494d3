"""Each contract runs on the fake and on the real thing."""

import urllib.request
from collections.abc import Iterator

import pytest

from ops.config import Config
from ops.engine import DockerEngines
from ops.ssh import SshPool
from tests.contract.engine_worlds import EngineWorld, FakeEngineWorld, RealEngineWorld
from tests.contract.worlds import Account, FakeWorld, SshdWorld, World, fake_account, fleet_account
from tests.fakes import FakeVault
from tests.fleet import images
from tests.fleet.engine import docker
from tests.ops.sshd import free_port, until
from tests.ops.sshd_fixtures import config, new_sshd, pool, sshd, vault

__all__ = ["config", "new_sshd", "pool", "sshd", "vault"]


@pytest.fixture(params=["fake", "sshd"])
def world(request: pytest.FixtureRequest) -> World:
    """One host whose user the bot's key is accepted for."""
    if request.param == "fake":
        return FakeWorld()
    return SshdWorld(request.getfixturevalue("pool"), request.getfixturevalue("sshd"))


@pytest.fixture(params=["fake", pytest.param("pi", marks=pytest.mark.fleet)])
def account(request: pytest.FixtureRequest, config: Config, vault: FakeVault, pool: SshPool) -> Iterator[Account]:
    """One host with a user who has a password, to whom the bot's key is not known yet."""
    if request.param == "fake":
        yield fake_account()
        return
    fleet = request.getfixturevalue("fleet")
    pi = fleet.pis[4]
    fleet.exec(pi, ["rm", "-f", f"/home/{pi.user}/.ssh/authorized_keys"])
    yield fleet_account(fleet, pi, pool, vault, config.key_path.with_suffix(".pub"))
    fleet.exec(pi, ["rm", "-f", f"/home/{pi.user}/.ssh/authorized_keys"])


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/v2/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """A registry of this session, `127.0.0.1:port`."""
    images.ensure_all()
    address = f"127.0.0.1:{free_port()}"
    id = docker("run", "-d", "--rm", "-p", f"{address}:5000", images.REGISTRY)
    until(lambda: answers(address), within_s=30)
    yield address
    docker("rm", "-f", id)


@pytest.fixture(
    params=["fake", pytest.param("local", marks=pytest.mark.fleet), pytest.param("ssh", marks=pytest.mark.fleet)]
)
def engine_world(request: pytest.FixtureRequest, config: Config, pool: SshPool) -> Iterator[EngineWorld]:
    """An engine with a base image and a registry."""
    if request.param == "fake":
        yield FakeEngineWorld()
        return
    registry = request.getfixturevalue("registry")
    engines = DockerEngines(config, pool)
    local = request.param == "local"
    engine = engines.local() if local else engines.on(request.getfixturevalue("sshd").host())
    world = RealEngineWorld(engine, registry)
    yield world
    world.clean()
    engines.close()
