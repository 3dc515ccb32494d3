"""Where the story is played: a fleet, a sandbox, and the production bot as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.demo import environment
from bot.sandbox.person import Person, Seen
from bot.sandbox.server import Sandbox
from ops.projects import starter_zip
from tests.fleet import Fleet
from tests.story import data
from tests.story.script import Unexpected, expect

CHANNEL = "fleet"
FEDERATION = "faces"
ENDED = ("done", "partly done", "failed", "cancelled")


@dataclass
class Stage:
    """What a part of the story needs: the Pis, the workspace, Ada, and a folder for state and files."""

    fleet: Fleet
    sandbox: Sandbox
    ada: Person
    folder: Path

    @property
    def zip(self) -> Path:
        """Return the project that is dropped into the channel: the starter project, as a newcomer gets it."""
        return starter_zip(self.folder / "faces.zip")

    async def give(self, text: str) -> str:
        """Give a slash command; returns the time before it, after which its answer is to be looked for."""
        last = await self.ada.messages(CHANNEL)
        given = await self.ada.command(f"/flsvc {text}", CHANNEL)
        expect(given.acked, f"/flsvc {text} was not acknowledged")
        return last[-1].ts if last else ""

    async def answer(self, text: str, containing: str, timeout_s: float = 30) -> Seen:
        """Give a slash command and wait for an answer with these words."""
        after = await self.give(text)
        return await self.ada.wait_for_message(CHANNEL, containing, after_ts=after, timeout_s=timeout_s)

    async def job(self, text: str, timeout_s: float, end: str = "done") -> Seen:
        """Give a command that changes something and follow its live message to the end."""
        return await self.follow(text.split(maxsplit=1)[0], await self.give(text), timeout_s, end)

    async def follow(
        self, title: str, after_ts: str, timeout_s: float, end: str = "done", thread_ts: str | None = None
    ) -> Seen:
        """Follow the live message of a job, in the channel or a thread, until the job has ended as it should."""

        async def ended() -> Seen | None:
            new = [m for m in await self.ada.messages(CHANNEL, thread_ts) if m.ts > after_ts]
            return next((m for m in new if state_of(m) in ENDED and title in m.plain.splitlines()[0]), None)

        try:
            found = await self.ada.wait_for(ended, timeout_s)
        except TimeoutError:
            shown = "\n".join(m.plain for m in await self.ada.messages(CHANNEL, thread_ts) if m.ts > after_ts)
            raise Unexpected(f"not ended after {timeout_s:g} s:\n{shown}") from None
        if state_of(found) != end:
            thread = await self.ada.messages(CHANNEL, found.ts)
            raise Unexpected(f"ended otherwise than {end}:\n" + "\n".join(m.plain for m in thread))
        return found


def state_of(message: Seen) -> str:
    """Read how a job's live message says its job stands; '' for any other message."""
    first = message.plain.splitlines()[0] if message.plain else ""
    return next((word for word in ("partly done", "done", "failed", "cancelled", "running") if word in first), "")


@asynccontextmanager
async def bot_process(
    sandbox: Sandbox, state: Path, log: Path, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `flsvc bot` against the sandbox; ready once it has a socket. Ends it gently."""
    env = os.environ | environment(sandbox) | {"FLSVC_STATE": str(state)} | settings
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "bot",
            env=env,
            stdout=output,
            stderr=output,
            stdin=asyncio.subprocess.DEVNULL,
        )
    try:
        connected = asyncio.create_task(sandbox.connected())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({connected, ended}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            raise Unexpected(f"the bot did not connect; its log:\n{log.read_text()[-3000:]}")
        ended.cancel()
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 60)


def put_data(fleet: Fleet, folder: Path) -> None:
    """Lay each client's pictures into its data directory, as they would lie on a Pi with a camera."""
    for pi, pictures in zip(fleet.pis[1:], data.write(folder, len(fleet.pis) - 1), strict=True):
        fleet.put(pi, pictures, "/home/pi/data")
