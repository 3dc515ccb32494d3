"""Hosts: look at their keys before registration, and ask how they are."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ops import facts as facts_of
from ops import ssh_words
from ops.errors import HostUnreachable, OpsError, UserError
from ops.hosts_forget import ForgetKind
from ops.hosts_parallel import each
from ops.model import Facts, Host, HostKey
from ops.services import Services
from ops.targets import is_address, parse_address
from ops.work import StepState

__all__ = ["ForgetKind", "Ping", "Scan", "ping", "scan"]


@dataclass(frozen=True, slots=True)
class Scan:
    """What an address showed before registration: its host key, or why there is none.

    `name` is the host name that was typed, if it was one; `known` the host as it is registered already.
    """

    address: str
    name: str
    key: HostKey | None
    error: str
    known: Host | None


@dataclass(frozen=True, slots=True)
class Ping:
    """How a host answered. `latency_ms` is one command's way there and back over the open connection."""

    host: Host
    state: StepState
    latency_ms: float | None
    facts: Facts | None
    error: str


def scan(services: Services, addresses: Sequence[str], port: int = 22) -> list[Scan]:
    """Read the host keys at addresses or names, without sending any credentials; what goes wrong is in the result.

    An address given twice is looked at once. A host that shows another key than the pinned one gets an error with
    both fingerprints: a changed key is never a thing to confirm.
    """
    typed = list(dict.fromkeys(address.strip() for address in addresses))
    found = each(
        lambda text: _scan(services, text, port), typed, workers=services.config.fan_out, stall_s=_stall_s(services)
    )
    by_address: dict[str, Scan] = {}
    for text, result in zip(typed, found, strict=True):
        one = result or Scan(text, "", None, _silent(services, text), None)
        by_address.setdefault(one.address, one)
    return list(by_address.values())


def _scan(services: Services, text: str, port: int) -> Scan:
    try:
        address = parse_address(text)
    except UserError as error:
        return Scan(text, "", None, str(error), None)
    name = "" if is_address(text) else text
    known = services.store.host(address)
    try:
        key = services.pool.scan(address, port)
    except OpsError as error:
        return Scan(address, name, None, str(error), known)
    changed = known is not None and known.key != key
    return Scan(address, name, key, str(ssh_words.key_changed(known, key)) if known and changed else "", known)


def ping(services: Services, hosts: Sequence[Host]) -> list[Ping]:
    """Ask hosts side by side whether they answer, and keep the facts they tell; in the order given.

    A host that fails, or hangs, spoils nothing for the others.
    """
    found = each(
        lambda host: _ping(services, host), hosts, workers=services.config.fan_out, stall_s=_stall_s(services)
    )
    return [
        result or Ping(host, StepState.UNREACHABLE, None, None, _silent(services, host.address))
        for host, result in zip(hosts, found, strict=True)
    ]


def _ping(services: Services, host: Host) -> Ping:
    timeout_s = services.config.connect_timeout_s
    try:
        remote = services.pool.remote(host)
        facts = facts_of.collect(remote, timeout_s=timeout_s)
        started = time.perf_counter()
        remote.run("true", timeout_s=timeout_s)
        latency_ms = (time.perf_counter() - started) * 1000
    except HostUnreachable as error:
        return Ping(host, StepState.UNREACHABLE, None, None, str(error))
    except OpsError as error:
        return Ping(host, StepState.FAILED, None, None, str(error))
    return Ping(_keep(services, host, facts), StepState.OK, latency_ms, facts, "")


def _keep(services: Services, host: Host, facts: Facts) -> Host:
    """Save the facts, unless the host was forgotten while we asked."""
    current = services.store.host(host.address)
    if current is None:
        return host
    fresh = replace(current, facts=facts, facts_at=services.now())
    services.store.save_host(fresh)
    return fresh


def _stall_s(services: Services) -> float:
    """Return how long nothing at all may happen: a connection, then two commands, each with its own limit."""
    return 3 * services.config.connect_timeout_s + 1


def _silent(services: Services, address: str) -> str:
    return (
        f"{address} did not answer within {_stall_s(services):g} s and was given up. "
        f"Check its power and network, then try `ping {address}`."
    )
