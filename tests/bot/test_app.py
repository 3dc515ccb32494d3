"""From a Slack message to an answer: the production bot, over a real socket, against the sandbox."""

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.person import Seen
from ops.errors import HostUnreachable
from ops.model import FlowerType
from ops.projects import starter_zip
from ops.services import Outcome, StepContext
from ops.work import JobState
from tests.bot.conftest import ADDRESSES, Stage, StageMaker, host

FLEET = "fleet"


def fill(stage: Stage) -> None:
    for number, address in enumerate(ADDRESSES):
        stage.pool.add(address)
        stage.services.store.save_host(host(address, FlowerType.SERVER if number == 0 else FlowerType.CLIENT))


async def say(stage: Stage, text: str, containing: str, channel: str = FLEET) -> Seen:
    before = await stage.ada.messages(channel)
    given = await stage.ada.command(f"/flsvc {text}".strip(), channel)
    assert given.acked
    return await stage.ada.wait_for_message(channel, containing, after_ts=before[-1].ts if before else None)


async def test_help_is_the_answer_to_nothing(stage: StageMaker) -> None:
    async with stage() as s:
        answer = await say(s, "", "/flsvc ping TARGET")
        assert "deploy" in answer.plain


async def test_what_is_not_understood_is_told_to_the_asker_alone(stage: StageMaker) -> None:
    async with stage() as s:
        answer = await say(s, "pong all", "Did you mean /flsvc ping?")
        assert answer.is_ephemeral
        assert not [m for m in await s.ben.messages(FLEET) if "pong" in m.plain]


async def test_hosts_without_any_with_three_and_with_two_hundred(stage: StageMaker) -> None:
    async with stage() as s:
        await say(s, "hosts", "No hosts are registered yet")
        fill(s)
        three = await say(s, "hosts", "3 hosts")
        assert all(address in three.plain for address in ADDRESSES)
        for number in range(200):
            s.services.store.save_host(host(f"10.1.0.{number}"))
        many = await say(s, "hosts", "203 hosts")
        thread = await s.ada.wait_for_message(FLEET, "10.1.0.1", thread_ts=many.ts, after_ts=many.ts)
        assert thread.files or "10.1.0.1" in thread.plain


async def test_an_address_that_is_not_registered_gets_a_sentence(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        answer = await say(s, "ping 10.0.0.99", "10.0.0.99")
        assert "/flsvc register 10.0.0.99" in answer.plain
        await say(s, "ping 10.0.0.999", "not an IP address")


async def test_a_job_has_one_message_that_ends_with_its_state(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        answer = await say(s, "docker install faces", "done")
        jobs = [m for m in await s.ada.messages(FLEET) if "docker install" in m.plain]
        assert [m.ts for m in jobs] == [answer.ts]
        assert all(address in answer.plain for address in ADDRESSES)
        (job,) = s.services.store.jobs()
        assert (job.state, job.message_ts, job.actor.name) == (JobState.DONE, answer.ts, "ada")
        (event,) = [e for e in s.services.store.events() if e.job_id]
        assert (event.who_name, event.what, event.outcome) == ("ada", "docker install", "done")


async def test_one_host_away_is_said_and_the_others_go_on(stage: StageMaker) -> None:
    def act(context: StepContext) -> Outcome:
        if context.lane.host == ADDRESSES[2]:
            raise HostUnreachable(f"{ADDRESSES[2]} does not answer. Is it plugged in?", host=ADDRESSES[2])
        return Outcome()

    async with stage() as s:
        fill(s)
        s.kinds["docker install"].act = act
        answer = await say(s, "docker install all", "partly done")
        assert "unreachable" in answer.plain
        assert "Is it plugged in?" in answer.plain


async def test_a_redelivered_command_starts_nothing_twice(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        s.sandbox.faults.redeliver(1)
        await say(s, "stop faces", "done")
        await say(s, "jobs", "stop faces")
        assert len(s.services.store.jobs()) == 1
        assert len(s.kinds["stop"].ran) == 2 * len(ADDRESSES)


async def test_roles_and_channels(stage: StageMaker) -> None:
    async with stage(FLSVC_OPERATORS="@lab-engineers", FLSVC_CHANNELS="#fleet") as s:
        fill(s)
        await s.cleo.command("/flsvc stop all", FLEET)
        refused = await s.cleo.wait_for_message(FLEET, "Ask one of @lab-engineers")
        assert refused.is_ephemeral
        await s.cleo.command("/flsvc hosts", FLEET)
        await s.cleo.wait_for_message(FLEET, "3 hosts")
        await say(s, "stop all", "#fleet", channel="lab")
        assert s.services.store.jobs() == []
        await say(s, "stop all", "done")
        outcomes = sorted(e.outcome for e in s.services.store.events())
        assert outcomes == ["done", "refused", "refused"]


async def test_registration_shows_fingerprints_and_starts_a_job(stage: StageMaker) -> None:
    async with stage() as s:
        machines = [s.pool.add(address) for address in ADDRESSES[:2]]
        machines[1].reachable = False
        await s.ada.command("/flsvc register 10.0.0.11 10.0.0.12 --fl faces", FLEET)
        form = await s.ada.wait_for_view("Register hosts")
        assert "password" in (await s.ada.submit(form, {"flower_type": "server"}))
        assert not await s.ada.submit(form, {"password": "raspberry", "flower_type": "server"})
        confirm = await s.ada.wait_for_view("Are these your hosts?")
        assert machines[0].key.fingerprint in confirm.plain
        assert "10.0.0.12 is left out" in confirm.plain
        await s.ada.submit(confirm)
        done = await s.ada.wait_for_message(FLEET, "done")
        assert "10.0.0.11" in done.plain
        (job,) = s.services.store.jobs()
        assert "raspberry" not in str(job.args)
        assert s.services.vault.get(str(job.args["secret"])) == "raspberry"


async def test_a_closed_confirmation_keeps_nothing(stage: StageMaker) -> None:
    async with stage() as s:
        s.pool.add(ADDRESSES[0])
        await s.ada.command(f"/flsvc register {ADDRESSES[0]}", FLEET)
        await s.ada.submit(await s.ada.wait_for_view("Register hosts"), {"password": "raspberry"})
        await s.ada.close(await s.ada.wait_for_view("Are these your hosts?"))
        await say(s, "jobs", "No job matches")
        assert s.services.store.jobs() == []


async def test_mentions_work_in_threads(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        await s.ada.invite("flsvc", FLEET)
        parent = await s.ada.say(FLEET, "how are they?")
        await s.ada.say(FLEET, "@flsvc hosts", thread_ts=parent.ts)
        await s.ada.wait_for_message(FLEET, "3 hosts", thread_ts=parent.ts)


async def test_a_dropped_zip_is_answered_in_its_thread(stage: StageMaker, tmp_path: Path) -> None:
    async with stage() as s:
        fill(s)
        await s.ada.invite("flsvc", FLEET)
        zipped = starter_zip(tmp_path / "faces.zip")
        message = await s.ada.upload(FLEET, zipped)
        found = await s.ada.wait_for_message(FLEET, "container project", thread_ts=message.ts, after_ts=message.ts)
        await s.ada.click(found, "Deploy to faces")
        await s.ada.wait_for_message(FLEET, "done", thread_ts=message.ts, after_ts=found.ts)
        assert len(s.kinds["deploy"].ran) == 2 * len(ADDRESSES)


async def test_a_bad_zip_is_refused_with_the_reason(stage: StageMaker, tmp_path: Path) -> None:
    async with stage() as s:
        await s.ada.invite("flsvc", FLEET)
        bad = tmp_path / "bad.zip"
        bad.write_bytes(b"this is not a zip")
        message = await s.ada.upload(FLEET, bad)
        await s.ada.wait_for_message(FLEET, "was not kept", thread_ts=message.ts, after_ts=message.ts)
        assert s.services.store.projects() == []


async def test_the_home_tab_says_how_things_stand(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        await s.ada.open_home()

        async def published() -> bool | None:
            home = await s.ada.home()
            return True if home and "3 hosts" in home.plain else None

        await s.ada.wait_for(published)


@pytest.mark.slow
async def test_fifty_commands_at_once_are_all_answered(stage: StageMaker) -> None:
    async with stage() as s:
        fill(s)
        given = await asyncio.gather(*(s.ada.command("/flsvc ping nowhere", FLEET) for _ in range(50)))
        assert all(g.acked for g in given)

        async def all_there() -> bool | None:
            return True if sum("nowhere" in m.plain for m in await s.ada.messages(FLEET)) == 50 else None

        await s.ada.wait_for(all_there, timeout_s=60)


@pytest.mark.parametrize("text", ["<!channel> & <script>", "`*_~", "x" * 3000, "\u202e\u0000"])
async def test_hostile_words_do_no_harm(stage: StageMaker, text: str) -> None:
    async with stage() as s:
        await s.ada.command(f"/flsvc {text}", FLEET)
        answer = await s.ada.wait_for_message(FLEET, "There is no command")
        assert answer.is_ephemeral
