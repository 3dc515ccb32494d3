"""Jobs in any shape, for tests of how they are shown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ops.model import Actor
from ops.work import Job, JobState, Lane, Phase, Plan, Step, StepState

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=42)
ADA = Actor("U0ADA", "ada", "C0FLEET")
STEPS = ("check", "install", "verify")


def job(
    lanes: Sequence[Sequence[StepState]],
    state: JobState = JobState.RUNNING,
    *,
    kind: str = "deploy",
    steps: tuple[str, ...] = STEPS,
    detail: str = "",
    output: str = "",
    labels: Sequence[str] = (),
    summary: str = "",
    error: str = "",
    id: str = "job-1",
    message_ts: str = "",
    project_id: str = "",
) -> Job:
    """Make a job of one lane for each list of states; failed steps get the detail and the output."""
    names = labels or [_address(n) for n in range(len(lanes))]
    plan = Plan((Phase(tuple(Lane(f"l{n}", names[n], steps, host=_address(n)) for n in range(len(lanes)))),))
    made = [
        _step(f"l{n}", name, step_state, at, detail=detail, output=output)
        for n, states in enumerate(lanes)
        for at, (name, step_state) in enumerate(zip(steps, states, strict=True))
    ]
    return Job(
        id=id,
        kind=kind,
        title=f"{kind} on test_model",
        args={"addresses": [_address(n) for n in range(len(lanes))], "project_id": project_id},
        actor=ADA,
        state=state,
        created_at=START,
        plan=plan,
        steps=tuple(made),
        started_at=START,
        ended_at=START + timedelta(seconds=75) if state.ended else None,
        summary=summary,
        error=error,
        channel="C0FLEET" if message_ts else "",
        message_ts=message_ts,
    )


def _address(n: int) -> str:
    return f"10.0.{n // 250}.{n % 250}"


def _step(lane: str, name: str, state: StepState, at: int, *, detail: str, output: str) -> Step:
    bad = state in (StepState.FAILED, StepState.UNREACHABLE)
    return Step(
        lane,
        name,
        state,
        detail=detail if bad else "",
        output=output if bad else "",
        started_at=None if state is StepState.PENDING else START + timedelta(seconds=10 * at),
        ended_at=START + timedelta(seconds=10 * at + 5) if state.ended else None,
    )
