"""A channel as the kind of socket an HTTP client needs."""

import io
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import paramiko

from ops import cancel

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class _Raw(io.RawIOBase):
    """The reading side for io.BufferedReader; paramiko's own file object buffers in Python."""

    def __init__(self, stream: "ChannelStream") -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.recv(len(view))
        view[: len(data)] = data
        return len(data)

    def settimeout(self, timeout: float | None) -> None:
        self._stream.settimeout(timeout)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._stream.reader_closed()


class ChannelStream:
    """A channel as a socket. It has no fileno: a channel's would leak a pipe for each request."""

    def __init__(self, channel: paramiko.Channel, release: Callable[[], None] | None = None) -> None:
        self._channel, self._release = channel, release
        self._readers = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def lasting(self) -> bool:
        """Tell whether it may be kept for another request; a command's session is wanted by others."""
        return self._release is None

    @property
    def over(self) -> bool:
        """Tell whether the stream can carry no further request."""
        channel = self._channel
        return bool(channel.closed or channel.eof_received) or not channel.get_transport().is_active()

    def settimeout(self, timeout: float | None) -> None:
        """Limit each read and write, in seconds."""
        self._channel.settimeout(timeout)

    def gettimeout(self) -> float | None:
        """Return the limit of each read and write, in seconds."""
        return self._channel.gettimeout()

    def recv(self, size_bytes: int) -> bytes:
        """Receive; b"" at the end, OSError when it took too long, cancel.Asked when the job is cancelled."""
        try:
            return self._recv_or_stop(size_bytes) if cancel.possible() else self._channel.recv(size_bytes)
        except (EOFError, paramiko.SSHException) as error:
            raise ConnectionError(str(error)) from None

    def _recv_or_stop(self, size_bytes: int) -> bytes:
        limit_s = self._channel.gettimeout()
        deadline = time.monotonic() + (math.inf if limit_s is None else limit_s)
        try:
            while True:
                self._channel.settimeout(min(cancel.POLL_S, max(0.0, deadline - time.monotonic())))
                try:
                    return self._channel.recv(size_bytes)
                except TimeoutError:
                    if time.monotonic() >= deadline:
                        raise
                if cancel.asked():
                    raise cancel.Asked
        finally:
            self._channel.settimeout(limit_s)

    def sendall(self, data: bytes) -> None:
        """Send all of it; OSError when the other side closed or stopped reading."""
        try:
            self._channel.sendall(data)
        except (EOFError, paramiko.SSHException) as error:
            raise ConnectionError(str(error)) from None

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:
        """Return the reading side as a file."""
        assert mode == "rb"
        with self._lock:
            self._readers += 1
        return io.BufferedReader(_Raw(self), io.DEFAULT_BUFFER_SIZE if buffering < 1 else buffering)

    def close(self) -> None:
        """Close the channel once its readers are closed too, as a socket does: http.client relies on it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            end = self._readers == 0
        if end:
            self._end()

    def reader_closed(self) -> None:
        """Tell that a file from `makefile` is closed."""
        with self._lock:
            self._readers -= 1
            end = self._closed and self._readers == 0
        if end:
            self._end()

    def _end(self) -> None:
        self._channel.close()
        if self._release is not None:
            self._release()
