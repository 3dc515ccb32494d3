"""What a deployment does on one host, step by step: each looks first, so that a second run does no harm."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from ops import deploy_spec as specs
from ops import deploy_words as words
from ops import registry
from ops.deploy_rollout import Rollout
from ops.errors import OpsError, StepFailed
from ops.model import Deployment, DeploymentState
from ops.ports import ContainerSpec, Engine
from ops.services import Outcome
from ops.work import StepState

STEPS = ("check", "deliver", "start", "stay_up")
_TOUCHING = frozenset({"start", "stay_up"})
_SPARE_DISK_BYTES = 200 * words.MIB  # unpacking needs more than the image weighs
LOG_LINES = 20
_SHORTEST_WAIT_S = 0.1
_ASKED_EVERY_S = 1.0  # how soon a cancelled job ends
UP = frozenset({"running", "restarting", "paused"})
_FREE = "df -B1 --output=avail /var/lib/docker 2>/dev/null || df -B1 --output=avail /"


def run(rollout: Rollout) -> Outcome:
    """Run one step; where it fails, the history says so and what ran before runs again."""
    steps = {"check": check, "deliver": deliver, "start": start, "stay_up": stay_up}
    try:
        rollout.begin()
        return steps[rollout.context.step](rollout)
    except OpsError as error:
        touched = isinstance(error, StepFailed) and rollout.context.step in _TOUCHING
        text = give_up(rollout, str(error), touched=touched)
        if text == str(error):
            raise
        raise type(error)(text, host=rollout.host.address, output=error.output) from error


def check(rollout: Rollout) -> Outcome:
    """Look whether Docker runs, the arch fits, the disk has room and the devices are there."""
    info = rollout.engine.info()
    if info.arch != rollout.host.arch:
        raise rollout.fail(words.other_arch(rollout.host, info.arch))
    remote = rollout.services.pool.remote(rollout.host)
    for device in rollout.project.definition.devices:
        if not remote.run(f"test -e {shlex.quote(device)}", check=False).ok:
            raise rollout.fail(words.no_device(rollout.host, device))
    free_bytes = _free_disk(rollout)
    needed_bytes = rollout.image.size_bytes + _SPARE_DISK_BYTES
    if free_bytes is not None and free_bytes < needed_bytes and not rollout.engine.has_image(rollout.reference):
        raise rollout.fail(words.disk_full(rollout.host, free_bytes, needed_bytes))
    ignored = rollout.project.definition.memory_bytes and not info.memory_limits
    return Outcome(detail=f"Docker {info.version}{', the memory limit is ignored by this kernel' if ignored else ''}")


def deliver(rollout: Rollout) -> Outcome:
    """Have the host pull the layers it lacks, from the bot's registry through its SSH connection."""
    reference = rollout.reference
    if rollout.engine.has_image(reference):
        return Outcome(StepState.SKIPPED, "the image is there")
    config = rollout.services.config
    if config.external_registry:
        rollout.engine.pull(reference)
        return Outcome(detail=f"pulled from {config.registry}")
    to = (registry.LOOPBACK, registry.port_of(registry.ensure_registry(rollout.services)))
    with rollout.services.pool.remote(rollout.host).reverse_tunnel(config.registry_port_on_host, to):
        rollout.engine.pull(reference)
    return Outcome(detail=f"pulled {rollout.image.digest.removeprefix('sha256:')[:12]}")


def start(rollout: Rollout) -> Outcome:
    """Stop what ran of this project, then create and start the new container."""
    own = rollout.engine.inspect(rollout.id)
    if own is None:
        data_dir = _data_dir(rollout)
        for old in rollout.others():
            halt(rollout.engine, old.name)
        rollout.engine.create(_spec(rollout, data_dir))
    if own is None or own.status == "created":
        rollout.engine.start(rollout.id)
    container = rollout.engine.inspect(rollout.id)
    rollout.keep(replace(rollout.row, container_id=container.id if container else ""))
    return Outcome(detail=rollout.id)


def stay_up(rollout: Rollout) -> Outcome:
    """Watch the container for a while; one that stays up replaces its predecessor for good."""
    status = _watch(rollout)
    container = rollout.engine.inspect(rollout.id)
    log = rollout.engine.logs(rollout.id, tail=LOG_LINES).rstrip() if container else ""
    if container is None or container.status != "running":
        last = log.splitlines()[-1] if log else container.error if container else ""
        raise rollout.fail(words.ended(rollout.id, rollout.host, status, rollout.stay_up_s, last), log)
    rollout.engine.set_restart(rollout.id, specs.KEEP)
    kept = {row.id for row in rollout.replaced()[:1]}  # stopped, for the way back
    for old in rollout.others():
        if old.name not in kept:
            rollout.engine.remove(old.name)
    now, by = rollout.services.now(), specs.superseded_by(rollout.id)
    for deployment in rollout.predecessors():
        rollout.keep(replace(deployment, state=DeploymentState.SUPERSEDED, ended_at=now, detail=by))
    row = rollout.row
    took_s = (now - row.created_at).total_seconds()
    started_at = container.started_at or now
    rollout.keep(replace(row, state=DeploymentState.RUNNING, started_at=started_at, took_s=took_s, detail=""))
    return Outcome(detail=f"up for {rollout.stay_up_s:.0f} s", output=log)


def _watch(rollout: Rollout) -> int | None:
    """Return the status the container ended with, or None when it stayed up; a cancelled job ends the watch."""
    left_s = watched_s(rollout.stay_up_s)
    while left_s > 0:
        slice_s = min(left_s, _ASKED_EVERY_S)
        status = rollout.engine.wait(rollout.id, timeout_s=slice_s)
        left_s -= slice_s
        if status is not None or left_s <= 0:
            return status
        if rollout.context.cancelled():
            raise rollout.fail(words.cancelled(rollout.id, rollout.host))
    return None


def watched_s(stay_up_s: float) -> float:
    """Return how long a container is watched: an engine cannot be asked to wait for no time at all."""
    return max(_SHORTEST_WAIT_S, stay_up_s)


def give_up(rollout: Rollout, why: str, *, touched: bool) -> str:
    """End a deployment as failed; where the host was touched, start what ran before. Return what there is to say."""
    now = rollout.services.now()
    row = rollout.row
    took_s = (now - row.created_at).total_seconds()
    try:
        old = return_to(rollout.engine, rollout.id, rollout.predecessors()) if touched else ""
        detail = words.put_back(why, old, rollout.host) if old else why
    except OpsError as error:
        detail = words.not_put_back(why, rollout.host, error)
    rollout.keep(replace(row, state=DeploymentState.FAILED, ended_at=now, took_s=took_s, detail=detail))
    return detail


def halt(engine: Engine, name: str) -> None:
    """Stop a container for good: it stays down when the host starts again, and its logs stay readable."""
    engine.set_restart(name, specs.LEAVE)
    engine.stop(name)


def return_to(engine: Engine, name: str, before: Sequence[Deployment]) -> str:
    """Stop a container and start the newest one from before that is still there; returns its name, '' for none."""
    if engine.inspect(name):
        halt(engine, name)
    for deployment in before:
        container = engine.inspect(deployment.id)
        if container is None:
            continue
        stopped = container.status not in UP
        if stopped:
            engine.start(deployment.id)
        engine.set_restart(deployment.id, specs.KEEP)  # also after a kill between the two
        return deployment.id if stopped else ""
    return ""


def recreate(rollout: Rollout, old: Deployment) -> None:
    """Create the container of an earlier deployment anew from what the history knows; raises StepFailed."""
    project = rollout.services.store.project(old.project_id)
    if project is None:
        raise rollout.fail(f"{old.id} cannot run again: its project {old.project_id[:12]} is not known any more.")
    context = replace(rollout.context, job_id=old.job_id)
    then = replace(rollout, context=context, project=project, returns_to=old)
    deliver(then)
    then.engine.create(_spec(then, _data_dir(then)))


def _spec(rollout: Rollout, data_dir: str) -> ContainerSpec:
    store, host = rollout.services.store, rollout.host
    servers = store.hosts(federation=host.federation, flower_type="server")
    return specs.container(
        rollout.project,
        host,
        rollout.reference,
        job_id=rollout.context.job_id,
        data_dir=data_dir,
        server=servers[0] if servers else None,
        clients=len(store.hosts(federation=host.federation, flower_type="client")),
    )


def _data_dir(rollout: Rollout) -> str:
    """Return the absolute path of the data directory, made by and for the registered user where it is missing."""
    name = shlex.quote(rollout.services.config.data_dir)
    return rollout.services.pool.remote(rollout.host).run(f"mkdir -p {name} && cd {name} && pwd -P").stdout.strip()


def _free_disk(rollout: Rollout) -> int | None:
    words_of_df = rollout.services.pool.remote(rollout.host).run(_FREE, check=False).stdout.split()
    return int(words_of_df[-1]) if words_of_df and words_of_df[-1].isdigit() else None
