"""The lines a host's shell is given, by equality; and what sudo's refusals are read as."""

import re
import subprocess

import pytest

from ops.ssh_command import Line, Root, build, end, put, sudo_check, talk, why_no_sudo

PASSWORD = "s3cret' word"


def line(command: str, *, root: Root | None = None, has_stdin: bool = False) -> Line:
    return build(command, timeout_s=1.5, root=root, has_stdin=has_stdin, marker="m4rk")


def test_a_command_of_the_user() -> None:
    assert line("echo 'a b'") == Line(
        "exec timeout -k 5 1.5 bash --norc -c ': m4rk\necho '\"'\"'a b'\"'\"'' </dev/null",
    )
    assert line("cat", has_stdin=True) == Line("exec timeout -k 5 1.5 bash --norc -c ': m4rk\ncat'")
    assert line("cat", root=Root(needed=False), has_stdin=True) == line("cat", has_stdin=True)


def test_a_command_of_root_without_a_password() -> None:
    assert line("id", root=Root()) == Line("exec sudo -n -- timeout -k 5 1.5 bash --norc -c ': m4rk\nid' </dev/null")
    assert sudo_check(Root()) == Line("LC_ALL=C exec sudo -n -- true </dev/null")


def test_a_command_of_root_with_a_password() -> None:
    root = Root(password=PASSWORD)
    assert line("id", root=root) == Line(
        "exec sudo -S -k -p '' -- timeout -k 5 1.5 bash --norc -c ': m4rk\nexec </dev/null\nid'", f"{PASSWORD}\n"
    )
    with_stdin = line("cat", root=root, has_stdin=True)
    assert with_stdin.before_stdin == f"{PASSWORD}\nm4rk\n"
    assert sudo_check(root) == Line("LC_ALL=C exec sudo -S -k -p '' -- true", f"{PASSWORD}\n")
    assert talk("docker system dial-stdio", root=root, marker="m4rk").before_stdin == f"{PASSWORD}\nm4rk\n"
    assert talk("docker system dial-stdio", root=Root(needed=False), marker="m4rk") == Line(
        "exec docker system dial-stdio"
    )


@pytest.mark.parametrize("asks", [True, False])
def test_a_password_sudo_does_not_ask_for_never_reaches_the_command(asks: bool) -> None:
    """Where an administrator allowed sudo without a password since, the password stays in the input."""
    built = line("cat", root=Root(password=PASSWORD), has_stdin=True)
    sudo = "IFS= read -r password; " if asks else ""
    command = sudo + built.text.removeprefix("exec sudo -S -k -p '' -- ")
    fed = f"{built.before_stdin}the file\nand more"
    ended = subprocess.run(["bash", "-c", command], input=fed, capture_output=True, text=True, check=True)
    assert ended.stdout == "the file\nand more"


def test_no_password_is_in_a_line_or_a_repr() -> None:
    root = Root(password=PASSWORD)
    for built in (line("id", root=root), line("id", root=root, has_stdin=True), talk("x", root=root, marker="m4rk")):
        assert "s3cret" not in built.text
        assert "s3cret" not in repr(built)
    assert "s3cret" not in repr(root)


def test_the_command_that_ends_another_finds_it_and_not_itself() -> None:
    pattern = end("m4rk").removeprefix("pkill -TERM -f ").strip("'")
    running = "timeout -k 5 1.5 bash --norc -c : m4rk\necho"
    itself = f"timeout -k 5 1.5 bash --norc -c : 0ther\n{end('m4rk')}"
    assert re.search(pattern, running, re.DOTALL)
    assert not re.search(pattern, itself, re.DOTALL)
    assert not re.search(pattern, "bash --norc -c : m4rk\necho", re.DOTALL)


def test_a_file_s_path_is_quoted_and_relative_to_the_home() -> None:
    command = put("~/it's here", size_bytes=3, mode=0o600)
    assert "target='it'\"'\"'s here'" in command
    assert "chmod 600" in command


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("sudo: a password is required\n", "a password is required"),
        ("Sorry, try again.\nsudo: no password was provided\n", "the password is wrong"),
        ("Sorry, try again.\nsudo: 1 incorrect password attempt\n", "the password is wrong"),
        ("pi is not in the sudoers file.\n", "pi is not in the sudoers file."),
        ("bash: line 1: exec: sudo: not found\nsh: sudo: command not found\n", "sudo is not installed"),
        ("", "sudo gave no reason"),
    ],
)
def test_sudo_s_refusals(words: str, why: str) -> None:
    assert why_no_sudo(words) == why
