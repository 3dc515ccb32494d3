"""When a job stops between its phases, and how it ended; pure."""

from ops.work import Job, JobState, Phase, StepState


def stops(job: Job, number: int) -> bool:
    """Tell whether the phase of that number, which ended with a lane that is not good, lets the job go no further."""
    assert job.plan is not None
    phase = job.plan.phases[number]
    if phase.required:
        return True
    if phase.max_failures is None:
        return False
    return len(_failed(job, job.plan.phases[: number + 1])) > phase.max_failures


def _failed(job: Job, phases: tuple[Phase, ...]) -> set[str]:
    """Return the lanes of the phases with a bound that have a failed step."""
    bounded = {lane.key for phase in phases if phase.max_failures is not None for lane in phase.lanes}
    return bounded & {step.lane for step in job.steps if step.state is StepState.FAILED}


def never_begun(job: Job, number: int) -> list[tuple[str, str]]:
    """Return the lane and first step of all that stays undone after the phase of that number."""
    assert job.plan is not None
    pending = {(step.lane, step.name) for step in job.steps if step.state is StepState.PENDING}
    later = [lane for phase in job.plan.phases[number + 1 :] if not phase.undo for lane in phase.lanes]
    return [(lane.key, lane.steps[0]) for lane in later if (lane.key, lane.steps[0]) in pending]


def end_state(job: Job) -> JobState:
    """Return how a job ended: by its hosts, or, when it is about none, by all its lanes."""
    if job.plan is None:
        return JobState.FAILED
    if any(step.state is StepState.CANCELLED for step in job.steps):
        return JobState.CANCELLED
    if job.plan.undo:  # whatever went well was put back
        return JobState.FAILED
    bad = {step.lane for step in job.steps if not step.state.good}
    if not bad:
        return JobState.DONE
    # A build that went well on some host is no success of the deployment that failed after it.
    hosts = [lane for lane in job.plan.lanes if lane.key == lane.host] or list(job.plan.lanes)
    return JobState.PARTLY if any(lane.key not in bad for lane in hosts) else JobState.FAILED
