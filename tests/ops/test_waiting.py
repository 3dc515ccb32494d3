"""Which of two commands for a host that is away makes the other needless."""

from datetime import UTC, datetime

import pytest

from ops.model import Actor
from ops.waiting import Waiting, catch_up, makes_needless, overtakes
from ops.work import Job, JobState

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA = Actor("U0ADA", "ada", "C0FLEET")


def waits(kind: str, project_id: str = "") -> Waiting:
    args = {"addresses": ["10.0.0.1"], "when_back": True, "announce": {"channel": "C0OLD"}}
    return Waiting("j1", "10.0.0.1", kind, args, f"{kind} faces", ADA, NOON, project_id)


@pytest.mark.parametrize(
    ("newer", "older", "needless"),
    [
        (("deploy", "faces"), ("deploy", "faces"), True),
        (("deploy", "faces"), ("deploy", "voices"), False),
        (("deploy", "faces"), ("rollback", "faces"), True),
        (("deploy", "faces"), ("restart", "faces"), True),
        (("deploy", "faces"), ("stop", "faces"), True),
        (("deploy", "faces"), ("stop", ""), False),  # the other projects are still to be stopped
        (("stop", ""), ("deploy", "faces"), True),
        (("stop", "faces"), ("deploy", "faces"), True),
        (("stop", "faces"), ("docker install", ""), False),
        (("rollback", "faces"), ("deploy", "faces"), False),  # it returns from what was deployed first
        (("restart", "faces"), ("deploy", "faces"), False),
        (("restart", "faces"), ("restart", "faces"), True),
        (("docker install", ""), ("docker install", ""), True),
        (("docker install", ""), ("deploy", "faces"), False),
        (("forget", ""), ("deploy", "faces"), False),
    ],
)
def test_a_newer_command_makes_an_older_one_needless(
    newer: tuple[str, str], older: tuple[str, str], needless: bool
) -> None:
    assert makes_needless(*newer, waits(*older)) is needless


def test_a_rollback_that_was_done_leaves_no_older_deployment_to_do() -> None:
    assert overtakes("rollback", "faces", waits("deploy", "faces"))
    assert not overtakes("rollback", "faces", waits("deploy", "voices"))


def test_it_is_caught_up_in_the_thread_of_the_job_that_could_not() -> None:
    origin = Job("j1", "deploy", "deploy faces", {}, ADA, JobState.PARTLY, NOON, channel="C0FLEET", message_ts="1.0")
    request = catch_up(waits("deploy", "faces"), origin)
    assert request.args["announce"] == {"channel": "C0FLEET", "thread_ts": "1.0"}
    assert request.args["addresses"] == ["10.0.0.1"]
    assert (request.kind, request.title, request.actor) == ("deploy", "deploy faces, now that it is back", ADA)


def test_the_job_that_catches_up_has_the_same_id_until_it_failed_to_reach_the_host_too() -> None:
    first = waits("deploy", "faces")
    again = Waiting(**{name: getattr(first, name) for name in Waiting.__slots__} | {"started_job": first.next_job})
    assert first.next_job == waits("deploy", "faces").next_job != again.next_job
    assert catch_up(again, None).title.count("back") == 1
