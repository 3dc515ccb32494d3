"""A desk where jobs are followed by hand: a clock that is turned, a Slack that keeps what it was sent, a store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bot.poster import Poster
from bot.progress import Progress
from ops.errors import TimedOut
from ops.services import JobChange
from ops.store import SqlStore
from ops.work import Job, JobRequest, JobState, Lane, Phase, Plan, StepState
from tests.bot.jobs import ADA
from tests.bot.slack import FakeSlack, HandClock, calm

OK, RUNNING, FAILED = StepState.OK, StepState.RUNNING, StepState.FAILED
CHANNEL = "C0FLEET"


class FakeJobs:
    """Implements `ops.services.Jobs` as far as following goes: the test does what the runner would."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.callbacks: list[Callable[[JobChange], None]] = []
        self.leads = True

    def submit(self, request: JobRequest) -> Job:
        self.store.create_job(request)
        job = self.store.job(request.id)
        assert job is not None
        return job

    def plan(self, request: JobRequest) -> Plan:
        return Plan(())

    def cancel(self, job_id: str) -> bool:
        return False

    def lead(self, what: str) -> bool:
        return self.leads

    def subscribe(self, callback: Callable[[JobChange], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Job:
        raise TimedOut("Nothing is waited for here.")

    def close(self) -> None:
        self.callbacks.clear()

    def tell(self, job_id: str, *, ended: bool = False) -> None:
        for callback in list(self.callbacks):
            callback(JobChange(job_id, ended))


@dataclass
class Desk:
    clock: HandClock
    slack: FakeSlack
    store: SqlStore
    jobs: FakeJobs
    progress: Progress
    today: datetime

    def job(self, id: str = "j1", lanes: int = 1) -> Job:
        made = self.jobs.submit(JobRequest(id, "deploy", "deploy faces", {"addresses": ["10.0.0.1"]}, ADA))
        plan = Plan((Phase(tuple(Lane(f"l{n}", f"10.0.0.{n}", ("pull", "start")) for n in range(lanes))),))
        self.store.set_job_plan(id, plan)
        self.store.set_job_state(id, JobState.RUNNING)
        return made

    async def step(self, id: str, name: str, state: StepState, lane: str = "l0", output: str = "") -> None:
        self.store.set_step(id, lane, name, state, detail="Disk full." if state is FAILED else "", output=output)
        self.jobs.tell(id)
        await calm()

    async def end(self, id: str, state: JobState = JobState.DONE, summary: str = "All well.") -> None:
        self.store.set_job_state(id, state, summary=summary)
        self.jobs.tell(id, ended=True)
        await calm()

    async def turn(self, seconds: float) -> None:
        """Let time pass in small pieces, so that everything that wakes has done its work."""
        for _ in range(round(seconds / 0.25)):
            self.clock.turn(0.25)
            await calm()

    @property
    def text(self) -> str:
        return self.slack.texts()[0]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    # one thread: what `calm` sends there comes after everything the bot has sent, however busy the machine is
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    store = SqlStore.open(f"sqlite:///{tmp_path / 'flsvc.sqlite'}")
    clock = HandClock()
    slack, jobs = FakeSlack(clock), FakeJobs(store)
    made = Desk(clock, slack, store, jobs, progress_of(jobs, store, slack, clock), datetime.now().astimezone())
    await made.progress.start()
    yield made
    await made.progress.close()
    store.close()


def progress_of(jobs: FakeJobs, store: SqlStore, slack: FakeSlack, clock: HandClock) -> Progress:
    return Progress(jobs, store, Poster(slack, clock), clock=clock)
