"""Slack sends everything twice, also to another socket and after a restart: nothing is started twice."""

from contextlib import AsyncExitStack
from pathlib import Path

from bot.run import bot
from bot.sandbox.person import Seen
from ops.model import FlowerType
from ops.projects import starter_zip
from tests.bot.conftest import ADDRESSES, Stage, StageMaker, host

FLEET = "fleet"
MANY = 50


def fill(stage: Stage) -> None:
    for number, address in enumerate(ADDRESSES):
        stage.pool.add(address)
        stage.services.store.save_host(host(address, FlowerType.SERVER if number == 0 else FlowerType.CLIENT))


async def upload(stage: Stage, folder: Path) -> tuple[Seen, Seen]:
    """Drop a zip; return the message and the one answer to it."""
    await stage.ada.invite("flsvc", FLEET)
    message = await stage.ada.upload(FLEET, starter_zip(folder / "faces.zip"))
    answer = await stage.ada.wait_for_message(FLEET, "container project", thread_ts=message.ts, after_ts=message.ts)
    return message, answer


async def answers(stage: Stage, message: Seen, containing: str) -> int:
    return sum(containing in one.plain for one in await stage.ada.messages(FLEET, message.ts))


async def ended(stage: Stage, count: int) -> bool | None:
    return sum("done" in one.plain for one in await stage.ada.messages(FLEET)) == count or None


async def test_an_event_and_a_click_that_come_twice(stage: StageMaker, tmp_path: Path) -> None:
    async with stage() as s:
        fill(s)
        s.sandbox.faults.redeliver(MANY)
        message, found = await upload(s, tmp_path)
        await s.ada.click(found, "Deploy to faces")
        await s.ada.wait_for_message(FLEET, "done", thread_ts=message.ts, after_ts=found.ts)
        assert await answers(s, message, "container project") == 1
        assert await answers(s, message, "deploy face-detection") == 1
        assert [job.kind for job in s.services.store.jobs()] == ["deploy"]
        assert len(s.services.store.projects()) == 1


async def test_a_submission_that_comes_twice(stage: StageMaker) -> None:
    async with stage() as s:
        s.pool.add(ADDRESSES[0])
        await s.ada.command(f"/flsvc register {ADDRESSES[0]} --fl faces", FLEET)
        form = await s.ada.wait_for_view("Register hosts")
        s.sandbox.faults.redeliver(MANY)
        assert not await s.ada.submit(form, {"password": "raspberry", "flower_type": "server"})
        confirm = await s.ada.wait_for_view("Are these your hosts?")
        await s.ada.submit(confirm)
        await s.ada.wait_for_message(FLEET, "done")
        assert len(s.services.store.jobs()) == 1
        assert not [m for m in await s.ada.messages(FLEET) if "gone" in m.plain or "expired" in m.plain]


async def test_another_socket_and_a_bot_that_starts_anew(stage: StageMaker) -> None:
    async with stage() as s, AsyncExitStack() as second:
        fill(s)
        await second.enter_async_context(bot(s.settings, s.services, s.jobs))
        await s.sandbox.connected(2)
        s.sandbox.faults.redeliver(MANY)
        for number in range(4):
            assert (await s.ada.command(f"/flsvc stop {ADDRESSES[number % 3]}", FLEET)).acked
        await s.ada.wait_for(lambda: ended(s, 4))
        assert len(s.services.store.jobs()) == 4
        await second.aclose()
        async with bot(s.settings, s.services, s.jobs):
            await s.ada.command("/flsvc stop faces", FLEET)
            await s.ada.wait_for(lambda: ended(s, 5))
        assert len(s.kinds["stop"].ran) == 2 * (4 + len(ADDRESSES))
