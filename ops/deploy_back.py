"""The way back: a host returns to what ran there before a deployment that was given up elsewhere."""

from dataclasses import replace

from ops import deploy_spec as specs
from ops import deploy_steps as steps
from ops.deploy_rollout import Rollout
from ops.errors import NotRegistered
from ops.model import Deployment, DeploymentState, FlowerType, Host
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, StepState

STEPS = ("put_back",)
_PREFIX = "undo "
_SETTLED = frozenset({DeploymentState.STOPPED, DeploymentState.SUPERSEDED})
_NAMED = 3
_WATCHED_S = 2.0  # it has proved itself before: long enough to see a program that ends at once


def phases(services: Services, job: Job) -> tuple[Phase, ...]:
    """Return what puts back every host a stopped rollout had changed, the server before the clients.

    A host whose own step failed has put itself back; one that was cut off in the middle is tried.
    """
    touched = {step.lane for step in job.steps if step.name == "start" and step.started_at}
    failed = {step.lane for step in job.steps if step.state is StepState.FAILED}
    hosts = services.store.hosts(addresses=sorted(touched - failed))
    lanes = {
        kind: tuple(_lane(host) for host in hosts if host.flower_type is kind)
        for kind in (FlowerType.SERVER, FlowerType.CLIENT)
    }
    return tuple(Phase(found, title=f"put back the {kind}s", undo=True) for kind, found in lanes.items() if found)


def host_of(services: Services, context: StepContext) -> Host:
    """Return the host a lane is about, be it on its way there or back; raises NotRegistered."""
    host = services.store.host(context.lane.host)
    if host is None:
        raise NotRegistered(f"{context.lane.label} was forgotten while the job ran. Register it to deploy there.")
    return host


def put_back(rollout: Rollout) -> Outcome:
    """Stop the new container and start the one before again, made anew where it is gone.

    What somebody else changed on the host meanwhile is left alone: stopping and deploying anew were later wishes.
    """
    engine, row = rollout.engine, rollout.row
    if row.state in _SETTLED:
        return Outcome(StepState.SKIPPED, f"left alone: {row.id} was {row.state} by somebody meanwhile")
    before = rollout.replaced()[:1]
    if engine.inspect(rollout.id):
        steps.halt(engine, rollout.id)
    if row.state is not DeploymentState.FAILED:
        why = f"taken back, because the rollout failed on {_where(rollout)}"
        rollout.keep(replace(row, state=DeploymentState.FAILED, ended_at=rollout.services.now(), detail=why))
    if not before:
        return Outcome(detail="stopped; nothing of this project ran here before")
    for old in before:
        _start_again(rollout, old)
    return Outcome(detail=f"{before[0].id} runs again")


def _lane(host: Host) -> Lane:
    return Lane(f"{_PREFIX}{host.address}", f"{host.label}, put back", STEPS, host=host.address)


def _start_again(rollout: Rollout, old: Deployment) -> None:
    engine = rollout.engine
    container = engine.inspect(old.id)
    if container is None:
        steps.recreate(rollout, old)
    if container is None or container.status not in steps.UP:
        engine.start(old.id)
    engine.set_restart(old.id, specs.KEEP)
    again = f"runs again, since {rollout.id} was taken back"
    rollout.keep(replace(old, state=DeploymentState.RUNNING, ended_at=None, detail=again))
    if engine.wait(old.id, timeout_s=steps.watched_s(min(rollout.stay_up_s, _WATCHED_S))) is not None:
        log = engine.logs(old.id, tail=steps.LOG_LINES).rstrip()
        raise rollout.fail(f"{old.id}, which ran before, was started again but did not stay up.", log)


def _where(rollout: Rollout) -> str:
    """Name the hosts whose failure stopped the rollout; a long list is cut."""
    job = rollout.services.store.job(rollout.context.job_id)
    steps = job.steps if job else ()
    bad = list(dict.fromkeys(step.lane for step in steps if step.state.ended and not step.state.good))
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return ", ".join(bad[:_NAMED]) + more if bad else "other hosts"
