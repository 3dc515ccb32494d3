"""Keys and pins against a real sshd."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from ops.config import Config
from ops.errors import HostKeyChanged, HostUnreachable, LoginRefused, UserError
from ops.ssh import SshPool
from tests.ops.sshd import Sshd, free_port, keygen, logins, until


def test_a_changed_host_key_stops_before_anything_is_sent(pool: SshPool, sshd: Sshd) -> None:
    host = sshd.host()
    sshd.stop()
    sshd.new_host_key()
    sshd.start()
    with pytest.raises(HostKeyChanged) as error:
        pool.remote(host).run("true")
    assert host.key.fingerprint in str(error.value)
    assert sshd.host_key().fingerprint in str(error.value)
    assert f"`forget {host.address}`" in str(error.value)
    assert logins(sshd) == 0


def test_a_host_key_of_another_kind_is_a_changed_one(pool: SshPool, sshd: Sshd) -> None:
    host = sshd.host()
    sshd.stop()
    sshd.new_host_key("ecdsa")
    sshd.start()
    with pytest.raises(HostKeyChanged, match="ecdsa-sha2-nistp256"):
        pool.remote(host).run("true")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_scan_reads_the_key_as_openssh_prints_it_and_logs_nobody_in(
    pool: SshPool, new_sshd: Callable[..., Sshd], kind: str
) -> None:
    sshd = new_sshd()
    sshd.stop()
    sshd.new_host_key(kind)
    sshd.start()
    assert pool.scan("127.0.0.1", sshd.port) == sshd.host_key()
    log = (sshd.directory / "log").read_text()
    assert "Accepted" not in log
    assert "Failed" not in log
    assert pool.remote(sshd.host()).run("echo in").stdout == "in\n"


def test_scan_of_a_closed_port_says_so(pool: SshPool) -> None:
    with pytest.raises(HostUnreachable, match="is up, but nothing listens"):
        pool.scan("127.0.0.1", free_port())


def test_a_removed_key_is_a_refused_login(pool: SshPool, sshd: Sshd) -> None:
    sshd.authorized_keys.write_text("")
    with pytest.raises(LoginRefused, match="refuses the bot's key for the user"):
        pool.remote(sshd.host()).run("true")


def test_without_a_key_the_sentence_says_how_to_make_one(config: Config, pool: SshPool, sshd: Sshd) -> None:
    config.key_path.unlink()
    with pytest.raises(UserError, match="`key create`"):
        pool.remote(sshd.host()).run("true")


def test_a_new_key_file_is_used_for_the_next_login(config: Config, pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    remote.run("true")
    config.key_path.unlink()
    config.key_path.with_suffix(".pub").unlink()
    keygen(config.key_path)
    sshd.authorized_keys.write_text(config.key_path.with_suffix(".pub").read_text())
    remote.reconnect()
    assert logins(sshd) == 2


@pytest.mark.parametrize(("kind", "options"), [("ed25519", []), ("ecdsa", []), ("rsa", []), ("rsa", ["-m", "PEM"])])
def test_a_person_s_key_logs_in_once(pool: SshPool, sshd: Sshd, kind: str, options: list[str]) -> None:
    key = sshd.directory / "person"
    keygen(key, kind, "", *options)
    sshd.authorized_keys.write_text(key.with_suffix(".pub").read_text())
    with pool.key_login(sshd.host(), key.read_text().replace("\n", "\r\n")) as remote:
        assert remote.run("echo in").stdout == "in\n"
    until(lambda: sshd.sessions() == [])
    with pytest.raises(LoginRefused, match="the bot's key"):
        pool.remote(sshd.host()).run("true")


def test_a_person_s_key_that_is_not_accepted_is_refused(pool: SshPool, sshd: Sshd) -> None:
    key = sshd.directory / "person"
    keygen(key)
    with pytest.raises(LoginRefused, match="refuses this key"), pool.key_login(sshd.host(), key.read_text()):
        raise AssertionError("it must not log in")


def test_keys_with_a_passphrase_and_other_texts_get_their_sentence(pool: SshPool, sshd: Sshd) -> None:
    key = sshd.directory / "person"
    keygen(key, "ed25519", "a long passphrase")
    with pytest.raises(UserError, match="passphrase"), pool.key_login(sshd.host(), key.read_text()):
        raise AssertionError("it must not log in")
    public = key.with_suffix(".pub").read_text()
    with pytest.raises(UserError, match="not a private key"), pool.key_login(sshd.host(), public):
        raise AssertionError("it must not log in")


def test_dropping_and_closing_leave_no_session_and_no_thread(pool: SshPool, sshd: Sshd) -> None:
    pool.remote(sshd.host()).run("true")
    pool.drop("127.0.0.1")
    until(lambda: sshd.sessions() == [])
    pool.remote(sshd.host()).run("true")
    pool.close()
    until(lambda: sshd.sessions() == [])
    until(lambda: not [thread for thread in threading.enumerate() if "ssh" in thread.name.lower()])


def test_a_login_by_another_pin_is_another_connection(pool: SshPool, sshd: Sshd) -> None:
    """A host that was forgotten and registered anew must not be served over the old connection."""
    host = sshd.host()
    pool.remote(host).run("true")
    other = replace(host, key=replace(host.key, body=host.key.body[:-4] + "AAAA"))
    with pytest.raises(HostKeyChanged):
        pool.remote(other).run("true")
    renamed = replace(host, name="pi-7")
    assert pool.remote(renamed).run("echo in").stdout == "in\n"


def test_a_refused_password_is_named_nowhere(pool: SshPool, sshd: Sshd) -> None:
    unheard_password = "s3cret-Pa55word"
    with (
        pytest.raises(LoginRefused, match="refuses this password") as error,
        pool.password_login(sshd.host(), unheard_password),
    ):
        raise AssertionError("it must not log in")
    assert unheard_password not in str(error.value) + repr(error.value) + (sshd.directory / "log").read_text()
