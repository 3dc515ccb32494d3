"""Rollouts from the channel: options that reach the job, plans that change nothing, locked federations."""

import asyncio

import pytest

from bot.commands._answers import way_back
from ops.deploy_phases import phases
from ops.model import FlowerType
from ops.projects import starter_zip
from ops.work import Lock, Plan
from tests.bot.conftest import ADDRESSES, Stage, StageMaker, host

FLEET = "fleet"


async def fill(stage: Stage) -> None:
    for number, address in enumerate(ADDRESSES):
        stage.pool.add(address)
        stage.services.store.save_host(host(address, FlowerType.SERVER if number == 0 else FlowerType.CLIENT))
    zipped = starter_zip(stage.services.config.state_dir / "faces.zip")
    await stage.ada.upload(FLEET, zipped)
    for _ in range(200):
        if stage.services.store.projects():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the project was not taken")


async def say(stage: Stage, text: str, containing: str) -> str:
    before = await stage.ada.messages(FLEET)
    assert (await stage.ada.command(f"/flsvc {text}", FLEET)).acked
    return (await stage.ada.wait_for_message(FLEET, containing, after_ts=before[-1].ts)).plain


async def test_the_options_of_a_rollout_reach_the_job(stage: StageMaker) -> None:
    async with stage() as s:
        await fill(s)
        await say(s, "deploy faces --batch 2 --canary 1 --max-failures 1 --when-back", "done")
        (job,) = s.services.store.jobs()
        assert {"batch": 2, "canary": 1, "max_failures": 1, "when_back": True}.items() <= dict(job.args).items()
        assert "dry_run" not in job.args


async def test_a_dry_run_shows_the_plan_and_starts_nothing(stage: StageMaker) -> None:
    async with stage() as s:
        await fill(s)
        plan = await say(s, "stop faces --dry-run", "what it would do")
        assert all(address in plan for address in ADDRESSES)
        assert "Nothing was changed" in plan
        assert s.services.store.jobs() == []
        assert not [event for event in s.services.store.events() if event.what == "stop"]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "If the server does not come up, or every client fails"),
        ({"canary": 1}, "If the server or the canary does not come up, or any client fails"),
        ({"batch": 1, "max_failures": 2}, "If the server does not come up, or more than 2 clients fail"),
    ],
)
def test_a_plan_says_when_it_would_go_back(args: dict[str, object], sentence: str) -> None:
    hosts = [host(ADDRESSES[0], FlowerType.SERVER), *map(host, ADDRESSES[1:])]
    said = way_back(Plan(phases(hosts, args)))
    assert said == f"{sentence}, it stops, and every host that was changed goes back to what it ran before. "
    assert way_back(Plan(())) == ""


async def test_a_dry_run_says_from_what_to_what(stage: StageMaker) -> None:
    async with stage() as s:
        await fill(s)
        plan = await say(s, "deploy faces --canary 1 --dry-run", "what it would do")
        (project,) = s.services.store.projects()
        assert f"{project.name} {project.short_id}" in plan
        assert "nothing" in plan
        assert s.services.store.jobs() == []


async def test_status_says_that_a_federation_is_locked(stage: StageMaker) -> None:
    async with stage() as s:
        await fill(s)
        s.services.store.add_lock(Lock("faces", "measuring", "U1", "ada", s.services.now()))
        assert "faces is locked by ada since" in await say(s, "status faces", "running")


async def test_a_locked_federation_is_refused_with_who_and_why(stage: StageMaker) -> None:
    async with stage() as s:
        await fill(s)
        await say(s, "lock faces measuring until noon", "is locked: measuring until noon")
        for text in ("deploy faces", "rollback faces", "restart 10.0.0.12", "stop faces"):
            refusal = await say(s, text, "is locked by ada")
            assert "measuring until noon" in refusal
            assert "/flsvc unlock faces" in refusal
        assert s.services.store.jobs() == []
        await say(s, "unlock faces", "is unlocked. ada had locked it")
        await say(s, "stop faces", "done")
        await say(s, "unlock faces", "is not locked")
