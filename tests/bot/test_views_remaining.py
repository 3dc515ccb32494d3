"""What is left of a job, guessed from its own steps."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.views.job import job_message
from bot.views.remaining import remaining
from ops.work import Job, JobState, Phase, Plan, StepState
from tests.bot.blockkit import said
from tests.bot.jobs import NOW, START, job

OK, RUNNING, PENDING, FAILED = StepState.OK, StepState.RUNNING, StepState.PENDING, StepState.FAILED


def in_two_phases(shown: Job) -> Job:
    """Let every lane but the last run in a first phase."""
    assert shown.plan is not None
    lanes = shown.plan.lanes
    return replace(shown, plan=Plan((Phase(lanes[:-1]), Phase(lanes[-1:]))))


def test_a_step_that_ended_nowhere_leaves_it_unknown() -> None:
    assert remaining(job([[OK, RUNNING, PENDING], [OK, RUNNING, PENDING]]), NOW) is None


def test_phases_follow_each_other_and_lanes_run_side_by_side() -> None:
    # every step of tests.bot.jobs takes five seconds; the one that runs began 32 s before NOW: it may end any moment
    shown = in_two_phases(job([[OK, OK, OK], [OK, RUNNING, PENDING], [PENDING, PENDING, PENDING]]))
    assert remaining(shown, NOW) == timedelta(seconds=5 + 15)
    assert "  ·  42 s, about 20 s left" in said(job_message(shown, NOW))


def test_a_lane_that_failed_has_nothing_left() -> None:
    assert remaining(job([[OK, OK, OK], [OK, FAILED, PENDING]]), NOW) == timedelta()


@pytest.mark.parametrize("shown", [job([], JobState.WAITING), job([[OK, OK, OK]], JobState.DONE)])
def test_nothing_is_said_before_and_after(shown: Job) -> None:
    assert not remaining(shown, START)
    assert ", about" not in said(job_message(shown, NOW))
