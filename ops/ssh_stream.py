"""A channel as the kind of socket an HTTP client needs."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import paramiko

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


class ChannelStream:
    """A channel as a socket. It has no fileno: a channel's would leak a pipe for each request."""

    def __init__(self, channel: paramiko.Channel, release: Callable[[], None] = lambda: None) -> None:
        self._channel, self._release = channel, release
        self._open = True

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
        """Receive; b"" at the end, OSError when it took too long."""
        return self._channel.recv(size_bytes)

    def sendall(self, data: bytes) -> None:
        """Send all of it; OSError when the other side closed or stopped reading."""
        self._channel.sendall(data)

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:
        """Return the reading side as a file."""
        assert mode == "rb"
        return io.BufferedReader(_Raw(self), io.DEFAULT_BUFFER_SIZE if buffering < 1 else buffering)

    def close(self) -> None:
        """Close the channel."""
        if self._open:
            self._open = False
            self._channel.close()
            self._release()
