"""The bridge of a fleet, and the rules that make 127.0.B.x of this machine the address of a Pi.

A connection to a Pi's loopback address is translated to its address on the bridge before it leaves, so every port of
the Pi is reachable, and a service of this machine on 0.0.0.0:22 is not in the way. All of a fleet's rules live in
chains of its own name. They are set from a helper container: no root is needed here, only Docker.
"""

from dataclasses import dataclass

from . import images
from .engine import LABEL, FleetError, docker, lines
from .privileges import privileged

BLOCKS = range(1, 10)
FIRST_HOST = 11


@dataclass(frozen=True)
class Network:
    """Address block `block` (127.0.`block`.x) and bridge of the fleet `name`."""

    name: str
    block: int

    @property
    def bridge(self) -> str:
        return f"flsvc{self.block}"

    @property
    def docker_name(self) -> str:
        return f"flsvc-{self.name}"

    @property
    def loopback(self) -> str:
        return f"127.0.{self.block}"

    @property
    def subnet(self) -> str:
        return f"10.231.{self.block}"

    def loopback_ip(self, number: int) -> str:
        """Return the address of pi-`number` on this machine."""
        return f"{self.loopback}.{FIRST_HOST - 1 + number}"

    def bridge_ip(self, number: int) -> str:
        """Return the address of pi-`number` on the bridge."""
        return f"{self.subnet}.{FIRST_HOST - 1 + number}"


def create(name: str, block: int | None) -> Network:
    """Make the bridge on the given block, else on the first that is free. Raises FleetError."""
    refusals = []
    for candidate in BLOCKS if block is None else [block]:
        network = Network(name, candidate)
        words = ["--label", f"{LABEL}={name}", "--label", f"{LABEL}.block={candidate}"]
        words += ["--subnet", f"{network.subnet}.0/24", "--gateway", f"{network.subnet}.1"]
        words += ["-o", f"com.docker.network.bridge.name={network.bridge}", network.docker_name]
        try:
            docker("network", "create", *words)
        except FleetError as error:
            refusals.append(str(error))
        else:
            return network
    raise FleetError(f"no free address block for the fleet {name}: {refusals[-1]}")


def find(name: str) -> Network | None:
    """Return the bridge of a fleet that is up."""
    found = lines("network", "ls", "--filter", f"label={LABEL}={name}", "--format", f'{{{{.Label "{LABEL}.block"}}}}')
    return Network(name, int(found[0])) if found else None


def names() -> list[str]:
    """Return the names of the fleets on this machine."""
    return sorted(lines("network", "ls", "--filter", f"label={LABEL}", "--format", f'{{{{.Label "{LABEL}"}}}}'))


def open_rules(network: Network, numbers: list[int]) -> str:
    """Return the shell commands that translate the loopback addresses of these Pis.

    Rules that are there stay untouched: a connection made meanwhile must not end at this machine's own port 22.
    """
    chain = _chain(network.name)
    translate = [f"{chain} {_translate(network, number)}" for number in numbers]
    masquerade = f"{chain}-P -s 127.0.0.0/8 -o {network.bridge} -j MASQUERADE"
    steps = [
        f"echo 1 > /proc/sys/net/ipv4/conf/{network.bridge}/route_localnet",
        *_chain_there("nat", "OUTPUT", chain),
        *_chain_there("nat", "POSTROUTING", f"{chain}-P"),
        *_chain_there("filter", "OUTPUT", chain),
        *[_once("nat", "A", rule) for rule in (masquerade, *translate)],
    ]
    return " && ".join(steps)


def forget_rules(network: Network, number: int) -> str:
    """Return the shell commands that remove the rules of one Pi."""
    rule = f"{_chain(network.name)} {_translate(network, number)}"
    return f"iptables -w -t nat -D {rule}; {plug_rules(network, number, None)}"


def close_rules(name: str) -> str:
    """Return the shell commands that remove every rule of a fleet, those that are there."""
    chain = _chain(name)
    places = [("nat", "OUTPUT", chain), ("nat", "POSTROUTING", f"{chain}-P"), ("filter", "OUTPUT", chain)]
    steps = [
        f"iptables -w -t {table} {words} 2>/dev/null"
        for table, hook, own in places
        for words in (f"-D {hook} -j {own}", f"-F {own}", f"-X {own}")
    ]
    return "; ".join([*steps, "true"])


def unplug_rules(network: Network, number: int, interface_index: str | None) -> str:
    """Return the shell commands that pull a Pi's cable: nothing goes to it, nothing comes from it."""
    return _once("filter", "A", _drop(network, number)) + _link(interface_index, "down")


def plug_rules(network: Network, number: int, interface_index: str | None) -> str:
    """Return the shell commands that put the cable back."""
    return f"{{ iptables -w -D {_drop(network, number)} 2>/dev/null || true; }}" + _link(interface_index, "up")


def unplugged(network: Network) -> set[str]:
    """Return the bridge addresses of the Pis whose cable is pulled."""
    rules = on_machine(f"iptables -w -S {_chain(network.name)} 2>/dev/null || true").splitlines()
    return {rule.split()[3].removesuffix("/32") for rule in rules if rule.startswith("-A") and "DROP" in rule}


def on_machine(script: str) -> str:
    """Run a shell script with the network of this machine, as root, in a container that is gone afterwards."""
    words = [*privileged(), "--network=host", "--entrypoint=/bin/sh"]
    return docker("run", "--rm", *words, images.PI, "-c", script)


def _chain(name: str) -> str:
    return f"FLSVC-{name}"


def _chain_there(table: str, hook: str, chain: str) -> list[str]:
    return [
        f"{{ iptables -w -t {table} -N {chain} 2>/dev/null || true; }}",
        _once(table, "I", f"{hook} -j {chain}"),
    ]


def _once(table: str, how: str, rule: str) -> str:
    iptables = f"iptables -w -t {table}"
    return f"{{ {iptables} -C {rule} 2>/dev/null || {iptables} -{how} {rule}; }}"


def _translate(network: Network, number: int) -> str:
    return f"-d {network.loopback_ip(number)} -j DNAT --to-destination {network.bridge_ip(number)}"


def _drop(network: Network, number: int) -> str:
    return f"{_chain(network.name)} -d {network.bridge_ip(number)} -j DROP"


def _link(interface_index: str | None, state: str) -> str:
    if interface_index is None:
        return ""
    device = f"$(ip -o link | sed -n 's/^{interface_index}: \\([^@:]*\\).*/\\1/p')"
    return f' && ip link set "{device}" {state}'
