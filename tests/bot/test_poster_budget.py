import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.poster_budget import EDITS, EPHEMERALS, POSTS, Bucket, Budget, Rate, Urgency


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_goes_at_once_and_the_rest_one_a_second() -> None:
    budget = Budget(Time())
    waits = [budget.post("C1") for _ in range(int(POSTS.burst) + 3)]
    assert waits == [0.0] * int(POSTS.burst) + [1.0, 2.0, 3.0]
    assert budget.post("C2") == 0.0


def test_what_was_not_used_flows_back() -> None:
    time = Time()
    budget = Budget(time)
    for _ in range(7):
        budget.post("C1")
    time.now = 10.0
    assert [budget.post("C1") for _ in range(6)] == [0.0] * 5 + [1.0]


def test_one_message_is_edited_once_a_second() -> None:
    time = Time()
    budget = Budget(time)
    assert budget.edit("C1", "1.0") == 0.0
    assert budget.edit_wait("C1", "1.0", Urgency.CHANGE) == 1.0
    assert budget.edit_wait("C1", "2.0", Urgency.CHANGE) == 0.0
    assert budget.edit("C1", "1.0") == 1.0
    time.now = 0.5
    assert budget.edit("C1", "1.0") == 1.5


def test_the_less_urgent_leave_room_for_the_more_urgent() -> None:
    budget = Budget(Time())
    went = dict.fromkeys(Urgency, 0)
    for urgency in sorted(Urgency, reverse=True):
        while budget.edit_wait("C1", f"{urgency}.{went[urgency]}", urgency) == 0.0:
            budget.edit("C1", f"{urgency}.{went[urgency]}")
            went[urgency] += 1
    assert went == {Urgency.TICK: 6, Urgency.CHANGE: 5, Urgency.FINAL: 4}
    assert sum(went.values()) == EDITS.burst


def test_an_end_goes_before_changes_that_wait() -> None:
    time = Time()
    budget = Budget(time)
    waits = [budget.edit("C1", f"{n}.0") for n in range(20)]
    assert waits == pytest.approx([0.0] * 15 + [n * 60 / 45 for n in range(1, 6)])
    assert budget.edit_wait("C1", "9.9", Urgency.CHANGE) == pytest.approx(10 * 60 / 45)


def test_nothing_goes_while_slack_says_so() -> None:
    time = Time()
    budget = Budget(time)
    budget.close("post", "C1", 30.0)
    assert budget.closed("post", "C1") == budget.post("C1") == 30.0
    assert budget.closed("post", "C2") == 0.0
    budget.close("edit", "C1", 5.0)
    assert budget.edit_wait("C2", "1.0", Urgency.FINAL) == 5.0
    time.now = 31.0
    assert budget.closed("post", "C1") == 0.0


def test_others_have_limits_too() -> None:
    budget = Budget(Time())
    waits = [budget.ephemeral() for _ in range(int(EPHEMERALS.burst) + 1)]
    assert waits[-2] == 0.0 < waits[-1]
    assert [budget.other() for _ in range(11)][-1] > 0


def test_edits_long_past_are_forgotten() -> None:
    time = Time()
    budget = Budget(time)
    for n in range(5_000):
        time.now += 2.0
        budget.edit("C1", f"{n}.0")
    assert len(budget._edited) < 1_100


@given(st.lists(st.floats(0, 5), max_size=200), st.integers(1, 10), st.floats(0.1, 10))
def test_no_minute_has_more_than_burst_and_rate(gaps: list[float], burst: int, per_s: float) -> None:
    bucket = Bucket(Rate(burst, per_s), burst, 0.0)
    now, went = 0.0, []
    for gap in gaps:
        now += gap
        went.append(now + bucket.reserve(now))
    assert went == sorted(went)
    for begin in went:
        inside = [at for at in went if begin <= at < begin + 60]
        assert len(inside) <= burst + 60 * per_s + 1
