"""Processes that are killed at moments nobody chose, while the jobs of the story run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import psycopg

from bot.sandbox.server import Sandbox
from tests.story.processes import Processes, start_bot

# The first word of a job's title, and the seconds after its command in which the process is killed.
MOMENTS = {"docker": (0.5, 9.0), "deploy": (0.5, 20.0), "stop": (0.1, 3.0)}
_HOLDER_S = 30


@dataclass
class Trouble:
    """Kills something once in each of the jobs of MOMENTS, and remembers when."""

    kill: Callable[[], Awaitable[str]]
    jobs: tuple[str, ...] = tuple(MOMENTS)
    random: Random = field(default_factory=Random)
    done: list[str] = field(default_factory=list)

    async def __call__(self, job: str) -> None:
        """Wait for the moment, then kill."""
        if job in self.jobs:
            after_s = self.random.uniform(*MOMENTS[job])
            await asyncio.sleep(after_s)
            self.done.append(f"{job} after {after_s:.1f} s{await self.kill()}")


def killing_the_bot(processes: Processes, sandbox: Sandbox) -> Trouble:
    """Kill the bot, which runs the jobs too, and start it again as a service manager would."""

    async def kill() -> str:
        await processes.kill("bot")
        await start_bot(processes, sandbox)
        return ""

    return Trouble(kill)


def killing_the_worker(processes: Processes, url: str) -> Trouble:
    """Kill, for good and once, the worker that holds the job."""

    async def kill() -> str:
        name = await _holder(url)
        await processes.kill(name)
        return f" ({name}, which held it)"

    return Trouble(kill, jobs=("docker",))


async def _holder(url: str) -> str:
    """Return the executor that has taken the running job."""
    query = "SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(_HOLDER_S * 10):
            row = await (await connection.execute(query)).fetchone()
            if row is not None:
                return str(row[0])
            await asyncio.sleep(0.1)
    raise AssertionError("no worker took the job")
