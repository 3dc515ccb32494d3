"""Events: which ones an app gets, from which channels, with what in them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox

Json = dict[str, Any]
KINDS = ("message", "app_mention", "member_joined_channel", "reaction_added", "file_shared")


class Events:
    """Events as Bolt hands them to listeners."""

    def __init__(self, bolt: AsyncApp) -> None:
        self._came: asyncio.Queue[Json] = asyncio.Queue()
        for kind in KINDS:
            bolt.event(kind)(self._take)

    async def _take(self, event: Json) -> None:
        await self._came.put(event)

    async def next(self, count: int = 1) -> dict[str, Json]:
        """Return the next events by type."""
        async with asyncio.timeout(5):
            several = [await self._came.get() for _ in range(count)]
        return {event["type"]: event for event in several}


@pytest.fixture
async def events(bolt: AsyncApp, connected: AsyncSocketModeHandler) -> AsyncIterator[Events]:
    yield Events(bolt)


async def test_a_message_and_a_mention(sandbox: Sandbox, events: Events) -> None:
    said = await sandbox.person("ada").say("fleet", "@flsvc, ping all of #fleet, see https://example.org/x")
    came = await events.next(2)
    text = "<@U0FLSVC00>, ping all of <#C0FLEET|fleet>, see <https://example.org/x>"
    assert (came["message"]["text"], came["message"]["channel_type"]) == (text, "channel")
    assert (came["app_mention"]["text"], came["app_mention"]["ts"]) == (text, said.ts)


async def test_a_reply_names_its_thread(sandbox: Sandbox, events: Events) -> None:
    ada = sandbox.person("ada")
    parent = await ada.say("fleet", "first")
    await events.next()
    await ada.say("fleet", "second", thread_ts=parent.ts)
    assert (await events.next())["message"]["thread_ts"] == parent.ts


async def test_a_channel_without_the_bot_is_silent_until_it_joins(sandbox: Sandbox, events: Events) -> None:
    ada = sandbox.person("ada")
    await ada.say("general", "nobody hears this")
    await ada.invite("flsvc", "general")
    assert (await events.next())["member_joined_channel"]["inviter"] == "U0ADA"
    await ada.say("general", "now it does")
    assert (await events.next())["message"]["text"] == "now it does"


async def test_a_direct_message(sandbox: Sandbox, events: Events) -> None:
    ada = sandbox.person("ada")
    await ada.say(await ada.open_im("flsvc"), "help")
    assert (await events.next())["message"]["channel_type"] == "im"


async def test_reactions_of_people_and_of_the_bot(sandbox: Sandbox, events: Events, client: AsyncWebClient) -> None:
    ada = sandbox.person("ada")
    said = await ada.say("fleet", "done")
    await events.next()
    await ada.react(said, "tada")
    assert (await events.next())["reaction_added"]["item"] == {"type": "message", "channel": "C0FLEET", "ts": said.ts}
    (message,) = await ada.messages("fleet")
    assert message.raw["reactions"] == [{"name": "tada", "count": 1, "users": ["U0ADA"]}]


@pytest.mark.parametrize("missing", ["scope", "subscription"])
async def test_without_scope_or_subscription_there_is_no_event(
    sandbox: Sandbox, events: Events, missing: str
) -> None:
    (app,) = sandbox.workspace.apps.values()
    name = {"scope": "channels:history", "subscription": "message.channels"}[missing]
    cut = replace(app, scopes=app.scopes - {name}, bot_events=app.bot_events - {name})
    sandbox.workspace.apps[app.app_id] = cut
    await sandbox.person("ada").say("fleet", "@flsvc hello")
    assert set(await events.next()) == {"app_mention"}


async def test_a_bot_hears_itself_and_bolt_leaves_that_out(
    sandbox: Sandbox, events: Events, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel="C0FLEET", text="mine")
    await sandbox.person("ada").say("fleet", "hers")
    assert (await events.next())["message"]["text"] == "hers"
    assert sandbox.workspace.violations == []
