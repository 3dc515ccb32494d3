"""Commands over a real sshd whose job is cancelled: ended on the host, alone, and told once."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Event

import pytest

from ops import cancel
from ops.errors import Cancelled
from ops.ports import Output
from ops.ssh import SshPool
from tests.ops.sshd import Sshd, commands, until


def run(pool: SshPool, sshd: Sshd, command: str, stop: Event, *, check: bool = True) -> Output:
    """Run a command that ends when `stop` is set."""
    with cancel.cancellable(cancel.Question(stop.is_set)):
        return pool.remote(sshd.host()).run(command, check=check)


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor()


def test_it_ends_with_its_children_and_nothing_else_does(
    pool: SshPool, sshd: Sshd, threads: ThreadPoolExecutor
) -> None:
    stop, never = Event(), Event()
    other = threads.submit(run, pool, sshd, "sleep 713; echo other", never, check=False)
    until(lambda: "sleep 713" in commands(sshd))
    running = threads.submit(run, pool, sshd, "echo unpacking; sleep 711 | sleep 712", stop)
    until(lambda: "sleep 712" in commands(sshd))
    stop.set()
    with pytest.raises(Cancelled) as error:
        running.result(10)
    assert str(error.value) == (
        "`echo unpacking; sleep 711 | sleep 712` was stopped on 127.0.0.1 in the middle, for the job was cancelled; "
        "the last line it printed: unpacking. What it had done by then was left as it is."
    )
    assert error.value.output == "unpacking"
    until(lambda: "sleep 711" not in commands(sshd) and "sleep 712" not in commands(sshd))
    assert "sleep 713" in commands(sshd)
    assert pool.remote(sshd.host()).run("pkill -x -f 'sleep 713'").ok
    assert other.result(10).stdout == "other\n"


def test_a_command_that_prints_without_end_ends(pool: SshPool, sshd: Sshd, threads: ThreadPoolExecutor) -> None:
    stop = Event()
    running = threads.submit(run, pool, sshd, "yes sleepless", stop)
    until(lambda: "yes sleepless" in commands(sshd))
    stop.set()
    with pytest.raises(Cancelled):
        running.result(10)
    until(lambda: "yes sleepless" not in commands(sshd))


def test_one_that_ends_well_on_being_told_has_ended_well(
    pool: SshPool, sshd: Sshd, threads: ThreadPoolExecutor
) -> None:
    stop = Event()
    command = "trap 'echo tidied; exit 0' TERM; echo ready; sleep 714 & wait"
    running = threads.submit(run, pool, sshd, command, stop)
    until(lambda: "sleep 714" in commands(sshd))
    stop.set()
    assert running.result(10).stdout == "ready\ntidied\n"


@pytest.mark.slow
def test_one_that_does_not_listen_is_killed(pool: SshPool, sshd: Sshd, threads: ThreadPoolExecutor) -> None:
    stop = Event()
    running = threads.submit(run, pool, sshd, "trap '' TERM; sleep 715; sleep 716", stop)
    until(lambda: "sleep 715" in commands(sshd))
    stop.set()
    with pytest.raises(Cancelled):
        running.result(15)
    until(lambda: "sleep 71" not in commands(sshd))


def test_one_that_ignores_cancelling_for_a_reason_is_left_alone(pool: SshPool, sshd: Sshd) -> None:
    with cancel.cancellable(cancel.Question(lambda: True)), cancel.to_the_end():
        assert pool.remote(sshd.host()).run("echo done").stdout == "done\n"


def test_nothing_new_is_begun_and_a_step_is_told_once(pool: SshPool, sshd: Sshd) -> None:
    def step() -> str:
        with cancel.cancellable(cancel.Question(lambda: True)):
            with pytest.raises(
                Cancelled, match=r"`touch begun` was not begun on 127\.0\.0\.1, for the job was cancelled"
            ):
                pool.remote(sshd.host()).run("touch begun")
            return pool.remote(sshd.host()).run("ls").stdout  # what puts things right runs to its end

    assert "begun" not in copy_context().run(step)
    assert not cancel.asked()


def test_a_stream_that_says_nothing_ends(pool: SshPool, sshd: Sshd) -> None:
    path = str(sshd.directory / "silent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        stream = pool.remote(sshd.host()).open_unix_socket(path, 5)
        stream.settimeout(10)
        with cancel.cancellable(cancel.Question(lambda: True)), pytest.raises(cancel.Asked):
            stream.recv(10)
        assert stream.gettimeout() == 10
        stream.settimeout(0.1)
        with cancel.cancellable(cancel.Question(lambda: False)), pytest.raises(TimeoutError):
            stream.recv(10)
        stream.close()


def test_a_stream_whose_job_goes_on_is_read_as_ever(pool: SshPool, sshd: Sshd) -> None:
    with cancel.cancellable(cancel.Question(lambda: False)):
        stream = pool.remote(sshd.host()).open_command("cat", sudo=False, timeout_s=5)
        stream.sendall(b"said")
        assert stream.recv(10) == b"said"
        stream.close()
