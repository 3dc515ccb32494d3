"""The pool against a real sshd: one connection for all, noticed when it dies, nothing left behind."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ops.config import Config
from ops.errors import HostUnreachable
from ops.ssh import SshPool
from tests.fakes import FakeVault
from tests.ops.sshd import Sshd, logins, until


def test_many_threads_open_one_connection(pool: SshPool, sshd: Sshd) -> None:
    with ThreadPoolExecutor(16) as threads:
        outputs = list(threads.map(lambda n: pool.remote(sshd.host()).run(f"echo {n}").stdout, range(48)))
    assert outputs == [f"{n}\n" for n in range(48)]
    assert logins(sshd) == 1


def test_a_host_that_allows_fewer_sessions_gets_fewer_at_a_time(pool: SshPool, new_sshd: Callable[..., Sshd]) -> None:
    sshd = new_sshd("MaxSessions 2")
    with ThreadPoolExecutor(8) as threads:
        outputs = list(threads.map(lambda n: pool.remote(sshd.host()).run(f"sleep 0.05; echo {n}").stdout, range(12)))
    assert outputs == [f"{n}\n" for n in range(12)]
    assert logins(sshd) == 1


def test_a_dead_connection_is_replaced_before_the_next_command(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    remote.run("true")
    sshd.stop_sessions()
    assert remote.run("echo again").stdout == "again\n"
    assert logins(sshd) == 2


def test_a_connection_that_hangs_is_replaced_before_the_next_command(
    config: Config, vault: FakeVault, sshd: Sshd
) -> None:
    """A frozen peer acknowledges packets and answers nothing."""
    with contextlib.closing(SshPool(replace(config, connect_timeout_s=1), vault)) as pool:
        remote = pool.remote(sshd.host())
        remote.run("true")
        for pid in sshd.sessions():
            os.kill(pid, signal.SIGSTOP)
        assert remote.run("echo again").stdout == "again\n"


def test_a_command_that_had_started_is_not_run_twice(pool: SshPool, sshd: Sshd) -> None:
    marks = sshd.directory / "marks"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(pool.remote(sshd.host()).run, f"echo begun >> {marks}; sleep 705")
        until(marks.exists)
        sshd.stop_sessions()
        with pytest.raises(HostUnreachable, match="was lost during `echo begun"):
            running.result(timeout=20)
    assert marks.read_text() == "begun\n"


def test_a_host_that_is_gone_is_unreachable(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    remote.run("true")
    sshd.stop()
    with pytest.raises(HostUnreachable, match=f"nothing listens on its port {sshd.port}"):
        remote.run("true")
    sshd.start()
    assert remote.run("echo back").stdout == "back\n"


def test_a_port_that_does_not_speak_ssh_is_said_so(config: Config, vault: FakeVault, sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        host = replace(sshd.host(), port=mute.getsockname()[1])
        with contextlib.closing(SshPool(replace(config, connect_timeout_s=0.5), vault)) as pool:
            with pytest.raises(HostUnreachable, match="no SSH session came about"):
                pool.remote(host).run("true")
            with pytest.raises(HostUnreachable, match="no SSH session came about"):
                pool.scan(host.address, host.port)


def test_an_idle_connection_is_closed_and_opened_again_when_needed(
    config: Config, vault: FakeVault, sshd: Sshd
) -> None:
    with contextlib.closing(SshPool(replace(config, ssh_idle_s=0.3), vault)) as pool:
        remote = pool.remote(sshd.host())
        remote.run("true")
        until(lambda: sshd.sessions() == [])
        remote.run("true")
    assert logins(sshd) == 2


def test_a_connection_in_use_is_not_idle(config: Config, vault: FakeVault, sshd: Sshd) -> None:
    with contextlib.closing(SshPool(replace(config, ssh_idle_s=0.1), vault)) as pool:
        assert pool.remote(sshd.host()).run("sleep 1.5; echo done").stdout == "done\n"


def test_reconnecting_logs_in_anew_and_lets_what_runs_end(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    begun = sshd.directory / "begun"
    go = sshd.directory / "go"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(remote.run, f"touch {begun}; until [ -e {go} ]; do sleep 0.02; done; echo ended")
        until(begun.exists)
        remote.reconnect()
        assert logins(sshd) == 2
        go.touch()
        assert running.result(timeout=20).stdout == "ended\n"
