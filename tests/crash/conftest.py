"""Fixtures of the tests of what jobs survive: a site on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.site import Pis, Site, a_site, free_port
from tests.fleet import Fleet
from tests.ops.postgres import postgres_cluster
from tests.ops.real_worlds import clear_away

__all__ = ["postgres_cluster"]


@pytest.fixture(scope="package")
def pis(fleet: Fleet) -> Iterator[Pis]:
    """Return the fleet's last two Pis, bare ones, and a port for their registry; leave bare ones."""
    found = Pis(fleet, fleet.reset(-1), fleet.reset(-2), free_port())
    yield found
    for pi in (found.bare, found.ready):
        fleet.reset(pi)
    clear_away(found.registry_port)


@pytest.fixture(scope="package")
def sqlite_site(pis: Pis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with a_site(pis, folder, f"sqlite:///{folder}/flsvc.sqlite3") as site:
        yield site


@pytest.fixture(scope="package")
def postgres_site(
    request: pytest.FixtureRequest, pis: Pis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    cluster = request.getfixturevalue("postgres_cluster")
    folder: Path = tmp_path_factory.mktemp("site")
    url = cluster.create_database()
    with a_site(pis, folder, url) as site:
        yield site


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Site:
    """Return the site on the database that the test names by its parameter."""
    found = request.getfixturevalue(f"{request.param}_site")
    assert isinstance(found, Site)
    return found
