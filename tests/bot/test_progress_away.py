"""A job's message while bots and Slack come and go: nothing is shown twice, and no end is lost."""

import asyncio

import aiohttp

from ops.work import Event, JobRequest, JobState
from tests.bot.desk import CHANNEL, FAILED, OK, Desk, FakeJobs, desk, progress_of
from tests.bot.jobs import ADA
from tests.bot.slack import FakeSlack, Refusal, calm

__all__ = ["desk"]


async def _catches_up(desk: Desk, id: str = "j2") -> None:
    """Write down what the executor starts by itself for a host that is back, and tell of it."""
    args = {"addresses": ["10.0.0.1"], "announce": {"channel": CHANNEL, "thread_ts": "9.0"}}
    desk.jobs.submit(JobRequest(id, "deploy", "deploy faces", args, ADA))
    desk.jobs.tell(id)
    await calm()


async def test_a_job_nobody_asked_for_just_now_is_shown_in_the_thread_it_belongs_to(desk: Desk) -> None:
    other = progress_of(desk.jobs, desk.store, desk.slack, desk.clock)
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
    new = progress_of(desk.jobs, desk.store, desk.slack, desk.clock)
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
    new = progress_of(desk.jobs, desk.store, desk.slack, desk.clock)
    await new.start()
    await desk.turn(3)
    await desk.end("j2")
    await desk.turn(3)
    assert desk.slack.texts() == ["✅ deploy faces: done. All well."] * 2
    edits = len(desk.slack.times("chat.update"))
    await new.close()
    newer = progress_of(desk.jobs, desk.store, desk.slack, desk.clock)
    await newer.start()
    await desk.turn(3)
    assert len(desk.slack.times("chat.update")) == edits
    await newer.close()


async def test_another_bot_shows_an_end_that_its_own_did_not(desk: Desk) -> None:
    await desk.progress.announce(desk.job(), CHANNEL)
    other = progress_of(desk.jobs, desk.store, desk.slack, desk.clock)
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
    other = progress_of(other_jobs, desk.store, other_slack, desk.clock)
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
    other = progress_of(other_jobs, desk.store, other_slack, desk.clock)
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
