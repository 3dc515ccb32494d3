"""What waits for hosts that are away, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ops.model import Actor
from ops.store import SqlStore
from ops.waiting import Waiting, WaitingState
from ops.work import JobRequest

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADA, BEN = Actor("U0ADA", "ada", "C0FLEET"), Actor("U0BEN", "ben")


def entry(job_id: str, host: str = "10.0.0.1", actor: Actor = ADA, minutes: int = 0) -> Waiting:
    at = NOON + timedelta(minutes=minutes)
    return Waiting(job_id, host, "deploy", {"addresses": [host], "project_id": "p1"}, "deploy faces", actor, at, "p1")


def test_an_entry_is_kept_once(store: SqlStore) -> None:
    kept = store.add_waiting(entry("j1"))
    assert kept == entry("j1")
    assert store.add_waiting(replace(entry("j1"), title="again")) == kept
    assert [one.id for one in store.waiting()] == [kept.id] == [f"w{kept.seq}"]


def test_they_come_in_the_order_of_the_commands(store: SqlStore) -> None:
    for id, host, actor, minutes in (
        ("j2", "10.0.0.1", BEN, 2),
        ("j1", "10.0.0.1", ADA, 1),
        ("j3", "10.0.0.2", ADA, 3),
    ):
        store.add_waiting(entry(id, host, actor, minutes))
    assert [one.job_id for one in store.waiting()] == ["j1", "j2", "j3"]
    assert [one.job_id for one in store.waiting(host="10.0.0.1")] == ["j1", "j2"]
    assert [one.job_id for one in store.waiting(actor="U0ADA")] == ["j1", "j3"]


def test_only_one_of_two_changes_of_the_same_entry_counts(store: SqlStore) -> None:
    kept = store.add_waiting(entry("j1"))
    assert store.change_waiting(kept, WaitingState.CANCELLED)
    assert not store.change_waiting(kept, WaitingState.STARTED, started_job="j9")
    assert store.waiting() == []


def test_one_whose_job_was_never_written_down_waits_again(store: SqlStore) -> None:
    kept = store.add_waiting(entry("j1"))
    assert store.change_waiting(kept, WaitingState.STARTED, started_job="j9")
    assert [one.started_job for one in store.waiting()] == ["j9"]
    store.create_job(JobRequest("j9", "deploy", "deploy faces", {}, ADA))
    assert store.waiting() == []


def test_one_whose_job_did_not_reach_the_host_waits_again(store: SqlStore) -> None:
    kept = store.add_waiting(entry("j1"))
    store.create_job(JobRequest("j9", "deploy", "deploy faces", {}, ADA))
    assert store.change_waiting(kept, WaitingState.STARTED, started_job="j9")
    assert store.waits_again("j9", "10.0.0.2") is None
    for _ in range(2):
        again = store.waits_again("j9", "10.0.0.1")
        assert again is not None
        assert (again.state, again.started_job) == (WaitingState.WAITING, "j9")
    assert store.waiting() == [again]
