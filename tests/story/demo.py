"""`make demo`: five bare virtual Pis with pictures on the clients, a project to drop, and the bot in the sandbox."""

import asyncio
import hashlib
import sys
from pathlib import Path

from bot.demo import run_demo
from bot.logs import configure
from ops.projects import starter_zip
from tests import fleet as fleets
from tests.story.stage import put_data

FOLDER = Path("var/demo")
PORT = 8765


def main() -> int:
    """Bring the fleet up, lay out what a newcomer needs, and run until Ctrl-C; the fleet stays."""
    configure("WARNING")
    FOLDER.mkdir(parents=True, exist_ok=True)
    fleet = fleets.up(5, name="demo")
    put_data(fleet, FOLDER / "data")
    zipped = starter_zip(FOLDER / "face-detection.zip")
    print(f"Five bare Pis: {', '.join(pi.ip for pi in fleet.pis)} (user pi, password {fleet.pis[0].password}).")
    print(f"A project to drop into the channel: {zipped.absolute()}")
    print("`make fleet-down` takes the Pis away again.")
    try:
        return asyncio.run(run_demo(PORT, [pi.ip for pi in fleet.pis], fleet.pis[0].password, state=_state(fleet)))
    except OSError as error:
        print(
            f"The page cannot be served on port {PORT}: {error.strerror}. Is another demo running?", file=sys.stderr
        )
        return 1


def _state(fleet: fleets.Fleet) -> Path:
    """Return a state directory that belongs to these very Pis: others have other host keys."""
    keys = "".join(pi.fingerprint for pi in fleet.pis)
    return FOLDER.absolute() / f"state-{hashlib.sha256(keys.encode()).hexdigest()[:8]}"


if __name__ == "__main__":
    sys.exit(main())
