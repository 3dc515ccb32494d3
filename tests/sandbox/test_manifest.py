"""An app installed from a manifest has what the manifest asks for and no more."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import manifest
from bot.sandbox.demo import BOT_TOKEN
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace


async def test_the_bots_own_manifest_is_what_it_may_do() -> None:
    async with Sandbox(workspace=Workspace.demo(manifest()), with_page=False) as sandbox:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=sandbox.api_url)
        await client.chat_postMessage(channel=sandbox.channel_id("fleet"), text="x")
        with pytest.raises(SlackApiError, match="missing_scope"):
            await client.pins_add(channel="C0FLEET", timestamp="1.1")


def test_socket_mode_or_addresses() -> None:
    by_socket = Workspace.demo(manifest()).app
    assert (by_socket.socket_mode, by_socket.events_url) == (True, "")
    assert by_socket.slash_commands[0].command == "/flsvc"
    by_http = Workspace.demo(manifest("https://bot.example.org/")).app
    assert (by_http.socket_mode, by_http.events_url) == (False, "https://bot.example.org/slack/events")
    assert by_http.interactivity_url == by_http.slash_commands[0].url == by_http.events_url
