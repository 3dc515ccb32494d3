"""What is said of a cancelled job."""

from datetime import UTC, datetime

from ops.jobs_words import left
from ops.model import Actor
from ops.work import Job, JobState, Lane, Phase, Plan, Step, StepState

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OK, FAILED, CANCELLED = StepState.OK, StepState.FAILED, StepState.CANCELLED
STEPS = ("pull", "start", "watch")


def a_job(lanes: dict[str, str], details: dict[str, str] | None = None) -> Job:
    """Make a job; a lane's letters are its steps: d(one), f(ailed), s(topped), n(ot begun)."""
    states = {"d": OK, "f": FAILED, "s": CANCELLED, "n": CANCELLED}
    steps = tuple(
        Step(lane, name, states[letter], (details or {}).get(lane, ""), started_at=None if letter == "n" else NOON)
        for lane, letters in lanes.items()
        for name, letter in zip(STEPS, letters, strict=True)
    )
    plan = Plan((Phase(tuple(Lane(key, key, STEPS, host=key) for key in lanes)),))
    return Job("j1", "deploy", "deploy", {}, Actor("U0", "ada"), JobState.CANCELLED, NOON, plan=plan, steps=steps)


def test_each_host_is_said_to_be_where_it_was_left() -> None:
    lanes = {"10.0.0.1": "ddd", "10.0.0.2": "dsn", "10.0.0.3": "dnn", "10.0.0.4": "dfn", "10.0.0.5": "nnn"}
    assert left(a_job(lanes, {"10.0.0.2": "The old one runs again."})) == (
        "Cancelled. Done on 10.0.0.1. 10.0.0.2 stopped at start. The old one runs again. Done up to pull on "
        "10.0.0.3. Failed before on 10.0.0.4 (at start). Not begun on 10.0.0.5."
    )


def test_many_hosts_are_not_all_named() -> None:
    lanes = {f"10.0.0.{n}": "nnn" for n in range(1, 10)} | {f"10.0.1.{n}": "snn" for n in range(1, 6)}
    said = left(a_job(lanes, dict.fromkeys(lanes, "Stopped.")))
    assert said.count("Stopped.") == 3
    assert "Stopped in the middle on 10.0.1.4, 10.0.1.5." in said
    assert said.endswith("Not begun on 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 4 more.")


def test_a_job_cancelled_before_its_plan_says_so() -> None:
    job = Job("j1", "deploy", "deploy", {}, Actor("U0", "ada"), JobState.CANCELLED, NOON)
    assert left(job) == "Cancelled before anything was begun."
