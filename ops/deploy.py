"""The durable command `deploy`: build what is missing, then the server, then the clients side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ops import deploy_spec, deploy_steps, images
from ops import deploy_words as words
from ops.deploy_status import HostLogs, Status, logs, status
from ops.deploy_stop import StopKind
from ops.errors import NotRegistered, OpsError, UserError
from ops.model import Arch, Deployment, DeploymentState, FlowerType, Host, Project
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan

__all__ = ["DeployKind", "HostLogs", "Status", "StopKind", "logs", "status"]
_ENDS = ("good", "bad", "untouched")


class DeployKind:
    """A lane per host behind a lane per image that is yet to be built; the server comes before the clients."""

    name = "deploy"

    def __init__(self, build: images.BuildKind | None = None) -> None:
        self._build = build or images.BuildKind()

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Decide what is built and where it goes; raises UserError where the project does not fit the hosts."""
        project = images.buildable(services, args)
        hosts = _hosts(services, args)
        _check_fit(project, hosts)
        servers = [host for host in hosts if host.flower_type is FlowerType.SERVER]
        clients = [host for host in hosts if host.flower_type is FlowerType.CLIENT]
        phases = (
            Phase(self._build.lanes(services, project, _missing(services, args, project, hosts)), True, "build"),
            Phase(tuple(map(_lane, servers)), required=bool(clients), title="server"),
            Phase(tuple(map(_lane, clients)), title="clients"),
        )
        return Plan(tuple(phase for phase in phases if phase.lanes))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run a step of a build or of a host."""
        if context.lane.steps == images.STEPS:
            return self._build.run_step(services, context)
        project = images.buildable(services, context.args)
        host = services.store.host(context.lane.key)
        if host is None:
            raise NotRegistered(f"{context.lane.label} was forgotten while the job ran. Register it to deploy there.")
        return deploy_steps.run(deploy_steps.Rollout(services, context, project, host))

    def finish(self, services: Services, job: Job) -> str:
        """Say where it runs now; end what a cancelled job left half-way and link the history to the thread."""
        _settle(services, job)
        project = images.buildable(services, job.args)
        lanes = [lane for phase in job.plan.phases for lane in phase.lanes] if job.plan else []
        ends = {lane.label: _ended(job, lane) for lane in lanes if lane.steps == deploy_steps.STEPS}
        labels = {
            end: [label for label, found in ends.items() if found == end] for end in ("good", "bad", "untouched")
        }
        return words.deployed(project, labels["good"], labels["bad"], labels["untouched"])


def _hosts(services: Services, args: Mapping[str, object]) -> list[Host]:
    addresses = [str(address) for address in images.as_list(args.get("addresses"))]
    if not addresses:
        raise UserError("No host was named. Nothing was changed. Example: deploy 192.168.1.105")
    hosts = services.store.hosts(addresses=addresses)
    missing = sorted(set(addresses) - {host.address for host in hosts})
    if missing:
        raise NotRegistered(f"{', '.join(missing)} is not registered (any more). Register it, then deploy again.")
    return hosts


def _check_fit(project: Project, hosts: Sequence[Host]) -> None:
    without_role = [host for host in hosts if not deploy_spec.wanted_role(project, host)]
    if without_role:
        raise UserError(words.no_role(project, without_role))
    without_arch = [host for host in hosts if host.arch not in set(Arch)]
    if without_arch:
        raise UserError(words.no_arch(without_arch))


def _missing(services: Services, args: Mapping[str, object], project: Project, hosts: Sequence[Host]) -> list[Arch]:
    """Return the arches of the hosts that no image is in the registry for."""
    platform = images.platform_of(project, args)
    arches = {Arch(host.arch) for host in hosts}
    return [arch for arch in sorted(arches) if images.find_image(services, project, arch, platform) is None]


def _lane(host: Host) -> Lane:
    return Lane(key=host.address, label=host.label, steps=deploy_steps.STEPS, host=host.address)


def _ended(job: Job, lane: Lane) -> str:
    steps = [step for step in job.steps if step.lane == lane.key]
    if steps and all(step.state.good for step in steps):
        return "good"
    return "bad" if any(step.state.ended and not step.state.good for step in steps) else "untouched"


def _settle(services: Services, job: Job) -> None:
    """End deployments that no step will end any more, and give every one the link to its thread."""
    known = services.store.job(job.id)
    permalink = known.permalink if known else ""
    for row in services.store.deployments(job_id=job.id):
        linked = replace(row, permalink=row.permalink or permalink)
        services.store.save_deployment(_given_up(services, linked) if _is_half_way(row) else linked)


def _is_half_way(row: Deployment) -> bool:
    return row.state is DeploymentState.STARTING


def _given_up(services: Services, row: Deployment) -> Deployment:
    """Stop what a cancelled job started; what ran before stays down and is named."""
    why = "The job ended before the container had proved to stay up; it was stopped. Deploy again."
    host = services.store.host(row.host)
    try:
        if host and services.engines.on(host).inspect(row.id):
            deploy_steps.halt(services.engines.on(host), row.id)
    except OpsError as error:
        why = f"The job ended before the container had proved to stay up, and it may still run: {error}"
    return replace(row, state=DeploymentState.FAILED, ended_at=services.now(), detail=why)
