"""Fifty commands at once from three people in three channels, while hosts are being installed."""

import asyncio
from dataclasses import dataclass

from bot.sandbox.person import Given, Person, Seen
from bot.sandbox.server import Sandbox
from tests.story.script import expect

PEOPLE, CHANNELS = ("ada", "ben", "cleo"), ("fleet", "general", "lab")
COMMANDS = (
    "ping all",
    "hosts",
    "history",
    "docker states",
    "help",
    "projects",
    "jobs",
    "key show",
    "nonsense",
    "help deploy",
)
SIZE = 50


@dataclass(frozen=True)
class Crowd:
    """How it went: how many were acknowledged and answered, and the slowest acknowledgement."""

    acked: int
    answered: int
    slowest_ack_ms: float


async def press(sandbox: Sandbox, size: int = SIZE, timeout_s: float = 120) -> Crowd:
    """Give `size` commands at the same moment and wait until each is answered where it was given."""
    people = {name: sandbox.person(name) for name in PEOPLE}
    before = {(n, c): await _seen(p, c) for n, p in people.items() for c in CHANNELS}
    places = [(PEOPLE[i % 3], CHANNELS[i // 3 % 3], COMMANDS[i % len(COMMANDS)]) for i in range(size)]
    given = await asyncio.gather(*(people[n].command(f"/flsvc {text}", c) for n, c, text in places))
    answered = await _answers(people, before, given, timeout_s)
    return Crowd(sum(g.acked for g in given), answered, max(g.ack_ms for g in given))


async def _seen(person: Person, channel: str) -> set[str]:
    return {m.ts for m in await person.messages(channel)}


async def _answers(
    people: dict[str, Person], before: dict[tuple[str, str], set[str]], given: list[Given], s: float
) -> int:
    """Wait until as many new messages are there as commands were given; ephemeral ones are seen by their person."""

    async def count() -> dict[tuple[str, str], Seen]:
        new: dict[tuple[str, str], Seen] = {}
        for (name, channel), known in before.items():
            for message in await people[name].messages(channel):
                if message.ts not in known and not message.thread_ts and not _is_job(message):
                    new[channel, message.ts] = message
        return new

    async def enough() -> dict[tuple[str, str], Seen] | None:
        new = await count()
        return new if len(new) >= len(given) else None

    found = await people["ada"].wait_for(enough, s)
    expect(not [m for m in found.values() if "Something broke" in m.plain], "a command broke")
    return len(found)


def _is_job(message: Seen) -> bool:
    """Tell the live message of the installation from the answers to the commands."""
    return "docker install" in message.plain.partition("\n")[0]
