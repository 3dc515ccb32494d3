"""The story ends the same when processes are killed in the middle of it, on both databases."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.story, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("part", ["killed", "workers"])
def test_a_process_that_is_killed_changes_nothing_but_the_time(part: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.story", part],
        capture_output=True, text=True, check=False, timeout=600, cwd=Path(__file__).parent.parent.parent,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
