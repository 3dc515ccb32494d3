"""DBOS: that a job, once taken, is run to its end by whoever is alive; with `ops.jobs` the only importer of dbos.

One workflow per job, whose only argument is the job's id. Guards, each for something that was seen to go wrong:
WAL on SQLite; a pinned application version, since a new one would strand the jobs of the old (a job's workflow has no
recorded steps, so the version need never change; whoever changes it lets the jobs end first); a stable executor id,
under which a restart takes up its own jobs; adoption of those of a worker that does not come back; our own event
loop, since DBOS would run workflows on that of whoever launches it; few threads; books that are cleared.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID

from ops.config import Config
from ops.store_engine import make_dbos_engine, parse_url

_T = TypeVar("_T")

_NAME = "flsvc"
_QUEUE = "jobs"
# A dead worker's jobs keep their turns on the hosts, and all that others run may be waiting for these: no bound here.
_LEFT = "left"
_WORKFLOW = "job"
# A client's job waits half of this on average, and polling costs one short query.
_QUEUE_POLL_S = 0.15
_LEFT_POLL_S = 1.0
# What one of several workers takes of the queue at once; without a bound the first to look would take a burst whole.
_AT_ONCE = 32
# A job that takes its process down a hundred times is the reason.
_ATTEMPTS = 100
_THREADS = 16
# The job itself stays in the store; DBOS's row only has to outlive a redelivery.
_KEPT = timedelta(days=7)
_BATCH = 500
_CALL_S = 60.0

_run: list[Callable[[str], Awaitable[None]]] = []


@DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_ATTEMPTS)
async def _job(job_id: str) -> str:
    await _run[-1](job_id)
    return "ended"


def books_url(url: str) -> str:
    """Return where DBOS keeps its books: a file beside that of SQLite, so that they never wait for each other."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        assert parsed.database is not None
        parsed = parsed.set(database=f"{parsed.database}.jobs")
    return parsed.render_as_string(hide_password=False)


def quiet_dbos() -> None:
    """Send what DBOS says to the standard logging; it adds a console of its own where it finds no handler."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = True


class Executor:
    """DBOS launched in this process, on a loop and thread of its own. There can be one per process."""

    def __init__(self, config: Config, url: str, executor_id: str, run: Callable[[str], Awaitable[None]]) -> None:
        if _run:
            raise RuntimeError("this process executes jobs already; DBOS is one per process")
        quiet_dbos()
        self._engine = make_dbos_engine(books_url(url))
        self._alone = self._engine.dialect.name == "sqlite"
        self._settings: DBOSConfig = {
            "name": _NAME,
            "system_database_url": books_url(url),
            "system_database_engine": self._engine,
            "executor_id": executor_id,
            "application_version": config.application_version,
            "log_level": "WARNING",
            "max_executor_threads": _THREADS,
            # We send no notifications: this is only how long closing waits for the thread that looks for them.
            "notification_listener_polling_interval_sec": 0.1,
        }
        _run.append(run)
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, name="flsvc-jobs", daemon=True)
        self._thread.start()

    def launch(self) -> None:
        """Start executing: what this executor left undone first, then what is queued."""
        self.call(self._launch())

    async def _launch(self) -> None:
        # Launched on our loop, DBOS runs its workflows there.
        DBOS(config=self._settings)
        DBOS.launch()
        await DBOS.register_queue_async(
            _QUEUE,
            worker_concurrency=None if self._alone else _AT_ONCE,
            polling_interval_sec=_QUEUE_POLL_S,
            on_conflict="always_update",
        )
        await DBOS.register_queue_async(_LEFT, polling_interval_sec=_LEFT_POLL_S, on_conflict="always_update")

    def start(self, job_id: str) -> None:
        """Start a job here and now; one that was started before, by anybody, is left alone."""
        self.call(self._start(job_id))

    async def _start(self, job_id: str) -> None:
        with SetWorkflowID(job_id):
            await DBOS.start_workflow_async(_job, job_id)

    def states(self, job_ids: Sequence[str]) -> dict[str, str]:
        """Return DBOS's word on each of these jobs; those it never heard of are left out."""
        found = DBOS.list_workflows(workflow_ids=list(job_ids), load_input=False, load_output=False)
        return {one.workflow_id: one.status for one in found}

    def adopt(self, executor_id: str) -> int:
        """Take over what a dead executor left; any live one may then run it."""
        left = DBOS.list_workflows(status="PENDING", executor_id=executor_id, load_input=False, load_output=False)
        for one in left:
            DBOS.resume_workflow(one.workflow_id, queue_name=_LEFT)
        return len(left)

    def holders(self) -> set[str]:
        """Return the executors that hold jobs, alive or not."""
        held = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {one.executor_id for one in held if one.executor_id}

    def clear_old(self) -> int:
        """Delete the books of jobs that ended long ago, a batch at a time."""
        before = (datetime.now(UTC) - _KEPT).isoformat()
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            end_time=before,
            limit=_BATCH,
            load_input=False,
            load_output=False,
        )
        if ended:
            DBOS.delete_workflows([one.workflow_id for one in ended])
        return len(ended)

    def call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_CALL_S)

    def close(self) -> None:
        """Stop executing; jobs that have not ended are taken up again by the next start."""
        DBOS.destroy()
        self.call(_end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        self._engine.dispose()
        _run.pop()


class Client:
    """Gives jobs to an executor in another process, through DBOS's queue."""

    def __init__(self, config: Config, url: str) -> None:
        quiet_dbos()
        self._engine = make_dbos_engine(books_url(url))
        self._version = config.application_version
        # The executor may only be starting: whoever comes first makes the tables.
        DBOS.migrate(books_url(url))
        self._client = DBOSClient(system_database_engine=self._engine, application_name=_NAME)

    def start(self, job_id: str) -> None:
        """Queue a job; one that was started before is left alone."""
        self._client.enqueue(
            {
                "queue_name": _QUEUE,
                "workflow_name": _WORKFLOW,
                "workflow_id": job_id,
                "app_version": self._version,
            },
            job_id,
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.destroy()
        self._engine.dispose()


async def _end_tasks() -> None:
    mine = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not mine]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
