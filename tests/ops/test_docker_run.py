"""Running an installation's commands: patience with locks, and sentences for what fails."""

import subprocess
from pathlib import Path

import pytest

from ops.docker_commands import Command
from ops.docker_run import hint, install_failed, not_as_wanted, patiently, run_command
from ops.ports import Output
from tests.fakes import FakeMachine, FakePool
from tests.ops.samples import a_host

INSTALL = Command("apt-get install docker.io", "installing docker.io", apt=True)
LOCK = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)"


def run(script: str) -> Output:
    done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True)
    return Output(done.returncode, done.stdout, done.stderr)


def held_twice(tmp_path: Path, words: str) -> str:
    """Write a program that finds the lock held at its first two starts."""
    program = tmp_path / "apt"
    program.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/tries\n"
        f"[ $(wc -l < {tmp_path}/tries) -gt 2 ] && {{ echo installed; exit 0; }}\n"
        f"echo '{words}' >&2; exit 100\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    "words",
    [
        LOCK,
        "E: Unable to lock directory /var/lib/apt/lists/",
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
        "dpkg: error: dpkg frontend lock was locked by another process with pid 812",
    ],
)
def test_a_held_lock_is_waited_for(tmp_path: Path, words: str) -> None:
    assert run(patiently(held_twice(tmp_path, words), pause_s=0)) == Output(0, "installed\n", "")


def test_patience_ends() -> None:
    output = run(patiently(f"sh -c 'echo \"{LOCK}\"; exit 100'", wait_s=0, pause_s=0))
    assert output == Output(100, LOCK + "\n", "")


def test_other_failures_come_at_once_with_their_status_and_words(tmp_path: Path) -> None:
    program = held_twice(tmp_path, "E: Unable to locate package docker.io")
    assert run(patiently(program)) == Output(100, "E: Unable to locate package docker.io\n", "")
    assert (tmp_path / "tries").read_text() == "x\n"


def test_success_that_mentions_a_lock_is_a_success() -> None:
    assert run(patiently("echo Waiting: Could not get lock")).ok


def test_commands_run_as_root_and_only_apts_wait() -> None:
    machine = FakeMachine("192.168.1.105")
    machine.on("apt-get|usermod", 0)
    remote = FakePool(machine).remote(a_host("192.168.1.105"))
    machine.sudo = machine.sudo.PASSWORDLESS
    run_command(remote, INSTALL, timeout_s=5)
    run_command(remote, Command("usermod pi", "adding pi"), timeout_s=5)
    assert machine.log == [f"sudo: {patiently(INSTALL.text)}", "sudo: usermod pi"]


@pytest.mark.parametrize(
    ("printed", "part"),
    [
        ("E: Write error - write (28: No space left on device)", "disk is full"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "disk is full"),
        ("dpkg: error: Read-only file system", "SD card"),
        (LOCK, "Another installation has been running there for 5 minutes"),
        ("E: Release file for http://x is not valid yet (invalid for another 2h)", "clock is behind"),
        ("The following signatures couldn't be verified: NO_PUBKEY 7EA0A9C3F273FCD8", "key does not fit"),
        ("Temporary failure resolving 'mirror.example'", "cannot reach its package sources"),
        ("Failed to fetch http://x  Connection timed out", "cannot reach its package sources"),
        ("E: Unable to locate package docker.io", "package sources do not have it"),
        ("E: Package 'docker.io' has no installation candidate", "package sources do not have it"),
        (" docker-ce : Depends: tini but it is not installable", "package sources do not have it"),
        ("The following packages have unmet dependencies:", "contradict each other"),
        ("Segmentation fault", ""),
    ],
)
def test_hint(printed: str, part: str) -> None:
    assert part in hint(printed)
    assert bool(hint(printed)) == bool(part)


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (
            "Reading package lists...\nE: Unable to locate package docker.io",
            "Installing docker.io on 192.168.1.105 failed: Unable to locate package docker.io. Its package sources "
            "do not have it: look at /etc/apt/sources.list there, or choose the other channel.",
        ),
        (
            "The following packages have unmet dependencies:\n docker-ce : Depends: tini but it is not installable\n"
            "E: Unable to correct problems, you have held broken packages.",
            "Installing docker.io on 192.168.1.105 failed: docker-ce : Depends: tini but it is not installable. Its "
            "package sources do not have it: look at /etc/apt/sources.list there, or choose the other channel.",
        ),
        ("one\ntwo", "Installing docker.io on 192.168.1.105 failed: two."),
        ("", "Installing docker.io on 192.168.1.105 failed: it printed nothing."),
    ],
)
def test_failure_is_a_sentence_with_the_last_lines(printed: str, sentence: str) -> None:
    error = install_failed("192.168.1.105", INSTALL, Output(100, printed, ""))
    assert str(error) == sentence
    assert error.host == "192.168.1.105"
    assert error.output == printed.strip()


def test_a_step_without_effect_says_what_is_left() -> None:
    assert "docker_engine ended on 10.0.0.1 without an error, but without its effect: installing docker.io" in str(
        not_as_wanted("10.0.0.1", "docker_engine", [INSTALL])
    )
    assert "the new group membership" in str(not_as_wanted("10.0.0.1", "docker_group", []))
