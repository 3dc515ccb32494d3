"""What is done again after a job that did not end well."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.errors import UserError
from ops.model import Actor
from ops.retry import again
from ops.work import Job, JobState, Lane, Phase, Plan, Step, StepState

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OK, FAILED, PENDING = StepState.OK, StepState.FAILED, StepState.PENDING


def a_job(
    ends: Mapping[str, StepState], state: JobState = JobState.PARTLY, *, undo: bool = False, **args: object
) -> Job:
    """Make a job with a lane of one step for each address."""
    lanes = tuple(Lane(address, address, ("go",), host=address) for address in ends)
    undoing = (Phase((Lane("undo 10.0.0.1", "10.0.0.1, put back", ("go",), host="10.0.0.1"),), undo=True),)
    plan = Plan((Phase(lanes), *(undoing if undo else ())))
    steps = tuple(Step(address, "go", end) for address, end in ends.items())
    given = {"addresses": list(ends), "project_id": "p1", **args}
    return Job("j1", "deploy", "deploy faces", given, Actor("U0", "ada"), state, NOON, plan=plan, steps=steps)


def test_only_the_hosts_that_did_not_do_it() -> None:
    job = a_job({"10.0.0.1": OK, "10.0.0.2": FAILED, "10.0.0.3": PENDING}, when_back=True, announce={}, given_at="x")
    assert again(job) == (
        "deploy faces, again on 2 hosts",
        {"addresses": ["10.0.0.2", "10.0.0.3"], "project_id": "p1", "when_back": True},
    )


def test_the_title_does_not_grow() -> None:
    job = replace(
        a_job({"10.0.0.1": OK, "10.0.0.2": FAILED}), title="deploy faces to all (5 hosts), again on 2 hosts"
    )
    assert again(job)[0] == "deploy faces to all, again on 10.0.0.2"


def test_all_of_a_rollout_that_was_taken_back() -> None:
    title, args = again(a_job({"10.0.0.1": OK, "10.0.0.2": FAILED}, JobState.FAILED, undo=True))
    assert (title, args["addresses"]) == ("deploy faces, again", ["10.0.0.1", "10.0.0.2"])


def test_all_of_a_job_without_a_plan_or_without_hosts() -> None:
    refused = replace(a_job({"10.0.0.1": PENDING}, JobState.FAILED), plan=None, steps=())
    assert again(refused)[1]["addresses"] == ["10.0.0.1"]
    build = replace(refused, kind="build", args={"project_id": "p1", "arches": ["arm64"]})
    assert again(build) == ("deploy faces, again", {"project_id": "p1", "arches": ["arm64"]})


def test_a_registration_by_the_bot_s_own_key_but_not_one_whose_password_is_gone() -> None:
    hosts = [{"address": "10.0.0.1"}, {"address": "10.0.0.2"}]
    job = a_job({"10.0.0.1": OK, "10.0.0.2": FAILED})
    ours = replace(job, kind="register", args={"hosts": hosts, "method": "ours", "secret": ""})
    assert again(ours)[1] == {"hosts": [{"address": "10.0.0.2"}], "method": "ours", "secret": ""}
    by_password = replace(ours, args={**ours.args, "method": "password", "secret": "secret-1"})
    with pytest.raises(UserError, match=r"no password is kept. Give it once more: `register 10.0.0.2`"):
        again(by_password)


def test_nothing_where_all_is_well_or_under_way() -> None:
    with pytest.raises(UserError, match="nothing to do again"):
        again(a_job({"10.0.0.1": OK}, JobState.DONE))
    with pytest.raises(UserError, match="has not ended yet"):
        again(a_job({"10.0.0.1": PENDING}, JobState.RUNNING))
