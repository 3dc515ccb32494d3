"""The production bot in a sandbox, on fake hosts: fast, and real from the socket to the job runner."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot.demo import environment
from bot.manifest import manifest
from bot.run import bot
from bot.sandbox.person import Person
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace
from bot.settings import Settings, load
from ops.jobs import DbosJobs
from ops.model import Actor, FlowerType, Host
from ops.services import Outcome, Services, StepContext
from ops.store import SqlStore
from ops.vault import FernetVault
from ops.work import Job, Lane, Phase, Plan
from tests.fakes import FakeEngines, FakePool, key_of

ADDRESSES = ("10.0.0.11", "10.0.0.12", "10.0.0.13")
ACTOR = Actor("U0ANNA", "anna", "C0FLEET")


@dataclass
class PlainKind:
    """A kind of job whose steps do what the test says; it keeps a list of what ran."""

    name: str
    steps: tuple[str, ...] = ("one", "two")
    act: Callable[[StepContext], Outcome] = lambda _context: Outcome()
    ran: list[tuple[str, str]] = field(default_factory=list)

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        given = args.get("addresses") or args.get("hosts")
        assert isinstance(given, list)
        names = [str(one["address"] if isinstance(one, dict) else one) for one in given]
        return Plan((Phase(tuple(Lane(name, name, self.steps, host=name) for name in names)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        self.ran.append((context.lane.key, context.step))
        return self.act(context)

    def finish(self, services: Services, job: Job) -> str:
        return f"{len(job.plan.lanes) if job.plan else 0} hosts were looked after."


@dataclass
class Stage:
    """What a test of the bot has at hand."""

    sandbox: Sandbox
    services: Services
    pool: FakePool
    kinds: dict[str, PlainKind]
    settings: Settings
    jobs: DbosJobs
    ada: Person
    ben: Person
    cleo: Person


StageMaker = Callable[..., AbstractAsyncContextManager[Stage]]


def host(address: str, flower_type: FlowerType = FlowerType.CLIENT, federation: str = "faces") -> Host:
    return Host(address, "pi", key_of(address), flower_type, federation=federation, contact="anna")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    config = load({"FLSVC_STATE": str(tmp_path / "state")}).config
    config.state_dir.mkdir()
    store = SqlStore.open(config.database_url)
    vault = FernetVault(store, config.state_dir / "vault.key")
    pool = FakePool(vault=vault)
    yield Services(config, store, pool, FakeEngines(pool), vault, lambda: datetime.now(UTC))
    store.close()


@pytest.fixture
def stage(services: Services, tmp_path: Path) -> StageMaker:
    """Return what opens a stage; keyword arguments are settings of the bot."""

    @asynccontextmanager
    async def open_stage(**changed: str) -> AsyncIterator[Stage]:
        names = ("register", "docker install", "deploy", "build", "rollback", "restart", "stop", "forget")
        kinds = {name: PlainKind(name) for name in names}
        jobs = await asyncio.to_thread(partial(DbosJobs.open, services, tuple(kinds.values()), returns_s=0.1))
        try:
            async with Sandbox(workspace=Workspace.demo(manifest()), with_page=False) as sandbox:
                settings = _settings(sandbox, tmp_path, changed)
                assert isinstance(services.pool, FakePool)
                people = [sandbox.person(name) for name in ("ada", "ben", "cleo")]
                async with bot(settings, services, jobs):
                    yield Stage(sandbox, services, services.pool, kinds, settings, jobs, *people)
                assert sandbox.workspace.violations == []
        finally:
            await asyncio.to_thread(jobs.close)

    return open_stage


def _settings(sandbox: Sandbox, tmp_path: Path, changed: Mapping[str, str]) -> Settings:
    return load(environment(sandbox) | {"FLSVC_STATE": str(tmp_path / "state")} | dict(changed))
