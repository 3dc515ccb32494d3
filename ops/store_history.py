"""Deployments and the audit: what grows for ever and is always asked for by its newest rows."""

from collections.abc import Sequence
from heapq import merge

import sqlalchemy as sa

from ops.model import Deployment, DeploymentState
from ops.store_codec import deployment_row, event_row, row_deployment, row_event
from ops.store_engine import Database
from ops.store_tables import deployment, event
from ops.work import Event

# All that may change after a deployment was begun; who deployed what where is history.
_CHANGES = ("state", "started_at", "ended_at", "took_s", "container_id", "detail", "permalink")


class HistoryTables(Database):
    """The part of the store that is never rewritten."""

    def save_deployment(self, value: Deployment) -> None:
        """Insert, or update state, times, container and detail of the same id."""
        with self.write() as connection:
            self.upsert(connection, deployment, deployment_row(value), key=["id"], update=_CHANGES)

    def deployment(self, id: str) -> Deployment | None:
        """Return one deployment, or None."""
        with self.read() as connection:
            row = connection.execute(sa.select(deployment).where(deployment.c.id == id)).mappings().first()
        return row_deployment(row) if row else None

    def deployments(
        self,
        *,
        addresses: Sequence[str] | None = None,
        by: str | None = None,
        states: Sequence[DeploymentState] | None = None,
        job_id: str | None = None,
        last: int | None = None,
    ) -> list[Deployment]:
        """List deployments, newest first."""
        query = sa.select(deployment).order_by(deployment.c.created_at.desc(), deployment.c.seq.desc()).limit(last)
        if by is not None:
            query = query.where(deployment.c.by == by)
        if states is not None:
            query = query.where(deployment.c.state.in_([state.value for state in states]))
        if job_id is not None:
            query = query.where(deployment.c.job_id == job_id)
        with self.read() as connection:
            if addresses is None:
                rows = list(connection.execute(query).mappings())
            else:
                rows = _newest(connection, query, addresses, last)
        return [row_deployment(row) for row in rows]

    def add_event(self, value: Event) -> int:
        """Write a line of the audit and return its number."""
        with self.write() as connection:
            key = connection.execute(sa.insert(event).values(**event_row(value))).inserted_primary_key
        assert key is not None
        return int(key[0])

    def events(self, *, who: str | None = None, job_id: str | None = None, last: int = 100) -> list[Event]:
        """List the audit, newest first."""
        query = sa.select(event).order_by(event.c.id.desc()).limit(last)
        if who is not None:
            query = query.where(event.c.who == who)
        if job_id is not None:
            query = query.where(event.c.job_id == job_id)
        with self.read() as connection:
            return [row_event(row) for row in connection.execute(query).mappings()]


def _newest(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], addresses: Sequence[str], last: int | None
) -> list[sa.RowMapping]:
    # One short walk down the host's index each; an IN over all of them would sort their whole history.
    walks = (connection.execute(query.where(deployment.c.host == address)).mappings() for address in set(addresses))
    rows = merge(*[walk.all() for walk in walks], key=lambda row: (row["created_at"], row["seq"]), reverse=True)
    return [row for _, row in zip(range(last), rows, strict=False)] if last is not None else list(rows)
