"""Everything flsvc remembers, in SQLite or PostgreSQL; with its parts (`store_*`) the only importer of SQLAlchemy."""

from datetime import timedelta
from pathlib import Path
from typing import Self
from uuid import uuid4

import sqlalchemy as sa

from ops.store_engine import now, parse_url
from ops.store_history import HistoryTables
from ops.store_hosts import HostTables
from ops.store_jobs import JobTables
from ops.store_migrate import migrate
from ops.store_projects import ProjectTables
from ops.store_tables import request, secret
from ops.store_waiting import WaitingTables
from ops.store_workers import WorkerTables

# Slack redelivers for minutes; a month forgives any outage and keeps the table small.
_REQUESTS_KEPT = timedelta(days=30)


class SqlStore(HostTables, ProjectTables, HistoryTables, JobTables, WaitingTables, WorkerTables):
    """`ops.services.Store` on SQLAlchemy. Safe from any thread; every call is one short transaction."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.origin = uuid4().hex

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database of `url`, made if it is missing and brought to the newest shape."""
        path = sqlite_path(url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(url)
        migrate(store._writer)
        store._forget_old_requests()
        return store

    def first_time(self, request_id: str) -> bool:
        """Remember a request id; True the first time only, over restarts too."""
        with self.write() as connection:
            return self.insert_once(connection, request, {"id": request_id, "seen_at": now()})

    def seen(self, request_id: str) -> bool:
        """Tell whether a request id is remembered."""
        with self.read() as connection:
            return connection.scalar(sa.select(request.c.id).where(request.c.id == request_id)) is not None

    def save_secret(self, id: str, ciphertext: bytes) -> None:
        """Keep a ciphertext under an id."""
        with self.write() as connection:
            row = {"id": id, "ciphertext": ciphertext, "created_at": now()}
            self.upsert(connection, secret, row, key=["id"])

    def secret(self, id: str) -> bytes | None:
        """Return a ciphertext, or None."""
        with self.read() as connection:
            found = connection.scalar(sa.select(secret.c.ciphertext).where(secret.c.id == id))
        return bytes(found) if found is not None else None

    def delete_secret(self, id: str) -> None:
        """Forget a ciphertext; fine when it is gone."""
        with self.write() as connection:
            connection.execute(sa.delete(secret).where(secret.c.id == id))

    def _forget_old_requests(self) -> None:
        with self.write() as connection:
            connection.execute(sa.delete(request).where(request.c.seen_at < now() - _REQUESTS_KEPT))


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL, or None for another database. ValueError when it names no file."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("an SQLite database needs a file: sqlite:////path/to/flsvc.sqlite3")
    return Path(parsed.database)
