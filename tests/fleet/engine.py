"""The machine's Docker Engine, through its command line client."""

import functools
import shutil
import subprocess
from pathlib import Path

LABEL = "flsvc.fleet"
"""On every container, volume, network and image of a fleet; its value is the fleet's name."""


class FleetError(RuntimeError):
    """What could not be done with the virtual fleet, and what to do about it."""


@functools.cache
def docker_binary() -> str:
    """Return the client that came with the distribution's engine, else the first on PATH.

    Raises FleetError where there is none.
    """
    distribution = Path("/usr/bin/docker")
    found = str(distribution) if distribution.exists() else shutil.which("docker")
    if found is None:
        raise FleetError("Docker is not installed here. Run: sh tests/fleet/machine.sh docker")
    return found


def docker(*words: str, timeout_s: float = 120, stdin: bytes | None = None) -> str:
    """Run the client and return what it printed, stripped.

    Raises FleetError with the client's own last words.
    """
    command = [docker_binary(), *words]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise FleetError(f"docker {words[0]} did not end within {timeout_s:.0f} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise FleetError(f"docker {' '.join(words[:2])} failed: {said[-1500:]}")
    return done.stdout.decode(errors="replace").strip()


def lines(*words: str) -> list[str]:
    """Run the client and return the lines it printed, without empty ones."""
    return [line for line in docker(*words).splitlines() if line]


def label(image: str, name: str) -> str | None:
    """Return a label of an image: None when there is no such image, empty when it has no such label."""
    try:
        value = docker("image", "inspect", "-f", f'{{{{index .Config.Labels "{name}"}}}}', image)
    except FleetError:
        return None
    return "" if value == "<no value>" else value
