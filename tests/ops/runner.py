"""Drives a job kind step by step in this thread: plan, steps, finish, and nothing durable about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ops.errors import HostUnreachable, OpsError
from ops.jobs_rollout import end_state, stops
from ops.model import Actor
from ops.services import JobKind, Services, StepContext, Undoing
from ops.work import Job, JobState, Lane, Phase, Plan, Step, StepState

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
    for number, phase in enumerate(plan.phases):
        if not _run_phase(kind, services, run, phase, twice=twice) and stops(run.job, number):
            for back in _undo(kind, services, run):
                _run_phase(kind, services, run, back, twice=twice)
            break
    run.job = replace(run.job, state=end_state(run.job))
    run.job = replace(run.job, summary=kind.finish(services, run.job))
    return run


def _run_phase(kind: JobKind, services: Services, run: Run, phase: Phase, *, twice: bool) -> bool:
    good = [_run_lane(kind, services, run, lane, twice=twice) for lane in phase.lanes]
    return all(good)


def _undo(kind: JobKind, services: Services, run: Run) -> tuple[Phase, ...]:
    phases = kind.undo(services, run.job) if isinstance(kind, Undoing) else ()
    assert run.job.plan is not None
    plan = Plan((*run.job.plan.phases, *phases))
    run.job = replace(run.job, plan=plan, steps=(*run.job.steps, *_pending(Plan(phases))))
    return phases


def _pending(plan: Plan) -> tuple[Step, ...]:
    return tuple(Step(lane.key, name, StepState.PENDING) for lane in plan.lanes for name in lane.steps)


def _job(kind: JobKind, args: Mapping[str, object], job_id: str, plan: Plan) -> Job:
    return Job(
        id=job_id,
        kind=kind.name,
        title=kind.name,
        args=args,
        actor=ACTOR,
        state=JobState.RUNNING,
        created_at=datetime.now(UTC),
        plan=plan,
        steps=_pending(plan),
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
    now = services.now()
    try:
        outcome = kind.run_step(services, context)
    except HostUnreachable as error:
        return Step(lane.key, name, StepState.UNREACHABLE, str(error), error.output, started_at=now)
    except OpsError as error:
        return Step(lane.key, name, StepState.FAILED, str(error), error.output, started_at=now)
    return Step(lane.key, name, outcome.state, outcome.detail, outcome.output, started_at=now)
