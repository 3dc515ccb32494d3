"""Fakes of the seams to hosts; one contract suite (`tests/contract`) holds them to what the real ones do."""

from tests.fake_engine import FakeEngine, FakeEngines, FakeImage, FakeRegistry
from tests.fake_ssh import Call, FakeFile, FakeMachine, FakePool, FakeRemote, FakeVault, key_of

__all__ = [
    "Call",
    "FakeEngine",
    "FakeEngines",
    "FakeFile",
    "FakeImage",
    "FakeMachine",
    "FakePool",
    "FakeRegistry",
    "FakeRemote",
    "FakeVault",
    "key_of",
]
