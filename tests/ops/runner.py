"""Drives a job kind step by step in this thread: plan, steps, finish, and nothing durable about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ops.errors import HostUnreachable, OpsError
from ops.model import Actor
from ops.services import JobKind, Services, StepContext
from ops.work import Job, JobState, Lane, Plan, Step, StepState

ACTOR = Actor(id="U0ANNA", name="anna", channel="C0FLEET")


@dataclass
class Run:
    """How a job ended: its states by lane and step, its sentence, and what its steps said on the way."""

    job: Job
    said: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        return self.job.summary

    def step(self, lane: str, name: str) -> Step:
        return next(step for step in self.job.steps if (step.lane, step.name) == (lane, name))

    def states(self, lane: str) -> dict[str, str]:
        """Return the state of each step of a lane, in order."""
        return {step.name: step.state.value for step in self.job.steps if step.lane == lane}


def run_job(
    kind: JobKind, services: Services, args: Mapping[str, object], *, job_id: str = "job-1", twice: bool = False
) -> Run:
    """Run a job to its end; `twice` runs every step again at once, as after a crash, and keeps the second result."""
    plan = kind.plan(services, args)
    run = Run(_job(kind, args, job_id, plan))
    for phase in plan.phases:
        results = [_run_lane(kind, services, run, lane, twice=twice) for lane in phase.lanes]
        if phase.required and not all(results):
            break
    run.job = replace(run.job, state=_state(run.job))
    run.job = replace(run.job, summary=kind.finish(services, run.job))
    return run


def _job(kind: JobKind, args: Mapping[str, object], job_id: str, plan: Plan) -> Job:
    steps = tuple(Step(lane.key, name, StepState.PENDING) for lane in plan.lanes for name in lane.steps)
    return Job(
        id=job_id,
        kind=kind.name,
        title=kind.name,
        args=args,
        actor=ACTOR,
        state=JobState.RUNNING,
        created_at=datetime.now(UTC),
        plan=plan,
        steps=steps,
    )


def _run_lane(kind: JobKind, services: Services, run: Run, lane: Lane, *, twice: bool) -> bool:
    for name in lane.steps:
        step = _run_step(kind, services, run, lane, name)
        if twice and step.state.good:
            step = _run_step(kind, services, run, lane, name)
        run.job = replace(
            run.job,
            steps=tuple(step if (old.lane, old.name) == (lane.key, name) else old for old in run.job.steps),
        )
        if not step.state.good:
            return False
    return True


def _run_step(kind: JobKind, services: Services, run: Run, lane: Lane, name: str) -> Step:
    context = StepContext(
        job_id=run.job.id,
        args=run.job.args,
        actor_id=ACTOR.id,
        actor_name=ACTOR.name,
        lane=lane,
        step=name,
        say=run.said.append,
        cancelled=lambda: False,
    )
    try:
        outcome = kind.run_step(services, context)
    except HostUnreachable as error:
        return Step(lane.key, name, StepState.UNREACHABLE, str(error), error.output)
    except OpsError as error:
        return Step(lane.key, name, StepState.FAILED, str(error), error.output)
    return Step(lane.key, name, outcome.state, outcome.detail, outcome.output)


def _state(job: Job) -> JobState:
    """Return done, failed or partly, by lanes whose every step is good."""
    assert job.plan is not None
    good = [all(step.state.good for step in job.steps if step.lane == lane.key) for lane in job.plan.lanes]
    if all(good):
        return JobState.DONE
    return JobState.PARTLY if any(good) else JobState.FAILED
