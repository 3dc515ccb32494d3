"""How soon a slash command is acknowledged, beside a Bolt app that only acknowledges (`python -m benches.ack`).

Both run as processes against the same sandbox; commands come one at a time and fifty at once. Milliseconds from the
sandbox sending the command to its acknowledgement.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.demo import environment
from bot.manifest import manifest
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace

ONE_BY_ONE, AT_ONCE, ROUNDS = 50, 50, 2
BARE = """
import asyncio, os, re
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
app = AsyncApp(client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))
@app.command(re.compile(".*"))
async def on_command(ack): await ack()
async def main(): await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()
asyncio.run(main())
"""


async def measure(words: list[str]) -> dict[str, list[float]]:
    """Run one bot and return its acknowledgement times."""
    with tempfile.TemporaryDirectory() as state:
        async with Sandbox(0, Workspace.demo(manifest()), with_page=False) as sandbox:
            env = os.environ | environment(sandbox) | {"FLSVC_STATE": str(Path(state) / "state")}
            quiet = asyncio.subprocess.DEVNULL
            process = await asyncio.create_subprocess_exec(*words, env=env, stdout=quiet, stderr=quiet)
            try:
                await sandbox.connected(timeout_s=60)
                return await _press(sandbox)
            finally:
                process.terminate()
                await process.wait()


async def _press(sandbox: Sandbox) -> dict[str, list[float]]:
    ada = sandbox.person("ada")

    async def one() -> float:
        return (await ada.command("/flsvc help ping", "fleet")).ack_ms

    await one()
    return {"one by one": await _serial(one, ONE_BY_ONE), "fifty at once": await _together(one)}


async def _serial(one: Callable[[], Awaitable[float]], count: int) -> list[float]:
    return [await one() for _ in range(count)]


async def _together(one: Callable[[], Awaitable[float]]) -> list[float]:
    rounds = [await asyncio.gather(*(one() for _ in range(AT_ONCE))) for _ in range(ROUNDS)]
    return [ms for taken in rounds for ms in taken]


def p(times: list[float], hundredth: int) -> float:
    """Return a percentile."""
    return statistics.quantiles(times, n=100)[hundredth - 1]


async def main() -> None:
    """Measure both, print the table and a line of JSON."""
    ours = await measure([sys.executable, "-m", "bot", "bot"])
    bare = await measure([sys.executable, "-c", BARE])
    print(f"{'acknowledgement, ms':22}{'p50':>8}{'p99':>8}{'bare p50':>10}{'bare p99':>10}{'p99 ratio':>11}")
    for how, times in ours.items():
        a, b = (p(times, 50), p(times, 99)), (p(bare[how], 50), p(bare[how], 99))
        print(f"{how:22}{a[0]:8.1f}{a[1]:8.1f}{b[0]:10.1f}{b[1]:10.1f}{a[1] / b[1]:11.1f}")
    print(json.dumps({"ours": ours, "bare": bare}))


if __name__ == "__main__":
    asyncio.run(main())
