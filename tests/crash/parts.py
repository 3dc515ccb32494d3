"""The real parts, made alike in the tests' process and in the workers'."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ops.config import Config
from ops.engine import DockerEngines
from ops.services import Services
from ops.ssh import SshPool
from ops.store import SqlStore
from ops.vault import FernetVault

STAY_UP_S = 1.0


def a_config(folder: Path, url: str, registry: str, executor_id: str = "bot") -> Config:
    """Return settings that keep everything below a temporary folder."""
    return Config(
        state_dir=folder / "state",
        database_url=url,
        executor_id=executor_id,
        connect_timeout_s=3.0,
        registry=registry,
        stay_up_s=STAY_UP_S,
        fan_out=8,
    )


@contextmanager
def opened(config: Config, folder: Path) -> Iterator[Services]:
    """Open the store and the connections for the length of a block."""
    store = SqlStore.open(config.database_url)
    vault = FernetVault(store, folder / "vault.key")
    pool = SshPool(config, vault)
    try:
        yield Services(config, store, pool, DockerEngines(config, pool), vault, lambda: datetime.now(UTC))
    finally:
        pool.close()
        store.close()
