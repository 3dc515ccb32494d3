"""What runs where: asked of every host's engine at once, and compared with what is remembered."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ops import deploy_spec as specs
from ops.errors import HostUnreachable, OpsError
from ops.model import Deployment, DeploymentState, Host
from ops.ports import Container
from ops.services import Services

Answer = TypeVar("Answer")
NOTHING = "nothing"
UNREACHABLE = "unreachable"
NO_ANSWER = "no answer"
GONE = "gone"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Status:
    """One deployment on one host as it is; a host without any has one with neither deployment nor container.

    `state` is running, stopped, failed, starting, restarting, exited, `gone` (remembered as running, but its
    container is not there), `unknown` (a container nobody remembers), `nothing`, `unreachable`, or `no answer`
    when the host answers and its Docker Engine does not. `drifted` marks what differs from what is remembered.
    """

    host: Host
    deployment: Deployment | None
    container: Container | None
    state: str
    error: str = ""
    docker_version: str = ""
    drifted: bool = False


@dataclass(frozen=True, slots=True)
class HostLogs:
    """The last lines of the newest container on a host, or why there are none."""

    host: Host
    text: str
    error: str = ""
    container: str = ""


def status(services: Services, hosts: Sequence[Host]) -> list[Status]:
    """Ask every host at once; in the order of the hosts, one project after the other. Raises nothing."""
    return [row for rows in _each(services, hosts, _host_status) for row in rows]


def logs(services: Services, hosts: Sequence[Host], lines: int = 50) -> list[HostLogs]:
    """Read the last lines of the newest container of every host at once. Raises nothing."""
    return _each(services, hosts, lambda services, host: _host_logs(services, host, lines))


def _each(services: Services, hosts: Sequence[Host], ask: Callable[[Services, Host], Answer]) -> list[Answer]:
    if not hosts:
        return []
    with ThreadPoolExecutor(max(1, min(services.config.fan_out, len(hosts)))) as pool:
        return list(pool.map(lambda host: ask(services, host), hosts))


def _host_status(services: Services, host: Host) -> list[Status]:
    remembered = _newest_by_project(services.store.deployments(addresses=[host.address]))
    try:
        engine = services.engines.on(host)
        version = engine.info().version
        containers = engine.containers({specs.DEPLOYMENT: ""})
    except OpsError as error:
        state = UNREACHABLE if isinstance(error, HostUnreachable) else NO_ANSWER
        newest = next(iter(remembered.values()), None)
        return [Status(host, newest, None, state, str(error))]
    rows = [_compare(host, row, containers, version) for row in _shown(remembered, containers)]
    rows += [
        Status(host, None, container, UNKNOWN, docker_version=version, drifted=True)
        for container in containers
        if services.store.deployment(container.name) is None
    ]
    return rows or [Status(host, None, None, NOTHING, docker_version=version)]


def _newest_by_project(rows: Sequence[Deployment]) -> dict[str, Deployment]:
    """Return for each project the deployment that counts: the one that runs, else the newest."""
    counted: dict[str, Deployment] = {}
    for row in rows:  # newest first
        kept = counted.setdefault(row.project_name, row)
        if kept.state is not DeploymentState.RUNNING and row.state is DeploymentState.RUNNING:
            counted[row.project_name] = row
    return counted


def _shown(remembered: Mapping[str, Deployment], containers: Sequence[Container]) -> list[Deployment]:
    """Leave out the projects of long ago: keep what should run or has a container, else the newest alone."""
    names = {container.name for container in containers}
    live = {DeploymentState.RUNNING, DeploymentState.STARTING}
    rows = list(remembered.values())
    return [row for row in rows if row.state in live or row.id in names] or rows[:1]


def _compare(host: Host, row: Deployment, containers: Sequence[Container], version: str) -> Status:
    container = next((one for one in containers if one.name == row.id), None)
    up = container is not None and container.status == "running"
    believed_up = row.state is DeploymentState.RUNNING
    if up and believed_up:
        return Status(host, row, container, "running", docker_version=version)
    if container is None:
        state = GONE if believed_up else row.state.value
        return Status(host, row, None, state, row.detail, version, drifted=believed_up)
    drifted = up or (believed_up and not up)
    return Status(
        host, row, container, container.status if drifted else row.state.value, row.detail, version, drifted
    )


def _host_logs(services: Services, host: Host, lines: int) -> HostLogs:
    try:
        engine = services.engines.on(host)
        found = engine.containers({specs.DEPLOYMENT: ""})
        if not found:
            return HostLogs(host, "", f"Nothing of flsvc was ever started on {host.label}. Deploy a project there.")
        newest = max(found, key=lambda one: (one.status == "running", str(one.started_at or "")))
        return HostLogs(host, engine.logs(newest.name, tail=lines), container=newest.name)
    except OpsError as error:
        return HostLogs(host, "", str(error))
