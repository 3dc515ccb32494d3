"""The same small world three times: in memory, behind a throw-away sshd, and in a virtual Pi."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ops.model import FlowerType, Host, Sudo
from ops.ports import Pool
from ops.services import Vault
from ops.ssh import SshPool
from tests.fakes import FakeMachine, FakePool, FakeVault
from tests.fleet.fleet import Fleet, Pi
from tests.ops.sshd import Sshd, free_port


class World(Protocol):
    """One host, the pool to reach it by, and the hands that make trouble there."""

    @property
    def pool(self) -> Pool: ...
    @property
    def directory(self) -> str: ...
    @property
    def host(self) -> Host: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def change_host_key(self) -> None: ...
    def remove_bot_key(self) -> None: ...
    def take_port(self) -> AbstractContextManager[int]: ...
    def free_port(self) -> int: ...


@dataclass
class FakeWorld:
    """A fake host."""

    vault: Vault = field(default_factory=FakeVault)
    machine: FakeMachine = field(default_factory=lambda: FakeMachine("192.0.2.7"))
    directory: str = "/tmp"

    def __post_init__(self) -> None:
        self.pool = FakePool(self.machine, vault=self.vault)
        self.key = self.machine.key

    @property
    def host(self) -> Host:
        return Host(self.machine.address, "pi", self.key, FlowerType.CLIENT)

    def unplug(self) -> None:
        self.machine.reachable = False

    def plug(self) -> None:
        self.machine.reachable = True

    def change_host_key(self) -> None:
        self.machine.key = FakeMachine("another").key

    def remove_bot_key(self) -> None:
        self.machine.key_accepted = False

    def take_port(self) -> AbstractContextManager[int]:
        return _Taken(self.machine)

    def free_port(self) -> int:
        return 5055


@dataclass
class _Taken:
    machine: FakeMachine

    def __enter__(self) -> int:
        self.machine.ports_in_use.add(5055)
        return 5055

    def __exit__(self, *error: object) -> None:
        self.machine.ports_in_use.clear()


@dataclass
class SshdWorld:
    """A real sshd on the loopback."""

    pool: SshPool
    sshd: Sshd

    def __post_init__(self) -> None:
        self.directory = str(self.sshd.directory)
        self._host = self.sshd.host()

    @property
    def host(self) -> Host:
        return self._host

    def unplug(self) -> None:
        self.sshd.stop()

    def plug(self) -> None:
        self.sshd.start()

    def change_host_key(self) -> None:
        self.sshd.stop()
        self.sshd.new_host_key()
        self.sshd.start()

    def remove_bot_key(self) -> None:
        self.sshd.authorized_keys.write_text("")

    def take_port(self) -> AbstractContextManager[int]:
        return _Listening()

    def free_port(self) -> int:
        return free_port()


class _Listening:
    def __enter__(self) -> int:
        self._sock = socket.create_server(("127.0.0.1", 0))
        port: int = self._sock.getsockname()[1]
        return port

    def __exit__(self, *error: object) -> None:
        self._sock.close()


@dataclass
class Account:
    """A host with a user who has a password; `sudo` asks for it."""

    pool: Pool
    host: Host
    password: str
    vault: Vault
    accept_bot_key: Callable[[], None]
    in_processes: Callable[[str], bool]

    def with_sudo_password(self, password: str) -> Host:
        return replace(self.host, sudo=Sudo.PASSWORD, sudo_secret=self.vault.put(password))


def fake_account() -> Account:
    machine = FakeMachine("192.0.2.8", key_accepted=False)
    vault = FakeVault()
    pool = FakePool(machine, vault=vault)
    host = Host(machine.address, "pi", machine.key, FlowerType.CLIENT)

    def accept() -> None:
        machine.key_accepted = True

    def in_processes(text: str) -> bool:
        return any(text in line for line in machine.log)

    return Account(pool, host, machine.password, vault, accept, in_processes)


def fleet_account(fleet: Fleet, pi: Pi, pool: SshPool, vault: FakeVault, public_key: Path) -> Account:
    host = Host(pi.ip, pi.user, pool.scan(pi.ip, pi.port), FlowerType.CLIENT, port=pi.port)
    line = public_key.read_text().strip()

    def accept() -> None:
        script = f"mkdir -p -m 700 ~/.ssh; echo '{line}' >> ~/.ssh/authorized_keys; chmod 600 ~/.ssh/authorized_keys"
        fleet.exec(pi, ["bash", "-c", script], user=pi.user)

    def in_processes(text: str) -> bool:
        return text in fleet.exec(pi, ["ps", "-ewwo", "args"])

    return Account(pool, host, pi.password, vault, accept, in_processes)
