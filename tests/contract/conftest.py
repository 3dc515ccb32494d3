"""Each contract runs on the fake and on the real thing."""

from collections.abc import Iterator

import pytest

from ops.config import Config
from ops.ssh import SshPool
from tests.contract.worlds import Account, FakeWorld, SshdWorld, World, fake_account, fleet_account
from tests.fakes import FakeVault
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
