"""HTTP over whatever `open_stream` gives: docker-py talks through an SSH channel as through a unix socket."""

import math
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection

from ops import cancel

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BASE_URL = "http+docker://host"
MAX_IDLE = 4  # connections kept for the next request


class Stream(Protocol):
    """What is needed of a socket, and whether it can carry another request."""

    @property
    def over(self) -> bool: ...
    @property
    def lasting(self) -> bool: ...
    def close(self) -> None: ...


OpenStream = Callable[[float], Stream]


class UnixStream(socket.socket):
    """A connection to a unix socket of this machine."""

    lasting = True

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0, /) -> int:
        """Receive as a socket does; raises cancel.Asked when the job is cancelled meanwhile."""
        limit_s = self.gettimeout()
        deadline = time.monotonic() + (math.inf if limit_s is None else limit_s)
        poll = select.poll()
        poll.register(self, select.POLLIN)
        while cancel.possible() and not poll.poll(1000 * min(cancel.POLL_S, max(0.0, deadline - time.monotonic()))):
            if cancel.asked():
                raise cancel.Asked
            if time.monotonic() >= deadline:
                raise TimeoutError("timed out")
        return super().recv_into(buffer, nbytes, flags)

    @property
    def over(self) -> bool:
        """Tell whether the engine closed it, or sent what nobody asked for."""
        poll = select.poll()
        poll.register(self, select.POLLIN | select.POLLHUP)
        return bool(poll.poll(0))


def open_unix(path: str, timeout_s: float) -> UnixStream:
    """Connect to a unix socket of this machine; raises OSError."""
    stream = UnixStream(socket.AF_UNIX)
    try:
        stream.settimeout(timeout_s)
        stream.connect(path)
    except BaseException:
        stream.close()
        raise
    return stream


class _Connection(HTTPConnection):
    def __init__(self, open_stream: OpenStream, open_s: float) -> None:
        super().__init__("localhost", timeout=open_s)
        self._open_stream, self._open_s = open_stream, open_s

    def connect(self) -> None:
        # A ChannelStream has what http.client asks of a socket, and no more.
        self.sock = cast(socket.socket, self._open_stream(self._open_s))

    @property
    def is_connected(self) -> bool:
        """Look at the channel itself; urllib3 would ask for its fileno."""
        return self.sock is not None and not cast(Stream, self.sock).over

    @property
    def is_lasting(self) -> bool:
        return self.sock is not None and cast(Stream, self.sock).lasting


class _Pool(urllib3.HTTPConnectionPool):
    def __init__(self, open_stream: OpenStream, open_s: float) -> None:
        super().__init__("localhost", maxsize=MAX_IDLE)
        self._open_stream, self._open_s = open_stream, open_s

    def _new_conn(self) -> _Connection:
        return _Connection(self._open_stream, self._open_s)

    @override
    def _get_conn(self, timeout: float | None = None) -> _Connection:
        """Take an idle connection that is alive, or make a new one."""
        while self.pool is not None:
            try:
                connection = self.pool.get(block=False)
            except queue.Empty:
                break
            if isinstance(connection, _Connection):
                if connection.is_connected:
                    return connection
                connection.close()
        return self._new_conn()

    @override
    def _put_conn(self, conn: Any) -> None:
        """Keep an idle connection, unless it occupies what others need."""
        if isinstance(conn, _Connection) and not conn.is_lasting:
            conn.close()
            return
        super()._put_conn(conn)


class _Answers(threading.local):
    """The answers this thread may still be reading."""

    open: list[requests.Response] | None = None


_answers = _Answers()


@contextmanager
def answers_closed() -> Iterator[None]:
    """Close the answers asked for inside at the end: one that was not read to its end holds a connection."""
    before, mine = _answers.open, list[requests.Response]()
    _answers.open = mine
    try:
        yield
    finally:
        _answers.open = before
        for answer in mine:
            answer.close()


class StreamAdapter(HTTPAdapter):
    """Sends every request through the streams of one host."""

    def __init__(self, open_stream: OpenStream, open_s: float) -> None:
        super().__init__()
        self._streams = _Pool(open_stream, open_s)

    @override
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; a streamed answer is closed by `answers_closed` at the latest."""
        answer = super().send(*args, **kwargs)
        if _answers.open is not None:
            _answers.open.append(answer)
        return answer

    @override
    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> urllib3.HTTPConnectionPool:
        """Return the one pool there is; a unix socket knows neither proxies nor TLS."""
        return self._streams

    @override
    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Return the path: there is no host in it."""
        return request.path_url

    def close(self) -> None:
        """Close the idle connections."""
        self._streams.close()
        super().close()
