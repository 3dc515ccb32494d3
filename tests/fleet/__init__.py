"""The virtual fleet: Raspberry Pis on one machine, for the demo and the tests."""

from .engine import FleetError
from .fleet import Fleet, Pi, down, find, up

__all__ = ["Fleet", "FleetError", "Pi", "down", "find", "up"]
