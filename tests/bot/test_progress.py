import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from bot.poster import CannotPost, Poster
from bot.progress import Progress
from ops.errors import TimedOut
from ops.model import Actor
from ops.services import JobChange
from ops.store import SqlStore
from ops.work import Event, Job, JobRequest, JobState, Lane, Phase, Plan, StepState
from tests.bot.jobs import ADA
from tests.bot.slack import FakeSlack, HandClock, Refusal, calm

OK, RUNNING, FAILED = StepState.OK, StepState.RUNNING, StepState.FAILED
CHANNEL = "C0FLEET"


class FakeJobs:
    """Implements `ops.services.Jobs` as far as following goes: the test does what the runner would."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.callbacks: list[Callable[[JobChange], None]] = []
        self.leads = True

    def submit(self, request: JobRequest) -> Job:
        self.store.create_job(request)
        job = self.store.job(request.id)
        assert job is not None
        return job

    def plan(self, request: JobRequest) -> Plan:
        return Plan(())

    def cancel(self, job_id: str) -> bool:
        return False

    def lead(self, what: str) -> bool:
        return self.leads

    def subscribe(self, callback: Callable[[JobChange], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Job:
        raise TimedOut("Nothing is waited for here.")

    def close(self) -> None:
        self.callbacks.clear()

    def tell(self, job_id: str, *, ended: bool = False) -> None:
        for callback in list(self.callbacks):
            callback(JobChange(job_id, ended))


@dataclass
class Desk:
    clock: HandClock
    slack: FakeSlack
    store: SqlStore
    jobs: FakeJobs
    progress: Progress
    today: datetime

    def job(self, id: str = "j1", lanes: int = 1) -> Job:
        made = self.jobs.submit(JobRequest(id, "deploy", "deploy faces", {"addresses": ["10.0.0.1"]}, ADA))
        plan = Plan((Phase(tuple(Lane(f"l{n}", f"10.0.0.{n}", ("pull", "start")) for n in range(lanes))),))
        self.store.set_job_plan(id, plan)
        self.store.set_job_state(id, JobState.RUNNING)
        return made

    async def step(self, id: str, name: str, state: StepState, lane: str = "l0", output: str = "") -> None:
        self.store.set_step(id, lane, name, state, detail="Disk full." if state is FAILED else "", output=output)
        self.jobs.tell(id)
        await calm()

    async def end(self, id: str, state: JobState = JobState.DONE, summary: str = "All well.") -> None:
        self.store.set_job_state(id, state, summary=summary)
        self.jobs.tell(id, ended=True)
        await calm()

    async def turn(self, seconds: float) -> None:
        """Let time pass in small pieces, so that everything that wakes has done its work."""
        for _ in range(round(seconds / 0.25)):
            self.clock.turn(0.25)
            await calm()

    @property
    def text(self) -> str:
        return self.slack.texts()[0]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = SqlStore.open(f"sqlite:///{tmp_path / 'flsvc.sqlite'}")
    clock = HandClock()
    slack, jobs = FakeSlack(clock), FakeJobs(store)
    made = Desk(clock, slack, store, jobs, _progress(jobs, store, slack, clock), datetime.now().astimezone())
    await made.progress.start()
    yield made
    await made.progress.close()
    store.close()


def _progress(jobs: FakeJobs, store: SqlStore, slack: FakeSlack, clock: HandClock) -> Progress:
    return Progress(jobs, store, Poster(slack, clock), clock=clock)


async def test_the_message_is_there_at_once_and_remembered(desk: Desk) -> None:
    ts = await desk.progress.announce(desk.job(), CHANNEL)
    job = desk.store.job("j1")
    assert job is not None
    assert (job.channel, job.message_ts, job.permalink) == (CHANNEL, ts, f"https://x.example/{ts}")
    assert len(desk.slack.texts()) == 1


async def test_the_same_job_again_keeps_its_message(desk: Desk) -> None:
    first = desk.job()
    ts = await desk.progress.announce(first, CHANNEL)
    known = desk.store.job("j1")
    assert known is not None
    assert await desk.progress.announce(known, CHANNEL) == ts
    assert len(desk.slack.texts()) == 1


async def test_changes_are_gathered_to_one_edit_a_second(desk: Desk) -> None:
    await desk.progress.announce(desk.job(lanes=40), CHANNEL)
    await desk.turn(2)
    before = len(desk.slack.times("chat.update"))
    for n in range(40):
        await desk.step("j1", "pull", OK, f"l{n}")
    await desk.turn(1)
    times = desk.slack.times("chat.update")
    assert len(times) - before <= 2
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))
    assert "40 of 80 steps" in desk.text


async def test_the_end_is_shown_and_following_stops(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    await desk.step("j1", "pull", OK)
    await desk.step("j1", "start", OK)
    await desk.end("j1")
    await desk.turn(2)
    assert desk.text == "✅ deploy faces: done. All well."
    edits = len(desk.slack.times("chat.update"))
    await desk.turn(20)
    assert len(desk.slack.times("chat.update")) == edits


async def test_elapsed_time_is_refreshed_now_and_then(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    await desk.step("j1", "pull", RUNNING)
    await desk.turn(2)
    calm_edits = len(desk.slack.times("chat.update"))
    await asyncio.sleep(0.11)  # the shown time has tenths of a second: an edit that shows nothing new is not sent
    await desk.turn(6)
    assert calm_edits <= len(desk.slack.times("chat.update")) <= calm_edits + 2


async def test_nothing_new_is_not_sent(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    desk.store.set_job_state("j1", JobState.WAITING)
    await desk.turn(1)
    edits = len(desk.slack.times("chat.update"))
    for _ in range(5):
        desk.jobs.tell("j1")
        await desk.turn(1)
    assert len(desk.slack.times("chat.update")) <= edits + 5


async def test_twenty_jobs_at_once_all_end_with_their_state_within_the_limits(desk: Desk) -> None:
    ids = [f"j{n}" for n in range(20)]
    announced = [asyncio.create_task(desk.progress.announce(desk.job(id), CHANNEL)) for id in ids]
    await desk.turn(20)
    await asyncio.gather(*announced)
    for _ in range(30):
        for id in ids:
            desk.jobs.tell(id)
        await desk.turn(1)
    for id in ids:
        await desk.end(id)
    await desk.turn(60)
    assert desk.slack.texts() == ["✅ deploy faces: done. All well."] * 20
    times = desk.slack.times("chat.update")
    assert max(sum(begin <= at < begin + 60 for at in times) for begin in times) <= 60


async def test_failures_are_told_in_the_thread(desk: Desk) -> None:
    ts = await desk.progress.announce(desk.job(), CHANNEL)
    await desk.step("j1", "pull", FAILED, output="no space left on device")
    await desk.end("j1", JobState.FAILED, "No host runs it.")
    await desk.turn(3)
    (told,) = desk.slack.texts(thread_ts=ts)
    assert "Disk full." in told
    (shown,) = [one for one in desk.slack.messages.values() if one.get("thread_ts") == ts]
    assert "no space left on device" in str(shown["blocks"])


async def test_whoever_waited_long_is_mentioned(desk: Desk) -> None:
    class Tomorrow(SqlStore):
        def job(self, id: str) -> Job | None:
            job = super().job(id)
            if job is None or job.started_at is None or job.ended_at is None:
                return job
            return replace(job, ended_at=job.started_at + timedelta(minutes=3))

    store = Tomorrow(desk.store.url)
    progress = Progress(desk.jobs, store, Poster(desk.slack, desk.clock), clock=desk.clock)
    await desk.progress.close()
    await progress.start()
    ts = await progress.announce(desk.job(), CHANNEL)
    await desk.end("j1")
    await desk.turn(2)
    assert desk.slack.texts(thread_ts=ts) == ["<@U0ADA> ✅ deploy faces: done after 3 min."]
    await progress.close()
    store.close()


async def test_a_quick_job_mentions_nobody(desk: Desk) -> None:
    ts = await desk.progress.announce(desk.job(), CHANNEL)
    await desk.end("j1")
    await desk.turn(2)
    assert desk.slack.texts(thread_ts=ts) == []


async def test_a_job_asked_for_in_a_thread_stays_there(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL, thread_ts="9.0")
    await desk.step("j1", "pull", FAILED, output="no space left on device")
    await desk.end("j1", JobState.FAILED)
    await desk.turn(3)
    assert desk.slack.texts() == []
    assert len(desk.slack.texts(thread_ts="9.0")) == 2


async def test_where_the_bot_may_not_speak_the_person_is_told(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), "C0SECRET")
    await desk.end("j1")
    await desk.turn(2)
    assert desk.slack.texts("D0ADA") == ["✅ deploy faces: done. All well."]


async def test_nobody_to_tell_is_said(desk: Desk) -> None:
    job = replace(desk.job(), actor=Actor("ada", "ada"))
    with pytest.raises(CannotPost):
        await desk.progress.announce(job, "C0SECRET")


async def _catches_up(desk: Desk, id: str = "j2") -> None:
    """Write down what the executor starts by itself for a host that is back, and tell of it."""
    args = {"addresses": ["10.0.0.1"], "announce": {"channel": CHANNEL, "thread_ts": "9.0"}}
    desk.jobs.submit(JobRequest(id, "deploy", "deploy faces", args, ADA))
    desk.jobs.tell(id)
    await calm()


async def test_a_job_nobody_asked_for_just_now_is_shown_in_the_thread_it_belongs_to(desk: Desk) -> None:
    other = _progress(desk.jobs, desk.store, desk.slack, desk.clock)
    await other.start()
    await _catches_up(desk)
    await desk.turn(2)
    await desk.end("j2")
    await desk.turn(3)
    assert desk.slack.texts(thread_ts="9.0") == ["✅ deploy faces: done. All well."]
    await other.close()


async def test_one_that_began_and_ended_while_no_bot_was_there_is_shown_later(desk: Desk) -> None:
    await desk.progress.close()
    await _catches_up(desk)
    await desk.end("j2")
    new = _progress(desk.jobs, desk.store, desk.slack, desk.clock)
    await new.start()
    await desk.turn(3)
    assert desk.slack.texts(thread_ts="9.0") == ["✅ deploy faces: done. All well."]
    await new.close()


async def test_one_that_begins_while_slack_is_away_is_shown_when_slack_is_back(desk: Desk) -> None:
    desk.slack.refusals["chat.postMessage"] = [aiohttp.ClientConnectionError("away") for _ in range(9)]
    await _catches_up(desk)
    await desk.turn(200)
    assert len(desk.slack.texts(thread_ts="9.0")) == 1


async def test_a_restarted_bot_goes_on_where_the_old_one_was(desk: Desk) -> None:
    await desk.progress.announce(desk.job("j1"), CHANNEL)
    await desk.progress.announce(desk.job("j2"), CHANNEL)
    await desk.progress.close()
    desk.store.set_job_state("j1", JobState.DONE, summary="All well.")
    new = _progress(desk.jobs, desk.store, desk.slack, desk.clock)
    await new.start()
    await desk.turn(3)
    await desk.end("j2")
    await desk.turn(3)
    assert desk.slack.texts() == ["✅ deploy faces: done. All well."] * 2
    edits = len(desk.slack.times("chat.update"))
    await new.close()
    newer = _progress(desk.jobs, desk.store, desk.slack, desk.clock)
    await newer.start()
    await desk.turn(3)
    assert len(desk.slack.times("chat.update")) == edits
    await newer.close()


async def test_another_bot_shows_an_end_that_its_own_did_not(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    other = _progress(desk.jobs, desk.store, desk.slack, desk.clock)
    await desk.progress.close()
    stop = desk.jobs.subscribe(other._changed)
    await desk.end("j1")
    await desk.turn(10)
    assert "done" not in desk.text
    await desk.turn(15)
    assert desk.text == "✅ deploy faces: done. All well."
    stop()
    await other.close()


async def test_a_message_somebody_deleted_does_not_stop_the_details(desk: Desk) -> None:
    ts = await desk.progress.announce(desk.job(), CHANNEL)
    desk.slack.messages.clear()
    await desk.step("j1", "pull", FAILED, output="no space left on device")
    await desk.turn(2)
    await desk.end("j1", JobState.FAILED)
    await desk.turn(30)
    assert len(desk.slack.texts(thread_ts=ts)) == 1


async def test_slack_away_for_longer_than_a_minute_loses_no_end(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    await desk.turn(2)
    desk.slack.refusals["chat.update"] = [aiohttp.ClientConnectionError("away") for _ in range(9)]
    await desk.end("j1")
    await desk.turn(200)
    assert desk.text == "✅ deploy faces: done. All well."


async def test_a_refused_edit_waits_as_long_as_slack_says(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    await desk.turn(2)
    desk.slack.refusals["chat.update"] = [Refusal("ratelimited", 429, 30)]
    await desk.end("j1")
    await desk.turn(29)
    assert "done" not in desk.text
    await desk.turn(2)
    assert desk.text == "✅ deploy faces: done. All well."


async def test_the_audit_says_how_it_ended(desk: Desk) -> None:
    job = desk.job()
    desk.store.add_event(Event(desk.today, "U0ADA", "ada", CHANNEL, "deploy", job_id="j1"))
    ts = await desk.progress.announce(job, CHANNEL)
    await desk.end("j1", JobState.PARTLY, "1 of 2 hosts.")
    await desk.turn(2)
    (event,) = desk.store.events(job_id="j1")
    assert (event.outcome, event.detail, event.permalink) == ("partly", "1 of 2 hosts.", f"https://x.example/{ts}")


async def test_changes_from_other_threads_arrive(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    desk.store.set_job_state("j1", JobState.DONE, summary="All well.")
    await asyncio.to_thread(desk.jobs.tell, "j1", ended=True)
    await desk.turn(3)
    assert desk.text == "✅ deploy faces: done. All well."


async def test_of_two_bots_one_edits_and_the_other_takes_over_when_it_is_gone(desk: Desk) -> None:
    other_slack, other_jobs = FakeSlack(desk.clock), FakeJobs(desk.store)
    other_jobs.leads = False
    other = _progress(other_jobs, desk.store, other_slack, desk.clock)
    await other.start()
    await desk.progress.announce(desk.job(), CHANNEL)
    other_jobs.tell("j1")
    await desk.step("j1", "pull", OK)
    await desk.turn(6)
    assert desk.slack.times("chat.update")
    assert not other_slack.times("chat.update")
    await desk.progress.close()
    other_jobs.leads = True
    desk.store.set_step("j1", "l0", "start", OK)
    other_jobs.tell("j1")
    await desk.turn(6)
    before = len(other_slack.times("chat.update"))
    assert before
    desk.store.set_job_state("j1", JobState.DONE, summary="All well.")
    other_jobs.tell("j1", ended=True)
    await desk.turn(2)
    assert len(other_slack.times("chat.update")) > before
    await other.close()


async def test_a_bot_that_never_led_stops_following_when_the_end_is_shown(desk: Desk) -> None:
    other_slack, other_jobs = FakeSlack(desk.clock), FakeJobs(desk.store)
    other_jobs.leads = False
    other = _progress(other_jobs, desk.store, other_slack, desk.clock)
    await other.start()
    await desk.progress.announce(desk.job(), CHANNEL)
    other_jobs.tell("j1")
    await desk.end("j1")
    await desk.turn(30)
    assert not other_slack.times("chat.update")
    other_jobs.leads = True
    await desk.turn(30)
    assert not other_slack.times("chat.update")
    await other.close()
