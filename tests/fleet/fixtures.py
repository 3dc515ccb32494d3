"""The fleet as pytest fixtures: five Pis for the whole session, and bare ones for a single test."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import network
from .engine import FleetError
from .fleet import Fleet, Pi, down, up

SIZE = 5


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """Five Pis, shared by all tests of this session: pi-1 is the server by convention."""
    remove_orphans()
    with up(SIZE, name=f"test-{os.getpid()}") as fleet:
        yield fleet


@pytest.fixture
def bare_pi(fleet: Fleet) -> Iterator[Callable[[], Pi]]:
    """Return a function that adds one more, fresh Pi to the fleet; it is gone after the test."""
    added: list[Pi] = []

    def add() -> Pi:
        added.extend(fleet.add())
        return added[-1]

    yield add
    for pi in reversed(added):
        fleet.remove(pi)


def remove_orphans() -> None:
    """Take down the fleets of test sessions that were killed."""
    for name in network.names():
        session = re.fullmatch(r"test-(\d+)", name)
        if session and not Path("/proc", session[1]).exists():
            with contextlib.suppress(FleetError):  # another session that starts now was faster
                down(name)
