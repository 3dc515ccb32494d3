"""The wheel works where nothing else is: installed with its pinned dependencies into an empty environment."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]


def run(*words: str | Path, env: dict[str, str] | None = None, status: int = 0) -> str:
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, cwd="/", timeout=500)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def flsvc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it, and return its console script."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (wheel,) = folder.glob("flsvc-*.whl")
    venv.create(folder / "venv", with_pip=True)
    pip = (folder / "venv/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--require-hashes", "-r", ROOT / "requirements.txt")
    run(*pip, "--no-deps", wheel)
    run(folder / "venv/bin/python", "-m", "pip", "check")  # the lock is complete
    return folder / "venv/bin/flsvc"


def test_help_lists_the_commands(flsvc: Path) -> None:
    shown = run(flsvc, "--help")
    for word in ("bot", "worker", "sandbox", "demo", "manifest", "doctor", "register", "docker", "deploy", "history"):
        assert word in shown


def test_the_manifest_is_json(flsvc: Path) -> None:
    assert json.loads(run(flsvc, "manifest"))["features"]["slash_commands"][0]["command"] == "/flsvc"


def test_the_doctor_makes_a_database_and_says_what_is_missing(flsvc: Path, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "FLSVC_STATE": str(tmp_path / "state")}
    found = {row["what"]: row for row in json.loads(run(flsvc, "doctor", "--json", env=env, status=1))}
    assert found["Database and disk"]["state"] == "ok"
    assert found["SSH key"]["mend"] == "`flsvc key create`"
    assert "SLACK_BOT_TOKEN" in found["Slack tokens"]["seen"]
    assert (tmp_path / "state/flsvc.sqlite").exists()


def test_the_templates_are_in_it(flsvc: Path) -> None:
    code = (
        "import ops.render, ops.projects, pathlib, tempfile\n"
        "print(ops.render.template_path())\n"
        "print(ops.projects.starter_zip(pathlib.Path(tempfile.mkdtemp()) / 'starter.zip').stat().st_size)"
    )
    where, size_bytes = run(flsvc.parent / "python", "-c", code).split()
    assert where.endswith("ops/_templates")
    assert int(size_bytes) > 1000
