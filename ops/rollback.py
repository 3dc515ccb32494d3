"""The durable command `rollback`: every host goes back to a version that ran there before."""

from collections.abc import Mapping, Sequence

from ops import deploy_back, deploy_phases, deploy_steps, federation_lock
from ops import deploy_words as words
from ops.deploy import ends, hosts_of, settle
from ops.deploy_rollout import Rollout
from ops.errors import StepFailed, UserError
from ops.images import as_list
from ops.model import Deployment, DeploymentState, Host
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Phase, Plan

_GOOD = frozenset({DeploymentState.RUNNING, DeploymentState.SUPERSEDED, DeploymentState.STOPPED})


class RollbackKind:
    """The server first, then the clients, as `deploy` does; what runs is a new deployment of an old version."""

    name = "rollback"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Take the hosts that have something to go back to; raises UserError where none has."""
        hosts = hosts_of(services, args)
        federation_lock.refuse(services, hosts)
        able = [host for host in hosts if earlier(services, host, args) is not None]
        if not able:
            raise UserError(
                f"There is nothing to go back to: {_named(hosts)} ran no {_steps(args)} of a project before. Nothing "
                "was changed; `history` shows what ran where."
            )
        return Plan(deploy_phases.phases(able, args))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run a step of a deployment, of the version chosen for the host."""
        host = deploy_back.host_of(services, context)
        chosen = earlier(services, host, context.args, but=context.job_id)
        if chosen is None:
            raise StepFailed(f"There is nothing to go back to on {host.label} any more.", host=host.address)
        project = services.store.project(chosen.project_id)
        if project is None:
            raise StepFailed(f"The project of {chosen.id} is not known any more.", host=host.address)
        rollout = Rollout(services, context, project, host, returns_to=chosen)
        return deploy_back.put_back(rollout) if context.lane.steps == deploy_back.STEPS else deploy_steps.run(rollout)

    def undo(self, services: Services, job: Job) -> tuple[Phase, ...]:
        """Put back every host that was changed before the rollback stopped."""
        return deploy_back.phases(services, job)

    def finish(self, services: Services, job: Job) -> str:
        """Say which hosts run what they ran before; end what a cancelled job left half-way."""
        settle(services, job)
        planned = {lane.host for lane in job.plan.lanes} if job.plan else set()
        hosts = services.store.hosts(addresses=[str(one) for one in as_list(job.args.get("addresses"))])
        without = [host.label for host in hosts if host.address not in planned]
        return words.rolled_back(_steps(job.args), ends(job), without)


def earlier(services: Services, host: Host, args: Mapping[str, object], *, but: str = "") -> Deployment | None:
    """Return the deployment a host goes back to, or None; what the job `but` deployed does not count."""
    rows = services.store.deployments(addresses=[host.address])
    rows = [row for row in rows if row.state in _GOOD and row.started_at and row.job_id != but]
    if project_id := args.get("project_id"):
        project = services.store.project(str(project_id))
        rows = [row for row in rows if project and row.project_name == project.name]
    return choose(rows, back(args))


def choose(rows: Sequence[Deployment], steps: int) -> Deployment | None:
    """Return the newest row of the version so many versions before the newest one's; rows are newest first."""
    versions: dict[tuple[str, str], Deployment] = {}
    for row in rows:
        if row.project_name == rows[0].project_name:
            versions.setdefault((row.project_id, row.image_digest), row)
    return list(versions.values())[steps] if steps < len(versions) else None


def back(args: Mapping[str, object]) -> int:
    """Return how many versions to go back."""
    asked = args.get("to")
    return asked if isinstance(asked, int) and asked > 0 else 1


def _steps(args: Mapping[str, object]) -> str:
    number = back(args)
    return "earlier version" if number == 1 else f"version {number} before the present one"


def _named(hosts: Sequence[Host]) -> str:
    return hosts[0].label if len(hosts) == 1 else f"{len(hosts)} hosts"
