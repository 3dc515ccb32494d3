"""In which order hosts are changed, and how many may fail before all of it is taken back; pure."""

from collections.abc import Mapping, Sequence

from ops.deploy_steps import STEPS
from ops.errors import UserError
from ops.model import FlowerType, Host
from ops.work import Lane, Phase


def phases(hosts: Sequence[Host], args: Mapping[str, object]) -> tuple[Phase, ...]:
    """Return the server's phase, then the clients' in batches: `canary` of them first, then `batch` at a time.

    The rollout stops, and goes back, when the server or a canary does not come up, or more than `max_failures` of the
    clients fail. Without any of the three, all clients go at once and only the failure of every one of them takes it
    back. A canary that does not answer has proved nothing, so it stops the rollout too.
    """
    servers = tuple(lane(host) for host in hosts if host.flower_type is FlowerType.SERVER)
    clients = [lane(host) for host in hosts if host.flower_type is FlowerType.CLIENT]
    wanted = {name: _whole(args, name) for name in ("batch", "canary", "max_failures")}
    careful = any(value is not None for value in wanted.values())
    bound = wanted["max_failures"] or 0 if careful else max(0, len(clients) - 1)
    first = Phase(servers, required=bool(clients), title="server")
    canaries = wanted["canary"] or 0
    tried = Phase(tuple(clients[:canaries]), required=True, title="canary")
    batches = _batches(clients[canaries:], wanted["batch"] or len(clients))
    rest = [Phase(tuple(lanes), title=title, max_failures=bound) for title, lanes in batches]
    return tuple(phase for phase in (first, tried, *rest) if phase.lanes)


def lane(host: Host) -> Lane:
    """Return a host's lane."""
    return Lane(key=host.address, label=host.label, steps=STEPS, host=host.address)


def _batches(clients: Sequence[Lane], size: int) -> list[tuple[str, Sequence[Lane]]]:
    groups = [clients[n : n + size] for n in range(0, len(clients), size)] if clients else []
    titles = [f"clients, batch {n} of {len(groups)}" for n in range(1, len(groups) + 1)]
    return list(zip(titles if len(groups) > 1 else ["clients"], groups, strict=False))


def _whole(args: Mapping[str, object], name: str) -> int | None:
    value = args.get(name)
    if value is None:
        return None
    least = 0 if name == "max_failures" else 1
    if not isinstance(value, int) or value < least:
        raise UserError(f"{name.replace('_', '-')} is a whole number from {least} on, not {value}.")
    return value
