"""Jobs as people see them, on both databases."""

import pytest

from ops.model import Actor
from ops.store import SqlStore
from ops.work import JobRequest, JobState, Lane, Phase, Plan, StepState

ANNA = Actor("U0ANNA", "anna", "C0FLEET")
REQUEST = JobRequest("job-1", "deploy", "deploy faces", {"addresses": ["10.0.0.1"]}, ANNA)
PLAN = Plan(
    (
        Phase((Lane("builder", "builder", ("build", "push")),), required=True, title="build"),
        Phase(tuple(Lane(ip, ip, ("pull", "start"), host=ip) for ip in ("10.0.0.2", "10.0.0.1"))),
    )
)


def request(n: int, actor: Actor = ANNA) -> JobRequest:
    return JobRequest(f"job-{n}", "ping", "ping", {}, actor)


def test_a_job_is_created_once(store: SqlStore) -> None:
    assert store.create_job(REQUEST)
    assert not store.create_job(REQUEST)
    job = store.job("job-1")
    assert job is not None
    assert (job.kind, job.title, job.args, job.actor) == ("deploy", "deploy faces", REQUEST.args, ANNA)
    assert (job.state, job.plan, job.steps, job.started_at) == (JobState.WAITING, None, (), None)
    assert store.job("job-2") is None


def test_the_plan_makes_pending_steps_in_its_order_once(store: SqlStore) -> None:
    store.create_job(REQUEST)
    store.set_job_plan("job-1", PLAN)
    store.set_step("job-1", "builder", "build", StepState.OK)
    store.set_job_plan("job-1", PLAN)
    job = store.job("job-1")
    assert job is not None
    assert job.plan == PLAN
    assert [(step.lane, step.name, step.state.value) for step in job.steps] == [
        ("builder", "build", "ok"),
        ("builder", "push", "pending"),
        ("10.0.0.2", "pull", "pending"),
        ("10.0.0.2", "start", "pending"),
        ("10.0.0.1", "pull", "pending"),
        ("10.0.0.1", "start", "pending"),
    ]


def test_a_step_keeps_when_it_began_and_when_it_ended(store: SqlStore) -> None:
    store.create_job(REQUEST)
    store.set_job_plan("job-1", PLAN)
    store.set_step("job-1", "builder", "build", StepState.PENDING, detail="waits")
    waiting = store.step("job-1", "builder", "build")
    assert waiting is not None
    assert (waiting.started_at, waiting.detail) == (None, "waits")
    store.set_step("job-1", "builder", "build", StepState.RUNNING, detail="layer 1")
    running = store.step("job-1", "builder", "build")
    assert running is not None
    assert running.started_at is not None
    assert running.ended_at is None
    store.set_step("job-1", "builder", "build", StepState.FAILED, detail="no", output="E: no")
    ended = store.step("job-1", "builder", "build")
    assert ended is not None
    assert ended.ended_at is not None
    assert (ended.started_at, ended.detail, ended.output) == (running.started_at, "no", "E: no")
    store.set_step("job-1", "builder", "push", StepState.CANCELLED)
    cancelled = store.step("job-1", "builder", "push")
    assert cancelled is not None
    assert (cancelled.started_at, cancelled.state) == (None, StepState.CANCELLED)


def test_an_unknown_step_is_a_bug(store: SqlStore) -> None:
    store.create_job(REQUEST)
    with pytest.raises(LookupError, match="no step nope on builder"):
        store.set_step("job-1", "builder", "nope", StepState.OK)


def test_a_job_begins_and_ends_once(store: SqlStore) -> None:
    store.create_job(REQUEST)
    store.set_job_state("job-1", JobState.RUNNING)
    running = store.job("job-1")
    store.set_job_state("job-1", JobState.FAILED, summary="0 of 2", error="no space")
    ended = store.job("job-1")
    store.set_job_state("job-1", JobState.FAILED)
    again = store.job("job-1")
    assert running is not None
    assert ended is not None
    assert running.started_at is not None
    assert ended.took is not None
    assert (ended.started_at, ended.summary, ended.error) == (running.started_at, "0 of 2", "no space")
    assert again == ended


def test_jobs_are_newest_first_and_filtered(store: SqlStore) -> None:
    ben = Actor("U0BEN", "ben")
    for n, actor in enumerate((ANNA, ben, ANNA), start=1):
        store.create_job(request(n, actor))
    store.set_job_state("job-3", JobState.DONE)
    assert [job.id for job in store.jobs()] == ["job-3", "job-2", "job-1"]
    assert [job.id for job in store.jobs(last=1)] == ["job-3"]
    assert [job.id for job in store.jobs(actor="U0ANNA")] == ["job-3", "job-1"]
    assert [job.id for job in store.jobs(states=[JobState.WAITING, JobState.RUNNING])] == ["job-2", "job-1"]


def test_where_the_live_message_is(store: SqlStore) -> None:
    store.create_job(REQUEST)
    store.set_job_message(
        "job-1", channel="C1", message_ts="1.2", thread_ts="1.1", permalink="https://chat.example/p"
    )
    job = store.job("job-1")
    assert job is not None
    assert (job.channel, job.message_ts, job.thread_ts, job.permalink) == (
        "C1",
        "1.2",
        "1.1",
        "https://chat.example/p",
    )


def test_only_a_live_job_can_be_asked_to_stop(store: SqlStore) -> None:
    store.create_job(REQUEST)
    store.create_job(request(2))
    assert store.ask_cancel("job-1")
    assert store.cancel_asked() == {"job-1"}
    store.set_job_state("job-1", JobState.CANCELLED)
    assert not store.ask_cancel("job-1")
    assert not store.ask_cancel("never")
    assert store.cancel_asked() == set()


def test_every_change_of_a_job_shows_in_its_version(store: SqlStore) -> None:
    store.create_job(REQUEST)
    seen = [store.job_versions()["job-1"]]
    store.set_job_plan("job-1", PLAN)
    seen.append(store.job_versions()["job-1"])
    store.set_step("job-1", "builder", "build", StepState.RUNNING)
    seen.append(store.job_versions()["job-1"])
    store.set_job_state("job-1", JobState.DONE)
    seen.append(store.job_versions(["job-1"])["job-1"])
    assert len(set(seen)) == 4
    assert [ended for _, ended in seen] == [False, False, False, True]
    assert store.job_versions() == {}


def test_turns_on_a_host_are_taken_in_order_and_end_with_the_job(store: SqlStore) -> None:
    for n in (1, 2, 3):
        store.create_job(request(n))
        store.take_turn("10.0.0.1", f"job-{n}", "lane")
    store.take_turn("10.0.0.1", "job-1", "lane")
    store.take_turn("10.0.0.2", "job-2", "other")
    assert store.turns(["10.0.0.1", "10.0.0.2"]) == {"10.0.0.1": ("job-1", "lane"), "10.0.0.2": ("job-2", "other")}
    assert store.has_turn("job-3", "lane")
    assert not store.has_turn("job-3", "other")
    store.end_turn("job-1", "lane")
    assert not store.has_turn("job-1", "lane")
    assert store.turns(["10.0.0.1"]) == {"10.0.0.1": ("job-2", "lane")}
    store.set_job_state("job-2", JobState.CANCELLED)
    assert store.turns(["10.0.0.1", "10.0.0.2"]) == {"10.0.0.1": ("job-3", "lane")}
    store.end_turns("job-3")
    assert store.turns(["10.0.0.1"]) == {}


def test_a_worker_that_is_not_heard_of_is_stale(store: SqlStore) -> None:
    store.beat("w1")
    store.beat("w2")
    store.beat("w1")
    assert store.stale_workers(60) == []
    assert sorted(store.stale_workers(-1)) == ["w1", "w2"]
    assert store.workers() == {"w1", "w2"}
    store.forget_worker("w1")
    assert store.stale_workers(-1) == ["w2"]
