"""Virtual Raspberry Pis: containers with systemd and sshd, each on a loopback address of its own, port 22.

All that is known about a fleet is read from Docker's labels, so any process can find one that is up.
"""

import base64
import concurrent.futures
import contextlib
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from . import images, network
from .engine import LABEL, FleetError, docker, lines
from .network import Network
from .outer import nameservers
from .privileges import privileged
from .waiting import connects, wait_for, wait_for_banner

USER = "pi"
PASSWORD = "raspberry"
REPOSITORY_HOST = 2
VOLUMES = ("docker", "containerd")
Item = TypeVar("Item")
Result = TypeVar("Result")
NAME_RULE = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")  # an iptables chain is called after it: 28 characters at most


@dataclass(frozen=True)
class Pi:
    """One virtual Pi. `fingerprint` is its ed25519 host key's, `SHA256:…`; empty while it is off."""

    number: int
    container: str
    ip: str
    fingerprint: str
    port: int = 22
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)

    @property
    def name(self) -> str:
        """Return its host name: `pi-1`."""
        return f"pi-{self.number}"


@dataclass
class Fleet:
    """The Pis of one name. Wherever a Pi is asked for, a Pi or its index in `pis` will do."""

    network: Network
    pis: list[Pi]

    @property
    def name(self) -> str:
        """Return the fleet's name, the prefix of all that belongs to it."""
        return self.network.name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.down()

    def exec(self, pi: "int | Pi", argv: list[str], user: str = "root", timeout_s: float = 120) -> str:
        """Run a command inside a Pi, past its sshd, and return what it printed. Raises FleetError."""
        return docker("exec", "-u", user, self._pi(pi).container, *argv, timeout_s=timeout_s)

    def put(self, pi: "int | Pi", local: Path, remote: str, owner: str = USER) -> None:
        """Copy a file or folder to the path `remote`, owned by `owner`."""
        container = self._pi(pi).container
        parent = str(Path(remote).parent)
        docker("exec", container, "install", "-d", "-o", owner, "-g", owner, parent)
        source = f"{local}/." if local.is_dir() else str(local)
        docker("cp", source, f"{container}:{remote}")
        docker("exec", container, "chown", "-R", f"{owner}:{owner}", remote)

    def power_off(self, pi: "int | Pi") -> None:
        """Cut the power: no process is asked."""
        docker("kill", self._pi(pi).container)

    def power_on(self, pi: "int | Pi") -> None:
        """Give it power and wait for its sshd, unless its cable is pulled."""
        found = self._pi(pi)
        docker("start", found.container)
        network.on_machine(network.open_rules(self.network, [found.number]))
        if self.network.bridge_ip(found.number) in network.unplugged(self.network):
            self.unplug(found)
        else:
            wait_for_banner(found.ip)

    def unplug(self, pi: "int | Pi") -> None:
        """Pull its cable: connections, new and established, time out."""
        number = self._pi(pi).number
        network.on_machine(network.unplug_rules(self.network, number, self._interface_index(pi)))

    def plug(self, pi: "int | Pi") -> None:
        """Put its cable back and, when it is on, wait for its sshd."""
        found = self._pi(pi)
        index = self._interface_index(found)
        network.on_machine(network.plug_rules(self.network, found.number, index))
        if index is not None:
            wait_for_banner(found.ip)

    def reset(self, pi: "int | Pi") -> Pi:
        """Replace it by a bare one: same name and address, a new host key, no Docker."""
        old = self._pi(pi)
        _remove_containers([old.container])
        network.on_machine(network.plug_rules(self.network, old.number, None))
        _start(self.network, old.number)
        fresh = _booted(self.network, old.number)
        self.pis[self.pis.index(old)] = fresh
        return fresh

    def add(self, count: int = 1) -> list[Pi]:
        """Start more, fresh Pis and return them."""
        first = max((pi.number for pi in self.pis), default=0) + 1
        fresh = _bring_up(self.network, list(range(first, first + count)))
        self.pis += fresh
        return fresh

    def remove(self, pi: "int | Pi") -> None:
        """Take one away, its disk included."""
        gone = self._pi(pi)
        _remove_containers([gone.container])
        self.pis.remove(gone)
        network.on_machine(network.forget_rules(self.network, gone.number))

    @property
    def docker_repository_url(self) -> str:
        """Return where the Pis find the signed stand-in for Docker's own package repository, starting it if need be.

        The key is at `<url>/gpg`, the packages under `<url>/dists/bookworm/stable`.
        """
        ip = f"{self.network.subnet}.{REPOSITORY_HOST}"
        container = f"{self.network.docker_name}-repository"
        if not lines("ps", "-q", "--filter", f"name=^{container}$"):
            image = images.ensure_repository()
            _remove_containers([container])
            words = ["--label", f"{LABEL}={self.name}", "--network", self.network.docker_name, "--ip", ip]
            docker("run", "-d", "--name", container, *words, image)
            wait_for(lambda: connects(ip, 80), f"the package repository at {ip}:80")
        return f"http://{ip}/linux/debian"

    def state(self, pi: "int | Pi") -> str:
        """Return `on`, `off` or `unplugged`."""
        return self.states()[self.pis.index(self._pi(pi))]

    def states(self) -> list[str]:
        """Return the state of each Pi, in order."""
        cut = network.unplugged(self.network)
        on = set(lines("ps", "--filter", f"label={LABEL}={self.name}", "--format", "{{.Names}}"))
        return [
            "off" if pi.container not in on else "unplugged" if self.network.bridge_ip(pi.number) in cut else "on"
            for pi in self.pis
        ]

    def down(self) -> None:
        """Remove all of it: containers, disks, bridge, rules. Images stay."""
        down(self.name)

    def _pi(self, pi: "int | Pi") -> Pi:
        return pi if isinstance(pi, Pi) else self.pis[pi]

    def _interface_index(self, pi: "int | Pi") -> str | None:
        """Return the number of the machine's end of a Pi's cable; None when the Pi is off."""
        with contextlib.suppress(FleetError):
            return self.exec(pi, ["cat", "/sys/class/net/eth0/iflink"])
        return None


def up(count: int, name: str = "test", block: int | None = None) -> Fleet:
    """Bring a fleet of `count` Pis up, or what is missing of one that is there, and wait until each answers.

    `block` chooses 127.0.`block`.x; without it the first free one is taken. Raises FleetError.
    """
    if not NAME_RULE.fullmatch(name):
        raise FleetError(f"{name!r} is no name for a fleet: up to 16 small letters, digits and hyphens")
    images.ensure_all()
    if not network.find(name):
        network.create(name, block)
    fleet = find(name)
    off = [pi for pi, state in zip(fleet.pis, fleet.states(), strict=True) if state == "off"]
    for pi in off:
        fleet.power_on(pi)
    if len(fleet.pis) < count:
        fleet.add(count - len(fleet.pis))
    return find(name) if off else fleet


def find(name: str) -> Fleet:
    """Return the fleet of that name. Raises FleetError when there is none."""
    bridge = network.find(name)
    if bridge is None:
        raise FleetError(f"there is no fleet {name!r} here. Run: python -m tests.fleet up 5 --name {name}")
    wanted = ("--filter", f"label={LABEL}={name}", "--filter", f"label={LABEL}.number")
    numbers = sorted(int(n) for n in lines("ps", "-a", *wanted, "--format", f'{{{{.Label "{LABEL}.number"}}}}'))
    return Fleet(bridge, _at_once(lambda number: _known(bridge, number), numbers))


def down(name: str) -> None:
    """Remove everything of a fleet, also when it never came up whole."""
    _remove_containers(lines("ps", "-aq", "--filter", f"label={LABEL}={name}"))
    volumes = lines("volume", "ls", "-q", "--filter", f"label={LABEL}={name}")
    if volumes:
        docker("volume", "rm", "-f", *volumes)
    if network.find(name):
        network.on_machine(network.close_rules(name))
        docker("network", "rm", f"flsvc-{name}")


def _bring_up(bridge: Network, numbers: list[int]) -> list[Pi]:
    _at_once(lambda number: _start(bridge, number), numbers)
    network.on_machine(network.open_rules(bridge, numbers))
    return _at_once(lambda number: _booted(bridge, number), numbers)


def _start(bridge: Network, number: int) -> None:
    docker("run", "-d", *run_words(bridge, number, privileged()), images.PI)


def run_words(bridge: Network, number: int, rights: tuple[str, ...]) -> list[str]:
    """Return the words of `docker run` for one Pi."""
    container = _container(bridge, number)
    host = bridge.bridge_ip(number).rsplit(".", 1)[1]
    words = [*rights, "--cgroupns=private", "--name", container, "--hostname", f"pi-{number}"]
    words += ["--label", f"{LABEL}={bridge.name}", "--label", f"{LABEL}.number={number}"]
    words += ["--network", bridge.docker_name, "--ip", bridge.bridge_ip(number)]
    words += [
        "-e",
        f"FLEET_BLOCK={bridge.loopback}",
        "-e",
        f"FLEET_SUBNET={bridge.subnet}",
        "-e",
        f"FLEET_HOST={host}",
    ]
    words += ["-e", f"FLEET_NAMESERVERS={' '.join(nameservers())}"]
    for kind in VOLUMES:  # overlay2 does not work on top of a container's own overlay
        volume = f"type=volume,src={container}-{kind},dst=/var/lib/{kind},volume-label={LABEL}={bridge.name}"
        words += ["--mount", volume]
    return words


def _booted(bridge: Network, number: int) -> Pi:
    wait_for_banner(bridge.loopback_ip(number))
    return _known(bridge, number)


def _known(bridge: Network, number: int) -> Pi:
    container = _container(bridge, number)
    fingerprint = ""
    with contextlib.suppress(FleetError):
        fingerprint = _fingerprint(docker("exec", container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub"))
    return Pi(number, container, bridge.loopback_ip(number), fingerprint)


def _fingerprint(public_key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _container(bridge: Network, number: int) -> str:
    return f"{bridge.docker_name}-pi-{number}"


def _remove_containers(containers: list[str]) -> None:
    """Remove containers and their disks, those that are there."""
    if not containers:
        return
    docker("rm", "-f", "-v", *containers)
    disks = [f"{name}-{kind}" for name in containers for kind in VOLUMES]
    docker("volume", "rm", "-f", *disks)


def _at_once(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    items = list(items)
    with concurrent.futures.ThreadPoolExecutor(max(1, min(8, len(items)))) as pool:
        return list(pool.map(work, items))
