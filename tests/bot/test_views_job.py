from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.registry import load
from bot.views.blocks import commands
from bot.views.job import ended_message, job_details, job_message
from bot.views.job_buttons import after
from bot.views.lanes import views
from bot.views.payload import MessagePayload
from ops.work import Job, JobState, StepState
from tests.bot.blockkit import HOSTILE, problems, said, table
from tests.bot.jobs import NOW, job

OK, RUNNING, PENDING, FAILED = StepState.OK, StepState.RUNNING, StepState.PENDING, StepState.FAILED
AWAY, SKIPPED, CANCELLED = StepState.UNREACHABLE, StepState.SKIPPED, StepState.CANCELLED
WAITS = (PENDING, PENDING, PENDING)


def show(shown: Job) -> MessagePayload:
    payload = job_message(shown, NOW)
    assert problems(payload) == []
    return payload


def values(payload: MessagePayload) -> list[str]:
    return [one["value"] for block in payload.blocks if block["type"] == "actions" for one in block["elements"]]


def test_a_job_without_a_plan_says_that_it_waits() -> None:
    waiting = Job("job-1", "deploy", "deploy on all", {}, job([]).actor, JobState.WAITING, NOW)
    payload = show(waiting)
    assert "waiting" in said(payload)
    assert "U0ADA" in said(payload)
    assert values(payload) == ["cancel job-1"]


def test_a_running_job_shows_a_row_for_each_host() -> None:
    payload = show(job([(OK, RUNNING, PENDING), WAITS, (OK, OK, OK), (OK, FAILED, PENDING)], detail="No space left."))
    assert "▓▓▓▓▓▓░░░░░░ 6/12  ·  42 s" in said(payload)
    assert table(payload) == [
        ["Host", "Step", "State", "Time", "What"],
        ["10.0.0.0", "install (2/3)", "🔄 running", "42 s", "–"],
        ["10.0.0.1", "check (1/3)", "⏳ pending", "–", "–"],
        ["10.0.0.2", "verify (3/3)", "✅ ok", "25 s", "–"],
        ["10.0.0.3", "install (2/3)", "❌ failed", "15 s", "No space left."],
    ]
    assert "10.0.0.3 : install failed. No space left." in said(payload)
    assert payload.text == "🔄 deploy on test_model: 6 of 12 steps."


def test_docker_install_has_a_column_for_each_step() -> None:
    payload = show(job([(OK, SKIPPED, RUNNING), (AWAY, PENDING, PENDING)], kind="docker install"))
    assert table(payload) == [
        ["Host", "check", "install", "verify", "Time"],
        ["10.0.0.0", "✅ ok", "⏭️ skipped", "🔄 running", "42 s"],
        ["10.0.0.1", "🔌 unreachable", "⏳ pending", "⏳ pending", "5.0 s"],
    ]


def test_an_ended_job_has_its_summary_its_time_and_what_to_do_next() -> None:
    payload = show(job([(OK, OK, OK)], JobState.DONE, summary="Running on 1 host.", project_id="abc"))
    assert "done after 1 min 15 s" in said(payload)
    assert "Running on 1 host." in said(payload)
    assert values(payload) == ["status 10.0.0.0", "logs 10.0.0.0"]
    assert payload.text == "✅ deploy on test_model: done. Running on 1 host."


def test_the_failed_can_be_tried_again() -> None:
    ended = job([(OK, OK, OK), (OK, FAILED, PENDING)], JobState.PARTLY, kind="docker install")
    assert values(show(ended)) == ["retry job-1", "docker states 10.0.0.0,10.0.0.1"]
    cancelled = job([(OK, CANCELLED, CANCELLED)], JobState.CANCELLED)
    assert values(show(cancelled))[0] == "retry job-1"
    assert "retry job-1" not in values(show(job([(OK, OK, OK)], JobState.DONE)))


def test_a_job_that_never_started_says_why() -> None:
    failed = Job("j", "deploy", "deploy", {}, job([]).actor, JobState.FAILED, NOW, error="No project is called `x`.")
    assert "No project is called " in said(show(failed))


def test_lanes_that_never_began_are_said_not_to_have() -> None:
    stopped = job([(OK, FAILED, PENDING), WAITS], JobState.FAILED)
    assert [(one.state, one.detail) for one in views(stopped, NOW)] == [(FAILED, ""), (SKIPPED, "not started")]
    cancelled = job([(OK, CANCELLED, PENDING), WAITS], JobState.CANCELLED)
    assert [one.state for one in views(cancelled, NOW)] == [CANCELLED, CANCELLED]


def test_time_stands_still_when_a_lane_has_ended() -> None:
    later = NOW + timedelta(hours=1)
    shown = job([(OK, FAILED, PENDING), (OK, RUNNING, PENDING), WAITS])
    assert [one.elapsed for one in views(shown, later)] == [
        timedelta(seconds=15),
        timedelta(seconds=42, hours=1),
        None,
    ]


@pytest.mark.parametrize("count", [1, 2, 99, 100, 200, 1000])
def test_any_number_of_hosts_is_one_message_failures_first(count: int) -> None:
    lanes = [(OK, OK, OK)] * (count - 1) + [(OK, FAILED, PENDING)]
    payload = show(job(lanes, JobState.PARTLY, detail="No space left on device. Free some and try again."))
    rows = table(payload)[1:]
    if count < 100:
        assert len(rows) == count
    else:
        assert rows[0][2] == "❌ failed"
        assert f"and {count - len(rows)} more: {count - len(rows)} ok" in said(payload)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_words_break_nothing(value: str) -> None:
    states = (OK, FAILED, PENDING)
    for kind in ("deploy", "docker install"):
        shown = job(
            [states] * 120,
            JobState.PARTLY,
            kind=kind,
            detail=value,
            output=value,
            summary=value,
            error=value,
            labels=[value] * 120,
        )
        assert "<!channel>" not in show(shown).text
        messages, files = job_details(shown, NOW)
        assert [problem for one in messages for problem in problems(one)] == []
        assert len(messages) <= 3
        assert all(file.content for file in files)


def test_details_are_what_the_failed_steps_printed() -> None:
    shown = job([(OK, OK, OK), (OK, FAILED, PENDING)], JobState.PARTLY, detail="apt failed.", output="E: no\nE: way")
    (payload,), files = job_details(shown, NOW)
    assert "E: no\nE: way" in said(payload)
    assert files == ()


def test_no_details_without_output_up_to_five_failures() -> None:
    assert job_details(job([(OK, FAILED, PENDING)] * 5, JobState.FAILED), NOW) == ((), ())
    (payload,), _ = job_details(job([(OK, FAILED, PENDING)] * 6, JobState.FAILED), NOW)
    assert "10.0.0.5" in said(payload)


def test_long_output_is_a_file_too() -> None:
    shown = job([(OK, FAILED, PENDING)], JobState.FAILED, output="line\n" * 2_000)
    (payload,), (file,) = job_details(shown, NOW)
    assert problems(payload) == []
    assert file.filename == "deploy-failures.txt"
    assert file.content.count("line") == 2_000


def test_many_failures_are_one_file() -> None:
    shown = job([(OK, FAILED, PENDING)] * 200, JobState.FAILED, output="line\n" * 200)
    messages, (file,) = job_details(shown, NOW)
    assert len(messages) == 1
    assert file.content.count("== ") == 200


def test_the_person_is_told_how_it_ended() -> None:
    payload = ended_message(job([(OK, OK, OK)], JobState.DONE))
    assert problems(payload) == []
    assert (
        payload.text
        == said(payload).removeprefix("mrkdwn ")
        == ("<@U0ADA> ✅ deploy on test_model: done after 1 min 15 s.")
    )


def test_commands_for_too_many_hosts_have_no_button() -> None:
    shown = job([(OK, OK, OK)] * 100, JobState.DONE)
    assert commands(after(shown, views(shown, NOW))) == []


triples = st.tuples(*[st.sampled_from(StepState)] * 3)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(triples, max_size=8),
    st.sampled_from((1, 30)),
    st.sampled_from(JobState),
    st.sampled_from(("deploy", "docker install", "register", "other")),
    st.sampled_from(HOSTILE),
)
def test_any_job_keeps_to_the_limits(
    lanes: list[tuple[StepState, ...]], times: int, state: JobState, kind: str, text: str
) -> None:
    shown = job(lanes * times, state, kind=kind, detail=text, output=text, summary=text)
    assert problems(job_message(shown, NOW)) == []
    messages, _ = job_details(shown, NOW)
    assert [problem for one in messages for problem in problems(one)] == []


def test_commands_in_its_sentences_are_written_the_way_they_are_typed() -> None:
    load()
    ended = job([[OK, OK, OK]], JobState.DONE, summary="All well. Next: `docker install faces`, not `rm -rf`.")
    assert "Next: `/flsvc docker install faces`, not `rm -rf`." in job_message(ended, NOW).text
