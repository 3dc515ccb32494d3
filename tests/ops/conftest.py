"""Fixtures of the operations' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.store import SqlStore
from tests.ops.postgres import postgres_cluster, postgres_url

__all__ = ["postgres_cluster", "postgres_url"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """Give an empty store of each kind."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/state/flsvc.sqlite3" if sqlite else request.getfixturevalue("postgres_url")
    opened = SqlStore.open(url)
    yield opened
    opened.close()
