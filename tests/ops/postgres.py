"""A throwaway PostgreSQL cluster for the tests marked `postgres`: its own directory and socket, no TCP port."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

_USER = "postgres"


@dataclass(frozen=True)
class Cluster:
    """A running server, reached through its socket directory."""

    directory: Path

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}@/{database}?host={self.directory}"

    def restart(self) -> None:
        """Stop the server at once, as a crash would, and start it again."""
        data, log = str(self.directory / "data"), str(self.directory / "log")
        # Without a log file the server would keep our pipe open, and we would wait for its end.
        _run(_binary("pg_ctl"), "-D", data, "-l", log, "-w", "-m", "immediate", "restart")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop the server at once for the length of a block."""
        data, log = str(self.directory / "data"), str(self.directory / "log")
        _run(_binary("pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
        try:
            yield
        finally:
            _run(_binary("pg_ctl"), "-D", data, "-l", log, "-w", "-o", self.options, "start")

    @property
    def options(self) -> str:
        return f"-k {self.directory} -c listen_addresses='' -c fsync=off -c max_connections=200"

    def create_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"flsvc_{uuid4().hex[:12]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = url.removeprefix(f"postgresql://{_USER}@/").partition("?")[0]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, f"{name} is missing: install the distribution's package `postgresql`"
    return path


def _run(*command: str) -> None:
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster and remove it at the end."""
    # A socket's path may have 107 bytes, fewer than pytest's own directories often take.
    directory = Path(tempfile.mkdtemp(prefix="flsvc-pg-"))
    if os.geteuid() == 0:
        shutil.chown(directory, _USER)
    data = str(directory / "data")
    try:
        _run(_binary("initdb"), "-D", data, "-U", _USER, "-A", "trust", "-N", "-E", "UTF8")
        cluster = Cluster(directory)
        _run(_binary("pg_ctl"), "-D", data, "-w", "-o", cluster.options, "-l", str(directory / "log"), "start")
        try:
            yield cluster
        finally:
            _run(_binary("pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """Give one test an empty database."""
    url = postgres_cluster.create_database()
    yield url
    postgres_cluster.drop_database(url)
