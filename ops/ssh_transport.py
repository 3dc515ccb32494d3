"""The protocol level of SSH: a socket that answers at once, fast algorithms, and what paramiko has no call for.

Sources: RFC 4254 (channels, global requests), OpenSSH's PROTOCOL 2.4 (forwarded unix sockets); figures in comments
were measured on two cores over loopback.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

import paramiko
from paramiko.common import cMSG_CHANNEL_OPEN, cMSG_CHANNEL_REQUEST, cMSG_GLOBAL_REQUEST
from paramiko.transport import ChannelMap

KEX = ("curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256")
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
KEEPALIVE_S = 30
USER_TIMEOUT_MS = 15_000  # unanswered data for this long means the peer is gone (tcp(7))
RESOURCE_SHORTAGE = 4  # SSH_OPEN_RESOURCE_SHORTAGE (RFC 4254, 5.1)
READ_CHECK_S = 2.0  # how often an idle connection looks whether a keepalive is due

Incoming = Callable[[paramiko.Channel, tuple[str, int], tuple[str, int]], None]


class QuickSocket(socket.socket):
    """A TCP socket without Nagle's delay that acknowledges at once.

    One warm command takes 2 ms instead of 47, a first channel 3 instead of 46: sshd holds its answer until we ACK.
    """

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, and ask for an immediate ACK again, which the kernel forgets after each packet."""
        data = super().recv(bufsize, flags)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data

    def close(self) -> None:
        """Close, and wake the thread that reads."""
        with contextlib.suppress(OSError):  # never connected, or the peer was faster
            self.shutdown(socket.SHUT_RDWR)
        super().close()


def connect(address: str, port: int, timeout_s: float) -> QuickSocket:
    """Open the TCP connection; raises OSError."""
    plain = socket.create_connection((address, port), timeout=timeout_s)
    quick = QuickSocket(fileno=plain.detach())
    quick.settimeout(timeout_s)
    quick.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    quick.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    quick.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return quick


class FastTransport(paramiko.Transport):
    """paramiko's transport with a fast order of algorithms, forwarded unix sockets, and time limits on requests."""

    # Declared by paramiko, missing in its stubs.
    _channels: ChannelMap
    _next_channel: Callable[[], int]
    _send_user_message: Callable[[paramiko.Message], None]
    _tcp_handler: Incoming | None

    _active_check_timeout = READ_CHECK_S

    def __init__(self, sock: QuickSocket, disabled_algorithms: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(sock, disabled_algorithms=disabled_algorithms)
        options = self.get_security_options()
        options.kex = [name for name in KEX if name in options.kex]
        options.ciphers = [name for name in CIPHERS if name in options.ciphers]
        self._requests = threading.Lock()

    def execute(self, channel: paramiko.Channel, command: str) -> None:
        """Start a command without waiting for sshd's word that it did; a refusal closes the channel."""
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(channel.remote_chanid)
        message.add_string("exec")
        message.add_boolean(False)
        message.add_string(command)
        self._send_user_message(message)

    def open_unix_socket(self, path: str, timeout_s: float) -> paramiko.Channel:
        """Open a channel to a unix socket on the host (direct-streamlocal@openssh.com).

        Raises ChannelException when sshd refuses or the user may not open the socket, SSHException when it is silent.
        """
        channel, answered = self._new_channel()
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_OPEN)
        message.add_string("direct-streamlocal@openssh.com")
        message.add_int(channel.chanid)
        message.add_int(self.default_window_size)
        message.add_int(self.default_max_packet_size)
        message.add_string(path)
        message.add_string("")  # reserved
        message.add_int(0)  # reserved
        self._send_user_message(message)
        if not answered.wait(timeout_s):
            raise paramiko.SSHException("Timeout opening channel.")
        if channel not in self._channels.values():
            raise self._refusal(self.get_exception())
        return channel

    def open_a_session(self, timeout_s: float) -> paramiko.Channel:
        """Open a session channel; raises ChannelException when sshd refuses it, SSHException when it is silent."""
        try:
            return self.open_session(timeout=timeout_s)
        except paramiko.SSHException as error:
            if str(error).startswith("Timeout"):
                raise
            raise self._refusal(error) from None

    def _refusal(self, error: Exception | None) -> Exception:
        """Tell a refused channel from a lost connection.

        paramiko keeps one exception per connection: of two channels refused in the same moment, one finds none.
        """
        if isinstance(error, paramiko.ChannelException) or not self.is_active():
            return error or paramiko.SSHException("The connection was closed.")
        return paramiko.ChannelException(RESOURCE_SHORTAGE, "Resource shortage")

    def _new_channel(self) -> tuple[paramiko.Channel, threading.Event]:
        """Do what paramiko's open_channel does before it sends; it cannot add a path to the message."""
        with self.lock:
            channel = _BareChannel(self._next_channel())
            self._channels.put(channel.chanid, channel)
            self.channel_events[channel.chanid] = answered = threading.Event()
            self.channels_seen[channel.chanid] = True
            channel._set_transport(self)
            channel._set_window(self.default_window_size, self.default_max_packet_size)
        return channel, answered

    def listen_on_host(self, port: int, handler: Incoming, timeout_s: float) -> bool:
        """Ask sshd to listen on 127.0.0.1:port for us; False when it refuses. One handler serves all ports."""
        self._tcp_handler = handler
        return self._global_request("tcpip-forward", port, timeout_s)

    def stop_listening(self, port: int, timeout_s: float) -> bool:
        """Ask sshd to listen no more; paramiko's own call would forget the handler of the other ports as well."""
        return self._global_request("cancel-tcpip-forward", port, timeout_s)

    def _global_request(self, kind: str, port: int, timeout_s: float) -> bool:
        """Send a request and wait for its answer; answers come in order, so one at a time (RFC 4254, 4)."""
        with self._requests:
            self.completion_event = answered = threading.Event()
            message = paramiko.Message()
            message.add_byte(cMSG_GLOBAL_REQUEST)
            message.add_string(kind)
            message.add_boolean(True)
            message.add_string("127.0.0.1")
            message.add_int(port)
            self._send_user_message(message)
            if not answered.wait(timeout_s):
                self.close()  # the answer could come later and be taken for the next one's
                raise paramiko.SSHException(f"Timeout waiting for an answer to {kind}.")
            if not self.is_active():
                raise self.get_exception() or paramiko.SSHException("The connection was closed.")
            return self.global_response is not None


class _BareChannel(paramiko.Channel):
    """A channel whose two set-up calls the stubs leave out."""

    _set_transport: Callable[[paramiko.Transport], None]
    _set_window: Callable[[int, int], None]
