"""The pool of warm SSH connections: pinned host keys, one connection per host, commands, files, tunnels.

The modules `ops/ssh*.py` are the only ones that know fabric and paramiko:

========================  ======================================================================
`ssh_words`               what is said: fingerprints, and each error as a sentence
`ssh_command`             the line a host's shell is given: time limit, sudo, standard input
`ssh_transport`           sockets, algorithms, and requests paramiko has no call for
`ssh_keys`, `ssh_login`   keys, and a login to a host that shows the pinned one
`ssh_link`                one connection that many threads share
`ssh_run`, `ssh_tunnel`   one command; reverse tunnels
`ssh_remote`              the host as `ops.ports.Remote`
========================  ======================================================================
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ops import ssh_keys
from ops.config import Config
from ops.model import Host, HostKey
from ops.services import Vault
from ops.ssh_command import Root
from ops.ssh_keys import KeyFile
from ops.ssh_link import Link
from ops.ssh_login import Login, log_in, scan
from ops.ssh_remote import SshRemote


class SshPool:
    """Warm connections by address; implements `ops.ports.Pool`. Safe from any thread."""

    def __init__(self, config: Config, vault: Vault) -> None:
        self._config, self._vault = config, vault
        self._key_file = KeyFile(config.key_path)
        self._changed = threading.Condition()
        self._remotes: dict[str, SshRemote] = {}
        self._closed = False
        self._reaper: threading.Thread | None = None

    def remote(self, host: Host) -> SshRemote:
        """Return the host's connection; it is opened at its first use, and kept while the login stays the same."""
        with self._changed:
            known = self._remotes.get(host.address)
            if known is not None and known.host == host:
                return known
            keep = known is not None and _same_login(known.host, host)
            link = known.link if known is not None and keep else self._link(host, self._own_key())
            remote = self._remotes[host.address] = SshRemote(host, link, self._config, lambda: self._root(host))
            if self._reaper is None and not self._closed:
                self._reaper = threading.Thread(target=self._close_idle, daemon=True, name="ssh-idle")
                self._reaper.start()
        if known is not None and not keep:
            known.link.close()
        return remote

    def scan(self, address: str, port: int) -> HostKey:
        """Read a host's key without sending any credentials; raises HostUnreachable."""
        return scan(address, port, self._config.connect_timeout_s)

    @contextmanager
    def password_login(self, host: Host, password: str) -> Iterator[SshRemote]:
        """Log in once with a password, to a host that shows the pinned key; sudo takes the same password."""
        with self._once(host, Login.with_password(password), lambda: Root(host.user != "root", password)) as remote:
            yield remote

    @contextmanager
    def key_login(self, host: Host, private_key: str) -> Iterator[SshRemote]:
        """Log in once with somebody's private key; UserError when the text is none, or has a passphrase."""
        key = ssh_keys.private_key(private_key)
        with self._once(host, Login.with_key(lambda: key, "this key"), lambda: self._root(host)) as remote:
            yield remote

    def drop(self, address: str) -> None:
        """Close and forget the connection to an address."""
        with self._changed:
            remote = self._remotes.pop(address, None)
        if remote is not None:
            remote.link.close()

    def close(self) -> None:
        """Close every connection."""
        with self._changed:
            self._closed = True
            remotes = list(self._remotes.values())
            self._remotes.clear()
            reaper, self._reaper = self._reaper, None
            self._changed.notify_all()
        for remote in remotes:
            remote.link.close()
        if reaper is not None:
            reaper.join()

    def _own_key(self) -> Login:
        return Login.with_key(self._key_file.load, "the bot's key")

    def _link(self, host: Host, login: Login) -> Link:
        timeout_s = self._config.connect_timeout_s
        return Link(host, lambda: log_in(host, login, timeout_s), answer_s=timeout_s)

    def _root(self, host: Host) -> Root:
        """Say how the registered user becomes root; the password is read from the vault at the last moment."""
        return Root(host.user != "root", self._vault.get(host.sudo_secret) if host.sudo_secret else None)

    @contextmanager
    def _once(self, host: Host, login: Login, root: Callable[[], Root]) -> Iterator[SshRemote]:
        link = self._link(host, login)
        try:
            link.renew()
            yield SshRemote(host, link, self._config, root)
        finally:
            link.close()

    def _close_idle(self) -> None:
        """Close connections nobody used for the configured time; sleeps until the next may be due."""
        while True:
            with self._changed:
                if self._closed:
                    return
                remotes = list(self._remotes.values())
            due_s = [remote.link.close_if_idle(self._config.ssh_idle_s) for remote in remotes]
            with self._changed:
                if self._changed.wait_for(lambda: self._closed, min(due_s, default=self._config.ssh_idle_s)):
                    return


def _same_login(one: Host, other: Host) -> bool:
    return (one.user, one.port, one.key) == (other.user, other.port, other.key)
