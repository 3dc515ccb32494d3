"""The story ends as it should, all parts of it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.story, pytest.mark.timeout(1200)]


def test_from_bare_machines_to_a_trained_model_in_slack_and_in_a_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.story"],
        capture_output=True, text=True, check=False, timeout=1100, cwd=Path(__file__).parent.parent.parent,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
