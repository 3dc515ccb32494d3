"""The verbs on real parts: true SSH and true engines, for tests on the virtual Pis."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.config import Config
from ops.engine import DockerEngines
from ops.hosts import scan
from ops.hosts_register import RegisterKind
from ops.keys import create_key
from ops.model import Host
from ops.services import Services
from ops.ssh import SshPool
from ops.store import SqlStore
from ops.vault import FernetVault
from tests.fleet import FleetError, Pi
from tests.fleet.engine import docker, lines
from tests.ops.runner import Run, run_job
from tests.ops.worlds import a_config


@dataclass(frozen=True)
class RealWorld:
    """What a test on the fleet sets up and looks at."""

    services: Services
    store: SqlStore
    pool: SshPool

    def host(self, pi: Pi) -> Host:
        host = self.store.host(pi.ip)
        assert host is not None
        return host

    def register(
        self, pis: Sequence[Pi], secret: str = "raspberry", *, method: str = "password", sudo_secret: str = ""
    ) -> Run:
        """Scan, take what is shown for confirmed, and register."""
        found = scan(self.services, [pi.ip for pi in pis], 22)
        assert all(one.key for one in found), [one.error for one in found]
        put = self.services.vault.put
        hosts = [
            {
                "address": one.address,
                "port": 22,
                "user": "pi",
                "name": "",
                "key": asdict(one.key) if one.key else {},
                "flower_type": "client",
                "federation": "test_model",
                "contact": "anna",
                "description": "",
            }
            for one in found
        ]
        args = {
            "hosts": hosts,
            "method": method,
            "secret": put(secret) if secret else "",
            "sudo_secret": put(sudo_secret) if sudo_secret else "",
        }
        return run_job(RegisterKind(), self.services, args)


@contextmanager
def a_real_world(tmp_path: Path, config: Config | None = None) -> Iterator[RealWorld]:
    """Open a world in which hosts are what answers at their address."""
    config = config or a_config(tmp_path)
    store = SqlStore.open(config.database_url)
    vault = FernetVault(store, tmp_path / "vault.key")
    pool = SshPool(config, vault)
    create_key(config)
    services = Services(config, store, pool, DockerEngines(config, pool), vault, lambda: datetime.now(UTC))
    try:
        yield RealWorld(services, store, pool)
    finally:
        pool.close()
        store.close()


def clear_away(port: int) -> None:
    """Remove this session's registry and image names; the layers below stay as the next session's build cache."""
    with contextlib.suppress(FleetError):  # it never came up
        docker("rm", "-f", "-v", f"flsvc-registry-{port}")
    docker("volume", "rm", "-f", f"flsvc-registry-{port}")
    names = lines("image", "ls", "--filter", f"reference=127.0.0.1:{port}/*", "--format", "{{.Repository}}:{{.Tag}}")
    if names:
        docker("image", "rm", "-f", "--no-prune", *names)
