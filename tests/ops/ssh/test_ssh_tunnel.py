"""Reverse tunnels over a real sshd: any amount of data, both ways, shared, and nothing left behind."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from ops.errors import StepFailed
from ops.ssh import SshPool
from tests.ops.sshd import Sshd, free_port

MIB = 1 << 20


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Serve each connection in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(sock,), daemon=True).start()

    def serve_one(sock: socket.socket) -> None:
        with sock:
            serve(sock)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield ("127.0.0.1", listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def echo(sock: socket.socket) -> None:
    while data := sock.recv(MIB):
        sock.sendall(data)


def both_ways(port: int, size_mib: int) -> tuple[str, str]:
    """Send while receiving; return the digests of what went out and of what came back."""
    block = bytes(range(256)) * (MIB // 256)
    sent, received = hashlib.sha256(), hashlib.sha256()
    with socket.create_connection(("127.0.0.1", port)) as sock:

        def send() -> None:
            for number in range(size_mib):
                data = number.to_bytes(4, "big") + block[4:]
                sock.sendall(data)
                sent.update(data)
            sock.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        thread.start()
        while data := sock.recv(MIB):
            received.update(data)
        thread.join()
    return sent.hexdigest(), received.hexdigest()


def test_a_hundred_mebibytes_travel_both_ways_at_once(pool: SshPool, sshd: Sshd) -> None:
    """A tunnel without flow control of its own stops for ever above some 27 MiB."""
    with server(echo) as to, pool.remote(sshd.host()).reverse_tunnel(free_port(), to) as port:
        sent, received = both_ways(port, 120)
    assert sent == received


def test_connections_share_a_tunnel_and_each_gets_its_own_data(pool: SshPool, sshd: Sshd) -> None:
    with (
        server(echo) as to,
        pool.remote(sshd.host()).reverse_tunnel(free_port(), to) as port,
        ThreadPoolExecutor(8) as threads,
    ):
        results = list(threads.map(lambda size: both_ways(port, size), range(1, 17)))
    assert all(sent == received for sent, received in results)
    assert len({sent for sent, _ in results}) == 16


def test_commands_run_while_a_tunnel_is_full(pool: SshPool, sshd: Sshd) -> None:
    """A reader that stops must hold up its own connection only."""
    remote = pool.remote(sshd.host())
    gone_on = threading.Event()

    def flood(sock: socket.socket) -> None:
        sock.sendall(bytes(8 * MIB))
        gone_on.set()

    with (
        server(flood) as to,
        remote.reverse_tunnel(free_port(), to) as port,
        socket.create_connection(("127.0.0.1", port)) as sock,
    ):
        first = sock.recv(1)
        assert remote.run("echo alive").stdout == "alive\n"
        rest = 1
        while data := sock.recv(MIB):
            rest += len(data)
    assert (first, rest) == (b"\0", 8 * MIB)
    assert gone_on.is_set()


def test_jobs_share_a_tunnel_and_the_last_one_closes_it(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    wanted = free_port()
    with server(echo) as to:
        first, second = remote.reverse_tunnel(wanted, to), remote.reverse_tunnel(wanted, to)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        sent, received = both_ways(wanted, 1)
        assert sent == received
        second.__exit__(None, None, None)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", wanted))


def test_two_tunnels_on_one_host_lead_to_their_own_ends(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    with (
        server(lambda sock: sock.sendall(b"one")) as one,
        server(lambda sock: sock.sendall(b"two")) as two,
        remote.reverse_tunnel(free_port(), one) as port_one,
    ):
        with remote.reverse_tunnel(free_port(), two) as port_two:
            assert read(port_two) == b"two"
        assert read(port_one) == b"one"


def read(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as sock:
        return sock.makefile("rb").read()


def test_a_port_in_use_on_the_host_is_said_so(pool: SshPool, sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(StepFailed, match=f"127.0.0.1:{port} for the tunnel: the port is in use there"),
            pool.remote(sshd.host()).reverse_tunnel(port, ("127.0.0.1", 9)),
        ):
            raise AssertionError("it must not open")
    with server(echo) as to, pool.remote(sshd.host()).reverse_tunnel(port, to):
        assert both_ways(port, 1)[1]


def test_a_port_that_leads_elsewhere_already_is_refused(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    with server(echo) as to, remote.reverse_tunnel(free_port(), to) as port:
        with pytest.raises(StepFailed, match="the port is in use"), remote.reverse_tunnel(port, ("127.0.0.1", 9)):
            raise AssertionError("it must not open")
        sent, received = both_ways(port, 1)
        assert sent == received


def test_a_target_that_does_not_listen_ends_the_connection_alone(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    with remote.reverse_tunnel(free_port(), ("127.0.0.1", free_port())) as port:
        assert read(port) == b""
        assert remote.run("echo alive").stdout == "alive\n"


def test_closing_a_tunnel_ends_what_still_runs_through_it(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    with server(echo) as to:
        with remote.reverse_tunnel(free_port(), to) as port:
            sock = socket.create_connection(("127.0.0.1", port))
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
        sock.settimeout(10)
        assert sock.recv(1) == b""
        sock.close()
    left = [thread for thread in threading.enumerate() if thread.name.startswith("ssh-tunnel")]
    for thread in left:
        thread.join(10)
    assert not any(thread.is_alive() for thread in left)
