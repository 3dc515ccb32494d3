"""Socket Mode with an unmodified Bolt app: commands, acknowledgements, redelivery, reconnection."""

from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay

from bot.sandbox.server import Sandbox


async def test_a_command_is_acknowledged_and_answered(
    sandbox: Sandbox, bolt: AsyncApp, connected: AsyncSocketModeHandler
) -> None:
    @bolt.command("/flsvc")
    async def ping(ack: AsyncAck, command: dict[str, Any], say: AsyncSay, respond: AsyncRespond) -> None:
        await ack()
        await say(f"pong {command['text']}")
        await respond("only for you")

    ada = sandbox.person("ada")
    given = await ada.command("/flsvc ping 192.168.1.5", "fleet")
    assert given.acked
    assert (await ada.wait_for_message("fleet", "pong ping 192.168.1.5")).author == "flsvc"
    assert (await ada.wait_for_message("fleet", "only for you")).is_ephemeral
    assert [m.plain for m in await sandbox.person("ben").messages("fleet")] == ["pong ping 192.168.1.5"]
    assert sandbox.workspace.violations == []
