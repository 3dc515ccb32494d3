"""The durable command `stop`: containers stay on the host, stopped for good, so that their logs stay readable."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ops import deploy_spec as specs
from ops import deploy_words as words
from ops import federation_lock, images
from ops.deploy_steps import UP, halt
from ops.errors import NotRegistered, OpsError, UserError
from ops.model import DeploymentState, Host
from ops.ports import Container, Engine
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, StepState


class StopKind:
    """A lane per host, all of them side by side."""

    name = "stop"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Take every host named; raises UserError where none is."""
        addresses = [str(address) for address in images.as_list(args.get("addresses"))]
        hosts = services.store.hosts(addresses=addresses) if addresses else []
        if not hosts:
            raise UserError("No registered host was named. Nothing was changed. Example: stop 192.168.1.105")
        federation_lock.refuse(services, hosts)
        lanes = (Lane(key=host.address, label=host.label, steps=("stop",), host=host.address) for host in hosts)
        return Plan((Phase(tuple(lanes)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Stop a host's containers of flsvc, or of one project; skipped where none runs."""
        host = services.store.host(context.lane.key)
        if host is None:
            raise NotRegistered(f"{context.lane.label} was forgotten while the job ran.")
        engine = services.engines.on(host)
        running = _running(services, engine, context.args)
        before = _stopped_before(services, host, context)
        for container in running:
            context.say(f"stopping {container.name}")
            _stop(services, engine, container.name)
        gone = _mend(services, host, engine, context.args)
        names = [container.name for container in running]
        names += [name for name in before if name not in names]
        if not names:
            return Outcome(StepState.SKIPPED, gone or "nothing of flsvc runs here")
        return Outcome(detail=f"stopped {', '.join(names)}; the logs stay readable")

    def finish(self, services: Services, job: Job) -> str:
        """Say where something was stopped and where not."""
        lanes = job.plan.lanes if job.plan else ()
        bad = {step.lane for step in job.steps if not step.state.good}
        done = {step.lane for step in job.steps if step.state is StepState.OK}
        what = _project_name(services, job.args)
        return words.stopped(what, _labels(lanes, done), _labels(lanes, bad))


def _labels(lanes: Sequence[Lane], keys: set[str]) -> list[str]:
    return [lane.label for lane in lanes if lane.key in keys]


def _running(services: Services, engine: Engine, args: Mapping[str, object]) -> list[Container]:
    labels = {specs.DEPLOYMENT: ""}
    if name := _project_name(services, args):
        labels[specs.PROJECT] = name
    return [container for container in engine.containers(labels) if container.status in UP]


def _stop(services: Services, engine: Engine, name: str) -> None:
    """Stop a container, written down first: whoever takes up a job that was killed in between sees that it was us."""
    row = services.store.deployment(name)
    _write_down(services, name)
    try:
        halt(engine, name)
    except OpsError:
        if row:
            services.store.save_deployment(row)
        raise


def _stopped_before(services: Services, host: Host, context: StepContext) -> list[str]:
    """Return what this job stopped here before it was interrupted."""
    job = services.store.job(context.job_id)
    if job is None:
        return []
    name = _project_name(services, context.args)
    rows = services.store.deployments(addresses=[host.address], states=[DeploymentState.STOPPED])
    ended = [row for row in rows if row.ended_at and row.ended_at >= job.created_at]
    return [row.id for row in ended if name in {"", row.project_name}]


def _project_name(services: Services, args: Mapping[str, object]) -> str:
    """Return the name of the project a job is limited to, or '' for all."""
    if not args.get("project_id"):
        return ""
    project = services.store.project(str(args["project_id"]))
    if project is None:
        raise NotRegistered(f"The project {str(args['project_id'])[:12]} is not known here. Nothing was stopped.")
    return project.name


def _write_down(services: Services, deployment_id: str) -> None:
    row = services.store.deployment(deployment_id)
    if row:
        services.store.save_deployment(replace(row, state=DeploymentState.STOPPED, ended_at=services.now()))


def _mend(services: Services, host: Host, engine: Engine, args: Mapping[str, object]) -> str:
    """Write down as stopped what was believed to run but does not; returns a sentence about it, or ''."""
    name = _project_name(services, args)
    up = {container.name for container in engine.containers({specs.DEPLOYMENT: ""}) if container.status in UP}
    rows = services.store.deployments(addresses=[host.address], states=[DeploymentState.RUNNING])
    gone = [row for row in rows if row.id not in up and name in {"", row.project_name}]
    for row in gone:
        _write_down(services, row.id)
    return f"{', '.join(row.id for row in gone)} had ended by itself" if gone else ""
