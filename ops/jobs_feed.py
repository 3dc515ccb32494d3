"""Changes made by other processes, for those here who wait for them."""

import json
import logging
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event, Thread

import psycopg

from ops.services import JobChange
from ops.store import SqlStore, sqlite_path
from ops.store_jobs import CHANNEL

_log = logging.getLogger(__name__)

# SQLite cannot call anybody. Asking it for `data_version` reads one page that is in memory already, some ten
# microseconds; a tenth of a second is what a person watching a table does not notice.
_LOOK_S = 0.1
_LISTEN_S = 0.5
_RETRY_S = 1.0


class Feed(ABC):
    """A thread that tells of changes, from the first subscriber on."""

    def __init__(self, store: SqlStore, tell: Callable[[JobChange], None]) -> None:
        self._store = store
        self._tell = tell
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to watch; fine when it has begun."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="flsvc-feed", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._watch()
            except Exception as error:
                # The database is away, or was replaced: whoever waits also looks by himself from time to time.
                _log.warning("changes of jobs are not followed for a moment: %s", type(error).__name__)
                self._ended.wait(_RETRY_S)

    @abstractmethod
    def _watch(self) -> None:
        """Tell of changes until closed."""


class SqliteFeed(Feed):
    """Looks whether anybody wrote to the file, and then which of the live jobs changed."""

    def _watch(self) -> None:
        path = sqlite_path(self._store.url)
        assert path is not None
        connection = sqlite3.connect(path)
        try:
            known = self._store.job_versions()
            seen = None
            while not self._ended.wait(_LOOK_S):
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    known = self._compare(known)
        finally:
            connection.close()

    def _compare(self, known: dict[str, tuple[int, bool]]) -> dict[str, tuple[int, bool]]:
        current = self._store.job_versions(list(known))
        for id, (version, ended) in current.items():
            if known.get(id) != (version, ended):
                self._tell(JobChange(id, ended))
        return {id: state for id, state in current.items() if not state[1]}


class PostgresFeed(Feed):
    """Listens to what the other processes announce as they commit."""

    def _watch(self) -> None:
        with psycopg.connect(self._store.libpq_url, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            while not self._ended.is_set():
                for notice in connection.notifies(timeout=_LISTEN_S, stop_after=1):
                    origin, id, ended = json.loads(notice.payload)
                    if origin != self._store.origin:
                        self._tell(JobChange(id, ended))


def make_feed(store: SqlStore, tell: Callable[[JobChange], None]) -> Feed:
    """Make the feed that fits the database."""
    return SqliteFeed(store, tell) if store.is_sqlite else PostgresFeed(store, tell)
