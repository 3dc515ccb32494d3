"""Makes a connection: TCP, the pinned host key, then the login; every failure becomes one of our sentences."""

import errno
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

import fabric
import paramiko

from ops import ssh_words as words
from ops.errors import OpsError
from ops.model import Host, HostKey
from ops.ssh_keys import pinned, shown
from ops.ssh_transport import KEEPALIVE_S, FastTransport, connect

# paramiko's reader threads log what we raise and phrase anyway, with tracebacks.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

# Nothing from ~/.ssh/config, no prompts: flsvc's own record of the host decides.
CONFIG = fabric.Config(lazy=True, overrides={"load_ssh_configs": False})


@dataclass(frozen=True)
class Login:
    """With what to log in; loaded at the last moment, so that a new key file is seen."""

    offered: str  # as the sentence about a refusal says it
    secret: Callable[[], dict[str, object]]

    @staticmethod
    def with_password(password: str) -> "Login":
        """Log in with a password."""
        return Login("this password", lambda: {"password": password})

    @staticmethod
    def with_key(load: Callable[[], paramiko.PKey], offered: str) -> "Login":
        """Log in with a private key."""
        return Login(offered, lambda: {"pkey": load()})


def log_in(host: Host, login: Login, timeout_s: float) -> FastTransport:
    """Connect to a host that shows the pinned key and log in.

    Raises HostUnreachable, HostKeyChanged, LoginRefused, and UserError when there is no key to log in with.
    """
    secret = login.secret()
    pin = pinned(host.key)
    try:
        return _open(host, secret, pin, timeout_s)
    except OpsError:
        raise
    except paramiko.BadHostKeyException as error:
        raise words.key_changed(host, shown(error.key)) from None
    except paramiko.AuthenticationException:
        raise words.login_refused(host, login.offered) from None
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise unreachable(error, host.address, host.port, timeout_s) from None


def _open(host: Host, secret: dict[str, object], pin: paramiko.PKey, timeout_s: float) -> FastTransport:
    """Open a Fabric connection that knows one host key and looks for no other keys, agent or configuration."""
    connection = fabric.Connection(host.address, user=host.user, port=host.port, config=CONFIG)
    connection.client.set_missing_host_key_policy(paramiko.RejectPolicy())
    for name in (host.address, f"[{host.address}]:{host.port}"):
        connection.client.get_host_keys().add(name, host.key.kind, pin)
    sock = connect(host.address, host.port, timeout_s)
    connection.connect_kwargs = {
        **secret,
        "sock": sock,
        "timeout": timeout_s,
        "banner_timeout": timeout_s,
        "auth_timeout": max(timeout_s, 20.0),  # PAM takes its time, on a Pi a few seconds
        "allow_agent": False,
        "look_for_keys": False,
        "transport_factory": FastTransport,
    }
    try:
        connection.open()
    except BaseException:
        connection.client.close()
        sock.close()
        raise
    transport = connection.transport
    assert isinstance(transport, FastTransport)
    transport.set_keepalive(KEEPALIVE_S)
    return transport


def scan(address: str, port: int, timeout_s: float) -> HostKey:
    """Read a host's key by the key exchange alone: no user name, no credentials. Raises HostUnreachable."""
    try:
        sock = connect(address, port, timeout_s)
        transport = FastTransport(sock)
        transport.banner_timeout = timeout_s
        try:
            transport.start_client(timeout=timeout_s)
            return shown(transport.get_remote_server_key())
        finally:
            transport.close()
            sock.close()
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise unreachable(error, address, port, timeout_s) from None


NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def unreachable(error: Exception, address: str, port: int, timeout_s: float) -> OpsError:
    """Say in which of its ways a connection did not come about."""
    if isinstance(error, TimeoutError):
        return words.no_answer(address, port, timeout_s)
    if isinstance(error, ConnectionRefusedError):
        return words.refused(address, port)
    if isinstance(error, socket.gaierror):
        return words.no_route(address)
    if isinstance(error, OSError) and error.errno in NO_ROUTE:
        return words.no_route(address)
    return words.not_ssh(address, port, str(error).strip().rstrip(".") or "it hung up")
