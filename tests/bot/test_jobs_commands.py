"""Jobs in Slack: hosts that are away, cancelling, doing again, and what one job shows; over a real socket."""

import asyncio
from collections.abc import Callable
from threading import Event

from ops.errors import Cancelled, HostUnreachable, StepFailed
from ops.services import Outcome, StepContext
from ops.work import JobState
from tests.bot.conftest import ADDRESSES, Stage, StageMaker
from tests.bot.test_app import FLEET, fill, say

AWAY = ADDRESSES[1]


def reaching(stage: Stage) -> Callable[[StepContext], Outcome]:
    """Return what a step does that needs the host."""

    def act(context: StepContext) -> Outcome:
        if not stage.pool.machine(context.lane.host).reachable:
            raise HostUnreachable(f"{context.lane.host} did not answer.", host=context.lane.host)
        return Outcome()

    return act


async def test_a_host_that_was_away_is_caught_up_with_in_the_thread_of_the_command(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        s.kinds["docker install"].act = reaching(s)
        s.pool.machine(AWAY).reachable = False
        first = await say(s, "docker install all --when-back", "is caught up with when it is back")
        listed = await say(s, "jobs", f"waits for {AWAY}, which does not answer")
        assert "ada" in listed.plain
        s.pool.machine(AWAY).reachable = True
        told = await s.ada.wait_for_message(FLEET, "now that it is back", thread_ts=first.ts)
        await s.ada.wait_for(lambda: _ended(s, 2))
        assert told.thread_ts == first.ts
        assert s.kinds["docker install"].ran[-2:] == [(AWAY, "one"), (AWAY, "two")]
        again = await say(s, "jobs", "now that it is back")
        assert "does not answer" not in again.plain.split("now that it is back")[0]


async def _ended(stage: Stage, count: int) -> bool:
    jobs = await asyncio.to_thread(stage.services.store.jobs)
    return sum(job.state.ended for job in jobs) == count


async def test_waiting_for_a_host_can_be_called_off(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        s.kinds["docker install"].act = reaching(s)
        s.pool.machine(AWAY).reachable = False
        await say(s, f"docker install {AWAY} --when-back", "calls that off")
        (entry,) = s.services.store.waiting()
        shown = await say(s, f"job {entry.id}", f"waits for {AWAY}")
        await s.ada.click(shown, "Call it off")
        await s.ada.wait_for_message(FLEET, f"does not wait for {AWAY} any more")
        assert s.services.store.waiting() == []
        await say(s, f"cancel {entry.id}", f"Nothing waits as {entry.id} any more")


async def test_the_button_does_again_what_failed(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        broken = Event()
        broken.set()

        def act(context: StepContext) -> Outcome:
            if context.lane.host == AWAY and broken.is_set():
                raise StepFailed("The disk is full.", host=AWAY, output="E: no space left")
            return Outcome()

        s.kinds["docker install"].act = act
        failed = await say(s, "docker install all", "Retry")
        broken.clear()
        s.kinds["docker install"].ran.clear()
        await s.ada.click(failed, "Retry")
        await s.ada.wait_for_message(FLEET, f"docker install all, again on {AWAY}  done")
        assert s.kinds["docker install"].ran == [(AWAY, "one"), (AWAY, "two")]
        job = next(job for job in s.services.store.jobs() if job.state is JobState.PARTLY)
        shown = await say(s, f"job {job.id}", "Asked by ada")
        assert "E: no space left" in shown.plain
        assert "Began" in shown.plain
        done = next(job for job in s.services.store.jobs() if job.state is JobState.DONE)
        await say(s, f"retry {done.id}", "nothing to do again")


async def test_a_cancelled_job_says_what_was_left_where(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        begun, asked = Event(), Event()

        def act(context: StepContext) -> Outcome:
            begun.set()
            while not context.cancelled():
                asked.wait(0.05)
            raise Cancelled("`apt-get install` was stopped there.", host=context.lane.host)

        s.kinds["docker install"].act = act
        message = await say(s, f"docker install {AWAY}", "one")
        assert await asyncio.to_thread(begun.wait, 10)
        await s.ada.click(message, "Cancel")
        await s.ada.wait_for_message(FLEET, "stops within seconds")
        ended = await s.ada.wait_for_message(FLEET, f"Cancelled. {AWAY} stopped at one.")
        assert "apt-get install was stopped there" in ended.plain
        assert "retry" in str(ended.blocks)


async def test_two_people_who_press_the_same_button_start_one_job(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        gate, mended = Event(), Event()

        def act(context: StepContext) -> Outcome:
            if not mended.is_set():
                raise StepFailed("The disk is full.", host=context.lane.host)
            gate.wait(10)
            return Outcome()

        s.kinds["docker install"].act = act
        failed = await say(s, f"docker install {AWAY}", "Retry")
        mended.set()
        await asyncio.gather(s.ada.click(failed, "Retry"), s.ben.click(failed, "Retry"))
        await s.ada.wait_for_message(FLEET, "again  running")
        await s.ben.click(failed, "Retry")
        told = await s.ben.wait_for_message(FLEET, "That is being done again already, for")
        assert told.is_ephemeral
        gate.set()
        await s.ada.wait_for_message(FLEET, "again  done")
        assert len(s.services.store.jobs()) == 2
