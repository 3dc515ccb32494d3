"""Two Pis, a database and workers that die: where the crash matrix is played."""

import json
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from ops import projects
from ops.docker import InstallKind
from ops.hosts import scan
from ops.hosts_register import RegisterKind
from ops.jobs import DbosJobs
from ops.keys import create_key
from ops.model import Project
from ops.services import JobKind, Services
from ops.store import SqlStore
from ops.work import Job, JobState
from tests.crash.kill import Moment, Timed
from tests.crash.parts import a_config, opened
from tests.crash.worker import STALE_S
from tests.fleet import Fleet, Pi
from tests.ops.runner import ACTOR, Run, run_job

PATIENCE_S = 120.0
PROJECT = "crash"
# As the first process of a container it would not hear SIGTERM without a handler, and every stop would take 10 s.
PROGRAM = """import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print({word!r}, flush=True)
while True:
    time.sleep(60)
"""


@dataclass
class Pis:
    """A bare Pi, one with Docker, and a port for their registry."""

    fleet: Fleet
    bare: Pi
    ready: Pi
    registry_port: int

    def reset(self) -> Pi:
        """Replace the bare Pi by another bare one."""
        self.bare = self.fleet.reset(self.bare)
        return self.bare


class Process:
    """A worker in a process of its own."""

    def __init__(self, told: dict[str, object]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.worker", json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        """Wait until it executes."""
        assert self._process.stdout is not None
        role = self._process.stdout.readline().strip()
        assert role == "executes", f"{role} {self._process.communicate()[1]}"

    def died(self) -> None:
        """Wait until it has killed itself."""
        self._process.wait(PATIENCE_S)
        assert self._process.returncode == -9, self._process.communicate()[1]

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it, if it still lives, with kill -9."""
        self._process.kill()
        self._process.communicate()


@dataclass
class Site:
    """The Pis, and what flsvc knows of them in one database."""

    pis: Pis
    folder: Path
    services: Services
    references: dict[str, tuple[dict[str, object], Timed]] = field(default_factory=dict)

    @cached_property
    def store(self) -> SqlStore:
        assert isinstance(self.services.store, SqlStore)
        return self.services.store

    @cached_property
    def public(self) -> str:
        return create_key(self.services.config).public.split()[1]

    def worker(self, moment: Moment | None = None, executor_id: str = "bot") -> Process:
        """Start a worker, which is not ready yet."""
        config = self.services.config
        return Process(
            {
                "folder": str(self.folder),
                "url": config.database_url,
                "registry": config.registry,
                "executor_id": executor_id,
                "moment": moment.to_json() if moment else None,
            }
        )

    @contextmanager
    def jobs(self, kind: JobKind, *, executor: bool = True) -> Iterator[DbosJobs]:
        """Follow jobs, and take the seat of the worker that dies."""
        jobs = DbosJobs.open(self.services, [kind], executor=executor, stale_s=STALE_S)
        try:
            yield jobs
        finally:
            jobs.close()

    def registration(self, pi: Pi, address: str = "") -> dict[str, object]:
        """Return the arguments of a registration with the password."""
        (one,) = scan(self.services, [pi.ip], 22)
        assert one.key, one.error
        who: dict[str, object] = {"port": 22, "user": "pi", "name": "", "contact": "anna", "description": ""}
        role = {"flower_type": "client", "federation": "crash_model", "key": asdict(one.key)}
        hosts = [{"address": pi.ip, **who, **role}]
        return {"hosts": hosts, "method": "password", "secret": self.services.vault.put("raspberry")}

    def register(self, pi: Pi) -> None:
        self.good(run_job(RegisterKind(), self.services, self.registration(pi), job_id=new_id()))

    def forget(self, pi: Pi) -> None:
        """Let flsvc know nothing of a Pi, and the Pi nothing of flsvc."""
        host = self.store.host(pi.ip)
        self.services.pool.drop(pi.ip)
        self.store.delete_host(pi.ip)
        if host and host.sudo_secret:
            self.services.vault.delete(host.sudo_secret)

    def project(self) -> Project:
        """Receive a version of the project that nobody saw before."""
        starter = projects.starter_zip(self.folder / "starter.zip")
        changed = self.folder / "changed.zip"
        with zipfile.ZipFile(starter) as source, zipfile.ZipFile(changed, "w") as target:
            for info in source.infolist():
                content = source.read(info).decode().replace("face-detection", PROJECT)
                program = PROGRAM.format(word=new_id())
                target.writestr(info.filename, program if info.filename == "client.py" else content)
        return projects.receive(self.services, changed, "starter.zip", ACTOR)

    def sh(self, pi: Pi, script: str) -> str:
        """Run a script as root on a Pi, past its sshd."""
        return self.pis.fleet.exec(pi, ["bash", "-c", script])

    @staticmethod
    def good(run: Run) -> None:
        assert run.job.state is JobState.DONE, [(step.name, step.state, step.detail) for step in run.job.steps]


@contextmanager
def a_site(pis: Pis, folder: Path, url: str) -> Iterator[Site]:
    """Open a site: one Pi registered and with Docker, the other bare."""
    config = a_config(folder, url, f"127.0.0.1:{pis.registry_port}")
    create_key(config)
    with ExitStack() as stack:
        services = stack.enter_context(opened(config, folder))
        site = Site(pis, folder, services)
        site.register(pis.ready)
        site.good(run_job(InstallKind(), services, {"addresses": [pis.ready.ip]}, job_id=new_id()))
        yield site
        remove_containers(site)


def remove_containers(site: Site) -> None:
    """Leave the Pi with Docker without containers."""
    site.sh(site.pis.ready, "docker ps -aq | xargs -r docker rm -f")


def new_id() -> str:
    return f"j{uuid4().hex[:10]}"


def plain(text: str) -> str:
    """Return a sentence without what differs from one run to the next."""
    text = re.sub(r"127\.0\.\d+\.\d+", "HOST", text)
    return re.sub(r"\b[0-9a-f]{8,64}\b", "ID", text)


def told(job: Job, store: SqlStore) -> dict[str, object]:
    """Return what the books say of a job: its steps, its summary, its lines of the audit."""
    return {
        "job": (job.state.value, plain(job.summary), plain(job.error)),
        "steps": [(plain(step.lane), step.name, step.state.good) for step in job.steps],
        "audit": [(event.what, event.outcome) for event in store.events(job_id=job.id)],
    }


def secrets(store: SqlStore) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM secret").scalar_one())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def addresses(pis: Sequence[Pi]) -> list[str]:
    return [pi.ip for pi in pis]
