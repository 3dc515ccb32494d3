"""What workers tell each other: who is alive, and whose turn it is on a host."""

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa

from ops.store_engine import Database, now
from ops.store_jobs import LIVE
from ops.store_tables import job, turn, worker


class WorkerTables(Database):
    """The part of the store that several workers share."""

    def beat(self, worker_id: str) -> None:
        """Say that a worker is alive."""
        with self.write() as connection:
            self.upsert(connection, worker, {"id": worker_id, "seen_at": now()}, key=["id"])

    def stale_workers(self, after_s: float) -> list[str]:
        """List workers that have not been heard of for so long."""
        query = sa.select(worker.c.id).where(worker.c.seen_at < now() - timedelta(seconds=after_s))
        with self.read() as connection:
            return list(connection.scalars(query))

    def workers(self) -> set[str]:
        """Return every worker that was heard of and not forgotten."""
        with self.read() as connection:
            return set(connection.scalars(sa.select(worker.c.id)))

    def retire(self, worker_id: str) -> None:
        """Say that a worker left, so that others adopt what it leaves undone at once."""
        with self.write() as connection:
            row = worker.c.id == worker_id
            connection.execute(sa.update(worker).where(row).values(seen_at=now() - timedelta(days=1)))

    def forget_worker(self, worker_id: str) -> None:
        """Forget a worker: it left, or its jobs were adopted."""
        with self.write() as connection:
            connection.execute(sa.delete(worker).where(worker.c.id == worker_id))

    def take_turn(self, host: str, job_id: str, lane: str) -> tuple[str, str] | None:
        """Queue for a host behind all who came before, and return the job and lane whose turn it is.

        A job that comes back after a crash keeps its place.
        """
        with self.write() as connection:
            self.insert_once(connection, turn, {"host": host, "job_id": job_id, "lane": lane})
            return _first(connection, [host]).get(host)

    def has_turn(self, job_id: str, lane: str) -> bool:
        """Tell whether a job's lane is in a queue."""
        query = sa.select(turn.c.seq).where(turn.c.job_id == job_id, turn.c.lane == lane)
        with self.read() as connection:
            return connection.scalar(query) is not None

    def end_turn(self, job_id: str, lane: str) -> None:
        """Leave the queue."""
        with self.write() as connection:
            connection.execute(sa.delete(turn).where(turn.c.job_id == job_id, turn.c.lane == lane))

    def end_turns(self, job_id: str) -> None:
        """Leave every queue a job is in."""
        with self.write() as connection:
            connection.execute(sa.delete(turn).where(turn.c.job_id == job_id))

    def first(self, host: str) -> tuple[str, str] | None:
        """Return the job and lane whose turn it is on one host."""
        return self.turns([host]).get(host)

    def turns(self, hosts: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return by host the job and lane whose turn it is; jobs that ended hold no turn."""
        with self.read() as connection:
            return _first(connection, hosts)


def _first(connection: sa.Connection, hosts: Collection[str]) -> dict[str, tuple[str, str]]:
    first = (
        sa.select(sa.func.min(turn.c.seq))
        .join(job, job.c.id == turn.c.job_id)
        .where(turn.c.host.in_(list(hosts)), job.c.state.in_(LIVE))
        .group_by(turn.c.host)
    )
    query = sa.select(turn.c.host, turn.c.job_id, turn.c.lane).where(turn.c.seq.in_(first))
    return {host: (job_id, lane) for host, job_id, lane in connection.execute(query)}
