"""How the parts are put together: services from settings, and the kinds of job. Used by `bot.__main__` alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bot.settings import Settings
from ops.deploy import DeployKind, StopKind
from ops.docker import InstallKind
from ops.engine import DockerEngines
from ops.hosts_forget import ForgetKind
from ops.hosts_register import RegisterKind
from ops.images import BuildKind
from ops.restart import RestartKind
from ops.rollback import RollbackKind
from ops.services import JobKind, Jobs, Services
from ops.ssh import SshPool
from ops.store import SqlStore
from ops.vault import FernetVault


def kinds() -> tuple[JobKind, ...]:
    """Return every kind of job."""
    return (
        RegisterKind(),
        ForgetKind(),
        InstallKind(),
        BuildKind(),
        DeployKind(),
        RollbackKind(),
        RestartKind(),
        StopKind(),
    )


@contextmanager
def services(settings: Settings) -> Iterator[Services]:
    """Open the database, the vault, the SSH pool and the engines; close them at the end."""
    config = settings.config
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = SqlStore.open(config.database_url)
    vault = FernetVault(store, config.state_dir / "vault.key")
    pool = SshPool(config, vault)
    engines = DockerEngines(config, pool)
    try:
        yield Services(config, store, pool, engines, vault, lambda: datetime.now(UTC))
    finally:
        engines.close()
        pool.close()
        store.close()


def open_jobs(services: Services, *, executes: bool = True) -> Jobs:
    """Open the job runner: one that executes if it may, or a client of the processes that do."""
    from ops.jobs import DbosJobs  # half a second of imports that a look at the hosts can do without

    return DbosJobs.open(services, kinds(), executor=executes)


@contextmanager
def jobs(services: Services, *, executes: bool = True) -> Iterator[Jobs]:
    """Open the job runner, and close it at the end."""
    runner = open_jobs(services, executes=executes)
    try:
        yield runner
    finally:
        runner.close()
