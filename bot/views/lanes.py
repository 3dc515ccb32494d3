"""A job's lanes as people see them: one state each, the step it is at, how long it has taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.work import Job, JobState, Step, StepState

_WORST_FIRST = (
    StepState.FAILED,
    StepState.UNREACHABLE,
    StepState.CANCELLED,
    StepState.RUNNING,
    StepState.PENDING,
    StepState.SKIPPED,
    StepState.OK,
)
_BAD = frozenset({StepState.FAILED, StepState.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class LaneView:
    """One row of a job: `step` is the one it is at or stopped at, the `number`th of its steps."""

    label: str
    host: str
    state: StepState
    step: str
    number: int
    steps: tuple[Step, ...]
    elapsed: timedelta | None
    detail: str

    @property
    def failed_step(self) -> Step | None:
        """Return the step that failed, or None."""
        return next((step for step in self.steps if step.state in _BAD), None)


def views(job: Job, now: datetime) -> list[LaneView]:
    """Return a job's lanes in the plan's order; none before there is a plan."""
    by_lane: dict[str, list[Step]] = {}
    for step in job.steps:
        by_lane.setdefault(step.lane, []).append(step)
    lanes = job.plan.lanes if job.plan else ()
    return [_view(job, lane.label or lane.key, lane.host, tuple(by_lane.get(lane.key, ())), now) for lane in lanes]


def worst_first(found: Sequence[LaneView]) -> list[LaneView]:
    """Return lanes with what needs a look in front, the plan's order otherwise kept."""
    return sorted(found, key=lambda one: _WORST_FIRST.index(one.state))


def _view(job: Job, label: str, host: str, steps: tuple[Step, ...], now: datetime) -> LaneView:
    state = _state(job, steps)
    at = _position(steps)
    here = steps[at] if steps else Step("", "", StepState.PENDING)
    return LaneView(
        label=label,
        host=host,
        state=state,
        step=here.name,
        number=min(at + 1, len(steps)),
        steps=steps,
        elapsed=_elapsed(steps, job, now),
        detail=here.detail or _why(job, state, here),
    )


def _state(job: Job, steps: Sequence[Step]) -> StepState:
    states = {step.state for step in steps}
    for decisive in (StepState.FAILED, StepState.UNREACHABLE, StepState.CANCELLED, StepState.RUNNING):
        if decisive in states:
            return decisive if not (decisive is StepState.RUNNING and job.state.ended) else StepState.CANCELLED
    if StepState.PENDING not in states and states:
        return StepState.OK if StepState.OK in states else StepState.SKIPPED
    if job.state.ended:
        return StepState.CANCELLED if job.state is JobState.CANCELLED else StepState.SKIPPED
    return StepState.PENDING if states <= {StepState.PENDING} else StepState.RUNNING


def _position(steps: Sequence[Step]) -> int:
    """Return the index of the step that failed or is under way, else of the first that waits, else of the last."""
    for wanted in ((*_BAD, StepState.RUNNING), (StepState.CANCELLED,), (StepState.PENDING,)):
        for at, step in enumerate(steps):
            if step.state in wanted:
                return at
    return max(len(steps) - 1, 0)


def _elapsed(steps: Sequence[Step], job: Job, now: datetime) -> timedelta | None:
    begins = [step.started_at for step in steps if step.started_at]
    if not begins:
        return None
    ends = [step.ended_at for step in steps if step.ended_at]
    under_way = any(not step.state.ended for step in steps) and not _is_over(steps, job)
    end = now if under_way else max(ends, default=job.ended_at or now)
    return max(end - min(begins), timedelta())


def _is_over(steps: Sequence[Step], job: Job) -> bool:
    return job.state.ended or any(step.state in _BAD or step.state is StepState.CANCELLED for step in steps)


def _why(job: Job, state: StepState, here: Step) -> str:
    if here.state is StepState.PENDING and state in (StepState.SKIPPED, StepState.CANCELLED) and job.state.ended:
        return "not started"
    return ""
