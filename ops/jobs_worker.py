"""A process that executes jobs: the seat it holds, the runner, DBOS, and what is looked after meanwhile."""

import logging
from collections.abc import Mapping

from ops.config import Config
from ops.jobs_board import Board
from ops.jobs_engine import Executor
from ops.jobs_run import JobRunner
from ops.jobs_step import Saying, StepRunner
from ops.locks import FileLocks, Locks, PostgresLocks
from ops.services import JobKind, Services
from ops.work import JobState

_log = logging.getLogger(__name__)

# A worker says every two seconds that it lives; one silent for fifteen has died, or is cut off from the database.
BEAT_S = 2.0
STALE_S = 15.0
_ONLY = "worker"
# Steps wait for the network most of the time; FACTS found no gain beyond these for one sweep over a fleet.
_THREADS_PER_FAN_OUT = 4


def seat_name(config: Config, *, sqlite: bool) -> str:
    """Return the name of the right to execute: one per state directory on SQLite, one per executor id otherwise."""
    return _ONLY if sqlite else f"worker/{config.executor_id}"


def make_locks(config: Config, url: str, *, sqlite: bool) -> Locks:
    """Make the locks that all processes of this installation share; `url` is in libpq's form."""
    return FileLocks(config.locks_dir) if sqlite else PostgresLocks(url)


class Worker:
    """Executes jobs from `launch` to `close`."""

    def __init__(self, services: Services, kinds: Mapping[str, JobKind], board: Board, locks: Locks) -> None:
        self._board = board
        self._store = board.store
        # Whoever sits on the one seat of an SQLite takes up what the last one left, whatever it was called.
        self._id = _ONLY if self._store.is_sqlite else services.config.executor_id
        self._stopping = False
        self._sayings: set[Saying] = set()
        steps = StepRunner(services, board, locks, lambda: self._stopping, self._sayings)
        self._locks = locks
        self._runner = JobRunner(
            services,
            kinds,
            board,
            steps,
            tickets=None if self._store.is_sqlite else self._store,
            threads=services.config.fan_out * _THREADS_PER_FAN_OUT,
        )
        self._executor = Executor(services.config, self._store.url, self._id, self._runner.run)

    def launch(self) -> None:
        """Start executing, first of all what was left undone."""
        self.beat()
        self._executor.launch()
        self.start_lost()

    def start(self, job_id: str) -> None:
        """Start a job."""
        self._executor.start(job_id)

    def cancel(self, job_ids: set[str]) -> None:
        """Let jobs that run here know that they are to stop."""
        self._executor.loop.call_soon_threadsafe(self._runner.mark_cancelled, job_ids)

    def flush(self) -> None:
        """Write the lines that running steps said last."""
        for saying in list(self._sayings):
            saying.flush()

    def look_for_cancels(self) -> None:
        """Learn which jobs another process cancelled."""
        if self._runner.active:
            self.cancel(set(self._store.cancel_asked()))

    def beat(self) -> None:
        """Say that this worker is alive."""
        if not self._store.is_sqlite:
            self._store.beat(self._id)

    def adopt(self, stale_s: float) -> None:
        """Take over the jobs of workers that died; one worker at a time does so."""
        if self._store.is_sqlite or not self._locks.acquire("adopt"):
            return
        try:
            # One taken for dead while it was only slow may take a job and die before it is heard of again.
            nobody = self._executor.holders() - self._store.workers()
            for id in [*self._store.stale_workers(stale_s), *sorted(nobody)]:
                if id != self._id:
                    _log.warning("worker %s is silent: %d of its jobs taken over", id, self._executor.adopt(id))
                    self._store.forget_worker(id)
        finally:
            self._locks.release("adopt")

    def start_lost(self) -> None:
        """Start jobs that were written down but never reached DBOS, and end those DBOS gave up."""
        live = self._store.live_jobs()
        states = self._executor.states(live) if live else {}
        for id in live:
            if id not in states:
                self._executor.start(id)
            elif states[id] not in {"PENDING", "ENQUEUED", "DELAYED", "SUCCESS"}:
                text = (
                    "This job was given up: it was interrupted too often, or could not be written down. Try it again."
                )
                self._board.cancel_steps(id)
                self._board.set_state(id, JobState.FAILED, error=text)

    def clear_old(self) -> None:
        """Clear DBOS's books of jobs that ended long ago."""
        while self._executor.clear_old():
            pass

    def close(self) -> None:
        """Stop after the steps that are running; the jobs are taken up again at the next start."""
        self._stopping = True
        self._executor.loop.call_soon_threadsafe(self._runner.stop)
        self._executor.call(self._runner.drained())
        self._executor.close()
        self._runner.close()
        if not self._store.is_sqlite:
            self._store.retire(self._id)
