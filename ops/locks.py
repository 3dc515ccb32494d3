"""Locks that outlive no process: one change at a time on a host, one executor per state directory.

On one machine a lock is a file held by flock, which the kernel drops with the process; where several machines share
a PostgreSQL, it is an advisory lock of the session, which the server drops with the connection.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import IO, Protocol
from urllib.parse import quote

import psycopg

# Short enough that nobody notices, long enough to cost nothing; only waiters behind another process poll.
_POLL_S = 0.05


class Locks(Protocol):
    """Named locks shared by every process of an installation."""

    def acquire(self, name: str) -> bool:
        """Take a lock if it is free; False when anybody has it, this process included."""
        ...

    def release(self, name: str) -> None:
        """Give a lock back; fine when it is not held."""
        ...

    def close(self) -> None:
        """Give every lock back."""
        ...


@contextmanager
def held(locks: Locks, name: str, give_up: Callable[[], bool]) -> Iterator[bool]:
    """Wait for a lock and hold it in the block; yields False, without it, once `give_up` says so."""
    while not (mine := locks.acquire(name)) and not give_up():
        time.sleep(_POLL_S)
    try:
        yield mine
    finally:
        if mine:
            locks.release(name)


class FileLocks:
    """Locks as files of a directory; the files stay, since removing one could split it between two holders."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._guard = Lock()
        self._files: dict[str, IO[bytes]] = {}
        directory.mkdir(parents=True, exist_ok=True)

    def acquire(self, name: str) -> bool:
        """Take a lock if it is free."""
        with self._guard:
            if name in self._files:
                return False
            file = (self._directory / f"{quote(name, safe='')}.lock").open("ab")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._files[name] = file
            return True

    def release(self, name: str) -> None:
        """Give a lock back; fine when it is not held."""
        with self._guard:
            file = self._files.pop(name, None)
        if file is not None:
            file.close()

    def close(self) -> None:
        """Give every lock back."""
        for name in list(self._files):
            self.release(name)


class PostgresLocks:
    """Advisory locks on one connection of this process; taken again, where still free, after a lost connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._guard = Lock()
        self._names: set[str] = set()
        self._connection: psycopg.Connection | None = None

    def acquire(self, name: str) -> bool:
        """Take a lock if it is free; False too while the database is away."""
        with self._guard:
            # A session may take its own lock twice: threads of this process are kept apart here.
            if name in self._names or not self._ask("pg_try_advisory_lock", name):
                return False
            self._names.add(name)
            return True

    def release(self, name: str) -> None:
        """Give a lock back; fine when it is not held."""
        with self._guard:
            if name in self._names:
                self._names.discard(name)
                self._ask("pg_advisory_unlock", name)

    def close(self) -> None:
        """Give every lock back."""
        with self._guard:
            # A server notices a closed connection a moment later; the next one may be asking already.
            for name in self._names:
                self._ask("pg_advisory_unlock", name)
            self._names.clear()
            self._drop()

    def _ask(self, function: str, name: str) -> bool:
        try:
            return self._call(self._session(), function, name)
        except psycopg.OperationalError:
            self._drop()
            return False

    def _session(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True)
            for name in self._names:
                self._call(self._connection, "pg_try_advisory_lock", name)
        return self._connection

    @staticmethod
    def _call(connection: psycopg.Connection, function: str, name: str) -> bool:
        row = connection.execute(f"SELECT {function}(%s)".encode(), (_number(name),)).fetchone()
        return bool(row and row[0])

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def _number(name: str) -> int:
    return int.from_bytes(sha256(f"flsvc {name}".encode()).digest()[:8], "big", signed=True)
