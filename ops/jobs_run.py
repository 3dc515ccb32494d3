"""One job from plan to summary: phase by phase, the lanes of a phase side by side.

The store's step rows are the job's only checkpoint: a job that is taken up again looks there for what has ended. DBOS
would keep a second one, and 300 hosts as child workflows took it 10.8 s to start on SQLite; fanned out inside one
workflow they start at once, and the two can never disagree.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from ops.errors import OpsError
from ops.jobs_board import Board
from ops.jobs_rollout import end_state, never_begun, stops
from ops.jobs_step import StepRunner, lock_name, report_bug
from ops.jobs_turns import Tickets, Turns
from ops.jobs_waiting import note
from ops.jobs_words import left
from ops.services import JobKind, Services, Undoing
from ops.work import Job, JobState, Lane, Phase, Plan, StepState

_T = TypeVar("_T")

# Writing to the store takes about a millisecond; more threads would only wait for each other.
_CONTROL_THREADS = 8
NEVER_BEGUN = "not begun: the job stopped before"


class JobRunner:
    """Runs the jobs of this process on one loop; what blocks goes to threads, of which there are few."""

    def __init__(
        self,
        services: Services,
        kinds: Mapping[str, JobKind],
        board: Board,
        steps: StepRunner,
        *,
        tickets: Tickets | None,
        threads: int,
    ) -> None:
        self.services = services
        self.kinds = kinds
        self.board = board
        self.steps = steps
        self.turns = Turns(tickets, self.in_thread)
        self._control = ThreadPoolExecutor(_CONTROL_THREADS, "flsvc-job")
        self._threads = ThreadPoolExecutor(threads, "flsvc-step")
        self._runs: dict[str, JobRun] = {}

    async def run(self, job_id: str) -> None:
        """Run a job to its end, from wherever it stands; CancelledError when the process stops first."""
        # A job adopted by mistake while it still runs here must not run twice, nor seem ended before it is.
        if job_id in self._runs:
            await self._runs[job_id].left.wait()
            return
        run = self._runs[job_id] = JobRun(self, job_id)
        try:
            await run.run()
        finally:
            run.left.set()
            del self._runs[job_id]

    def stop(self, job_id: str | None = None) -> None:
        """Wake a job, or all of them, to see that it is to stop. Called on the loop."""
        for run in [run for id, run in self._runs.items() if job_id in {None, id}]:
            run.stop.set()

    def mark_cancelled(self, job_ids: set[str]) -> None:
        """Note which jobs are to be cancelled. Called on the loop."""
        for id in job_ids & self._runs.keys():
            self._runs[id].cancelled = True
            self._runs[id].stop.set()

    async def drained(self) -> None:
        """Wait until every job has seen that the process stops."""
        await asyncio.gather(*[run.left.wait() for run in list(self._runs.values())])

    @property
    def active(self) -> int:
        """Return how many jobs run here."""
        return len(self._runs)

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """Run something short that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._control, work)

    async def in_step_thread(self, work: Callable[[], _T]) -> _T:
        """Run a step of a job."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End the threads, after what they are doing."""
        self._threads.shutdown()
        self._control.shutdown()


class JobRun:
    """One job being run; lives on the loop."""

    def __init__(self, runner: JobRunner, job_id: str) -> None:
        self.runner = runner
        self.board = runner.board
        self.job_id = job_id
        self.cancelled = False
        self.stop = asyncio.Event()
        self.left = asyncio.Event()
        self._begun = False

    async def run(self) -> None:
        """Plan, run the phases, sum up. Nothing raised here reaches DBOS, which would log it with its secrets."""
        job = await self.runner.in_thread(lambda: self.board.job(self.job_id))
        if job is None or job.state.ended:
            return
        try:
            await self._run(job)
        except Exception as error:
            text = report_bug(self.runner.services, error, f"job {job.id} ({job.kind})")
            await self.runner.in_thread(lambda: self.board.set_state(self.job_id, JobState.FAILED, error=text))

    async def _run(self, job: Job) -> None:
        kind = self.runner.kinds.get(job.kind)
        if kind is None:
            text = f"This flsvc does not know how to do `{job.kind}`: update it, then give the command again."
            await self.runner.in_thread(lambda: self.board.set_state(job.id, JobState.FAILED, error=text))
            return
        self.cancelled = job.id in await self.runner.in_thread(self.board.cancel_asked)
        plan = job.plan or await self.runner.in_thread(lambda: self._plan(kind, job))
        if plan is None:
            return
        for number, phase in enumerate(plan.phases):
            if phase.undo:
                break
            if not await self._phase(kind, replace(job, plan=plan), phase) and await self._stopped(kind, number):
                break
        if self.runner.steps.stopping():
            # The row of a cancelled coroutine stays as it is in DBOS: the next start takes the job up again.
            raise asyncio.CancelledError
        await self.runner.in_thread(lambda: self._finish(kind))

    async def _stopped(self, kind: JobKind, number: int) -> bool:
        """Tell whether a phase that is not good stops the job; what the others changed is put back then."""
        job = await self.runner.in_thread(lambda: self.board.job(self.job_id))
        assert job is not None
        if self._done or not stops(job, number):
            return self._done
        phases = await self.runner.in_thread(lambda: self._undo(kind, job, number))
        for phase in phases:
            await self._phase(kind, job, phase)
        return True

    def _undo(self, kind: JobKind, job: Job, number: int) -> tuple[Phase, ...]:
        """Write down what will not be begun and what is put back, once: a job taken up again finds it there."""
        for lane, step in never_begun(job, number):
            self.board.set_step(job.id, lane, step, StepState.PENDING, detail=NEVER_BEGUN)
        assert job.plan is not None
        if job.plan.undo or not isinstance(kind, Undoing):
            return job.plan.undo
        phases = self.board.patiently(lambda: kind.undo(self.runner.services, job))
        return self.board.add_phases(job.id, phases).undo

    def _plan(self, kind: JobKind, job: Job) -> Plan | None:
        try:
            plan = self.board.patiently(lambda: kind.plan(self.runner.services, job.args))
        except OpsError as error:
            # Its sentence about nothing is not worth telling; that it lets go of passwords is.
            self._summary(kind, replace(job, state=JobState.FAILED, error=str(error)))
            self.board.set_state(job.id, JobState.FAILED, error=str(error))
            return None
        self.board.set_plan(job.id, plan)
        return plan

    async def _phase(self, kind: JobKind, job: Job, phase: Phase) -> bool:
        """Run a phase's lanes side by side; tell whether all of them are good."""
        ended = {(step.lane, step.name): step.state for step in job.steps if step.state.ended}
        lanes = []
        for lane in phase.lanes:
            states = [ended.get((lane.key, name)) for name in lane.steps]
            todo = [name for name, state in zip(lane.steps, states, strict=True) if state is None]
            if any(state is not None and not state.good for state in states):
                lanes.append(_bad())
            elif todo:
                lanes.append(self._lane(kind, job, lane, todo))
        return all(await asyncio.gather(*lanes))

    async def _lane(self, kind: JobKind, job: Job, lane: Lane, todo: list[str]) -> bool:
        async def tell(before: str) -> None:
            await self.runner.in_thread(lambda: self._tell_waiting(lane, todo[0], before))

        if self._done:
            return False
        place = await self.runner.turns.take(lock_name(lane), job.id, lane.key, self.stop, tell)
        if place is None:
            return False
        try:
            for name in todo:
                if not await self._step(kind, job, lane, name):
                    return False
            return True
        finally:
            await self.runner.turns.leave(place)

    async def _step(self, kind: JobKind, job: Job, lane: Lane, name: str) -> bool:
        if self._done:
            return False
        if not self._begun:
            self._begun = True
            await self.runner.in_thread(lambda: self.board.set_state(job.id, JobState.RUNNING))
        state = await self.runner.in_step_thread(
            lambda: self.runner.steps.run(kind, job, lane, name, lambda: self.cancelled)
        )
        return state is not None and state.good

    def _tell_waiting(self, lane: Lane, step: str, before: str) -> None:
        other = self.board.job(before)
        if other is not None:
            detail = f"waits for {other.title} of {other.actor.name}"
            self.board.set_step(self.job_id, lane.key, step, StepState.PENDING, detail=detail)

    def _finish(self, kind: JobKind) -> None:
        if self.cancelled:
            self.board.cancel_steps(self.job_id)
        self.board.patiently(lambda: self.board.store.end_turns(self.job_id))
        job = self.board.job(self.job_id)
        assert job is not None
        state = end_state(job)
        summary = self._summary(kind, replace(job, state=state, ended_at=datetime.now(UTC)))
        summary = left(job) if state is JobState.CANCELLED else summary
        waits = self.board.patiently(lambda: note(self.runner.services, replace(job, state=state)))
        summary = f"{summary} {waits}".strip()
        self.board.set_state(job.id, state, summary=summary)

    def _summary(self, kind: JobKind, job: Job) -> str:
        try:
            return self.board.patiently(lambda: kind.finish(self.runner.services, job))
        except OpsError as error:
            return str(error)
        except Exception as error:
            return report_bug(self.runner.services, error, f"the summary of job {job.id} ({job.kind})")

    @property
    def _done(self) -> bool:
        return self.cancelled or self.runner.steps.stopping()


async def _bad() -> bool:
    return False
