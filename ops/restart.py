"""The durable command `restart`: what runs on a host is stopped and started, and has to stay up."""

import math
from collections.abc import Mapping, Sequence

from ops import deploy_spec as specs
from ops import deploy_words as words
from ops import federation_lock
from ops.deploy import hosts_of
from ops.deploy_steps import LOG_LINES, UP, watched_s
from ops.errors import NotRegistered, StepFailed
from ops.model import Deployment, DeploymentState, FlowerType, Host
from ops.ports import Container, Engine
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, StepState

STEPS = ("restart", "stay_up")
_ASKED_EVERY_S = 1.0  # how soon a cancelled job ends


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
        """Restart what should run here, unless this job did already; then watch it stay up."""
        host = services.store.host(context.lane.key)
        if host is None:
            raise NotRegistered(f"{context.lane.label} was forgotten while the job ran.")
        names = [row.id for row in _rows(services, [host.address], context.args)]
        if not names:
            return Outcome(StepState.SKIPPED, "nothing of flsvc should run here; `deploy` starts a project")
        if context.step == "restart":
            return _restart(services, host, context, names)
        stay_up_s = services.config.stay_up_s
        for name in names:
            _watch(services.engines.on(host), host, context, name, stay_up_s)
        return Outcome(detail=f"up for {stay_up_s:.0f} s")

    def finish(self, services: Services, job: Job) -> str:
        """Say where something was restarted and where not."""
        lanes = job.plan.lanes if job.plan else ()
        bad = {step.lane for step in job.steps if not step.state.good}
        done = {step.lane for step in job.steps if step.state is StepState.OK} - bad
        rows = _rows(services, sorted(done), job.args)
        good, failed = ([lane.label for lane in lanes if lane.key in keys] for keys in (done, bad))
        return words.restarted(sorted({row.project_name for row in rows}), good, failed)


def _lane(host: Host) -> Lane:
    return Lane(key=host.address, label=host.label, steps=STEPS, host=host.address)


def _rows(services: Services, addresses: Sequence[str], args: Mapping[str, object]) -> list[Deployment]:
    """Return what should run on hosts: of the project a job names, or of all."""
    if not addresses:
        return []
    rows = services.store.deployments(addresses=addresses, states=[DeploymentState.RUNNING])
    project = services.store.project(str(args["project_id"])) if args.get("project_id") else None
    return [row for row in rows if project is None or row.project_name == project.name]


def _restart(services: Services, host: Host, context: StepContext, names: Sequence[str]) -> Outcome:
    engine, age_s = services.engines.on(host), _age_s(services, context)
    for name in names:
        container = engine.inspect(name)
        if container is None:
            raise StepFailed(f"{name} is gone from {host.label}. Deploy it again.", host=host.address)
        if container.status in UP and _up_s(services, host, container) < age_s:
            continue
        context.say(f"restarting {name}")
        engine.stop(name)
        engine.start(name)
        engine.set_restart(name, specs.KEEP)
    return Outcome(detail=f"restarted {', '.join(names)}")


def _age_s(services: Services, context: StepContext) -> float:
    job = services.store.job(context.job_id)
    return (services.now() - job.created_at).total_seconds() if job else 0.0


def _up_s(services: Services, host: Host, container: Container) -> float:
    """Return how long a container has been up by the clock of its host: many a Pi's clock is wrong."""
    if container.started_at is None:
        return math.inf
    now_s = float(services.pool.remote(host).run("date -u +%s.%N").stdout)
    return now_s - container.started_at.timestamp()


def _watch(engine: Engine, host: Host, context: StepContext, name: str, stay_up_s: float) -> None:
    left_s = watched_s(stay_up_s)
    while left_s > 0 and not context.cancelled():
        status = engine.wait(name, timeout_s=min(left_s, _ASKED_EVERY_S))
        left_s -= _ASKED_EVERY_S
        if status is not None:
            log = engine.logs(name, tail=LOG_LINES).rstrip()
            last = log.splitlines()[-1] if log else ""
            raise StepFailed(words.ended(name, host, status, stay_up_s, last), host=host.address, output=log)
