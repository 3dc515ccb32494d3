"""What a job left undone, as the job that does it again; pure."""

import re
from collections.abc import Mapping

from ops.errors import UserError
from ops.waiting import CATCHING_UP, was_undone
from ops.work import Job, JobState

_AGAIN = ", again"
_SECRETS = ("secret", "sudo_secret")  # ids of vault entries, which end with the job


def again(job: Job) -> tuple[str, dict[str, object]]:
    """Return title and arguments of the job that does what this one left undone.

    That is all of it where there are no hosts, where nothing was planned, or where a rollout was taken back.
    Raises UserError when there is nothing to do again, or when what it takes was not kept.
    """
    if not job.state.ended:
        raise UserError(f"{job.title} ({job.id}) has not ended yet: `job {job.id}` shows where it is.")
    if job.state is JobState.DONE:
        raise UserError(f"{job.title} ({job.id}) ended well everywhere: there is nothing to do again.")
    todo = left_on(job)
    if any(job.args.get(name) for name in _SECRETS):
        raise UserError(
            f"The password that {job.title} ({job.id}) was given ended with it, as no password is kept. Give it once "
            f"more: `register {','.join(todo)}`."
        )
    title = f"{re.sub(f'{_AGAIN}( on .*)?$', '', job.title)}{_AGAIN}"
    args = {name: value for name, value in job.args.items() if name not in CATCHING_UP}
    if 0 < len(todo) < len(hosts_of(job.args)):
        title = re.sub(r" \(\d+ hosts\)", "", title)  # how many it was about the first time
        title += f" on {todo[0]}" if len(todo) == 1 else f" on {len(todo)} hosts"
        args |= _only(job.args, set(todo))
    return title, args


def left_on(job: Job) -> list[str]:
    """Return the addresses on which a job did not do all it was to do; all of them where that was taken back."""
    good = {
        lane.host
        for lane in (job.plan.lanes if job.plan and not was_undone(job) else ())
        if lane.key == lane.host and all(step.state.good for step in job.steps if step.lane == lane.key)
    }
    return [address for address in hosts_of(job.args) if address not in good]


def hosts_of(args: Mapping[str, object]) -> list[str]:
    """Return the addresses a job is about, whichever way its kind writes them."""
    addresses, hosts = args.get("addresses"), args.get("hosts")
    if isinstance(addresses, list | tuple):
        return [str(address) for address in addresses]
    return [str(host["address"]) for host in hosts if isinstance(host, Mapping)] if isinstance(hosts, list) else []


def _only(args: Mapping[str, object], wanted: set[str]) -> dict[str, object]:
    kept = [address for address in hosts_of(args) if address in wanted]
    hosts = args.get("hosts")
    if isinstance(hosts, list) and "addresses" not in args:
        return {"hosts": [host for host in hosts if isinstance(host, Mapping) and host["address"] in wanted]}
    return {"addresses": kept}
