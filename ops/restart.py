"""The durable command `restart`: what runs on a host is stopped and started, and has to stay up."""

from collections.abc import Mapping
from datetime import datetime

from ops import deploy_spec as specs
from ops import deploy_words as words
from ops import federation_lock
from ops.deploy import hosts_of
from ops.deploy_steps import LOG_LINES, UP
from ops.errors import NotRegistered, StepFailed
from ops.model import DeploymentState, FlowerType, Host
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, StepState

_WAIT_S = 1.0  # how soon a cancelled job ends


class RestartKind:
    """A lane per host; the servers before the clients, which connect to them."""

    name = "restart"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Take every host named; raises UserError where none is, or a federation is locked."""
        hosts = hosts_of(services, args)
        federation_lock.refuse(services, hosts)
        phases = (
            Phase(tuple(_lane(host) for host in hosts if host.flower_type is kind), title=f"{kind}s")
            for kind in (FlowerType.SERVER, FlowerType.CLIENT)
        )
        return Plan(tuple(phase for phase in phases if phase.lanes))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Restart what should run here, unless this job did already; then watch it."""
        host = services.store.host(context.lane.key)
        if host is None:
            raise NotRegistered(f"{context.lane.label} was forgotten while the job ran.")
        rows = services.store.deployments(addresses=[host.address], states=[DeploymentState.RUNNING])
        names = [row.id for row in rows]
        if not names:
            return Outcome(StepState.SKIPPED, "nothing of flsvc should run here")
        job = services.store.job(context.job_id)
        since = job.created_at if job else services.now()
        for name in names:
            _restart(services, host, context, name, since)
        return Outcome(detail=f"restarted {', '.join(names)}")

    def finish(self, services: Services, job: Job) -> str:
        """Say where something was restarted and where not."""
        lanes = job.plan.lanes if job.plan else ()
        bad = {step.lane for step in job.steps if not step.state.good}
        done = {step.lane for step in job.steps if step.state is StepState.OK}
        rows = services.store.deployments(addresses=sorted(done), states=[DeploymentState.RUNNING]) if done else []
        good, failed = ([lane.label for lane in lanes if lane.key in keys] for keys in (done, bad))
        return words.restarted(sorted({row.project_name for row in rows}), good, failed)


def _lane(host: Host) -> Lane:
    return Lane(key=host.address, label=host.label, steps=("restart",), host=host.address)


def _restart(services: Services, host: Host, context: StepContext, name: str, since: datetime) -> None:
    engine = services.engines.on(host)
    container = engine.inspect(name)
    if container is None:
        raise StepFailed(f"{name} is gone from {host.label}. Deploy it again.", host=host.address)
    if container.status not in UP or container.started_at is None or container.started_at < since:
        context.say(f"restarting {name}")
        engine.stop(name)
        engine.start(name)
        engine.set_restart(name, specs.KEEP)
    left_s = services.config.stay_up_s
    while left_s > 0 and not context.cancelled():
        status = engine.wait(name, timeout_s=min(left_s, _WAIT_S))
        left_s -= _WAIT_S
        if status is not None:
            log = engine.logs(name, tail=LOG_LINES).rstrip()
            last = log.splitlines()[-1] if log else ""
            raise StepFailed(
                words.ended(name, host, status, services.config.stay_up_s, last), host=host.address, output=log
            )
