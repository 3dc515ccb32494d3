"""A small world for tests of the verbs: fake hosts and engines, a true store and a true vault on a temporary path."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.config import Config
from ops.keys import create_key
from ops.model import Host
from ops.services import Services
from ops.store import SqlStore
from ops.vault import FernetVault
from tests.fakes import FakeEngines, FakeMachine, FakePool

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """What a test sets up and looks at; `services` is what a verb is given."""

    services: Services
    store: SqlStore
    pool: FakePool
    engines: FakeEngines

    def machine(self, address: str) -> FakeMachine:
        return self.pool.machine(address)

    def save(self, *hosts: Host) -> list[Host]:
        for host in hosts:
            self.store.save_host(host)
        return list(hosts)

    def host(self, address: str) -> Host:
        host = self.store.host(address)
        assert host is not None
        return host

    def secrets(self) -> list[str]:
        """Return the ids of all kept secrets."""
        with self.store.read() as connection:
            return [row[0] for row in connection.exec_driver_sql("SELECT id FROM secret ORDER BY id")]


@contextmanager
def a_world(tmp_path: Path, *machines: FakeMachine, config: Config | None = None) -> Iterator[World]:
    """Open a world with these machines in its network, and a key of the bot's own."""
    config = config or a_config(tmp_path)
    store = SqlStore.open(config.database_url)
    vault = FernetVault(store, tmp_path / "vault.key")
    pool = FakePool(*machines, vault=vault)
    engines = FakeEngines(pool)
    create_key(config)
    services = Services(config, store, pool, engines, vault, lambda: NOON)
    try:
        yield World(services, store, pool, engines)
    finally:
        store.close()


def a_config(tmp_path: Path, *, docker_repository_url: str = "", connect_timeout_s: float = 10.0) -> Config:
    """Return settings that keep everything below a temporary path."""
    return Config(
        state_dir=tmp_path / "state",
        database_url=f"sqlite:///{tmp_path}/flsvc.sqlite3",
        connect_timeout_s=connect_timeout_s,
        docker_repository_url=docker_repository_url,
    )
