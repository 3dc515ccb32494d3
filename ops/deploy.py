"""The durable command `deploy`: build what is missing, then the server, then the clients in batches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ops import deploy_back, deploy_phases, deploy_spec, deploy_steps, federation_lock, images
from ops import deploy_words as words
from ops.deploy_rollout import Rollout, ran
from ops.deploy_status import HostLogs, Status, logs, status
from ops.deploy_stop import StopKind
from ops.errors import NotRegistered, OpsError, UserError
from ops.model import Arch, Deployment, DeploymentState, Host, Project
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan

__all__ = ["DeployKind", "HostLogs", "Status", "StopKind", "logs", "status"]


class DeployKind:
    """A lane per host behind a lane per image that is yet to be built; the server comes before the clients."""

    name = "deploy"

    def __init__(self, build: images.BuildKind | None = None) -> None:
        self._build = build or images.BuildKind()

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Decide what is built and where it goes; raises UserError where the project does not fit the hosts."""
        project = images.buildable(services, args)
        hosts = hosts_of(services, args)
        federation_lock.refuse(services, hosts)
        _check_fit(project, hosts)
        build = Phase(self._build.lanes(services, project, _missing(services, args, project, hosts)), True, "build")
        return Plan((*([build] if build.lanes else []), *deploy_phases.phases(hosts, args)))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run a step of a build or of a host."""
        if context.lane.steps == images.STEPS:
            return self._build.run_step(services, context)
        host = deploy_back.host_of(services, context)
        rollout = Rollout(services, context, images.buildable(services, context.args), host)
        return deploy_back.put_back(rollout) if context.lane.steps == deploy_back.STEPS else deploy_steps.run(rollout)

    def undo(self, services: Services, job: Job) -> tuple[Phase, ...]:
        """Put back every host that was changed before the rollout stopped."""
        return deploy_back.phases(services, job)

    def finish(self, services: Services, job: Job) -> str:
        """Say where it runs now; end what a cancelled job left half-way and link the history to the thread."""
        settle(services, job)
        return words.deployed(images.buildable(services, job.args), ends(job))


def hosts_of(services: Services, args: Mapping[str, object]) -> list[Host]:
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


def ends(job: Job) -> dict[str, list[str]]:
    """Return the labels of the hosts by how they ended: `good`, `bad`, `untouched`; after a stop `back` or `stuck`.

    `stuck` are those that could not be put back.
    """
    lanes = job.plan.lanes if job.plan else ()
    found: dict[str, list[str]] = {end: [] for end in ("good", "bad", "untouched", "back", "stuck")}
    returned = {lane.host for lane in lanes if lane.steps == deploy_back.STEPS}
    for lane in lanes:
        if lane.steps == deploy_back.STEPS:
            found["back" if _ended(job, lane) == "good" else "stuck"].append(lane.label.removesuffix(", put back"))
        elif lane.steps == deploy_steps.STEPS and lane.host not in returned:
            found[_ended(job, lane)].append(lane.label)
    return found


def _ended(job: Job, lane: Lane) -> str:
    steps = [step for step in job.steps if step.lane == lane.key]
    if steps and all(step.state.good for step in steps):
        return "good"
    return "bad" if any(step.state.ended and not step.state.good for step in steps) else "untouched"


def settle(services: Services, job: Job) -> None:
    """End deployments that no step will end any more, and give every one the link to its thread."""
    known = services.store.job(job.id)
    permalink = known.permalink if known else ""
    for row in services.store.deployments(job_id=job.id):
        linked = replace(row, permalink=row.permalink or permalink)
        services.store.save_deployment(_given_up(services, linked) if _is_half_way(row) else linked)


def _is_half_way(row: Deployment) -> bool:
    return row.state is DeploymentState.STARTING


def _given_up(services: Services, row: Deployment) -> Deployment:
    """Stop what a cancelled job started, and start again what ran before."""
    why = "The job ended before the container had proved to stay up; it was stopped. Deploy again."
    host = services.store.host(row.host)
    before = ran(services, row, DeploymentState.RUNNING)
    try:
        if host and (old := deploy_steps.return_to(services.engines.on(host), row.id, before)):
            why = words.put_back(why, old, host)
    except OpsError as error:
        why = f"The job ended before the container had proved to stay up, and it may still run: {error}"
    return replace(row, state=DeploymentState.FAILED, ended_at=services.now(), detail=why)
