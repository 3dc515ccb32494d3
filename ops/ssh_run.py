"""Runs one command on an open channel: both streams drained by the calling thread, no helper threads, no polling."""

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import paramiko

from ops.cancel import POLL_S
from ops.ports import Output
from ops.ssh_command import KILL_AFTER_S
from ops.ssh_transport import FastTransport

KEEP_BYTES = 1 << 20  # of each stream, its end
CHUNK_BYTES = 1 << 16
CHUNKS_A_TURN = 64
SMALL_BYTES = 1 << 15  # fits into any channel window: no thread is needed to send it
GRACE_S = KILL_AFTER_S + 10.0  # after the host should have ended the process itself
QUIET_S = 1.0  # after the end of a process whose children keep the streams open


class Lost(Exception):
    """The connection ended, or fell silent, before the command's status came."""


class Watch(Protocol):
    """Looks now and then, while a command runs, whether it is to be ended, and ends it."""

    def look(self) -> bool:
        """Tell whether the command was asked to end."""
        ...


class _Arrival(threading.Event):
    """Is set when either stream has data or ends. The streams may not clear it: each knows only of itself."""

    def clear(self) -> None:
        """Leave the event as it is."""

    def wait_for_news(self, timeout_s: float) -> bool:
        """Wait until a stream has something; the caller drains both afterwards."""
        came = self.wait(timeout_s)
        super().clear()
        return came


class _Status(threading.Event):
    """The event paramiko sets when the exit status has come or the channel is closed; it wakes the reader too."""

    def __init__(self, arrival: _Arrival) -> None:
        super().__init__()
        self._arrival = arrival

    def set(self) -> None:
        """Set, and wake the reader: a child left in the background may hold the streams open for ever."""
        super().set()
        self._arrival.set()


@dataclass
class Tail:
    """The end of a stream."""

    kept: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        """Keep data; what is older than KEEP_BYTES goes."""
        self.kept += data
        if len(self.kept) > 2 * KEEP_BYTES:
            del self.kept[:-KEEP_BYTES]

    def text(self) -> str:
        """Return what was kept, bytes that are no UTF-8 replaced."""
        return bytes(self.kept[-KEEP_BYTES:]).decode("utf-8", errors="replace")


def run_on(
    channel: paramiko.Channel,
    transport: FastTransport,
    command: str,
    stdin: "Stdin",
    *,
    timeout_s: float,
    watch: Watch | None = None,
) -> Output:
    """Send the command and its input, collect both streams and the status; `watch` may end it before.

    Raises Lost when the connection breaks, or nothing ends although the host's own limit is long over.
    """
    arrival = _Arrival()
    channel.in_buffer.set_event(arrival)
    channel.in_stderr_buffer.set_event(arrival)
    channel.status_event = _Status(arrival)
    channel.settimeout(timeout_s + GRACE_S)
    transport.execute(channel, command)
    stdin.feed(channel)
    streams = (Tail(), Tail())
    _drain(channel, arrival, streams, time.monotonic() + timeout_s + GRACE_S, watch)
    if channel.exit_status < 0 and not transport.is_active():
        raise Lost
    return Output(channel.exit_status, streams[0].text(), streams[1].text())


def _drain(
    channel: paramiko.Channel,
    arrival: _Arrival,
    streams: tuple[Tail, Tail],
    deadline: float,
    watch: Watch | None,
) -> None:
    """Read both streams until they end. A shared window means that an unread one stops the other (RFC 4254, 5.2)."""
    look_at = time.monotonic() + POLL_S if watch else math.inf
    while True:
        more = _read(channel, streams)
        ended = channel.eof_received or channel.closed
        if ended and not more and not channel.recv_ready() and not channel.recv_stderr_ready():
            break
        if watch and time.monotonic() >= look_at:
            if watch.look():
                deadline = min(deadline, time.monotonic() + GRACE_S)
            look_at = time.monotonic() + POLL_S
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise Lost
        has_status = channel.status_event.is_set()
        wait_s = min(left_s, QUIET_S if has_status else max(0.0, look_at - time.monotonic()))
        came = ended or more or arrival.wait_for_news(wait_s)
        if has_status and not came:
            return
    if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
        raise Lost


def _read(channel: paramiko.Channel, streams: tuple[Tail, Tail]) -> bool:
    """Read what is there, in turns as a flood has no end; tell whether there is more."""
    for _ in range(CHUNKS_A_TURN):
        ready = channel.recv_ready(), channel.recv_stderr_ready()
        if ready[0]:
            streams[0].add(channel.recv(CHUNK_BYTES))
        if ready[1]:
            streams[1].add(channel.recv_stderr(CHUNK_BYTES))
        if not any(ready):
            return False
    return True


@dataclass
class Stdin:
    """What a command reads: some text first, then a stream of bytes; nothing at all when both are None."""

    first: bytes | None = None
    stream: BinaryIO | None = None

    @staticmethod
    def of(before: str, content: bytes | BinaryIO | None) -> "Stdin":
        """Put what sudo reads before what the command reads."""
        if content is None:
            return Stdin(before.encode() if before else None)
        if isinstance(content, bytes):
            return Stdin(before.encode() + content)
        return Stdin(before.encode(), content)

    def feed(self, channel: paramiko.Channel) -> None:
        """Send it all and the end; from another thread when it may not fit, as the command may answer meanwhile."""
        if self.first is None and self.stream is None:
            return
        if self.stream is None and len(self.first or b"") <= SMALL_BYTES:
            self._send(channel)
        else:
            threading.Thread(target=self._send, args=(channel,), daemon=True, name="ssh-stdin").start()

    def _send(self, channel: paramiko.Channel) -> None:
        # Broken off: the command ended without reading on, the connection broke, or the file could not be read. Its
        # status or Lost tells which; `put` counts what arrived.
        with contextlib.suppress(OSError, EOFError, ValueError, paramiko.SSHException):
            for chunk in self._chunks():
                channel.sendall(chunk)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            channel.shutdown_write()

    def _chunks(self) -> Iterator[bytes]:
        if self.first:
            yield self.first
        while self.stream is not None and (chunk := self.stream.read(CHUNK_BYTES)):
            yield chunk
