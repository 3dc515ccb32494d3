"""Durable jobs: written down first, then run to their end by whichever process may execute.

Who executes: on SQLite the one process that holds the worker lock of the state directory, on PostgreSQL every process
that wants to, under an executor id of its own. Any other process is a client: it writes the job down, queues it and
follows it through the database; when the executor dies, a client that wants to execute takes its seat.
"""

import time
from collections.abc import Callable, Iterable
from threading import Event, RLock
from typing import Self

from ops.errors import TimedOut
from ops.jobs_board import Board, Subscribers
from ops.jobs_engine import Client
from ops.jobs_feed import Feed, make_feed
from ops.jobs_keeper import Chore, Keeper
from ops.jobs_waiting import LOOK_S, Returns
from ops.jobs_worker import BEAT_S, STALE_S, Worker, make_locks, seat_name
from ops.services import JobChange, JobKind, Services
from ops.store import SqlStore
from ops.work import Job, JobRequest, Plan

# Whoever waits looks for himself this often, should a change have gone unheard.
_LOOK_S = 1.0


class DbosJobs:
    """`ops.services.Jobs` on DBOS."""

    def __init__(
        self,
        services: Services,
        kinds: Iterable[JobKind],
        *,
        url: str | None = None,
        executor: bool = True,
        stale_s: float = STALE_S,
        returns_s: float = LOOK_S,
    ) -> None:
        config = services.config
        url = url or config.database_url
        given = services.store
        self._store = given if isinstance(given, SqlStore) and given.url == url else SqlStore.open(url)
        self._own_store = self._store is not given
        self._services = services
        self._kinds = {kind.name: kind for kind in kinds}
        self._subscribers = Subscribers()
        self._board = Board(self._store, self._subscribers)
        self._locks = make_locks(config, self._store.libpq_url, sqlite=self._store.is_sqlite)
        self._seat = seat_name(config, sqlite=self._store.is_sqlite)
        self._wants_seat = executor
        self._stale_s = stale_s
        self._guard = RLock()
        self._worker: Worker | None = None
        self._client: Client | None = None
        self._feed: Feed | None = None
        self._closed = False
        self._leads: set[str] = set()
        self._returns = Returns(services, self._locks, self.submit)
        self._keeper = Keeper(
            [
                Chore(0.25, self._often),
                Chore(0.5, self._take_seat),
                Chore(BEAT_S, self._now_and_then),
                Chore(returns_s, self._look_for_returns),
                Chore(3600.0, self._hourly),
            ]
        )

    @classmethod
    def open(
        cls,
        services: Services,
        kinds: Iterable[JobKind],
        *,
        url: str | None = None,
        executor: bool = True,
        stale_s: float = STALE_S,
        returns_s: float = LOOK_S,
    ) -> Self:
        """Open the runner: as the executor if this process wants to and may be, as a client otherwise.

        Of several workers, one that was silent for `stale_s` is taken for dead and its jobs are adopted. Hosts that
        something waits for are looked at every `returns_s`.
        """
        jobs = cls(services, kinds, url=url, executor=executor, stale_s=stale_s, returns_s=returns_s)
        jobs._take_seat()
        jobs._keeper.start()
        return jobs

    @property
    def executes(self) -> bool:
        """Tell whether this process executes jobs."""
        return self._worker is not None

    def submit(self, request: JobRequest) -> Job:
        """Start a job, or return the one of the same id. Takes milliseconds; the plan is made by the job."""
        created = self._board.patiently(lambda: self._store.create_job(request))
        if created:
            self._start(request.id)
            self._subscribers.tell(JobChange(request.id))
        job = self._board.job(request.id)
        assert job is not None
        return job

    def plan(self, request: JobRequest) -> Plan:
        """Return what a job would do, without starting it; raises what makes it impossible."""
        return self._kinds[request.kind].plan(self._services, request.args)

    def cancel(self, job_id: str) -> bool:
        """Ask a job to stop at its step's end; False when it had ended."""
        if not self._board.patiently(lambda: self._store.ask_cancel(job_id)):
            return False
        with self._guard:
            if self._worker is not None:
                self._worker.cancel({job_id})
        return True

    def lead(self, what: str) -> bool:
        """Tell whether this process is the one, of all that share the database, to do something; it stays so."""
        with self._guard:
            if what not in self._leads and not self._closed and self._locks.acquire(f"lead/{what}"):
                self._leads.add(what)
            return what in self._leads

    def subscribe(self, callback: Callable[[JobChange], None]) -> Callable[[], None]:
        """Call back, from any thread, whenever a job changes; returns the way to stop that."""
        remove = self._subscribers.add(callback)
        with self._guard:
            self._follow()
        return remove

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Job:
        """Wait until a job has ended and return it; TimedOut after the time."""
        changed = Event()
        until = time.monotonic() + timeout_s if timeout_s is not None else None

        def hear(change: JobChange) -> None:
            if change.job_id == job_id and change.ended:
                changed.set()

        stop = self.subscribe(hear)
        try:
            while True:
                job = self._board.job(job_id)
                if job is not None and job.state.ended:
                    return job
                left = until - time.monotonic() if until is not None else _LOOK_S
                if left <= 0:
                    raise TimedOut(
                        f"The job has not ended after {timeout_s:g} seconds. It goes on; look at it again later."
                    )
                changed.wait(min(left, _LOOK_S))
        finally:
            stop()

    def close(self) -> None:
        """Stop after the steps that are running; they are taken up again at the next start."""
        self._closed = True
        self._keeper.close()
        self._returns.close()
        with self._guard:
            for part in (self._worker, self._client, self._feed):
                if part is not None:
                    part.close()
            self._worker = self._client = self._feed = None
        self._locks.close()
        if self._own_store:
            self._store.close()

    def _start(self, job_id: str) -> None:
        with self._guard:
            if self._closed:
                return
            if self._worker is not None:
                self._worker.start(job_id)
                return
            if self._client is None:
                self._client = Client(self._services.config, self._store.url)
            self._client.start(job_id)

    def _take_seat(self) -> None:
        """Become the executor if nobody else is."""
        if self._worker is not None or not self._wants_seat or not self._locks.acquire(self._seat):
            return
        try:
            worker = Worker(self._services, self._kinds, self._board, self._locks)
            worker.launch()
        except BaseException:
            self._locks.release(self._seat)
            raise
        with self._guard:
            self._worker = worker

    def _follow(self) -> None:
        # On SQLite the executor makes every change itself; with PostgreSQL there may be other executors.
        if self._feed is None and (self._worker is None or not self._store.is_sqlite):
            self._feed = make_feed(self._store, self._subscribers.tell)
            self._feed.start()

    def _often(self) -> None:
        if self._worker is not None:
            self._worker.flush()
            self._worker.look_for_cancels()

    def _now_and_then(self) -> None:
        if self._worker is not None:
            self._worker.beat()
            self._worker.adopt(self._stale_s)
            self._worker.start_lost()

    def _look_for_returns(self) -> None:
        if self._worker is not None:
            self._returns.look()

    def _hourly(self) -> None:
        if self._worker is not None:
            self._worker.clear_old()
