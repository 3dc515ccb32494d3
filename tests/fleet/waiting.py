"""Waiting for what boots: on its answer, never on a guess."""

import contextlib
import socket
import time
from collections.abc import Callable

from .engine import FleetError

BOOT_TIMEOUT_S = 60


def wait_for_banner(ip: str, port: int = 22) -> None:
    """Return once an SSH server has said its name. Raises FleetError."""
    wait_for(lambda: connects(ip, port, b"SSH-"), f"sshd at {ip}:{port}")


def wait_for(ready: Callable[[], bool], what: str) -> None:
    """Return once `ready()`; raises FleetError after BOOT_TIMEOUT_S."""
    deadline = time.monotonic() + BOOT_TIMEOUT_S
    while not ready():
        if time.monotonic() > deadline:
            raise FleetError(f"{what} did not answer within {BOOT_TIMEOUT_S} s. See: docker logs")
        time.sleep(0.05)


def connects(ip: str, port: int, banner: bytes = b"") -> bool:
    """Say whether something listens there, and begins with `banner`."""
    with contextlib.suppress(OSError), socket.create_connection((ip, port), timeout=2) as connection:
        return not banner or connection.recv(len(banner)) == banner
    return False
