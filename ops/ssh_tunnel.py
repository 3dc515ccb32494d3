"""Reverse tunnels: sshd listens on the host's loopback, and each connection to it is carried to an address here.

Two plain threads per connection, one a direction: each blocks on the slower side, which is what flow control needs.
One thread that serves both, or paramiko's reader thread, can wait for itself once a window is full.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import paramiko

from ops import ssh_words as words
from ops.ssh_transport import FastTransport

CHUNK_BYTES = 1 << 16
CONNECT_S = 10.0
ANSWER_S = 20.0  # for sshd to answer that it listens


class Carried:
    """One connection through a tunnel."""

    def __init__(self, channel: paramiko.Channel, to: tuple[str, int]) -> None:
        self._channel, self._to = channel, to
        self._sock: socket.socket | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        """Carry both directions until both have ended, then close both ends."""
        try:
            self._sock = socket.create_connection(self._to, timeout=CONNECT_S)
            self._sock.settimeout(None)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._to_host, args=(self._sock,), daemon=True, name="ssh-tunnel-back")
            back.start()
            self._from_host(self._sock)
            back.join()
        except OSError:
            return  # nothing listens here: the host's client sees its connection closed
        finally:
            self.close()

    def _from_host(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            while data := self._channel.recv(CHUNK_BYTES):
                sock.sendall(data)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)

    def _to_host(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            while data := sock.recv(CHUNK_BYTES):
                self._channel.sendall(data)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.shutdown_write()

    def close(self) -> None:
        """End the connection on both sides, now."""
        self._channel.close()
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            self._sock.close()


@dataclass
class _Tunnel:
    to: tuple[str, int]
    users: int = 0
    carried: set[Carried] = field(default_factory=set)


class Tunnels:
    """The tunnels of one connection; several jobs may hold the same one."""

    def __init__(self, transport: FastTransport, address: str) -> None:
        self._transport, self._address = transport, address
        self._changing = threading.Lock()  # held while sshd is asked
        self._lock = threading.Lock()  # held for a moment, by the reader thread too
        self._open: dict[int, _Tunnel] = {}

    @contextlib.contextmanager
    def hold(self, port: int, to: tuple[str, int]) -> Iterator[int]:
        """Keep a tunnel open; StepFailed when the port is taken on the host, or leads elsewhere."""
        with self._changing:
            self._enter(port, to)
        try:
            yield port
        finally:
            with self._changing:
                self._leave(port)

    def _enter(self, port: int, to: tuple[str, int]) -> None:
        with self._lock:
            tunnel = self._open.get(port)
            if tunnel and tunnel.to == to:
                tunnel.users += 1
                return
        if tunnel:
            raise words.port_taken(self._address, port)
        with self._lock:
            self._open[port] = _Tunnel(to, users=1)
        accepted = False
        try:
            accepted = self._transport.listen_on_host(port, self._incoming, ANSWER_S)
        except (OSError, EOFError, paramiko.SSHException):
            raise words.lost(self._address, "the opening of a tunnel") from None
        finally:
            if not accepted:
                del self._open[port]
        if not accepted:
            raise words.port_taken(self._address, port)

    def _leave(self, port: int) -> None:
        with self._lock:
            tunnel = self._open[port]
            tunnel.users -= 1
            if tunnel.users:
                return
            del self._open[port]
            carried = list(tunnel.carried)
        if self._transport.is_active():
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):  # dead: then it listens no more
                self._transport.stop_listening(port, ANSWER_S)
        for one in carried:
            one.close()
        for one in carried:
            one.ended.wait(CONNECT_S)

    def _incoming(self, channel: paramiko.Channel, _origin: tuple[str, int], server: tuple[str, int]) -> None:
        """Take a connection from the host. Called by the reader thread, which must never wait."""
        with self._lock:
            tunnel = self._open.get(server[1])
            carried = Carried(channel, tunnel.to) if tunnel else None
            if tunnel and carried:
                tunnel.carried.add(carried)
        if carried is None or tunnel is None:
            threading.Thread(target=channel.close, daemon=True, name="ssh-tunnel-late").start()
            return
        threading.Thread(target=self._carry, args=(tunnel, carried), daemon=True, name="ssh-tunnel").start()

    def _carry(self, tunnel: _Tunnel, carried: Carried) -> None:
        try:
            carried.run()
        finally:
            with self._lock:
                tunnel.carried.discard(carried)
            carried.ended.set()
