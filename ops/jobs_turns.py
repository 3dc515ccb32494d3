"""Whose turn it is on a host: jobs queue in the order they came, and each knows behind whom."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

_T = TypeVar("_T")

# A turn that passes quickly is not worth a line in the table.
_QUICK_S = 0.2
_POLL_S = 0.1


class InThread(Protocol):
    """Run something that blocks in a thread."""

    async def __call__(self, work: Callable[[], _T]) -> _T:
        """Return what it returns."""
        ...


class Tickets(Protocol):
    """The queues that several workers share; every call asks the database."""

    def take_turn(self, host: str, job_id: str, lane: str) -> tuple[str, str] | None:
        """Queue for a host, and return the job and lane whose turn it is."""
        ...

    def has_turn(self, job_id: str, lane: str) -> bool:
        """Tell whether a job's lane is in a queue."""
        ...

    def end_turn(self, job_id: str, lane: str) -> None:
        """Leave the queue."""
        ...

    def first(self, host: str) -> tuple[str, str] | None:
        """Return the job and lane whose turn it is."""
        ...


@dataclass(eq=False)
class Place:
    """One lane's place in the queue of a host."""

    host: str
    job_id: str
    lane: str
    called: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """Queues of this process, in front of the shared ones when there are several workers. Used on one loop only.

    Only the first of a process queues with the others, so that processes take turns as well.
    """

    def __init__(self, tickets: Tickets | None, in_thread: InThread) -> None:
        self._tickets = tickets
        self._in_thread = in_thread
        self._queues: dict[str, deque[Place]] = {}

    async def take(
        self, host: str, job_id: str, lane: str, stop: asyncio.Event, tell: Callable[[str], Awaitable[None]]
    ) -> Place | None:
        """Wait for the turn, telling once behind which job; None when `stop` was set first."""
        place = Place(host, job_id, lane)
        queue = self._queues.setdefault(host, deque())
        before = queue[-1].job_id if queue else None
        queue.append(place)
        if before is None or await self._queued_before(place):
            place.called.set()
        elif not await _either(place.called, stop, _QUICK_S):
            await tell(before)
            await _either(place.called, stop, None)
        if not stop.is_set() and await self._shared_turn(place, stop, tell):
            return place
        await self.leave(place)
        return None

    async def leave(self, place: Place) -> None:
        """Give the turn, or the place in the queue, to the next."""
        tickets = self._tickets
        if tickets is not None and place.called.is_set():
            await self._in_thread(lambda: tickets.end_turn(place.job_id, place.lane))
        queue = self._queues[place.host]
        queue.remove(place)
        if queue:
            queue[0].called.set()
        else:
            del self._queues[place.host]

    async def _queued_before(self, place: Place) -> bool:
        """Tell whether a job queued in a worker that died: its turn comes before that of the first here."""
        tickets = self._tickets
        return tickets is not None and await self._in_thread(lambda: tickets.has_turn(place.job_id, place.lane))

    async def _shared_turn(self, place: Place, stop: asyncio.Event, tell: Callable[[str], Awaitable[None]]) -> bool:
        tickets = self._tickets
        if tickets is None:
            return True
        first = await self._in_thread(lambda: tickets.take_turn(place.host, place.job_id, place.lane))
        told = ""
        while not stop.is_set():
            if first is None or first == (place.job_id, place.lane):
                return True
            if first[0] != told:
                told = first[0]
                await tell(told)
            await _either(stop, stop, _POLL_S)
            first = await self._in_thread(lambda: tickets.first(place.host))
        return False


async def _either(one: asyncio.Event, other: asyncio.Event, timeout_s: float | None) -> bool:
    """Wait until one of two events is set; False after the time."""
    waiting = {asyncio.ensure_future(event.wait()) for event in (one, other)}
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for task in waiting:
            task.cancel()
