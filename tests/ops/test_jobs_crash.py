"""Processes that die, come back, take over and only watch: what a job survives, on both databases."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from ops.jobs import DbosJobs
from ops.services import JobChange
from ops.store import SqlStore
from ops.work import Job, JobRequest, JobState
from tests.ops.job_kinds import PATIENCE_S, Journal, Line, ScriptKind, phase, request, services, wait_until
from tests.ops.postgres import running_cluster

pytestmark = pytest.mark.slow


class Process:
    """A worker in a process of its own."""

    def __init__(self, directory: Path, url: str, executor_id: str) -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.ops.job_worker", str(directory), url, executor_id]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.role = self._process.stdout.readline().strip()
        self.pid = self._process.pid

    def kill(self) -> None:
        """End it with kill -9."""
        self._process.kill()
        self._process.communicate()

    def close(self, *, complaints: str = "") -> None:
        """Let it end by itself, and see that it said what it should and nothing broke.

        A busy machine may make it take a silent neighbour for dead, which it says as well.
        """
        _, errors = self._process.communicate("", timeout=PATIENCE_S)
        assert self._process.returncode == 0
        assert complaints in errors
        assert "Error" not in errors


class Fleet:
    """A state directory, a database, and the processes on them."""

    def __init__(self, directory: Path, url: str, stack: ExitStack) -> None:
        self.directory = directory
        self.url = url
        self.kind = ScriptKind(directory)
        self.services = services(directory, url, "client")
        self._stack = stack
        assert isinstance(self.services.store, SqlStore)
        stack.callback(self.services.store.close)

    @property
    def journal(self) -> Journal:
        return self.kind.journal

    def start(self, executor_id: str = "bot") -> Process:
        process = Process(self.directory, self.url, executor_id)
        self._stack.callback(process.kill)
        return process

    def open(self, *, executor: bool = False) -> DbosJobs:
        jobs = DbosJobs.open(self.services, [self.kind], executor=executor)
        self._stack.callback(jobs.close)
        return jobs

    def state(self, id: str, lane: str, step: str) -> str:
        job = self.services.store.job(id)
        assert job is not None
        return next((s.state.value for s in job.steps if (s.lane, s.name) == (lane, step)), "")

    def wrote(self, lines: int) -> Callable[[], bool]:
        return lambda: len(self.journal.lines()) >= lines

    def running(self, id: str, lane: str, step: str) -> Callable[[], bool]:
        return lambda: self.state(id, lane, step) == "running"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """Give an empty database and no process."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/flsvc.sqlite3" if sqlite else request.getfixturevalue("postgres_url")
    with ExitStack() as stack:
        yield Fleet(tmp_path, url, stack)


def ended(jobs: DbosJobs, id: str) -> Job:
    return jobs.wait(id, timeout_s=PATIENCE_S)


def is_base(file: Path) -> bool:
    """Tell a database from the files SQLite keeps beside it."""
    return file.suffix in {".sqlite3", ".jobs"}


def interrupted() -> JobRequest:
    return request(
        "cut",
        phase(("builder", ("ok-build",)), required=True),
        phase(("10.0.0.1", ("ok-a", "gate-b", "ok-c")), ("10.0.0.2", ("ok-a", "ok-b"))),
    )


def test_a_worker_killed_while_it_puts_back_goes_on_with_that(fleet: Fleet) -> None:
    worker = fleet.start()
    client = fleet.open()
    good, bad = phase(("10.0.0.1", ("ok",)), required=True), phase(("10.0.0.2", ("fail",)), required=True)
    client.submit(request("back", good, bad, phase(("10.0.0.3", ("ok",))), undo=["gate-back"]))
    wait_until(fleet.running("back", "undo 10.0.0.1", "gate-back"))
    worker.kill()
    fleet.kind.open_gate()
    again = fleet.start()
    job = ended(client, "back")
    assert job.state is JobState.FAILED
    assert job.plan is not None and len(job.plan.undo) == 1
    assert fleet.state("back", "undo 10.0.0.1", "gate-back") == "ok"
    assert fleet.state("back", "10.0.0.3", "ok") == "pending"
    assert fleet.journal.began("back").count(("10.0.0.1", "ok")) == 1
    again.close()


def test_a_killed_worker_goes_on_where_it_was(fleet: Fleet) -> None:
    worker = fleet.start()
    client = fleet.open()
    client.submit(interrupted())
    wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
    wait_until(lambda: fleet.state("cut", "10.0.0.2", "ok-b") == "ok")
    worker.kill()
    fleet.kind.open_gate()
    again = fleet.start()
    job = ended(client, "cut")
    assert (job.state, job.summary) == (JobState.DONE, "a job: done")
    assert fleet.journal.began().count(("10.0.0.1", "gate-b")) == 2
    assert sorted(set(fleet.journal.began())) == sorted(
        [
            ("builder", "ok-build"),
            ("10.0.0.1", "ok-a"),
            ("10.0.0.1", "gate-b"),
            ("10.0.0.1", "ok-c"),
            ("10.0.0.2", "ok-a"),
            ("10.0.0.2", "ok-b"),
        ]
    )
    assert len(fleet.journal.began()) == 7
    again.close()


def _wrote(fleet: Fleet, lines: int) -> bool:
    return len(fleet.journal.lines()) >= lines


def test_a_worker_killed_again_and_again_repeats_nothing_that_ended(fleet: Fleet) -> None:
    lanes = [(f"10.0.0.{n}", tuple(f"ok-{m}" for m in range(30))) for n in range(3)]
    steps = {(lane, step) for lane, names in lanes for step in names}
    client = fleet.open()
    client.submit(request("cut", phase(*lanes)))
    for lines in (15, 60, 110):
        worker = fleet.start()
        wait_until(partial(_wrote, fleet, lines))
        worker.kill()
        begun = fleet.journal.began()
        done = {pair for pair in steps if fleet.state("cut", *pair) == "ok"}
        again = fleet.start()
        again.kill()
        repeated = fleet.journal.began()[len(begun) :]
        assert done.isdisjoint(repeated)
    last = fleet.start()
    job = ended(client, "cut")
    assert job.state is JobState.DONE
    assert set(fleet.journal.began()) == steps
    last.close()


def test_a_job_may_be_cancelled_while_nobody_executes_it(fleet: Fleet) -> None:
    worker = fleet.start()
    client = fleet.open()
    client.submit(interrupted())
    wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
    worker.kill()
    assert client.cancel("cut")
    fleet.kind.open_gate()
    again = fleet.start()
    job = ended(client, "cut")
    assert job.state is JobState.CANCELLED
    assert fleet.state("cut", "10.0.0.1", "gate-b") == "cancelled"
    assert ("10.0.0.1", "ok-c") not in fleet.journal.began()
    again.close()


def test_a_client_submits_follows_and_cancels_what_another_executes(fleet: Fleet) -> None:
    worker = fleet.start()
    client = fleet.open(executor=fleet.url.startswith("sqlite"))
    assert (worker.role, client.executes) == ("executes", False)
    changes: list[JobChange] = []
    client.subscribe(changes.append)
    client.submit(request("seen", phase(("10.0.0.1", ("gate", "ok")))))
    wait_until(fleet.running("seen", "10.0.0.1", "gate"))
    client.submit(request("stopped", phase(("10.0.0.2", ("until", "ok")))))
    wait_until(fleet.running("stopped", "10.0.0.2", "until"))
    assert client.cancel("stopped")
    assert ended(client, "stopped").state is JobState.CANCELLED
    fleet.kind.open_gate()
    assert ended(client, "seen").state is JobState.DONE
    assert {line.pid for line in fleet.journal.lines()} == {worker.pid}
    wait_until(lambda: JobChange("seen", ended=True) in changes)
    assert JobChange("seen") in changes
    client.submit(request("seen", phase(("10.0.0.1", ("ok-again",)))))
    assert ("10.0.0.1", "ok-again") not in fleet.journal.began()
    worker.close()


def test_a_closed_worker_ends_its_step_and_leaves_the_rest_for_the_next(fleet: Fleet) -> None:
    worker = fleet.start()
    client = fleet.open()
    client.submit(interrupted())
    wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
    fleet.kind.open_gate()
    worker.close()
    before = fleet.journal.began()
    again = fleet.start()
    assert ended(client, "cut").state is JobState.DONE
    assert len(fleet.journal.began()) == 6
    assert before == fleet.journal.began()[: len(before)]
    again.close()


def test_a_job_that_was_only_written_down_is_started(fleet: Fleet) -> None:
    fleet.services.store.create_job(request("lost", phase(("10.0.0.1", ("ok",)))))
    worker = fleet.start()
    assert ended(fleet.open(), "lost").state is JobState.DONE
    worker.close()


def test_a_client_takes_the_seat_of_an_executor_that_died(tmp_path: Path) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, f"sqlite:///{tmp_path}/flsvc.sqlite3", stack)
        worker = fleet.start()
        client = fleet.open(executor=True)
        client.submit(interrupted())
        wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
        assert not client.executes
        worker.kill()
        fleet.kind.open_gate()
        assert ended(client, "cut").state is JobState.DONE
        assert client.executes


def test_a_database_that_is_locked_for_a_while_loses_no_job(tmp_path: Path) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, f"sqlite:///{tmp_path}/flsvc.sqlite3", stack)
        worker = fleet.start()
        client = fleet.open()
        client.submit(interrupted())
        wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
        lockers = [
            sqlite3.connect(file, isolation_level=None) for file in tmp_path.glob("*.sqlite3*") if is_base(file)
        ]
        for locker in lockers:
            locker.execute("BEGIN IMMEDIATE")
        fleet.kind.open_gate()
        wait_until(lambda: Line("end", "cut", "10.0.0.1", "gate-b", worker.pid) in fleet.journal.lines())
        assert fleet.state("cut", "10.0.0.1", "gate-b") == "running"
        for locker in lockers:
            locker.execute("ROLLBACK")
            locker.close()
        assert ended(client, "cut").state is JobState.DONE
        assert len(fleet.journal.began()) == 6
        worker.close()


@pytest.mark.postgres
def test_a_server_that_restarts_loses_no_job(tmp_path: Path) -> None:
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster())
        fleet = Fleet(tmp_path, cluster.create_database(), stack)
        fleet.start()
        client = fleet.open()
        client.submit(interrupted())
        wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
        cluster.restart()
        fleet.kind.open_gate()
        assert ended(client, "cut").state is JobState.DONE
        assert len(fleet.journal.began()) == 6
        client.submit(request("after", phase(("10.0.0.1", ("ok",)))))
        assert ended(client, "after").state is JobState.DONE


@pytest.mark.postgres
def test_the_jobs_of_a_worker_that_never_comes_back_are_adopted(tmp_path: Path, postgres_url: str) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, postgres_url, stack)
        doomed = fleet.start("doomed")
        client = fleet.open()
        client.submit(interrupted())
        wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
        other = fleet.start("other")
        assert other.role == "executes"
        doomed.kill()
        fleet.kind.open_gate()
        assert ended(client, "cut").state is JobState.DONE
        assert len(fleet.journal.began()) == 7
        assert {line.pid for line in fleet.journal.lines()} == {doomed.pid, other.pid}
        other.close(complaints="worker doomed is silent: 1 of its jobs taken over\n")


@pytest.mark.postgres
def test_the_jobs_of_a_worker_nobody_remembers_are_adopted(tmp_path: Path, postgres_url: str) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, postgres_url, stack)
        doomed = fleet.start("doomed")
        client = fleet.open()
        client.submit(interrupted())
        wait_until(fleet.running("cut", "10.0.0.1", "gate-b"))
        doomed.kill()
        # As when it was taken for dead while it was only slow, took one more job, and died.
        assert isinstance(fleet.services.store, SqlStore)
        fleet.services.store.forget_worker("doomed")
        other = fleet.start("other")
        fleet.kind.open_gate()
        assert ended(client, "cut").state is JobState.DONE
        other.close(complaints="worker doomed is silent: 1 of its jobs taken over\n")


@pytest.mark.postgres
def test_two_workers_share_a_burst_and_take_turns_on_a_host(tmp_path: Path, postgres_url: str) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, postgres_url, stack)
        workers = [fleet.start("one"), fleet.start("two")]
        client = fleet.open()
        ids = [f"job-{n}" for n in range(40)]
        for n, id in enumerate(ids):
            shared = phase(("10.0.0.1", ("ok-a", "ok-b")), ("10.0.0.2", ("ok-a",)))
            client.submit(request(id, phase((f"10.0.1.{n}", ("gate",))), shared))
        # More than one worker takes at once: these can only all have begun when both have some.
        wait_until(lambda: len(fleet.journal.began()) == len(ids))
        fleet.kind.open_gate()
        assert {ended(client, id).state for id in ids} == {JobState.DONE}
        assert fleet.journal.overlaps() == []
        assert len(fleet.journal.began()) == 160
        assert {line.pid for line in fleet.journal.lines()} == {worker.pid for worker in workers}
        for worker in workers:
            worker.close()


@pytest.mark.postgres
def test_a_second_process_of_the_same_executor_id_is_a_client(tmp_path: Path, postgres_url: str) -> None:
    with ExitStack() as stack:
        fleet = Fleet(tmp_path, postgres_url, stack)
        workers = [fleet.start("bot"), fleet.start("bot")]
        assert [worker.role for worker in workers] == ["executes", "client"]
        for worker in workers:
            worker.close()
