"""Commands that wait for hosts that are away; rows stay, so that what became of each can be read."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ops.model import Actor
from ops.store_codec import type_of_row
from ops.store_engine import Database
from ops.store_tables import job, waiting
from ops.waiting import Waiting, WaitingState


class WaitingTables(Database):
    """The part of the store that knows what waits for whom."""

    def add_waiting(self, entry: Waiting) -> Waiting:
        """Insert, and return it with its number; the same job and host again changes nothing."""
        with self.write() as connection:
            self.insert_once(connection, waiting, _row(entry))
            return _read(connection, (waiting.c.job_id == entry.job_id) & (waiting.c.host == entry.host))[0]

    def waiting(self, *, host: str | None = None, actor: str | None = None) -> list[Waiting]:
        """List what waits, in the order the commands were given; one whose job was lost waits again."""
        lost = (waiting.c.state == WaitingState.STARTED.value) & ~sa.exists().where(job.c.id == waiting.c.started_job)
        wanted = (waiting.c.state == WaitingState.WAITING.value) | lost
        if host is not None:
            wanted &= waiting.c.host == host
        if actor is not None:
            wanted &= waiting.c.actor_id == actor
        with self.read() as connection:
            return _read(connection, wanted)

    def change_waiting(self, entry: Waiting, state: WaitingState, *, started_job: str = "") -> bool:
        """Change the state of one that still stands as `entry` does; False when it has changed meanwhile."""
        same = (
            (waiting.c.seq == entry.seq)
            & (waiting.c.state == entry.state.value)
            & (waiting.c.started_job == entry.started_job)
        )
        values = {"state": state.value, "started_job": started_job or entry.started_job}
        with self.write() as connection:
            return connection.execute(sa.update(waiting).where(same).values(**values)).rowcount == 1

    def waits_again(self, started_job: str, host: str) -> Waiting | None:
        """Let what a job was to catch up with wait again; None when that job was not started to catch up there."""
        row = (waiting.c.started_job == started_job) & (waiting.c.host == host)
        with self.write() as connection:
            changed = sa.update(waiting).where(row, waiting.c.state == WaitingState.STARTED.value)
            connection.execute(changed.values(state=WaitingState.WAITING.value))
            found = _read(connection, row)
        return found[0] if found else None


def _row(entry: Waiting) -> dict[str, Any]:
    same = ("job_id", "host", "kind", "title", "created_at", "project_id", "started_job")
    return {name: getattr(entry, name) for name in same} | {
        "args": dict(entry.args),
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "actor_channel": entry.actor.channel,
        "state": entry.state.value,
    }


def _read(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> list[Waiting]:
    query = sa.select(waiting).where(wanted).order_by(waiting.c.created_at, waiting.c.seq)
    rows: Sequence[type_of_row] = connection.execute(query).mappings().all()
    return [_entry(row) for row in rows]


def _entry(row: type_of_row) -> Waiting:
    return Waiting(
        job_id=row["job_id"],
        host=row["host"],
        kind=row["kind"],
        args=row["args"],
        title=row["title"],
        actor=Actor(row["actor_id"], row["actor_name"], row["actor_channel"]),
        created_at=row["created_at"],
        project_id=row["project_id"],
        state=WaitingState(row["state"]),
        started_job=row["started_job"],
        seq=row["seq"],
    )
