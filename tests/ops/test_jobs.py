"""The runner of durable jobs within one process, with real DBOS, on SQLite and on PostgreSQL."""

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from ops.errors import TimedOut
from ops.jobs import DbosJobs
from ops.services import JobChange
from ops.store import SqlStore
from ops.work import Job, JobRequest, JobState
from tests.ops.job_kinds import (
    ANNA,
    BEN,
    PATIENCE_S,
    SECRET,
    Journal,
    ScriptKind,
    phase,
    request,
    services,
    wait_until,
)
from tests.ops.postgres import Cluster


class World:
    """One executor, and what its jobs did."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.services = services(directory, url)
        self.kind = ScriptKind(directory)
        self.jobs = DbosJobs.open(self.services, [self.kind])

    @property
    def journal(self) -> Journal:
        return self.kind.journal

    def run(self, job: JobRequest) -> Job:
        self.jobs.submit(job)
        return self.jobs.wait(job.id, timeout_s=PATIENCE_S)

    def job(self, id: str) -> Job:
        job = self.services.store.job(id)
        assert job is not None
        return job

    def state(self, id: str, lane: str, step: str) -> str:
        return next((s.state.value for s in self.job(id).steps if (s.lane, s.name) == (lane, step)), "")

    def detail(self, id: str, lane: str, step: str) -> str:
        return next((s.detail for s in self.job(id).steps if (s.lane, s.name) == (lane, step)), "")

    def close(self) -> None:
        self.jobs.close()
        assert isinstance(self.services.store, SqlStore)
        self.services.store.close()


def states(job: Job) -> dict[str, list[str]]:
    """Return the states of each lane's steps."""
    assert job.plan is not None
    return {lane.key: [s.state.value for s in job.steps if s.lane == lane.key] for lane in job.plan.lanes}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def executor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One executor for the whole module: launching DBOS takes a second."""
    directory = tmp_path_factory.mktemp("jobs")
    if request.param == "sqlite":
        url, cluster = f"sqlite:///{directory}/flsvc.sqlite3", None
    else:
        cluster = request.getfixturevalue("postgres_cluster")
        assert isinstance(cluster, Cluster)
        url = cluster.create_database()
    world = World(directory, url)
    yield world
    world.close()
    if cluster is not None:
        cluster.drop_database(url)


@pytest.fixture
def world(executor: World) -> World:
    """Give the executor with an empty journal and a closed gate."""
    executor.journal.path.unlink(missing_ok=True)
    (executor.directory / "gate").unlink(missing_ok=True)
    return executor


def test_a_job_runs_phase_by_phase_and_is_summed_up(world: World) -> None:
    job = world.run(
        request("order", phase(("builder", ("ok-build", "skip"))), phase(("10.0.0.1", ("ok-a", "ok-b")))),
    )
    assert world.journal.began() == [
        ("builder", "ok-build"),
        ("builder", "skip"),
        ("10.0.0.1", "ok-a"),
        ("10.0.0.1", "ok-b"),
    ]
    assert (job.state, job.summary, job.error) == (JobState.DONE, "a job: done", "")
    assert states(job) == {"builder": ["ok", "skipped"], "10.0.0.1": ["ok", "ok"]}
    assert [step.detail for step in job.steps] == ["did ok-build", "not needed", "did ok-a", "did ok-b"]
    assert job.took is not None
    assert all(step.started_at and step.ended_at for step in job.steps)


def test_lanes_of_a_phase_run_side_by_side(world: World) -> None:
    job = world.run(request("side", phase(("10.0.0.1", ("meet",)), ("10.0.0.2", ("meet",)))))
    assert job.state is JobState.DONE


def test_a_lane_stops_at_its_first_failure_and_the_others_go_on(world: World) -> None:
    job = world.run(
        request(
            "partly",
            phase(("10.0.0.1", ("fail", "ok")), ("10.0.0.2", ("away", "ok")), ("10.0.0.3", ("ok",))),
            phase(("10.0.0.4", ("ok",))),
        )
    )
    assert job.state is JobState.PARTLY
    assert states(job) == {
        "10.0.0.1": ["failed", "pending"],
        "10.0.0.2": ["unreachable", "pending"],
        "10.0.0.3": ["ok"],
        "10.0.0.4": ["ok"],
    }
    assert (job.steps[0].detail, job.steps[0].output) == ("The disk is full.", "E: no space left")


def test_a_required_phase_that_fails_stops_the_job(world: World) -> None:
    job = world.run(
        request("required", phase(("builder", ("fail",)), required=True), phase(("10.0.0.1", ("ok",)))),
    )
    assert job.state is JobState.FAILED
    assert states(job) == {"builder": ["failed"], "10.0.0.1": ["pending"]}


def test_a_job_whose_hosts_all_fail_has_failed_whatever_the_builder_did(world: World) -> None:
    job = world.run(request("none", phase(("builder", ("ok",))), phase(("10.0.0.1", ("fail",)))))
    assert job.state is JobState.FAILED


def rollout(id: str, *second: str, max_failures: int = 1) -> JobRequest:
    """A rollout in three batches; `second` is what happens on the three hosts of the second."""
    hosts = [(f"10.0.0.{n}", (step,)) for n, step in enumerate(second, 2)]
    return request(
        id,
        phase(("10.0.0.1", ("ok",)), max_failures=max_failures),
        phase(*hosts, max_failures=max_failures),
        phase(("10.0.0.9", ("ok", "ok-b")), max_failures=max_failures),
        undo=["ok-back"],
    )


def test_more_failures_than_allowed_stop_a_job_and_what_went_well_is_put_back(world: World) -> None:
    job = world.run(rollout("too many", "fail", "ok", "fail"))
    assert states(job) == {
        "10.0.0.1": ["ok"],
        "10.0.0.2": ["failed"],
        "10.0.0.3": ["ok"],
        "10.0.0.4": ["failed"],
        "10.0.0.9": ["pending", "pending"],
        "undo 10.0.0.1": ["ok"],
        "undo 10.0.0.3": ["ok"],
    }
    assert job.state is JobState.FAILED
    assert [step.detail for step in job.steps if step.lane == "10.0.0.9"] == ["not begun: the job stopped before", ""]


@pytest.mark.parametrize("second", [("fail", "ok", "away"), ("away", "away", "away")])
def test_failures_within_the_bound_and_hosts_that_are_away_do_not_stop_a_job(
    world: World, second: tuple[str, ...]
) -> None:
    job = world.run(rollout("-".join(second), *second))
    assert states(job)["10.0.0.9"] == ["ok", "ok"]
    assert job.state is JobState.PARTLY
    assert job.plan is not None and not job.plan.undo


def test_failures_count_over_all_batches(world: World) -> None:
    first = phase(("10.0.0.1", ("fail",)), ("10.0.0.2", ("ok",)), max_failures=1)
    second = phase(("10.0.0.3", ("fail",)), ("10.0.0.4", ("ok",)), max_failures=1)
    job = world.run(request("all batches", first, second, phase(("10.0.0.5", ("ok",))), undo=["ok-back"]))
    assert states(job)["10.0.0.5"] == ["pending"]
    assert [lane for lane in states(job) if lane.startswith("undo")] == ["undo 10.0.0.2", "undo 10.0.0.4"]


def test_a_job_of_the_same_id_starts_nothing(world: World) -> None:
    first = request("once", phase(("10.0.0.1", ("gate",))))
    world.jobs.submit(first)
    again = world.jobs.submit(request("once", phase(("10.0.0.9", ("ok",))), actor=BEN, title="another"))
    assert (again.id, again.title, again.actor) == ("once", "a job", ANNA)
    world.kind.open_gate()
    ended = world.jobs.wait("once", timeout_s=PATIENCE_S)
    assert world.jobs.submit(first) == ended
    assert world.journal.began() == [("10.0.0.1", "gate")]


def test_a_plan_that_is_refused_fails_the_job_with_its_sentence(world: World) -> None:
    job = world.run(request("refused", refuse="10.0.0.9 is not registered."))
    assert (job.state, job.error, job.steps) == (JobState.FAILED, "10.0.0.9 is not registered.", ())
    assert world.kind.finished[-1] == "refused"


def test_an_unknown_kind_fails_the_job_with_a_sentence(world: World) -> None:
    job = world.run(JobRequest("unknown", "dance", "dance", {}, ANNA))
    assert job.state is JobState.FAILED
    assert "does not know how to do `dance`" in job.error


def test_what_nobody_foresaw_is_a_reference_and_no_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    kept = world.services.vault.put(SECRET)
    with caplog.at_level(logging.ERROR):
        job = world.run(request("bug", phase(("10.0.0.1", ("bug", "ok"))), secret=kept))
    assert job.state is JobState.FAILED
    assert states(job) == {"10.0.0.1": ["failed", "pending"]}
    reference = job.steps[0].detail.split("reference ")[1].split()[0]
    logged = caplog.text
    assert f"reference {reference}: step bug on 10.0.0.1 of job bug (script)" in logged
    assert "ValueError: cannot parse '[secret]'" in logged
    assert "in run_step" in logged
    assert SECRET not in logged
    assert SECRET not in repr(job)


def test_a_summary_that_fails_does_not_keep_the_job_from_ending(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    job = world.run(request("no-summary", phase(("10.0.0.1", ("ok",))), finish="raises"))
    assert job.state is JobState.DONE
    assert job.summary.split("reference ")[1].split()[0] in caplog.text


def test_the_second_job_of_a_host_waits_and_says_behind_whom(world: World) -> None:
    world.jobs.submit(request("first", phase(("10.0.0.1", ("gate", "ok"))), title="deploy faces"))
    wait_until(lambda: world.state("first", "10.0.0.1", "gate") == "running")
    world.jobs.submit(request("second", phase(("10.0.0.1", ("ok-2",)), ("10.0.0.2", ("ok-3",))), actor=BEN))
    waits = "waits for deploy faces of anna"
    wait_until(lambda: world.detail("second", "10.0.0.1", "ok-2") == waits)
    wait_until(lambda: world.state("second", "10.0.0.2", "ok-3") == "ok")
    assert world.state("second", "10.0.0.1", "ok-2") == "pending"
    world.kind.open_gate()
    assert world.jobs.wait("second", timeout_s=PATIENCE_S).state is JobState.DONE
    assert world.journal.overlaps() == []
    assert world.detail("second", "10.0.0.1", "ok-2") == "did ok-2"


def test_cancel_stops_a_job_at_the_end_of_its_step(world: World) -> None:
    world.jobs.submit(
        request("cancel", phase(("10.0.0.1", ("gate", "ok")), ("10.0.0.2", ("until", "ok"))), phase(("b", ("ok",))))
    )
    wait_until(lambda: world.state("cancel", "10.0.0.1", "gate") == "running")
    wait_until(lambda: world.state("cancel", "10.0.0.2", "until") == "running")
    world.jobs.submit(request("next", phase(("10.0.0.1", ("ok-next",)))))
    assert world.jobs.cancel("cancel")
    wait_until(lambda: world.state("cancel", "10.0.0.2", "until") == "cancelled")
    assert world.state("cancel", "10.0.0.1", "gate") == "running"
    assert world.journal.began("next") == []
    world.kind.open_gate()
    job = world.jobs.wait("cancel", timeout_s=PATIENCE_S)
    assert job.state is JobState.CANCELLED
    assert states(job) == {"10.0.0.1": ["ok", "cancelled"], "10.0.0.2": ["cancelled"] * 2, "b": ["cancelled"]}
    assert job.summary == (
        "Cancelled. 10.0.0.2 stopped at until. It was stopped on the host as well. "
        "Done up to gate on 10.0.0.1. Not begun on b."
    )
    assert world.jobs.wait("next", timeout_s=PATIENCE_S).state is JobState.DONE
    assert world.journal.overlaps() == []
    assert not world.jobs.cancel("cancel")
    assert not world.jobs.cancel("never was")


def test_a_job_that_waits_can_be_cancelled(world: World) -> None:
    world.jobs.submit(request("holder", phase(("10.0.0.1", ("gate",)))))
    wait_until(lambda: world.state("holder", "10.0.0.1", "gate") == "running")
    world.jobs.submit(request("waiter", phase(("10.0.0.1", ("ok",)))))
    wait_until(lambda: world.detail("waiter", "10.0.0.1", "ok").startswith("waits"))
    assert world.jobs.cancel("waiter")
    job = world.jobs.wait("waiter", timeout_s=PATIENCE_S)
    assert (job.state, states(job)) == (JobState.CANCELLED, {"10.0.0.1": ["cancelled"]})
    assert job.steps[0].detail == ""
    world.kind.open_gate()
    assert world.jobs.wait("holder", timeout_s=PATIENCE_S).state is JobState.DONE


def test_what_a_step_says_is_written_seldom_and_its_last_line_always(world: World) -> None:
    changes: list[JobChange] = []
    stop = world.jobs.subscribe(changes.append)
    world.jobs.submit(request("talk", phase(("10.0.0.1", ("talk",)))))
    wait_until(lambda: world.detail("talk", "10.0.0.1", "talk") == "line 1999")
    written = len(changes)
    world.kind.open_gate()
    job = world.jobs.wait("talk", timeout_s=PATIENCE_S)
    stop()
    assert written < 100
    assert job.steps[0].detail == "did talk"


def test_subscribers_hear_of_every_change_until_they_leave(world: World, caplog: pytest.LogCaptureFixture) -> None:
    changes: list[JobChange] = []
    ended = Event()

    def hear(change: JobChange) -> None:
        changes.append(change)
        if change.ended:
            ended.set()

    def fall(change: JobChange) -> None:
        raise RuntimeError("not my day")

    stops = [world.jobs.subscribe(fall), world.jobs.subscribe(hear)]
    world.run(request("heard", phase(("10.0.0.1", ("ok",)))))
    assert ended.wait(PATIENCE_S)
    for stop in stops:
        stop()
        stop()
    heard = len(changes)
    assert {change.job_id for change in changes} == {"heard"}
    assert heard >= 5
    world.run(request("unheard", phase(("10.0.0.1", ("ok",)))))
    assert len(changes) == heard
    assert "not my day" in caplog.text


def test_a_process_executes_once(world: World, tmp_path: Path) -> None:
    other = services(tmp_path, f"sqlite:///{tmp_path}/other.sqlite3")
    with pytest.raises(RuntimeError, match="executes jobs already"):
        DbosJobs.open(other, [world.kind])
    assert isinstance(other.store, SqlStore)
    other.store.close()


def test_waiting_has_an_end(world: World) -> None:
    world.jobs.submit(request("long", phase(("10.0.0.1", ("gate",)))))
    with pytest.raises(TimedOut, match="The job has not ended"):
        world.jobs.wait("long", timeout_s=0.01)
    world.kind.open_gate()
    assert world.jobs.wait("long", timeout_s=PATIENCE_S).state is JobState.DONE


@pytest.mark.slow
def test_two_hundred_jobs_on_ten_hosts_never_meet_on_one_and_none_is_lost(world: World) -> None:
    hosts = [f"10.0.1.{n}" for n in range(10)]
    ids = [f"many-{n}" for n in range(200)]
    for n, id in enumerate(ids):
        lanes = [(hosts[(n + m) % 10], ("ok-a", "ok-b")) for m in range(2)]
        world.jobs.submit(request(id, phase(*lanes), actor=ANNA if n % 2 else BEN))
    ended = [world.jobs.wait(id, timeout_s=PATIENCE_S) for id in ids]
    assert {job.state for job in ended} == {JobState.DONE}
    assert world.journal.overlaps() == []
    assert len(world.journal.began()) == len(set(world.journal.lines())) / 2 == 800
