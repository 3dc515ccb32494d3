"""Passwords and sudo, as a virtual Pi and the fake one know them."""

import pytest

from ops.errors import LoginRefused, StepFailed
from tests.contract.worlds import Account

SECRET = "wrong-Pa55word"


def test_a_password_logs_in_once(account: Account) -> None:
    with account.pool.password_login(account.host, account.password) as remote:
        assert remote.run("id -un").stdout == f"{account.host.user}\n"
        assert remote.run("id -un", sudo=True).stdout == "root\n"
    with pytest.raises(LoginRefused, match="the bot's key"):
        account.pool.remote(account.host).run("true")


def test_a_wrong_password_is_refused_and_not_repeated(account: Account) -> None:
    with pytest.raises(LoginRefused, match="refuses this password") as error:
        account.pool.password_login(account.host, SECRET).__enter__()
    assert SECRET not in str(error.value) + repr(error.value)


def test_sudo_takes_the_password_from_the_vault(account: Account) -> None:
    account.accept_bot_key()
    remote = account.pool.remote(account.with_sudo_password(account.password))
    assert remote.run("id -un").stdout == f"{account.host.user}\n"
    assert remote.run("id -un", sudo=True).stdout == "root\n"
    with pytest.raises(StepFailed, match="with status 3: it broke"):
        remote.run("echo it broke >&2; exit 3", sudo=True)


def test_a_command_as_root_reads_its_own_input_only(account: Account) -> None:
    account.accept_bot_key()
    remote = account.pool.remote(account.with_sudo_password(account.password))
    text = "first line\n" * 20_000
    assert remote.run("cat", sudo=True, stdin=text).stdout == text
    assert remote.run("cat", sudo=True).stdout == ""


def test_a_file_of_root_is_written_whole(account: Account) -> None:
    account.accept_bot_key()
    remote = account.pool.remote(account.with_sudo_password(account.password))
    content = b"line of a file\n" * 50_000
    remote.put(content, "/etc/flsvc-contract/file", mode=0o640, sudo=True)
    assert remote.run("cat /etc/flsvc-contract/file", sudo=True).stdout.encode() == content
    assert remote.run("stat -c %a /etc/flsvc-contract/file", sudo=True).stdout == "640\n"


def test_a_wrong_sudo_password_is_said_so(account: Account) -> None:
    account.accept_bot_key()
    remote = account.pool.remote(account.with_sudo_password(SECRET))
    with pytest.raises(StepFailed, match=r"could not become root.*the password is wrong") as error:
        remote.run("id -un", sudo=True)
    assert SECRET not in str(error.value) + error.value.output
    assert remote.run("id -un").stdout == f"{account.host.user}\n"


def test_sudo_without_a_password_that_asks_for_one_is_said_so(account: Account) -> None:
    account.accept_bot_key()
    with pytest.raises(StepFailed, match=r"could not become root.*a password is required"):
        account.pool.remote(account.host).run("id -un", sudo=True)


def test_the_password_is_in_no_command_line(account: Account) -> None:
    account.accept_bot_key()
    remote = account.pool.remote(account.with_sudo_password(account.password))
    remote.run("true", sudo=True)
    if account.host.address.startswith("127."):
        listed = remote.run("ps -ewwo args", sudo=True).stdout
        assert "sudo -S" in listed
        assert account.password not in listed
    assert not account.in_processes(account.password)
