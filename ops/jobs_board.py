"""What the runner writes about jobs, and who is told: every change goes to the store, then to the subscribers."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from ops.services import JobChange
from ops.store import SqlStore
from ops.store_engine import Away
from ops.work import Job, JobState, Phase, Plan, Step, StepState

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

# A database server that restarts is back within seconds; a job should not fail for it.
_AWAY_S = 60.0
_RETRY_S = 0.5


@dataclass
class Subscribers:
    """Callbacks of this process; one that raises does not keep the others from being called."""

    _callbacks: dict[int, Callable[[JobChange], None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _next: int = 0

    def add(self, callback: Callable[[JobChange], None]) -> Callable[[], None]:
        """Register a callback; returns the way to stop it."""
        with self._lock:
            number = self._next = self._next + 1
            self._callbacks[number] = callback

        def remove() -> None:
            with self._lock:
                self._callbacks.pop(number, None)

        return remove

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._callbacks)

    def tell(self, change: JobChange) -> None:
        """Call them all."""
        with self._lock:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            try:
                callback(change)
            except Exception:
                _log.exception("a subscriber to job changes failed")


class Board:
    """The store as the runner uses it: patient while the database is away, and telling of every change."""

    def __init__(self, store: SqlStore, subscribers: Subscribers) -> None:
        self.store = store
        self.subscribers = subscribers

    def job(self, id: str) -> Job | None:
        """Return a job."""
        return self.patiently(lambda: self.store.job(id))

    def step(self, job_id: str, lane: str, name: str) -> Step | None:
        """Return one step."""
        return self.patiently(lambda: self.store.step(job_id, lane, name))

    def set_plan(self, id: str, plan: Plan) -> None:
        """Keep a plan."""
        self.patiently(lambda: self.store.set_job_plan(id, plan))
        self.subscribers.tell(JobChange(id))

    def add_phases(self, id: str, phases: Sequence[Phase]) -> Plan:
        """Append what puts back; returns the whole plan."""
        plan = self.patiently(lambda: self.store.add_job_phases(id, phases))
        self.subscribers.tell(JobChange(id))
        return plan

    def set_state(self, id: str, state: JobState, *, summary: str = "", error: str = "") -> None:
        """Change a job's state."""
        self.patiently(lambda: self.store.set_job_state(id, state, summary=summary, error=error))
        self.subscribers.tell(JobChange(id, ended=state.ended))

    def set_step(
        self, id: str, lane: str, name: str, state: StepState, *, detail: str = "", output: str = ""
    ) -> None:
        """Change a step."""
        self.patiently(lambda: self.store.set_step(id, lane, name, state, detail=detail, output=output))
        self.subscribers.tell(JobChange(id))

    def cancel_steps(self, id: str) -> None:
        """Mark what was not done as cancelled."""
        self.patiently(lambda: self.store.cancel_steps(id))
        self.subscribers.tell(JobChange(id))

    def cancel_asked(self) -> Collection[str]:
        """Return the live jobs that are to stop."""
        return self.patiently(self.store.cancel_asked)

    @staticmethod
    def patiently(work: Callable[[], _T]) -> _T:
        """Do one thing with the store, again and again for a minute while the database is away."""
        give_up = time.monotonic() + _AWAY_S
        while True:
            try:
                return work()
            except Away:
                if time.monotonic() > give_up:
                    raise
                time.sleep(_RETRY_S)
