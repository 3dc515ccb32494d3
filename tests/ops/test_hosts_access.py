"""The scripts for authorized_keys, run by a true shell in a temporary home."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from ops.hosts_access import authorize_script, unauthorize_script

OURS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl flsvc"
OTHER = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 anna@laptop"


def run(script: str, home: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def keys(home: Path) -> str:
    return (home / ".ssh/authorized_keys").read_text()


def write(home: Path, content: str) -> None:
    (home / ".ssh").mkdir(mode=0o755)
    (home / ".ssh/authorized_keys").write_text(content)


def test_key_is_added_with_the_modes_sshd_wants(tmp_path: Path) -> None:
    assert run(authorize_script(OURS), tmp_path) == "added"
    assert keys(tmp_path) == OURS + "\n"
    assert stat.S_IMODE((tmp_path / ".ssh").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / ".ssh/authorized_keys").stat().st_mode) == 0o600


def test_key_is_added_once(tmp_path: Path) -> None:
    run(authorize_script(OURS), tmp_path)
    assert run(authorize_script(OURS), tmp_path) == "present"
    assert keys(tmp_path) == OURS + "\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OTHER, f"{OTHER}\n{OURS}\n"),
        (f"{OTHER}\n", f"{OTHER}\n{OURS}\n"),
        (f"{OTHER}\n\n# mine\n", f"{OTHER}\n\n# mine\n{OURS}\n"),
    ],
    ids=["no final newline", "final newline", "comment"],
)
def test_other_keys_stay_on_their_own_lines(tmp_path: Path, before: str, after: str) -> None:
    write(tmp_path, before)
    assert run(authorize_script(OURS), tmp_path) == "added"
    assert keys(tmp_path) == after


def test_loose_modes_are_mended(tmp_path: Path) -> None:
    write(tmp_path, OURS + "\n")
    (tmp_path / ".ssh/authorized_keys").chmod(0o666)
    assert run(authorize_script(OURS), tmp_path) == "present"
    assert stat.S_IMODE((tmp_path / ".ssh").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / ".ssh/authorized_keys").stat().st_mode) == 0o600


def test_a_key_that_is_commented_out_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, f"# {OURS}\n")
    assert run(authorize_script(OURS), tmp_path) == "added"
    assert keys(tmp_path) == f"# {OURS}\n{OURS}\n"


def test_key_is_taken_out_and_others_stay(tmp_path: Path) -> None:
    write(tmp_path, f"{OTHER}\n{OURS} renamed\n")
    assert run(unauthorize_script(OURS), tmp_path) == "removed"
    assert keys(tmp_path) == OTHER + "\n"
    assert stat.S_IMODE((tmp_path / ".ssh/authorized_keys").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / ".ssh").iterdir()] == ["authorized_keys"]


def test_the_last_key_can_be_taken_out(tmp_path: Path) -> None:
    write(tmp_path, OURS + "\n")
    assert run(unauthorize_script(OURS), tmp_path) == "removed"
    assert keys(tmp_path) == ""


@pytest.mark.parametrize("before", [None, "", OTHER + "\n"])
def test_taking_out_what_is_not_there(tmp_path: Path, before: str | None) -> None:
    if before is not None:
        write(tmp_path, before)
    assert run(unauthorize_script(OURS), tmp_path) == "absent"
