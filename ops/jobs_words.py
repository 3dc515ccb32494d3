"""What a cancelled job left where, in one paragraph; pure."""

from collections.abc import Sequence

from ops.work import Job, Lane, Step, StepState

_NAMED = 5  # hosts by name; the table above the sentence has them all
_TOLD = 3  # stopped steps with what they said
_BAD = frozenset({StepState.FAILED, StepState.UNREACHABLE})


def left(job: Job) -> str:
    """Say of each host what was done, what was stopped in the middle, and what was never begun."""
    if job.plan is None:
        return "Cancelled before anything was begun."
    lanes = [(lane, [step for step in job.steps if step.lane == lane.key]) for lane in job.plan.lanes]
    stopped = [(lane, step) for lane, steps in lanes for step in steps if _is_stopped(step)]
    parts = [
        "Cancelled.",
        _list("Done on", [lane.label for lane, steps in lanes if all(step.state.good for step in steps)]),
        *[f"{lane.label} stopped at {step.name}. {step.detail}".strip() for lane, step in stopped[:_TOLD]],
        _list("Stopped in the middle on", [lane.label for lane, _ in stopped[_TOLD:]]),
        *_between(lanes),
        _list("Failed before on", [_at(lane, step) for lane, steps in lanes for step in steps if step.state in _BAD]),
        _list("Not begun on", [lane.label for lane, steps in lanes if not any(step.started_at for step in steps)]),
    ]
    return " ".join(part for part in parts if part)


def _is_stopped(step: Step) -> bool:
    return step.state is StepState.CANCELLED and step.started_at is not None


def _between(lanes: Sequence[tuple[Lane, Sequence[Step]]]) -> list[str]:
    """Name the hosts that stand between two steps, by the step they did last."""
    after: dict[str, list[str]] = {}
    for lane, steps in lanes:
        done = [step for step in steps if step.state.good]
        rest = [step for step in steps if not step.state.good]
        if done and rest and not any(step.started_at for step in rest):
            after.setdefault(done[-1].name, []).append(lane.label)
    return [_list(f"Done up to {name} on", labels) for name, labels in after.items()]


def _at(lane: Lane, step: Step) -> str:
    return f"{lane.label} (at {step.name})"


def _list(begin: str, labels: Sequence[str]) -> str:
    if not labels:
        return ""
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"{begin} {', '.join(labels[:_NAMED])}{more}."
