"""The poster with the real client against the sandbox, which records every break of Slack's limits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import manifest
from bot.poster import CannotPost, MessageGone, Poster, Sent
from bot.replies import Button, Code, Column, Reply, Table, Text
from bot.sandbox.person import Person
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace
from bot.views.job import ended_message, job_details, job_message
from bot.views.payload import Posting
from bot.views.reply import messages
from ops.work import JobState, StepState
from tests.bot.blockkit import HOSTILE
from tests.bot.jobs import NOW, job

FLEET, ADA = "C0FLEET", "U0ADA"
OK, FAILED, PENDING = StepState.OK, StepState.FAILED, StepState.PENDING


@dataclass
class Desk:
    sandbox: Sandbox
    poster: Poster
    ada: Person


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Sandbox(0, Workspace.demo(manifest()), with_page=False) as sandbox:
        client = AsyncWebClient(token=sandbox.workspace.app.bot_token, base_url=sandbox.api_url)
        yield Desk(sandbox, Poster(client), sandbox.person("ada"))
        assert sandbox.workspace.violations == []


def hosts(count: int) -> Reply:
    rows = tuple((f"10.0.0.{n}", OK) for n in range(count))
    table = Table("Hosts", (Column("Address"), Column("State")), rows, "None.")
    return Reply((table,), buttons=(Button("Status", "status all"),))


def answer(reply: Reply) -> Posting:
    return messages(reply, "/flsvc")


@pytest.mark.parametrize("count", [0, 1, 99, 200])
async def test_tables_of_any_length(desk: Desk, count: int) -> None:
    sent = await desk.poster.post(FLEET, answer(hosts(count)))
    thread = await desk.ada.messages(FLEET, thread_ts=sent.ts)
    shown = "\n".join(message.plain for message in thread)
    assert all(f"10.0.0.{n}" in shown for n in range(count))


async def test_what_is_longer_is_a_file_with_every_row(desk: Desk) -> None:
    sent = await desk.poster.post(FLEET, answer(hosts(1000)))
    thread = await desk.ada.messages(FLEET, thread_ts=sent.ts)
    (file,) = thread[-1].files
    assert file["name"] == "hosts.csv"
    kept = next(one for one in desk.sandbox.workspace.files.values() if one.name == "hosts.csv")
    assert kept.path is not None
    assert len(kept.path.read_text().splitlines()) == 1001


@pytest.mark.slow
async def test_everything_hostile_at_once(desk: Desk) -> None:
    for text in HOSTILE:
        reply = Reply((Text(text), Code(text, text), Table(text, (Column(text),), ((text,),), text, text)))
        await desk.poster.post("C0LAB", answer(reply))


async def test_a_private_answer_is_seen_by_one_person_and_its_file_in_a_direct_message(desk: Desk) -> None:
    await desk.poster.ephemeral(FLEET, ADA, answer(replace(hosts(1000), private=True)))
    (seen,) = [message for message in await desk.ada.messages(FLEET) if "Hosts" in message.plain]
    assert seen.is_ephemeral
    assert not [one for one in await desk.sandbox.person("ben").messages(FLEET) if "Hosts" in one.plain]
    direct = await desk.ada.messages(await desk.ada.open_im("flsvc"))
    assert direct[-1].plain == "The files of an answer to you."


async def test_a_job_from_its_beginning_to_its_end(desk: Desk) -> None:
    going = job([(OK, PENDING, PENDING)] * 120)
    sent = await desk.poster.message(FLEET, job_message(going, NOW))
    ended = job([(OK, OK, OK)] * 60 + [(OK, FAILED, PENDING)] * 60, JobState.PARTLY, detail="No.", output="e\n" * 999)
    await desk.poster.edit(sent, job_message(ended, NOW))
    details, files = job_details(ended, NOW)
    await desk.poster.follow_up(sent.channel, sent.ts, (ended_message(ended), *details), files)
    first, mention, *rest = await desk.ada.messages(FLEET, thread_ts=sent.ts)
    assert "partly done" in first.plain
    assert "@ada" in mention.plain or "<@U0ADA>" in mention.plain
    assert rest[-1].files


async def test_a_channel_of_strangers_is_joined_and_a_lost_one_is_said(desk: Desk) -> None:
    sent = await desk.poster.post("C0GENERAL", answer(Reply((Text("hello"),))))
    assert (await desk.ada.messages("general"))[-1].ts == sent.ts
    with pytest.raises(CannotPost, match="/invite"):
        await desk.poster.post("C0NOWHERE", answer(Reply((Text("hello"),))))
    with pytest.raises(MessageGone):
        await desk.poster.edit(Sent(FLEET, "1.000000"), answer(Reply((Text("hello"),))).first)
    desk.sandbox.workspace.violations.clear()  # the two refusals that were asked for


async def test_permalinks_lead_to_the_message(desk: Desk) -> None:
    sent = await desk.poster.post(FLEET, answer(Reply((Text("hello"),))))
    assert (await desk.poster.permalink(sent)).endswith(f"/archives/{FLEET}/p{sent.ts.replace('.', '')}")


@pytest.mark.slow
async def test_twelve_answers_at_once_stay_within_the_rate(desk: Desk) -> None:
    await asyncio.gather(*(desk.poster.post(FLEET, answer(Reply((Text(f"answer {n}"),)))) for n in range(12)))
    assert len([message for message in await desk.ada.messages(FLEET) if "answer" in message.plain]) == 12
