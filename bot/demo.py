"""The sandbox and the demo as processes: a workspace with a page and, in the demo, the production bot beside it."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot import registry
from bot.manifest import manifest
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace

log = logging.getLogger(__name__)
CHANNEL = "fleet"


async def run_sandbox(port: int) -> None:
    """Serve the sandbox until SIGTERM or SIGINT."""
    stop = _stopped()
    async with Sandbox(port, workspace()) as sandbox:
        print(f"The workspace: {sandbox.url}\nIts Web API:   {sandbox.api_url}", flush=True)
        for name, value in environment(sandbox).items():
            print(f"  {name}={value}", flush=True)
        await stop.wait()


async def run_demo(port: int, hosts: Sequence[str], password: str, state: Path | None = None) -> int:
    """Serve the sandbox and run the bot in it until a signal; 1 when the bot ended by itself.

    `state` is where the bot keeps its key and its database; the setting FLSVC_STATE when left out.
    """
    stop = _stopped()
    kept = {"FLSVC_STATE": str(state)} if state else {}
    async with Sandbox(port, workspace()) as sandbox:
        bot = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "bot",
            env=os.environ | {"FLSVC_OPERATORS": "@lab-engineers"} | environment(sandbox) | kept,
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            await _welcome(sandbox, hosts, password)
            print(f"\nOpen {sandbox.url} and type /flsvc help. Ctrl-C ends the demo.\n", flush=True)
            return await _first(bot, stop)
        finally:
            if bot.returncode is None:
                bot.terminate()
                await bot.wait()


def workspace() -> Workspace:
    """Return the demo's workspace: the app as its manifest makes it, its commands suggested while they are typed."""
    registry.load()
    known = sorted(registry.COMMANDS.values(), key=lambda command: command.name)
    return Workspace.demo(manifest(), suggestions=[f"{command.name} — {command.summary}" for command in known])


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Return the settings that make an unmodified bot talk to this sandbox."""
    app = sandbox.workspace.app
    return {
        "SLACK_API_URL": sandbox.api_url,
        "SLACK_BOT_TOKEN": app.bot_token,
        "SLACK_APP_TOKEN": app.app_token,
        "SLACK_SIGNING_SECRET": app.signing_secret,
    }


async def _first(bot: asyncio.subprocess.Process, stop: asyncio.Event) -> int:
    ended, stopped = asyncio.create_task(bot.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        ended.cancel()
        return 0
    stopped.cancel()
    print(f"The bot ended with status {bot.returncode}; its messages above say why.", file=sys.stderr)
    return 1


def _stopped() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


async def _welcome(sandbox: Sandbox, hosts: Sequence[str], password: str) -> None:
    client = AsyncWebClient(token=sandbox.workspace.app.bot_token, base_url=sandbox.api_url)
    await client.conversations_join(channel=sandbox.channel_id(CHANNEL))
    await client.chat_postMessage(channel=sandbox.channel_id(CHANNEL), text=welcome(hosts, password))


def welcome(hosts: Sequence[str], password: str) -> str:
    """Say what to try, with the addresses of the demo's hosts when there are any."""
    server, *clients = hosts or ("192.168.1.105", "192.168.1.106")
    return "\n".join(
        [
            "*Welcome.* From bare machines to a trained model:",
            "1. `/flsvc key create`",
            f"2. `/flsvc register {server} --type server --fl faces`"
            + (f" (user pi, password {password})" if password else ""),
            f"3. `/flsvc register {' '.join(clients)} --fl faces`",
            "4. `/flsvc docker install faces`",
            "5. drop a project's zip into this channel and press *Deploy to faces*",
            "6. `/flsvc status faces`, `/flsvc logs faces`, `/flsvc history`",
        ]
    )
