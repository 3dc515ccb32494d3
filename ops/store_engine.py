"""One engine per store: connections set up for SQLite or PostgreSQL, transactions, and inserts that may repeat."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from sqlite3 import Connection as SqliteConnection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

# What a statement raises while the database is away; asking again later may help.
Away = (sa.exc.OperationalError, sa.exc.InterfaceError)

# A database that is locked or away for ten seconds must not lose a job.
BUSY_MS = 30_000


def now() -> datetime:
    """Return the time that rows are stamped with."""
    return datetime.now(UTC)


def parse_url(url: str) -> sa.URL:
    """Return the URL with the driver we ship: `postgresql://` and `postgres://` mean psycopg 3."""
    parsed = sa.make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def make_engine(url: str) -> sa.Engine:
    """Make an engine: on SQLite WAL, so that readers never wait for a writer, and BEGIN IMMEDIATE for writers."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=24)
    engine = sa.create_engine(parsed, pool_size=8, max_overflow=56)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_dbos_engine(url: str) -> sa.Engine:
    """Make the engine DBOS keeps its books with: on SQLite as it would itself, but with WAL, ten times as fast."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=8)
    engine = sa.create_engine(parsed, pool_size=16, max_overflow=16)
    sa.event.listen(engine, "connect", _prepare_dbos)
    return engine


def _prepare_dbos(connection: SqliteConnection, record: object) -> None:
    _prepare_sqlite(connection, record)
    connection.isolation_level = "IMMEDIATE"


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    # The driver's own transaction handling begins late and cannot wait for a lock: we begin ourselves.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that first reads and then writes fails at once, whatever the timeout, if another wrote between.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """What every part of the store shares: its engine and short transactions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = make_engine(url)
        self._writer = self._engine.execution_options(write=True)

    @property
    def is_sqlite(self) -> bool:
        """Tell which of the two databases this is."""
        return self._engine.dialect.name == "sqlite"

    @property
    def libpq_url(self) -> str:
        """Return the URL as psycopg itself takes it."""
        return parse_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection in a reading transaction."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection in a writing transaction, committed when the block ends well."""
        with self._writer.begin() as connection:
            yield connection

    def insert_once(self, connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
        """Insert unless a row with this identity exists; tell whether it was inserted."""
        statement = self._insert(table).values(**values).on_conflict_do_nothing()
        # The count of inserted rows is not reported by every driver, a returned row is.
        return connection.execute(statement.returning(sa.literal(1))).first() is not None

    def upsert(
        self,
        connection: sa.Connection,
        table: sa.Table,
        values: Mapping[str, Any],
        *,
        key: Sequence[str],
        update: Sequence[str] | None = None,
    ) -> None:
        """Insert, or change `update` (all but the key, if not given) of the row that has the same key."""
        statement = self._insert(table).values(**values)
        changed = [name for name in (update or values) if name not in key]
        statement = statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in changed}
        )
        connection.execute(statement)

    def _insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)
