"""A host over its warm connection: commands, files, tunnels, and its unix sockets."""

import io
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

import paramiko

from ops import cancel, ssh_command
from ops import ssh_words as words
from ops.config import Config
from ops.errors import StepFailed
from ops.model import Host
from ops.ports import Output
from ops.ssh_command import Line, Root
from ops.ssh_link import Link
from ops.ssh_run import Lost, Stdin, run_on
from ops.ssh_stream import ChannelStream

PUT_BYTES_PER_S = 50_000  # the slowest link a file is expected to travel over
STOPPED = {124, 137, -1}  # by `timeout`, by its SIGKILL, by a signal (timeout(1))


class SshRemote:
    """One host; implements `ops.ports.Remote`. Safe from any thread."""

    def __init__(self, host: Host, link: Link, config: Config, root: Callable[[], Root]) -> None:
        self.host, self.link = host, link
        self._config, self._root = config, root
        self._sudo_works = False
        self._sudo_lock = threading.Lock()

    @property
    def address(self) -> str:
        """Return the host's address."""
        return self.host.address

    def run(
        self,
        command: str,
        *,
        sudo: bool = False,
        timeout_s: float | None = None,
        stdin: str = "",
        check: bool = True,
    ) -> Output:
        """Run a bash command line, as root with `sudo`; each stream keeps its last MiB.

        Raises StepFailed with the last lines when `check` and the status is not 0, TimedOut when it took too long,
        HostUnreachable, HostKeyChanged or LoginRefused when there is no connection.
        """
        content = stdin.encode() if stdin else None
        limit_s = timeout_s or self._config.command_timeout_s
        return self._run(command, sudo=sudo, timeout_s=limit_s, stdin=content, check=check, doing=command)

    def put(self, content: bytes | BinaryIO, path: str, *, mode: int = 0o644, sudo: bool = False) -> None:
        """Write a file whole or not at all, streaming; missing directories are made, `~/` is the login's home.

        Raises StepFailed when it cannot be written, and what `run` raises.
        """
        with _sized(content) as (stream, size_bytes):
            command = ssh_command.put(path, size_bytes=size_bytes, mode=mode)
            limit_s = max(self._config.command_timeout_s, size_bytes / PUT_BYTES_PER_S)
            self._run(command, sudo=sudo, timeout_s=limit_s, stdin=stream, check=True, doing=f"write {path}")

    def _run(
        self, command: str, *, sudo: bool, timeout_s: float, stdin: bytes | BinaryIO | None, check: bool, doing: str
    ) -> Output:
        if cancel.asked():
            raise cancel.told(words.not_begun(self.host, doing))
        root = self._become_root() if sudo else None
        marker = secrets.token_hex(16)
        line = ssh_command.build(command, timeout_s=timeout_s, root=root, has_stdin=stdin is not None, marker=marker)
        end = _End(lambda: self._end(marker, root)) if cancel.possible() else None
        started = time.monotonic()
        output = self._send(line, stdin, timeout_s, doing, end)
        if end and end.hit and not output.ok:
            raise cancel.told(words.ended(self.host, doing, output))
        if output.status in STOPPED and time.monotonic() - started >= timeout_s:
            raise words.timed_out(self.address, doing, timeout_s, output)
        if check and not output.ok:
            raise words.failed(self.address, doing, output)
        return output

    def _end(self, marker: str, root: Root | None) -> bool:
        """End a running command; False when it is not there (yet, or any more)."""
        limit_s = self._config.command_timeout_s
        command = ssh_command.end(marker)
        line = ssh_command.build(command, timeout_s=limit_s, root=root, has_stdin=False, marker=secrets.token_hex(16))
        return self._send(line, None, limit_s, command).ok

    def _send(
        self,
        line: Line,
        content: bytes | BinaryIO | None,
        timeout_s: float,
        doing: str,
        end: "_End | None" = None,
    ) -> Output:
        stdin = Stdin.of(line.before_stdin, content)
        with self.link.session(timeout_s) as (transport, channel):
            try:
                return run_on(channel, transport, line.text, stdin, timeout_s=timeout_s, watch=end)
            except (Lost, OSError, EOFError, paramiko.SSHException):
                transport.close()
                raise words.lost(self.address, f"`{words.short(doing)}`") from None

    def _become_root(self) -> Root:
        """Return how to become root, tried out once: a wrong password must not be taken for the command's failure."""
        root = self._root()
        if not root.needed:
            return root
        with self._sudo_lock:
            if not self._sudo_works:
                timeout_s = self._config.command_timeout_s
                output = self._send(ssh_command.sudo_check(root), None, timeout_s, "sudo true")
                if not output.ok:
                    raise words.no_sudo(self.host, ssh_command.why_no_sudo(output.stderr))
                self._sudo_works = True
        return root

    @contextmanager
    def reverse_tunnel(self, port: int, to: tuple[str, int]) -> Iterator[int]:
        """Make `127.0.0.1:port` on the host reach `to` from here; several may hold the same tunnel at once.

        Raises StepFailed when the port is in use on the host, or sshd forbids forwarding.
        """
        with self.link.lease() as opened, opened.tunnels.hold(port, to) as held:
            yield held

    def reconnect(self) -> None:
        """Log in anew, which a change of group membership needs; what runs on the old connection ends there."""
        self.link.renew()

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Keep the connection from being closed as idle while a stream is in use, and say so when it broke."""
        with self.link.lease() as opened:
            try:
                yield
            except StepFailed:
                if opened.transport.is_active():
                    raise
                raise words.lost(self.address, "a request to its Docker Engine") from None

    def open_unix_socket(self, path: str, timeout_s: float) -> ChannelStream:
        """Open a stream to a unix socket on the host.

        Raises StepFailed when nothing listens there, the user may not open it, or sshd forbids it: sshd does not say
        which.
        """
        try:
            opened, channel = self.link.open_channel(lambda transport: transport.open_unix_socket(path, timeout_s))
        except paramiko.ChannelException:
            raise words.no_socket(self.host, path) from None
        self.link.release(opened)  # an idle stream does not keep the connection; `lease` does
        return ChannelStream(channel)

    def open_command(self, command: str, *, sudo: bool, timeout_s: float) -> ChannelStream:
        """Start a command and talk to it through its standard input and output; as root where `sudo` says so."""
        root = self._become_root() if sudo else Root(needed=False)
        line = ssh_command.talk(command, root=root, marker=secrets.token_hex(16))
        stack = ExitStack()
        transport, channel = stack.enter_context(self.link.session(timeout_s))
        transport.execute(channel, line.text)
        if line.before_stdin:
            channel.sendall(line.before_stdin.encode())
        return ChannelStream(channel, stack.close)


class _End:
    """Ends a command on the host once its job is cancelled; implements `ops.ssh_run.Watch`."""

    def __init__(self, end: Callable[[], bool]) -> None:
        self._end = end
        self.hit = False

    def look(self) -> bool:
        """End the command if that was asked for; again at the next look where it had not yet begun."""
        if not self.hit and cancel.asked():
            self.hit = self._end()
        return self.hit


@contextmanager
def _sized(content: bytes | BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """Give the content as a stream of known size; one that cannot seek is first kept in a temporary file."""
    if isinstance(content, bytes):
        yield io.BytesIO(content), len(content)
        return
    if content.seekable():
        here = content.tell()
        size_bytes = content.seek(0, os.SEEK_END) - here
        content.seek(here)
        yield content, size_bytes
        return
    with tempfile.TemporaryFile() as kept:
        while chunk := content.read(1 << 20):
            kept.write(chunk)
        size_bytes = kept.tell()
        kept.seek(0)
        yield kept, size_bytes
