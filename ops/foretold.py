"""What a job would leave running on each of its hosts, told before it is started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops import rollback
from ops.model import Deployment, DeploymentState, Host
from ops.services import Services
from ops.work import JobRequest, Plan

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Change:
    """What runs on a host now, and what would run there afterwards, in words."""

    now: str
    then: str


def changes(services: Services, request: JobRequest, plan: Plan) -> dict[str, Change]:
    """Return the change by address for the kinds of job that decide what runs; nothing for the others."""
    addresses = sorted({lane.host for lane in plan.lanes if lane.key == lane.host})
    if request.kind not in _THEN or not addresses:
        return {}
    running = services.store.deployments(addresses=addresses, states=[DeploymentState.RUNNING])
    told = {}
    for host in services.store.hosts(addresses=addresses):
        here = [row for row in running if row.host == host.address]
        told[host.address] = Change(_named(here), _THEN[request.kind](services, request.args, host, here))
    return told


def _named(rows: Sequence[Deployment]) -> str:
    return ", ".join(_version(row.project_name, row.project_id) for row in rows) or NOTHING


def _version(name: str, project_id: str) -> str:
    return f"{name} {project_id[:12]}"


def _beside(new: str, name: str, here: Sequence[Deployment]) -> str:
    """Name what is new, and the other projects that go on beside it."""
    others = [row for row in here if row.project_name != name]
    return f"{new}, {_named(others)}" if others else new


def _deployed(services: Services, args: Mapping[str, object], host: Host, here: Sequence[Deployment]) -> str:
    del host
    project = services.store.project(str(args["project_id"]))
    assert project is not None  # the plan was made with it
    return _beside(_version(project.name, project.id), project.name, here)


def _rolled_back(services: Services, args: Mapping[str, object], host: Host, here: Sequence[Deployment]) -> str:
    old = rollback.earlier(services, host, args)
    if old is None:
        return _named(here)
    when = f"{_version(old.project_name, old.project_id)} of {old.created_at:%Y-%m-%d %H:%M}"
    return _beside(when, old.project_name, here)


def _stopped(services: Services, args: Mapping[str, object], host: Host, here: Sequence[Deployment]) -> str:
    del host
    project = services.store.project(str(args["project_id"])) if args.get("project_id") else None
    return _named([row for row in here if project and row.project_name != project.name])


def _restarted(services: Services, args: Mapping[str, object], host: Host, here: Sequence[Deployment]) -> str:
    del services, args, host
    return f"{_named(here)}, started anew" if here else NOTHING


_THEN = {"deploy": _deployed, "rollback": _rolled_back, "restart": _restarted, "stop": _stopped}
