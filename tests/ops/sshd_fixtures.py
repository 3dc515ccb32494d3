"""Fixtures for tests over a real sshd; a conftest imports what its tests want."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.config import Config
from ops.ssh import SshPool
from tests.fakes import FakeVault
from tests.ops.sshd import Sshd, free_port, keygen

__all__ = ["config", "new_sshd", "pool", "sshd", "vault"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a configuration whose bot key exists."""
    config = Config(state_dir=tmp_path / "state", database_url="", connect_timeout_s=5, command_timeout_s=20)
    config.key_path.parent.mkdir(parents=True)
    keygen(config.key_path)
    return config


@pytest.fixture
def new_sshd(tmp_path: Path, config: Config) -> Iterator[Callable[..., Sshd]]:
    """Return a function that starts an sshd which accepts the bot's key; all end with the test."""
    started: list[Sshd] = []

    def new(*options: str) -> Sshd:
        directory = tmp_path / f"sshd-{len(started)}"
        directory.mkdir()
        sshd = Sshd(directory, free_port(), options)
        sshd.new_host_key()
        sshd.authorized_keys.write_text(config.key_path.with_suffix(".pub").read_text())
        started.append(sshd)
        sshd.start()
        return sshd

    yield new
    for sshd in started:
        sshd.stop()


@pytest.fixture
def sshd(new_sshd: Callable[..., Sshd]) -> Sshd:
    return new_sshd()


@pytest.fixture
def vault() -> FakeVault:
    return FakeVault()


@pytest.fixture
def pool(config: Config, vault: FakeVault) -> Iterator[SshPool]:
    pool = SshPool(config, vault)
    yield pool
    pool.close()
