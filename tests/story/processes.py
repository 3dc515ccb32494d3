"""The production processes, `flsvc bot` and `flsvc worker`: started, killed without warning, started again."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.demo import environment
from bot.sandbox.server import Sandbox
from tests.story.script import Unexpected

START_S, END_S = 60, 60


@dataclass
class Processes:
    """Every process of one installation; all write to one log."""

    env: Mapping[str, str]
    log: Path
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str, command: str, **settings: str) -> None:
        """Start `flsvc COMMAND` under a name of our own."""
        with self.log.open("ab") as output:
            self.running[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", command,
                env=os.environ | self.env | settings,
                stdout=output, stderr=output, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip

    async def kill(self, name: str) -> None:
        """Take a process away as `kill -9` does."""
        process = self.running.pop(name)
        process.kill()
        await process.wait()

    async def close(self) -> None:
        """End what still runs, gently."""
        for process in self.running.values():
            if process.returncode is None:
                process.terminate()
        for process in self.running.values():
            await asyncio.wait_for(process.wait(), END_S)


async def start_bot(processes: Processes, sandbox: Sandbox, **settings: str) -> None:
    """Start the bot; ready once it has a socket. Raises Unexpected with its log when it has none."""
    await sandbox.connected(0)
    await processes.start("bot", "bot", **settings)
    connected = asyncio.create_task(sandbox.connected(1, START_S))
    ended = asyncio.create_task(processes.running["bot"].wait())
    await asyncio.wait({connected, ended}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not connected.done():
        connected.cancel()
        raise Unexpected(f"the bot did not connect; its log:\n{processes.log.read_text()[-3000:]}")


@asynccontextmanager
async def installation(sandbox: Sandbox, state: Path, log: Path, **settings: str) -> AsyncIterator[Processes]:
    """Run a bot, with its jobs in the same process; more may be started in it. Ends all of them."""
    env = environment(sandbox) | {"FLSVC_STATE": str(state)} | settings
    async with AsyncExitStack() as stack:
        processes = Processes(env, log)
        stack.push_async_callback(processes.close)
        await start_bot(processes, sandbox)
        yield processes
