"""Docker on the hosts: the job that installs it, step by step, and how far each host is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ops import docker_commands as commands
from ops.config import DockerChannel
from ops.docker_commands import Todo, Wish, channel_of
from ops.docker_look import Look, look
from ops.docker_run import install_failed, not_as_wanted, run_command
from ops.errors import Cancelled, HostUnreachable, NotRegistered, OpsError, StepFailed, UserError
from ops.facts import version
from ops.model import Facts, Host
from ops.ports import Remote
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, Step, StepState

CHECK = "check_docker"
_BUILDERS: Mapping[str, Callable[[Look, Wish], Todo]] = {
    "required_system_packages": commands.required_system_packages,
    "docker_gpg_key": commands.docker_gpg_key,
    "docker_repository": commands.docker_repository,
    "docker_engine": commands.docker_engine,
    "docker_group": commands.docker_group,
    "docker_daemon": commands.docker_daemon,
}
STEPS = (*_BUILDERS, CHECK)
_SERVER_VERSION = "docker version --format '{{.Server.Version}}'"


@dataclass(frozen=True, slots=True)
class DockerStates:
    """How far Docker is on a host: every step of STEPS, `pending` where it never ran."""

    host: Host
    steps: dict[str, Step]
    docker_version: str


def states(services: Services, hosts: Sequence[Host]) -> list[DockerStates]:
    """Return how the newest installation on each host went, from the store."""
    known = services.store.docker_steps([host.address for host in hosts])
    return [_states(host, known.get(host.address, [])) for host in hosts]


def _states(host: Host, ran: Sequence[Step]) -> DockerStates:
    pending = {name: Step(host.address, name, StepState.PENDING) for name in STEPS}
    steps = pending | {step.name: step for step in ran if step.name in pending}
    return DockerStates(host, steps, host.facts.docker_version if host.facts else "")


class InstallKind:
    """Install the Docker Engine on hosts. args: addresses, channel (optional)."""

    name = "docker install"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Plan one lane per host; raises UserError when a host or a setting is missing."""
        addresses = cast("Sequence[str]", args["addresses"])
        hosts = services.store.hosts(addresses=addresses)
        missing = sorted(set(addresses) - {host.address for host in hosts})
        if missing or not hosts:
            raise NotRegistered(f"{', '.join(missing) or 'No host'} is not registered (any more). See `hosts`.")
        _refuse_nameless_repository(services, _chosen(args))
        lanes = (Lane(host.address, host.label, STEPS, host=host.address) for host in hosts)
        return Plan((Phase(tuple(lanes)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run one step and keep how it ended for `docker states`; raises HostUnreachable or StepFailed."""
        host = services.store.host(context.lane.host)
        if host is None:
            raise StepFailed(f"{context.lane.host} was forgotten meanwhile.", host=context.lane.host)
        if context.step == STEPS[0]:
            for name in STEPS:
                services.store.save_docker_step(host.address, Step(host.address, name, StepState.PENDING))
        step = Step(host.address, context.step, StepState.PENDING, started_at=services.now())
        try:
            outcome = _check(services, host) if context.step == CHECK else _build(services, host, context)
        except OpsError as error:
            _save(services, step, Outcome(_state(error), str(error), error.output))
            raise
        _save(services, step, outcome)
        return outcome

    def finish(self, services: Services, job: Job) -> str:
        """Tell where Docker runs, in which version, and where it does not."""
        lanes = job.plan.lanes if job.plan else ()
        good = [step.lane for step in job.steps if step.name == CHECK and step.state.good]
        hosts = services.store.hosts(addresses=good) if good else []
        versions = sorted({host.facts.docker_version for host in hosts if host.facts})
        failed = [step for step in job.steps if step.state in {StepState.FAILED, StepState.UNREACHABLE}]
        count = f"{len(good)} of {len(lanes)} hosts" if len(lanes) > 1 else good[0] if good else "no host"
        sentence = f"Docker {' and '.join(versions)} runs on {count}.".replace("  ", " ")
        if failed:
            sentence += f" Not on: {', '.join(f'{step.lane} (at {step.name})' for step in failed)}."
            sentence += f" Once mended, `docker install {','.join(step.lane for step in failed)}` goes on from there."
        return sentence


def _state(error: OpsError) -> StepState:
    if isinstance(error, HostUnreachable):
        return StepState.UNREACHABLE
    return StepState.CANCELLED if isinstance(error, Cancelled) else StepState.FAILED


def _chosen(args: Mapping[str, object]) -> DockerChannel | None:
    text = args.get("channel")
    if not text:
        return None
    if text not in set(DockerChannel):
        raise UserError(f"`{text}` is not a channel: choose {' or '.join(DockerChannel)}.")
    return DockerChannel(str(text))


def _refuse_nameless_repository(services: Services, chosen: DockerChannel | None) -> None:
    wanted = chosen or services.config.docker_channel
    if wanted is DockerChannel.DOCKER and not services.config.docker_repository_url:
        raise UserError(
            "Docker's own repository has no address yet. Set FLSVC_DOCKER_REPOSITORY (Docker's installation guide "
            "for Debian names it, up to `/linux/debian`), or install the distribution's package: "
            f"`docker install … --channel {DockerChannel.DISTRIBUTION}`."
        )


def _build(services: Services, host: Host, context: StepContext) -> Outcome:
    """Look, act, and look again: a step is done when nothing is left to do."""
    remote = services.pool.remote(host)
    before = _look(services, remote, context)
    wish = _wish(services, before, context)
    builder = _BUILDERS[context.step]
    todo = builder(before, wish)
    if before.installing and todo.commands:
        context.say(f"waits for {before.installing} on the host to end")
    for command in todo.commands:
        if context.cancelled():
            raise Cancelled(f"Stopped before {command.say}; `docker install` goes on from there.", host=host.address)
        context.say(command.say)
        _run(services, remote, command)
    after = _look(services, remote, context) if todo.commands else before
    if context.step == "docker_group" and after.member and not after.effective:
        remote.reconnect()
        after = _look(services, remote, context)
    left = builder(after, wish)
    undone = [command for command in left.commands if not command.once]
    if undone or (context.step == "docker_group" and not left.skipped and not after.effective):
        raise not_as_wanted(host.address, context.step, undone)
    return Outcome(StepState.SKIPPED if left.skipped else StepState.OK, left.detail)


def _run(services: Services, remote: Remote, command: commands.Command) -> None:
    """Run a command; an installation that fails is tried once more with fresh package lists."""
    output = run_command(remote, command, timeout_s=services.config.install_timeout_s)
    if not output.ok and command.text.startswith(f"{commands.APT} install"):
        refresh = commands.Command(commands.UPDATE, "", apt=True)
        if run_command(remote, refresh, timeout_s=services.config.install_timeout_s).ok:
            output = run_command(remote, command, timeout_s=services.config.install_timeout_s)
    if not output.ok and not command.may_fail:
        raise install_failed(remote.address, command, output)


def _look(services: Services, remote: Remote, context: StepContext) -> Look:
    return look(
        remote,
        url=services.config.docker_repository_url,
        audit=context.step == "required_system_packages",
        candidates=context.step in {"required_system_packages", "docker_repository", "docker_engine"},
        timeout_s=services.config.command_timeout_s,
    )


def _wish(services: Services, look: Look, context: StepContext) -> Wish:
    config = services.config
    channel = channel_of(look, config.docker_channel, _chosen(context.args))
    return Wish(channel, config.docker_repository_url, config.docker_repository_key_url)


def _check(services: Services, host: Host) -> Outcome:
    """Ask the engine for its version twice: as a user on the host does, and over SSH as a deployment will."""
    remote, timeout_s = services.pool.remote(host), services.config.command_timeout_s
    output = remote.run(_SERVER_VERSION, timeout_s=timeout_s, check=False)
    if not output.ok:  # this worker's login may be older than the group docker, which another one gave to the user
        remote.reconnect()
        output = remote.run(_SERVER_VERSION, timeout_s=timeout_s)
    info = services.engines.on(host).info()
    found = version(output.stdout)
    if found != info.version:
        raise StepFailed(
            f"Two engines answer on {host.address}: {found or 'none'} to its user, {info.version} over SSH. "
            "Look for a DOCKER_HOST or a `docker context` set there.",
            host=host.address,
        )
    current = services.store.host(host.address)
    if current:
        facts = replace(current.facts or Facts(arch=info.arch), docker_version=info.version)
        services.store.save_host(replace(current, facts=facts))
    return Outcome(detail=f"Docker {info.version}, API {info.api_version}, {info.arch}")


def _save(services: Services, step: Step, outcome: Outcome) -> None:
    ended = replace(step, state=outcome.state, detail=outcome.detail, output=outcome.output, ended_at=services.now())
    services.store.save_docker_step(step.lane, ended)
