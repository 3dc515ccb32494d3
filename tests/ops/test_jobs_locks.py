"""Locks that processes share, and turns: one contract for files and for PostgreSQL."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

import pytest

from ops.jobs_turns import Turns
from ops.locks import FileLocks, Locks, PostgresLocks, held
from tests.ops.job_kinds import PATIENCE_S

_T = TypeVar("_T")
Make = Callable[[], Locks]


@pytest.fixture(params=["files", pytest.param("postgres", marks=pytest.mark.postgres)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Give the way to make the locks of one more process."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with ExitStack() as stack:

        def made() -> Locks:
            locks: Locks = PostgresLocks(url) if url else FileLocks(tmp_path / "locks")
            stack.callback(locks.close)
            return locks

        yield made


def test_a_lock_is_held_by_one(make: Make) -> None:
    one, two = make(), make()
    assert one.acquire("host/10.0.0.1")
    assert not one.acquire("host/10.0.0.1")
    assert not two.acquire("host/10.0.0.1")
    assert two.acquire("host/10.0.0.2")
    two.release("host/10.0.0.1")
    assert not two.acquire("host/10.0.0.1")
    one.release("host/10.0.0.1")
    one.release("host/10.0.0.1")
    assert two.acquire("host/10.0.0.1")


def test_closing_gives_all_back_and_locks_may_be_taken_again(make: Make) -> None:
    one, two = make(), make()
    assert one.acquire("a")
    assert one.acquire("lane/build arm64/../x")
    one.close()
    assert two.acquire("a")
    assert two.acquire("lane/build arm64/../x")
    assert not one.acquire("a")
    two.close()
    assert one.acquire("a")


def test_waiting_for_a_lock_ends_when_it_is_free_or_given_up(make: Make) -> None:
    one, two = make(), make()
    assert one.acquire("a")
    with held(two, "a", lambda: True) as mine:
        assert not mine
    asked, got = Event(), Event()

    def patient() -> bool:
        asked.set()
        return False

    def wait() -> None:
        with held(two, "a", patient) as mine:
            if mine:
                got.set()

    thread = Thread(target=wait)
    thread.start()
    assert asked.wait(PATIENCE_S)
    assert not got.is_set()
    one.release("a")
    thread.join(PATIENCE_S)
    assert got.is_set()
    assert one.acquire("a")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ops.locks import FileLocks\n"
        "locks = FileLocks(Path(sys.argv[1])); print(locks.acquire('a'), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "True"
    locks = FileLocks(tmp_path)
    assert not locks.acquire("a")
    process.kill()
    process.communicate()
    assert locks.acquire("a")
    locks.close()


async def at_once(work: Callable[[], _T]) -> _T:
    return work()


async def test_turns_are_taken_in_order_and_told_behind_whom() -> None:
    turns, stop, order = Turns(None, at_once), asyncio.Event(), list[str]()
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def use(job: str) -> None:
        async def tell(before: str) -> None:
            await told.put((job, before))

        place = await turns.take("host/10.0.0.1", job, "lane", stop, tell)
        assert place is not None
        order.append(job)
        await turns.leave(place)

    async def quiet(before: str) -> None:
        raise AssertionError(before)

    first = await turns.take("host/10.0.0.1", "first", "lane", stop, quiet)
    assert first is not None
    waiting = [asyncio.create_task(use(job)) for job in ("second", "third")]
    assert {await told.get(), await told.get()} == {("second", "first"), ("third", "second")}
    elsewhere = await turns.take("host/10.0.0.2", "first", "lane", stop, quiet)
    assert elsewhere is not None
    assert order == []
    await turns.leave(first)
    await asyncio.gather(*waiting)
    assert order == ["second", "third"]


async def test_whoever_stops_waiting_leaves_the_queue() -> None:
    turns, stop, calm = Turns(None, at_once), asyncio.Event(), asyncio.Event()
    told = asyncio.Event()

    async def tell(before: str) -> None:
        told.set()

    first = await turns.take("h", "first", "lane", calm, tell)
    assert first is not None
    quitter = asyncio.create_task(turns.take("h", "quitter", "lane", stop, tell))
    await told.wait()
    last = asyncio.create_task(turns.take("h", "last", "lane", calm, tell))
    stop.set()
    assert await quitter is None
    await turns.leave(first)
    assert await last is not None
