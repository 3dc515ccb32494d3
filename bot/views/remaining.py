"""How long a running job will still take, guessed from what its own steps have taken so far; pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import fmean

from ops.work import Job, Lane, Phase, Step, StepState

_Key = tuple[str, str]


def remaining(job: Job, now: datetime) -> timedelta | None:
    """Return the time left, or None while a step of a kind is to come that has not ended anywhere yet.

    The phases follow each other and the lanes of one run side by side; a phase that puts back may never come.
    """
    if job.plan is None or job.state.ended:
        return None
    known = _means(job)
    steps = {(step.lane, step.name): step for step in job.steps}
    total_s = 0.0
    for phase in job.plan.phases:
        left_s = _phase_s(phase, steps, known, now)
        if left_s is None:
            return None
        total_s += left_s
    return timedelta(seconds=total_s)


def _means(job: Job) -> dict[str, float]:
    took: dict[str, list[float]] = {}
    for step in job.steps:
        if step.state is StepState.OK and step.started_at and step.ended_at:
            took.setdefault(step.name, []).append((step.ended_at - step.started_at).total_seconds())
    return {name: fmean(seconds) for name, seconds in took.items()}


def _phase_s(phase: Phase, steps: Mapping[_Key, Step], known: Mapping[str, float], now: datetime) -> float | None:
    lanes = [_lane_s(lane, steps, known, now) for lane in phase.lanes]
    return None if None in lanes else max((one for one in lanes if one is not None), default=0.0)


def _lane_s(lane: Lane, steps: Mapping[_Key, Step], known: Mapping[str, float], now: datetime) -> float | None:
    own = [steps[lane.key, name] for name in lane.steps if (lane.key, name) in steps]
    if any(step.state.ended and not step.state.good for step in own):
        return 0.0
    left_s = 0.0
    for step in (one for one in own if not one.state.ended):
        if step.name not in known:
            return None
        spent_s = (now - step.started_at).total_seconds() if step.started_at else 0.0
        left_s += max(0.0, known[step.name] - spent_s)
    return left_s
