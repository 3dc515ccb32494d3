"""Fixtures of all tests; under continuous integration a skipped test is a failed one."""

import os

import pytest

pytest_plugins = ["tests.fleet.fixtures"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the story: it takes longest and mostly waits, and other processes (`-n`) do the rest meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("story") is None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that skipped something, where CI is set."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
