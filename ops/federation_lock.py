"""A lock on a federation: while it holds, nobody changes what runs there."""

from collections.abc import Sequence

from ops.errors import UserError
from ops.model import Actor, Host
from ops.services import Services
from ops.work import Lock


def lock(services: Services, federation: str, reason: str, actor: Actor) -> Lock:
    """Lock a federation; raises UserError when there is none of that name, or it is locked already."""
    _known(services, federation)
    wanted = Lock(federation, reason, actor.id, actor.name, services.now())
    if not services.store.add_lock(wanted):
        before = next(one for one in services.store.locks() if one.federation == federation)
        raise UserError(f"{_held(before)} It stays locked as it is.")
    return wanted


def unlock(services: Services, federation: str) -> Lock:
    """Unlock a federation and return the lock it had; raises UserError when it had none."""
    found = [one for one in services.store.locks() if one.federation == federation]
    if not found or not services.store.delete_lock(federation):
        _known(services, federation)
        raise UserError(f"{federation} is not locked.")
    return found[0]


def held(services: Services, hosts: Sequence[Host]) -> list[str]:
    """Return a sentence for each locked federation of these hosts: who locked it, when and why."""
    return [_held(one) for one in _of(services, hosts)]


def refuse(services: Services, hosts: Sequence[Host]) -> None:
    """Pass, or raise UserError with who locked a federation of these hosts, when and why."""
    found = _of(services, hosts)
    if found:
        told = " ".join(_held(one) for one in found)
        raise UserError(f"{told} Nothing was changed; `unlock {found[0].federation}` when it is time.")


def _of(services: Services, hosts: Sequence[Host]) -> list[Lock]:
    named = {host.federation for host in hosts}
    return [one for one in services.store.locks() if one.federation in named]


def _held(lock: Lock) -> str:
    return (
        f"{lock.federation} is locked by {lock.by_name or lock.by} since {lock.at:%Y-%m-%d %H:%M} UTC: {lock.reason}."
    )


def _known(services: Services, federation: str) -> None:
    known = services.store.federations()
    if federation not in known:
        listed = f" There are {', '.join(known)}." if known else ""
        raise UserError(f"There is no federation called {federation}.{listed}")
