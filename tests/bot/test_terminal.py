import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.replies import Reply
from bot.terminal import JobView, changes, job_json, job_lines, to_json
from ops.model import Actor, FlowerType
from ops.work import JobState, StepState
from tests.bot.jobs import NOW, job

OK, RUNNING, PENDING, FAILED = StepState.OK, StepState.RUNNING, StepState.PENDING, StepState.FAILED
AWAY, SKIPPED = StepState.UNREACHABLE, StepState.SKIPPED


def test_json_of_everything_an_answer_may_hold() -> None:
    data = {
        "who": Actor("U0ADA", "ada"),
        "at": datetime(2026, 11, 24, tzinfo=UTC),
        "took": timedelta(seconds=1.5),
        "type": FlowerType.SERVER,
        "path": Path("a/b"),
        "some": frozenset({"b", "a"}),
        "rows": (1, None, True),
    }
    assert json.loads(to_json(Reply((), data=data))) == {
        "who": {"id": "U0ADA", "name": "ada", "channel": ""},
        "at": "2026-11-24T00:00:00+00:00",
        "took": 1.5,
        "type": "server",
        "path": "a/b",
        "some": ["a", "b"],
        "rows": [1, None, True],
    }


def test_what_has_no_form_in_json_is_said() -> None:
    with pytest.raises(TypeError, match="object has no form"):
        to_json(Reply((), data=object()))


def test_a_running_job_is_a_row_for_each_host() -> None:
    lines = job_lines(job([(OK, RUNNING, PENDING), (PENDING, PENDING, PENDING)]), NOW, 80)
    assert lines == [
        "deploy on test_model, running, 1/6 steps, 42 s",
        "Host      Step          State    Time",
        "--------  -------  ---  -------  ----",
        "10.0.0.0  install  2/3  running  42 s",
        "10.0.0.1  check    1/3  pending",
    ]


def test_changes_between_two_looks() -> None:
    before = job([(OK, RUNNING, PENDING)])
    after = job([(OK, FAILED, PENDING)], JobState.FAILED, detail="apt-get failed.", summary="No host has it.")
    assert changes(None, before) == ["10.0.0.0: check: ok (5.0 s)", "10.0.0.0: install: running"]
    assert changes(before, before) == []
    assert changes(before, after) == [
        "10.0.0.0: install: failed (5.0 s) apt-get failed.",
        "deploy on test_model: failed after 1 min 15 s. No host has it.",
    ]
    assert changes(after, after) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_redrawn_in_place() -> None:
    stream = Terminal()
    view = JobView(stream, width=80, height=40)
    view.draw(job([(OK, RUNNING, PENDING)]), NOW)
    first = stream.getvalue()
    view.draw(job([(OK, OK, OK)], JobState.DONE), NOW)
    assert first.count("\n") == 4
    assert stream.getvalue().removeprefix(first).startswith("\x1b[4F\x1b[0J")


def test_a_terminal_too_low_shows_what_it_can() -> None:
    stream = Terminal()
    JobView(stream, width=80, height=10).draw(job([(OK, RUNNING, PENDING)] * 50), NOW)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 9
    assert lines[-1] == "… and 45 more lines"


def test_a_pipe_gets_lines_and_no_control_characters() -> None:
    stream = io.StringIO()
    view = JobView(stream, width=80)
    view.draw(job([(OK, RUNNING, PENDING)]), NOW)
    view.draw(job([(OK, RUNNING, PENDING)]), NOW)
    ended = job([(OK, OK, OK)], JobState.DONE, summary="All well.")
    view.draw(ended, NOW)
    view.end(ended)
    assert stream.getvalue().splitlines() == [
        "10.0.0.0: check: ok (5.0 s)",
        "10.0.0.0: install: running",
        "10.0.0.0: install: ok (5.0 s)",
        "10.0.0.0: verify: ok (5.0 s)",
        "deploy on test_model: done after 1 min 15 s. All well.",
    ]


def test_a_job_as_json() -> None:
    told = json.loads(job_json(job([(OK, FAILED, PENDING)], JobState.FAILED, detail="Disk full.", output="ENOSPC")))
    assert (told["id"], told["state"], told["took_s"]) == ("job-1", "failed", 75.0)
    (lane,) = told["lanes"]
    assert [(step["name"], step["state"], step["output"]) for step in lane["steps"]] == [
        ("check", "ok", ""),
        ("install", "failed", "ENOSPC"),
        ("verify", "pending", ""),
    ]
