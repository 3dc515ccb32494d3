"""A job's one message while a bot follows it: posted at once, edited as it goes on, final when it ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.poster import CannotPost, Poster
from bot.progress import Progress
from ops.model import Actor
from ops.store import SqlStore
from ops.work import Job, JobState
from tests.bot.desk import CHANNEL, FAILED, OK, RUNNING, Desk, desk

__all__ = ["desk"]


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
