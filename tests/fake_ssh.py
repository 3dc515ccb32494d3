"""Hosts in memory behind the Protocols of `ops.ports`: files, scripted commands, faults."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from ops import ssh_words as words
from ops.errors import UserError
from ops.model import Host, HostKey, Sudo
from ops.ports import Output
from ops.services import Vault


@dataclass(frozen=True)
class Call:
    """One command as the fake host received it."""

    machine: "FakeMachine"
    command: str
    sudo: bool
    stdin: str
    match: re.Match[str]


Reply = Output | str | int | Exception | Callable[[Call], Output | str | int]


@dataclass(frozen=True)
class FakeFile:
    """A file on a fake host; `root` when it was written with sudo."""

    content: bytes
    mode: int
    root: bool

    @property
    def text(self) -> str:
        return self.content.decode()


def key_of(seed: str) -> HostKey:
    """Make a host key that looks true: another seed, another fingerprint."""
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + hashlib.sha256(seed.encode()).digest()
    return words.host_key("ssh-ed25519", blob)


@dataclass
class FakeMachine:
    """A host as it is, whatever flsvc believes of it; set the fields to make trouble.

    Commands are answered by the newest reply whose pattern is found in them (`on`), then by a few shell basics,
    else with status 127. `log` has every command, those as root behind "sudo: ".
    """

    address: str
    user: str = "pi"
    password: str = "raspberry"
    sudo: Sudo = Sudo.PASSWORD
    key: HostKey = field(default=HostKey("", "", ""))
    reachable: bool = True
    key_accepted: bool = True  # whether the bot's own key is in authorized_keys
    accepted_private_keys: set[str] = field(default_factory=set)
    files: dict[str, FakeFile] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    logins: int = 0
    ports_in_use: set[int] = field(default_factory=set)
    tunnels: dict[int, tuple[tuple[str, int], int]] = field(default_factory=dict)  # port -> (target, users)
    replies: list[tuple[re.Pattern[str], Reply]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.key.kind:
            self.key = key_of(self.address)

    @property
    def home(self) -> str:
        return "/root" if self.user == "root" else f"/home/{self.user}"

    def on(self, pattern: str, reply: Reply = "") -> None:
        """Answer commands in which the pattern is found: text is stdout, a number the status, an error is raised."""
        self.replies.insert(0, (re.compile(pattern, re.MULTILINE), reply))

    def ran(self, pattern: str) -> list[str]:
        """Return the logged commands in which the pattern is found."""
        return [line for line in self.log if re.search(pattern, line)]

    def path(self, path: str) -> str:
        """Resolve a path as the real host would: relative to the home."""
        path = path.removeprefix("~/")
        return path if path.startswith("/") else f"{self.home}/{path}"

    def answer(self, command: str, *, sudo: bool, stdin: str) -> Output:
        self.log.append(f"sudo: {command}" if sudo else command)
        for pattern, reply in self.replies:
            if match := pattern.search(command):
                return _output(reply, Call(self, command, sudo, stdin, match))
        return _basics(self, command, stdin, root=sudo or self.user == "root")


def _output(reply: Reply, call: Call) -> Output:
    if callable(reply) and not isinstance(reply, Exception):
        reply = reply(call)
    if isinstance(reply, Exception):
        raise reply
    if isinstance(reply, Output):
        return reply
    return Output(reply, "", "") if isinstance(reply, int) else Output(0, reply, "")


def _basics(machine: FakeMachine, command: str, stdin: str, *, root: bool) -> Output:
    """Answer the few commands that need no script."""
    fixed = {"true": "", ":": "", "cat": stdin, "id -un": f"{'root' if root else machine.user}\n"}
    if command in fixed:
        return Output(0, fixed[command], "")
    if match := re.fullmatch(r"exit (\d+)", command):
        return Output(int(match[1]), "", "")
    if match := re.fullmatch(r"echo ([\w .-]*?)( >&2; exit (\d+))?", command):
        return Output(int(match[3]), "", f"{match[1]}\n") if match[2] else Output(0, f"{match[1]}\n", "")
    if match := re.fullmatch(r"(cat|stat -c %a) ['\"]?([^'\"|;&]+)['\"]?", command):
        file = machine.files.get(machine.path(match[2]))
        if file is None:
            return Output(1, "", f"{match[2]}: No such file or directory\n")
        return Output(0, file.text if match[1] == "cat" else f"{file.mode:o}\n", "")
    return Output(127, "", f"fake host: no reply is set for: {command}\n")


class FakeVault:
    """Secrets in a dictionary."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def put(self, secret: str) -> str:
        id = f"secret-{len(self.secrets) + 1}"
        self.secrets[id] = secret
        return id

    def get(self, id: str) -> str:
        if id not in self.secrets:
            raise UserError("The secret is gone. Register the host again.")
        return self.secrets[id]

    def delete(self, id: str) -> None:
        self.secrets.pop(id, None)


class FakeRemote:
    """A login on a fake host; every call checks first what a real connection would have checked."""

    def __init__(self, pool: "FakePool", host: Host, *, password: str | None = None, private_key: str = "") -> None:
        self.pool, self.host = pool, host
        self._password, self._private_key = password, private_key
        self._logged_in = False

    @property
    def address(self) -> str:
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
        machine = self.connect()
        if sudo:
            self._become_root(machine)
        output = machine.answer(command, sudo=sudo, stdin=stdin)
        if check and not output.ok:
            raise words.failed(self.address, command, output)
        return output

    def put(self, content: bytes | BinaryIO, path: str, *, mode: int = 0o644, sudo: bool = False) -> None:
        machine = self.connect()
        if sudo:
            self._become_root(machine)
        data = content if isinstance(content, bytes) else content.read()
        machine.files[machine.path(path)] = FakeFile(data, mode, root=sudo)

    @contextmanager
    def reverse_tunnel(self, port: int, to: tuple[str, int]) -> Iterator[int]:
        machine = self.connect()
        target, users = machine.tunnels.get(port, (to, 0))
        if port in machine.ports_in_use or target != to:
            raise words.port_taken(self.address, port)
        machine.tunnels[port] = (to, users + 1)
        try:
            yield port
        finally:
            left = machine.tunnels[port][1] - 1
            if left:
                machine.tunnels[port] = (to, left)
            else:
                del machine.tunnels[port]

    def reconnect(self) -> None:
        self._logged_in = False
        self.connect()

    def connect(self) -> FakeMachine:
        """Log in, or find out why not."""
        machine = self.pool.find(self.host)
        if not self._accepts(machine):
            self._logged_in = False
            raise words.login_refused(self.host, self._offered)
        if not self._logged_in:
            machine.logins += 1
            self._logged_in = True
        return machine

    @property
    def _offered(self) -> str:
        if self._password is not None:
            return "this password"
        return "this key" if self._private_key else "the bot's key"

    def _accepts(self, machine: FakeMachine) -> bool:
        if self.host.user != machine.user:
            return False
        if self._password is not None:
            return self._password == machine.password
        if self._private_key:
            return self._private_key in machine.accepted_private_keys
        return machine.key_accepted

    def _become_root(self, machine: FakeMachine) -> None:
        if self.host.user == "root" or machine.sudo is Sudo.PASSWORDLESS:
            return
        if machine.sudo is Sudo.NONE:
            raise words.no_sudo(self.host, f"{self.host.user} is not in the sudoers file")
        known = self._password
        if known is None and self.host.sudo_secret:
            known = self.pool.vault.get(self.host.sudo_secret)
        if known != machine.password:
            raise words.no_sudo(self.host, "a password is required" if known is None else "the password is wrong")


class FakePool:
    """A network of fake hosts; an address without one is unreachable."""

    def __init__(self, *machines: FakeMachine, vault: Vault | None = None) -> None:
        self.machines = {machine.address: machine for machine in machines}
        self.vault: Vault = vault or FakeVault()
        self.closed = False
        self._remotes: dict[str, FakeRemote] = {}

    def add(self, address: str, **fields: object) -> FakeMachine:
        """Plug in a host; the fields are those of FakeMachine."""
        machine = FakeMachine(address)
        for name, value in fields.items():
            assert hasattr(machine, name), name
            setattr(machine, name, value)
        self.machines[address] = machine
        return machine

    def machine(self, address: str) -> FakeMachine:
        return self.machines[address]

    def find(self, host: Host) -> FakeMachine:
        """Reach a machine that shows the pinned key."""
        machine = self.machines.get(host.address)
        if machine is None or not machine.reachable:
            self._remotes.pop(host.address, None)
            raise words.no_answer(host.address, host.port, 10)
        if machine.key != host.key:
            raise words.key_changed(host, machine.key)
        return machine

    def remote(self, host: Host) -> FakeRemote:
        known = self._remotes.get(host.address)
        if known is None or known.host != host:
            known = self._remotes[host.address] = FakeRemote(self, host)
        return known

    def scan(self, address: str, port: int) -> HostKey:
        machine = self.machines.get(address)
        if machine is None or not machine.reachable:
            raise words.no_answer(address, port, 10)
        return machine.key

    def password_login(self, host: Host, password: str) -> AbstractContextManager[FakeRemote]:
        return self._once(FakeRemote(self, host, password=password))

    def key_login(self, host: Host, private_key: str) -> AbstractContextManager[FakeRemote]:
        if "PRIVATE KEY" not in private_key:
            raise words.bad_private_key()
        return self._once(FakeRemote(self, host, private_key=private_key))

    @contextmanager
    def _once(self, remote: FakeRemote) -> Iterator[FakeRemote]:
        remote.connect()
        yield remote

    def drop(self, address: str) -> None:
        self._remotes.pop(address, None)

    def close(self) -> None:
        self._remotes.clear()
        self.closed = True


__all__ = ["Call", "FakeFile", "FakeMachine", "FakePool", "FakeRemote", "FakeVault", "key_of"]
