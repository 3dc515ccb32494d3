"""What is true of SQLite files, and of migrations on both."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ops.store import SqlStore
from ops.store_engine import make_engine, parse_url
from ops.store_tables import metadata

_OPEN = "import sys; from ops.store import SqlStore; print(SqlStore.open(sys.argv[1]).first_time('once'))"


def open_at_once(url: str) -> list[str]:
    starting = [
        subprocess.Popen([sys.executable, "-c", _OPEN, url], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    return sorted(process.communicate(timeout=60)[0].strip() for process in starting)


def differences(url: str) -> list[object]:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    return list(found)


@pytest.mark.slow
def test_several_processes_may_start_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/flsvc.sqlite3"
    assert open_at_once(url) == ["False", "False", "False", "True"]
    assert differences(url) == []


@pytest.mark.postgres
def test_several_processes_may_start_at_once_on_postgresql(postgres_url: str) -> None:
    assert open_at_once(postgres_url) == ["False", "False", "False", "True"]
    assert differences(postgres_url) == []


def test_a_file_is_written_ahead_and_checked(tmp_path: Path) -> None:
    store = SqlStore.open(f"sqlite:///{tmp_path}/flsvc.sqlite3")
    with store.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30_000}


def test_many_threads_may_write(tmp_path: Path) -> None:
    store = SqlStore.open(f"sqlite:///{tmp_path}/flsvc.sqlite3")
    firsts: list[bool] = []

    def write(n: int) -> None:
        firsts.extend(store.first_time(f"{n}-{m}") for m in range(20))

    threads = [Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert firsts == [True] * 320


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("deployment ORDER BY created_at DESC, seq DESC LIMIT 5", "ix_deployment_created_at"),
        ("deployment WHERE host='h' ORDER BY created_at DESC, seq DESC LIMIT 5", "ix_deployment_host "),
        ('deployment WHERE "by"=1 ORDER BY created_at DESC, seq DESC LIMIT 5', "ix_deployment_by"),
        ("event WHERE who='u' ORDER BY id DESC LIMIT 5", "ix_event_who"),
        ("event WHERE job_id='j' ORDER BY id DESC LIMIT 5", "ix_event_job_id"),
        ("job WHERE actor_id='u' ORDER BY seq DESC LIMIT 5", "ix_job_actor_id"),
    ],
)
def test_the_newest_of_a_million_are_a_walk_down_an_index(tmp_path: Path, query: str, index: str) -> None:
    SqlStore.open(f"sqlite:///{tmp_path}/flsvc.sqlite3").close()
    file = sqlite3.connect(tmp_path / "flsvc.sqlite3")
    steps = " ".join(str(row[3]) for row in file.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {query}"))
    file.close()
    assert index in steps + " "
    assert "TEMP B-TREE" not in steps


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        SqlStore.open(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresql_means_psycopg_3(scheme: str) -> None:
    assert parse_url(f"{scheme}://h/d") == sa.make_url("postgresql+psycopg://h/d")
