"""One warm connection to one host: opened once for all who need it, replaced when it is dead, closed when idle."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import paramiko

from ops import ssh_words as words
from ops.errors import Busy, HostUnreachable
from ops.model import Host
from ops.ssh_transport import FastTransport
from ops.ssh_tunnel import Tunnels

MAX_SESSIONS = 8  # sshd's MaxSessions is 10 by default (sshd_config(5)); leave two to people


class Slots:
    """Bounds the sessions of a host; learns a lower bound when sshd turns out to have one."""

    def __init__(self, limit: int = MAX_SESSIONS) -> None:
        self._limit, self._used = limit, 0
        self._changed = threading.Condition()

    def take(self, timeout_s: float) -> bool:
        """Wait for a free slot; False when none came free in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._used < self._limit, timeout_s):
                return False
            self._used += 1
            return True

    def give(self) -> None:
        """Give a slot back."""
        with self._changed:
            self._used -= 1
            self._changed.notify()

    def refused(self) -> bool:
        """Give back a slot that sshd refused; True when waiting for another one can help."""
        with self._changed:
            self._used -= 1
            self._limit = max(1, self._used)
            return self._used > 0


class Opened:
    """An authenticated connection, and how many use it."""

    def __init__(self, transport: FastTransport, address: str) -> None:
        self.transport = transport
        self.tunnels = Tunnels(transport, address)
        self.users = 0
        self.last_used = time.monotonic()
        self.retired = False


class Link:
    """Shared by any number of threads; every method may be called from any of them."""

    def __init__(self, host: Host, open_: Callable[[], FastTransport], *, answer_s: float) -> None:
        self.host = host
        self._open, self._answer_s = open_, answer_s
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._opening: Future[Opened] | None = None
        self._slots = Slots()

    def _live(self) -> tuple[Opened, bool]:
        """Return the connection with one more user, and whether this call opened it; who comes meanwhile waits."""
        while True:
            with self._lock:
                opened = self._opened
                if opened and opened.transport.is_active():
                    opened.users += 1
                    return opened, False
                future, mine = self._opening, self._opening is None
                if future is None:
                    future = self._opening = Future()
            if mine:
                self._fulfil(future)
            opened = future.result()
            with self._lock:
                if not opened.retired:  # else somebody closed it in this moment
                    opened.users += 1
                    return opened, True

    def _fulfil(self, future: Future[Opened]) -> None:
        try:
            opened = Opened(self._open(), self.host.address)
        except BaseException as error:
            with self._lock:
                self._opening = None
            future.set_exception(error)
            return
        with self._lock:
            old, self._opened, self._opening = self._opened, opened, None
        future.set_result(opened)
        if old:
            self._retire(old)

    def _done(self, opened: Opened) -> None:
        with self._lock:
            opened.users -= 1
            opened.last_used = time.monotonic()
            close = opened.retired and opened.users == 0
        if close:
            opened.transport.close()

    def _retire(self, opened: Opened) -> None:
        """Let nobody start on a connection any more; the last user closes it."""
        with self._lock:
            opened.retired = True
            if self._opened is opened:
                self._opened = None
            close = opened.users == 0 or not opened.transport.is_active()
        if close:
            opened.transport.close()

    @contextmanager
    def lease(self) -> Iterator[Opened]:
        """Hold the connection open while something uses it."""
        opened, _ = self._live()
        try:
            yield opened
        finally:
            self._done(opened)

    @contextmanager
    def session(self, wait_s: float) -> Iterator[tuple[FastTransport, paramiko.Channel]]:
        """Open a session channel, once more on a new connection when the old one turns out to be dead."""
        opened, channel = self._start(wait_s)
        try:
            yield opened.transport, channel
        finally:
            channel.close()
            self._slots.give()
            self._done(opened)

    def _start(self, wait_s: float) -> tuple[Opened, paramiko.Channel]:
        deadline = time.monotonic() + wait_s
        while True:
            if not self._slots.take(max(0.0, deadline - time.monotonic())):
                raise Busy(
                    f"{self.host.label} is running as many commands as it allows at once, and none ended within "
                    f"{wait_s:g} s. Look with `status {self.host.address}`, and try again.",
                    host=self.host.address,
                )
            try:
                return self.open_channel(lambda transport: transport.open_a_session(self._answer_s))
            except paramiko.ChannelException:  # MaxSessions of this host is lower than we thought
                if not self._slots.refused():
                    raise HostUnreachable(
                        f"{self.host.label} accepts the login, but opens no session (MaxSessions 0 in its sshd?). "
                        f"Raise it in /etc/ssh/sshd_config there.",
                        host=self.host.address,
                    ) from None
            except BaseException:
                self._slots.give()
                raise

    def open_channel(self, ask: Callable[[FastTransport], paramiko.Channel]) -> tuple[Opened, paramiko.Channel]:
        """Open a channel on the live connection, or on a new one; the caller ends it with `release`.

        Raises ChannelException when the host refuses the channel, HostUnreachable when no connection works.
        """
        while True:
            opened, fresh = self._live()
            try:
                return opened, ask(opened.transport)
            except paramiko.ChannelException:
                self._done(opened)
                raise
            except (OSError, EOFError, paramiko.SSHException) as error:
                self.discard(opened)
                self._done(opened)
                if fresh:
                    why = str(error).strip().rstrip(".") or "it hung up"
                    raise words.not_ssh(self.host.address, self.host.port, why) from None

    def release(self, opened: Opened) -> None:
        """Tell that a channel from `open_channel` is no longer used."""
        self._done(opened)

    def discard(self, opened: Opened) -> None:
        """Close a connection that is known to be dead, whoever uses it."""
        self._retire(opened)
        opened.transport.close()

    def renew(self) -> None:
        """Log in anew; what runs on the old connection ends there."""
        with self._lock:
            old, self._opened = self._opened, None
        if old:
            self._retire(old)
        with self.lease():
            return

    def close_if_idle(self, idle_s: float) -> float:
        """Close the connection when nobody used it for that long; returns when to look again, in seconds."""
        with self._lock:
            opened = self._opened
            if opened is None:
                return idle_s
            left_s = opened.last_used + idle_s - time.monotonic()
            if opened.users or left_s > 0:
                return max(left_s, 1.0)
        self._retire(opened)
        return idle_s

    def close(self) -> None:
        """Close the connection now."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened:
            self.discard(opened)
