"""The job that makes flsvc forget hosts: its key is taken off them, the registration deleted, the history kept."""

from collections.abc import Mapping, Sequence
from typing import cast

from ops.errors import HostKeyChanged, HostUnreachable, LoginRefused, UserError
from ops.hosts_access import unauthorize
from ops.keys import show_key
from ops.model import Deployment, DeploymentState, Host
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, StepState

KEY_STEP = "remove_key"
ROW_STEP = "forget"
_UP = (DeploymentState.STARTING, DeploymentState.RUNNING)


class ForgetKind:
    """Forget hosts. args: addresses, keep_key (leave our key there), force (also while a project runs there)."""

    name = "forget"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Plan one lane per host; raises UserError when a project runs on one of them and `force` is not given."""
        addresses = cast("Sequence[str]", args["addresses"])
        hosts = services.store.hosts(addresses=addresses)
        if not hosts:
            raise UserError(f"Nothing to forget: {', '.join(addresses)} is not registered (any more). See `hosts`.")
        if not args.get("force"):
            _refuse_busy(services, hosts)
        steps = (ROW_STEP,) if args.get("keep_key") else (KEY_STEP, ROW_STEP)
        lanes = (Lane(host.address, host.label, steps, host=host.address) for host in hosts)
        return Plan((Phase(tuple(lanes)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Take our key off the host, or delete its registration; harmless when it was done before."""
        host = services.store.host(context.lane.host)
        if host is None:
            return Outcome(StepState.SKIPPED, "was forgotten before")
        if context.step == KEY_STEP:
            return _remove_key(services, host)
        return _forget(services, host)

    def finish(self, services: Services, job: Job) -> str:
        """Sum up, and tell where the key had to stay."""
        gone = [step.lane for step in job.steps if step.name == ROW_STEP and step.state.good]
        kept = [step.lane for step in job.steps if step.name == KEY_STEP and step.state is StepState.SKIPPED]
        if not gone:
            return "No host was forgotten."
        sentence = f"Forgot {', '.join(gone)}; the history of what ran there stays."
        if kept:
            public = show_key(services.config).public.split()[1]
            sentence += (
                f" The bot's key may still be on {', '.join(kept)}: when it is back, delete the line that ends in "
                f"`{public[-12:]} flsvc` from its ~/.ssh/authorized_keys."
            )
        return sentence


def _refuse_busy(services: Services, hosts: Sequence[Host]) -> None:
    busy = services.store.deployments(addresses=[host.address for host in hosts], states=_UP)
    if busy:
        where = ", ".join(dict.fromkeys(_phrase(deployment) for deployment in busy))
        addresses = ",".join(dict.fromkeys(deployment.host for deployment in busy))
        raise UserError(
            f"Nothing was forgotten, because projects run there: {where}. First `stop {addresses}`, or add `--force` "
            "to forget the hosts and leave the containers running."
        )


def _phrase(deployment: Deployment) -> str:
    return f"{deployment.project_name} on {deployment.host}"


def _remove_key(services: Services, host: Host) -> Outcome:
    """Take our key off; a host that cannot be reached, or is another one by now, is forgotten all the same."""
    try:
        removed = unauthorize(services.pool.remote(host), show_key(services.config).public)
    except (HostUnreachable, HostKeyChanged, LoginRefused, UserError) as error:
        return Outcome(StepState.SKIPPED, f"the bot's key may still be there: {error}")
    return Outcome(detail="the bot's key is off the host" if removed else "the bot's key was not there")


def _forget(services: Services, host: Host) -> Outcome:
    services.pool.drop(host.address)
    services.store.delete_host(host.address)
    if host.sudo_secret:
        services.vault.delete(host.sudo_secret)
    return Outcome(detail="history is kept")
