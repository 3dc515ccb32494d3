"""Play the whole way on real parts and print what happened: `python -m tests.story [PART …]`.

The parts: `slack`, `unplugged`, `terminal`, which are played when none is named; `killed`, the way in Slack with the
bot killed three times; `workers`, the same on PostgreSQL with three workers, of which one is killed for good.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

from bot.manifest import manifest
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace
from ops.projects import starter_zip
from tests import fleet as fleets
from tests.fleet import Fleet, FleetError
from tests.fleet.engine import docker
from tests.ops.postgres import running_cluster
from tests.story import slack_part, terminal_part, unplugged_part
from tests.story.processes import Processes, installation
from tests.story.script import Script, complain, expect
from tests.story.secrets import CommandLines, found_in_files, found_in_texts, private_key_lines, watched
from tests.story.stage import CHANNEL, Stage, put_data
from tests.story.trouble import Trouble, killing_the_bot, killing_the_worker

PARTS = ("slack", "unplugged", "terminal", "killed", "workers")
USUAL = PARTS[:3]
WORKERS = 3
LOGS = Path("var/log")


def main() -> int:
    """Play the chosen parts; 0 when all went as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts to play")
    chosen = parser.parse_args().parts or list(USUAL)
    script = Script()
    try:
        play(chosen, script)
    except Exception as error:
        complain(f"\n{type(error).__name__}: {error}")
    finally:
        remove_registry()
    print(f"\n{script.table()}")
    return 0 if script.good and script.steps else 1


def play(parts: list[str], script: Script) -> None:
    """Set the stage, play, and clear it away; every part but `unplugged`, which goes on from `slack`, begins bare."""
    script.part = "fleet"
    with tempfile.TemporaryDirectory(prefix="flsvc-story-") as name:
        folder = Path(name)
        with script.step("five bare Pis up"):
            fleet = fleets.up(5, name=f"story-{os.getpid()}")
        with fleet:
            put_data(fleet, folder / "data")
            for number, part in enumerate(part for part in PARTS if part in parts and part != "unplugged"):
                script.part = part
                if number:
                    bare_again(fleet, folder, script)
                played = folder / part
                played.mkdir()
                match part:
                    case "slack":
                        asyncio.run(_in_slack(fleet, played, script, unplugged="unplugged" in parts))
                    case "killed":
                        asyncio.run(_killed(fleet, played, script))
                    case "workers":
                        asyncio.run(_workers(fleet, played, script))
                    case _:
                        shell = terminal_part.Shell(played / "state", settings())
                        terminal_part.play(fleet, shell, starter_zip(played / "faces.zip"), script)


def bare_again(fleet: Fleet, folder: Path, script: Script) -> None:
    """Set every Pi up anew."""
    with script.step("the Pis bare again"):
        for pi in list(fleet.pis):
            fleet.reset(pi)
        put_data(fleet, folder / "data")


async def _in_slack(fleet: Fleet, folder: Path, script: Script, *, unplugged: bool) -> None:
    async with _stage(fleet, folder, script) as (stage, _):
        await slack_part.play(stage, script)
        if unplugged:
            await unplugged_part.play(stage, script)
            script.part = "slack"


async def _killed(fleet: Fleet, folder: Path, script: Script) -> None:
    async with _stage(fleet, folder, script) as (stage, processes):
        stage.trouble = trouble = killing_the_bot(processes, stage.sandbox)
        await slack_part.play(stage, script, crowded=False)
        killed(trouble, script)


async def _workers(fleet: Fleet, folder: Path, script: Script) -> None:
    with running_cluster() as cluster:
        url = cluster.create_database()
        async with _stage(
            fleet, folder, script, FLSVC_DATABASE_URL=url, FLSVC_EXECUTE="no", also=cluster.directory
        ) as (stage, processes):
            for number in range(1, WORKERS + 1):
                await processes.start(f"worker-{number}", "worker", FLSVC_EXECUTOR_ID=f"worker-{number}")
            stage.trouble = trouble = killing_the_worker(processes, url)
            await slack_part.play(stage, script, crowded=False)
            killed(trouble, script)


def killed(trouble: Trouble, script: Script) -> None:
    """Say when something was killed; nothing may have been left out."""
    with script.step("killed without warning") as step:
        step.outcome = ", ".join(trouble.done)
        expect(len(trouble.done) == len(trouble.jobs), f"only {len(trouble.done)} of {len(trouble.jobs)} were")


@contextlib.asynccontextmanager
async def _stage(
    fleet: Fleet, folder: Path, script: Script, *, also: Path | None = None, **changed: str
) -> AsyncIterator[tuple[Stage, Processes]]:
    """Run the bot in a sandbox; at the end look for violated limits, and for secrets in its files and in `also`."""
    state, log = folder / "state", folder / "state" / "bot.log"
    state.mkdir()
    with watched() as command_lines:
        async with (
            Sandbox(workspace=Workspace.demo(manifest())) as sandbox,
            installation(sandbox, state, log, **settings() | changed) as processes,
        ):
            stage = Stage(fleet, sandbox, sandbox.person("ada"), folder)
            try:
                yield stage, processes
            finally:
                LOGS.mkdir(parents=True, exist_ok=True)
                (LOGS / f"story-{folder.name}.log").write_bytes(log.read_bytes())
            with script.step("no limit of Slack was violated") as step:
                found = sandbox.workspace.violations
                step.outcome = f"{len(found)} violations in {len(await stage.ada.messages(CHANNEL))} messages"
                expect(not found, "; ".join(str(v) for v in found[:5]))
            with script.step("no secret was seen anywhere"):
                await no_secrets(stage, [state, *([also] if also else [])], command_lines)


async def no_secrets(stage: Stage, folders: list[Path], command_lines: CommandLines) -> None:
    """Look at files, messages and command lines; the key itself may hold the key."""
    app = stage.sandbox.workspace.app
    key = private_key_lines(folders[0] / "ssh/id_ed25519")
    words = [stage.fleet.pis[0].password, app.bot_token, app.app_token, app.signing_secret, *key]
    found = [seen for folder in folders for seen in found_in_files(folder, words, allowed=["id_ed25519"])]
    said = [m.plain for channel in ("fleet", "general", "lab") for m in await stage.ada.messages(channel)]
    found += found_in_texts([*said, *command_lines.seen], words)
    expect(not found, f"secrets were seen: {found}")
    expect(len(command_lines.seen) > 50, "no command lines were watched")


def remove_registry() -> None:
    """Take the story's own registry away, images and all."""
    name = f"flsvc-registry-{settings()['FLSVC_REGISTRY'].rpartition(':')[2]}"
    with contextlib.suppress(FleetError):  # a story that ended before its first build has none
        docker("rm", "-f", "-v", name)
        docker("volume", "rm", "-f", name)


@cache
def settings() -> dict[str, str]:
    """Return the bot's settings: a registry on a port of its own, so that stories may be played side by side."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        registry = f"127.0.0.1:{free.getsockname()[1]}"
    return {"FLSVC_REGISTRY": registry, "FLSVC_OPERATORS": "@lab-engineers"}


if __name__ == "__main__":
    sys.exit(main())
