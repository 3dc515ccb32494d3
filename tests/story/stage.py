"""Where the story is played: a fleet, a sandbox, and what may go wrong while jobs run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.person import Person, Seen
from bot.sandbox.server import Sandbox
from ops.projects import starter_zip
from tests.fleet import Fleet
from tests.story import data
from tests.story.script import Unexpected, expect

CHANNEL = "fleet"
FEDERATION = "faces"
ENDED = ("done", "partly done", "failed", "cancelled")


async def no_trouble(job: str) -> None:
    """Let a job run undisturbed."""


@dataclass
class Stage:
    """What a part of the story needs: the Pis, the workspace, Ada, and a folder for state and files.

    `trouble` is started beside every job that is followed, and told the first word of its title.
    """

    fleet: Fleet
    sandbox: Sandbox
    ada: Person
    folder: Path
    trouble: Callable[[str], Awaitable[None]] = no_trouble

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
            found, _ = await asyncio.gather(self.ada.wait_for(ended, timeout_s), self.trouble(title))
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


def put_data(fleet: Fleet, folder: Path) -> None:
    """Lay each client's pictures into its data directory, as they would lie on a Pi with a camera."""
    for pi, pictures in zip(fleet.pis[1:], data.write(folder, len(fleet.pis) - 1), strict=True):
        fleet.put(pi, pictures, "/home/pi/data")
