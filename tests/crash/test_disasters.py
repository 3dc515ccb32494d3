"""What goes wrong around a job on real hosts: power, Docker, cables, disks, databases, a dead worker.

The job may end well or say what stopped it; either way the same command given again, without any repair by hand, ends
well, and exactly one container runs.
"""

import os
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ops import projects
from ops.deploy import DeployKind
from ops.model import Project
from ops.work import Job, JobState, StepState
from tests.crash.drills import Deploy
from tests.crash.kill import Moment, Struck
from tests.crash.site import PATIENCE_S, Site, new_id
from tests.crash.test_matrix import asked, trail
from tests.fleet.waiting import wait_for
from tests.ops.postgres import Cluster
from tests.ops.runner import ACTOR

pytestmark = [
    # Now and then DBOS, closed in this process after every case, leaves a connection to PostgreSQL to the collector.
    pytest.mark.filterwarnings("ignore:Exception ignored in. .function BaseConnection.__del__"),
    pytest.mark.fleet,
    pytest.mark.crash,
    pytest.mark.timeout(300),
]
on_sqlite = pytest.mark.parametrize("site", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("site", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
AWAY_S = 10.0
DRILL = Deploy()


def struck(site: Site, step: str, call: str, strike: Callable[[], None]) -> Job:
    """Deploy, and let something happen right before a call of a step."""
    kind = Struck(DeployKind(), step, call, strike)
    job = _deploy(site, kind, dict(DRILL.prepare(site)))
    assert kind.struck, trail(job)
    return job


def _deploy(site: Site, kind: Struck | DeployKind, args: dict[str, object]) -> Job:
    with site.jobs(kind) as jobs:
        return jobs.wait(jobs.submit(asked(DRILL, args)).id, timeout_s=PATIENCE_S)


def again(site: Site, before: Job) -> Job:
    """Give the same command again, see that it ends well, and that one container runs."""
    job = _deploy(site, DeployKind(), dict(before.args))
    assert job.state is JobState.DONE, trail(job)
    assert running(site) == 1
    return job


def running(site: Site) -> int:
    return int(site.sh(site.pis.ready, "docker ps -q --filter label=flsvc.project | wc -l"))


def steps(job: Job, state: StepState) -> dict[str, str]:
    return {step.name: step.detail for step in job.steps if step.state is state}


def docker_is_up(site: Site) -> None:
    wait_for(
        lambda: site.sh(site.pis.ready, "docker version > /dev/null 2>&1 && echo up || true").strip() == "up",
        "Docker on the Pi",
    )


@on_sqlite
def test_a_power_cycle_in_the_middle_of_a_start(site: Site) -> None:
    job = struck(site, "start", "start", lambda: site.pis.fleet.power_off(site.pis.ready))
    site.pis.fleet.power_on(site.pis.ready)
    docker_is_up(site)
    assert job.state is JobState.FAILED
    assert site.pis.ready.ip in steps(job, StepState.UNREACHABLE)["start"]
    assert running(site) <= 1
    again(site, job)


@on_sqlite
def test_docker_killed_on_the_host_while_a_container_is_watched(site: Site) -> None:
    job = struck(site, "stay_up", "wait", lambda: kill_docker(site))
    docker_is_up(site)
    assert job.state in {JobState.DONE, JobState.FAILED}
    assert running(site) <= 1
    again(site, job)


def kill_docker(site: Site) -> None:
    site.sh(site.pis.ready, "pkill -9 -x dockerd")


@on_sqlite
def test_a_cable_pulled_and_put_back_while_an_image_is_delivered(site: Site) -> None:
    fleet, pi = site.pis.fleet, site.pis.ready
    back = threading.Timer(AWAY_S, lambda: fleet.plug(pi))

    def pull_out() -> None:
        fleet.unplug(pi)
        back.start()

    job = struck(site, "deliver", "pull", pull_out)
    back.join()
    assert job.state is JobState.DONE or set(steps(job, StepState.UNREACHABLE)) == {"deliver"}, trail(job)
    assert running(site) == 1
    again(site, job)


@on_sqlite
def test_a_disk_that_is_full_when_the_image_arrives(site: Site) -> None:
    pi = site.pis.ready
    DRILL.prepare(site)
    args: dict[str, object] = {"project_id": heavy(site).id, "addresses": [pi.ip], "stay_up_s": 1.0}
    with full_disk(site):
        job = _deploy(site, DeployKind(), args)
        assert job.state is JobState.FAILED
        assert "no space left on device" in steps(job, StepState.FAILED)["deliver"]
        assert running(site) == 1, "what ran before still runs"
    again(site, job)


def heavy(site: Site) -> Project:
    """Receive a version with a file that does not compress."""
    site.project()
    path = site.folder / "heavy.zip"
    path.write_bytes((site.folder / "changed.zip").read_bytes())
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("ballast.bin", os.urandom(6_000_000))
    return projects.receive(site.services, path, "heavy.zip", ACTOR)


@contextmanager
def full_disk(site: Site) -> Iterator[None]:
    """Leave no room where the engine puts what it downloads."""
    site.sh(site.pis.ready, "mount -t tmpfs -o size=1m tmpfs /var/lib/docker/tmp")
    try:
        yield
    finally:
        site.sh(site.pis.ready, "umount /var/lib/docker/tmp")


@on_sqlite
def test_a_database_locked_for_ten_seconds(site: Site) -> None:
    files = [file for file in site.folder.glob("*.sqlite3*") if file.suffix in {".sqlite3", ".jobs"}]
    lockers = [sqlite3.connect(file, isolation_level=None, check_same_thread=False) for file in files]

    def free() -> None:
        for locker in lockers:
            locker.execute("ROLLBACK")
            locker.close()

    timer = threading.Timer(AWAY_S, free)

    def lock() -> None:
        for locker in lockers:
            locker.execute("BEGIN IMMEDIATE")
        timer.start()

    job = struck(site, "start", "start", lock)
    timer.join()
    assert job.state is JobState.DONE, trail(job)
    assert running(site) == 1


@on_postgres
def test_a_database_away_for_ten_seconds(site: Site, postgres_cluster: Cluster) -> None:
    back = threading.Event()
    gone = threading.Event()

    def leave() -> None:
        with postgres_cluster.away():
            gone.set()
            back.wait(AWAY_S)

    thread = threading.Thread(target=leave)

    def strike() -> None:
        thread.start()
        gone.wait(AWAY_S)

    job = struck(site, "start", "start", strike)
    thread.join()
    assert job.state is JobState.DONE, trail(job)
    assert running(site) == 1


@on_postgres
def test_a_worker_that_never_comes_back(site: Site) -> None:
    moment = Moment("start", "after", str(site.folder / new_id()))
    workers = [site.worker(moment, "one"), site.worker(moment, "two")]  # whichever gets there first dies, once
    try:
        args = DRILL.prepare(site)
        for worker in workers:
            worker.ready()
        with site.jobs(DeployKind(), executor=False) as jobs:
            job = jobs.wait(jobs.submit(asked(DRILL, args)).id, timeout_s=PATIENCE_S)
        assert job.state is JobState.DONE, trail(job)
        assert sorted(worker.alive for worker in workers) == [False, True]
        seen = DRILL.look(site, job)
        assert (seen["made"], seen["started"], seen["running"], running(site)) == (1, 1, 1, 1)
    finally:
        for worker in workers:
            worker.kill()
