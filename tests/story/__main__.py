"""Play the whole way on real parts and print what happened: `python -m tests.story [slack|unplugged|terminal …]`."""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from functools import cache
from pathlib import Path

from bot.manifest import manifest
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace
from tests import fleet as fleets
from tests.fleet import Fleet, FleetError
from tests.fleet.engine import docker
from tests.story import slack_part, terminal_part, unplugged_part
from tests.story.script import Script, complain, expect
from tests.story.secrets import CommandLines, found_in_files, found_in_texts, private_key_lines, watched
from tests.story.stage import CHANNEL, Stage, bot_process, put_data

PARTS = ("slack", "unplugged", "terminal")
LOG = Path("var/log/story-bot.log")


def main() -> int:
    """Play the chosen parts; 0 when all went as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts to play; all when left out")
    chosen = parser.parse_args().parts or list(PARTS)
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
    """Set the stage, play, and clear it away."""
    script.part = "fleet"
    with tempfile.TemporaryDirectory(prefix="flsvc-story-") as folder:
        with script.step("five bare Pis up"):
            fleet = fleets.up(5, name=f"story-{os.getpid()}")
        with fleet:
            put_data(fleet, Path(folder) / "data")
            if {"slack", "unplugged"} & set(parts):
                asyncio.run(_in_slack(fleet, Path(folder), parts, script))
            if "terminal" in parts:
                _in_terminal(fleet, Path(folder), script)


async def _in_slack(fleet: Fleet, folder: Path, parts: list[str], script: Script) -> None:
    log = folder / "state" / "bot.log"
    log.parent.mkdir()
    with watched() as command_lines:
        async with (
            Sandbox(workspace=Workspace.demo(manifest())) as sandbox,
            bot_process(sandbox, log.parent, log, **settings()),
        ):
            stage = Stage(fleet, sandbox, sandbox.person("ada"), folder)
            try:
                await _parts(stage, parts, script)
            finally:
                LOG.parent.mkdir(parents=True, exist_ok=True)
                LOG.write_bytes(log.read_bytes())
            with script.step("no secret was seen anywhere"):
                await no_secrets(stage, log.parent, command_lines)


async def _parts(stage: Stage, parts: list[str], script: Script) -> None:
    await slack_part.play(stage, script)
    if "unplugged" in parts:
        await unplugged_part.play(stage, script)
    with script.step("no limit of Slack was violated") as step:
        found = stage.sandbox.workspace.violations
        step.outcome = f"{len(found)} violations in {len(await stage.ada.messages(CHANNEL))} messages"
        expect(not found, "; ".join(str(v) for v in found[:5]))


async def no_secrets(stage: Stage, state: Path, command_lines: CommandLines) -> None:
    """Look at files, messages and command lines; the key itself may hold the key."""
    app = stage.sandbox.workspace.app
    key = private_key_lines(state / "ssh/id_ed25519")
    words = [stage.fleet.pis[0].password, app.bot_token, app.app_token, app.signing_secret, *key]
    found = found_in_files(state, words, allowed=["id_ed25519"])
    said = [m.plain for channel in ("fleet", "general", "lab") for m in await stage.ada.messages(channel)]
    found += found_in_texts([*said, *command_lines.seen], words)
    expect(not found, f"secrets were seen: {found}")
    expect(len(command_lines.seen) > 50, "no command lines were watched")


def _in_terminal(fleet: Fleet, folder: Path, script: Script) -> None:
    script.part = "terminal"
    with script.step("the Pis bare again"):
        for pi in list(fleet.pis):
            fleet.reset(pi)
        put_data(fleet, folder / "data")
    from ops.projects import starter_zip

    shell = terminal_part.Shell(folder / "terminal-state", settings())
    terminal_part.play(fleet, shell, starter_zip(folder / "faces.zip"), script)


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
