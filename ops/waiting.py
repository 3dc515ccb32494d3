"""What waits for a host that is away, and which newer commands make an older one needless; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from ops.model import Actor
from ops.work import Job, JobRequest, Lane, Step, StepState

_BACK = ", now that it is back"
CATCHING_UP = frozenset({"announce", "given_at"})  # arguments that only a job that catches up has
CONTAINERS = frozenset({"deploy", "rollback", "restart", "stop"})


class WaitingState(StrEnum):
    """How a command that waits for a host stands."""

    WAITING = "waiting"
    STARTED = "started"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command that is to be done on a host once it is back; `created_at` is when the command was given.

    `job_id` is the job that did not reach the host, `started_job` the one that caught up, or the last that tried.
    """

    job_id: str
    host: str
    kind: str
    args: Mapping[str, object]
    title: str
    actor: Actor
    created_at: datetime
    project_id: str = ""
    state: WaitingState = WaitingState.WAITING
    started_job: str = ""
    seq: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        """Return what people call it by, `w12`."""
        return f"w{self.seq}"

    @property
    def next_job(self) -> str:
        """Return the id of the job that catches up: always the same, until that one too found nobody there."""
        return "j" + sha256(f"when back {self.job_id} {self.host} {self.started_job}".encode()).hexdigest()[:10]


def missed(job: Job, host: str, others: Sequence[str] = (), project_id: str = "") -> Waiting:
    """Return what a job has left to do on a host; on `others` too where it stopped because of that one."""
    args = {name: value for name, value in job.args.items() if name not in CATCHING_UP}
    args["addresses"] = [host, *others]
    return Waiting(job.id, host, job.kind, args, job.title, job.actor, given_at(job), project_id)


def given_at(job: Job) -> datetime:
    """Return when the command was given that a job carries out, be it a later one that catches up."""
    given = job.args.get("given_at")
    return datetime.fromisoformat(given) if isinstance(given, str) else job.created_at


def away(job: Job) -> list[str]:
    """Return the addresses a job was about that it could not reach."""
    return [lane.host for lane, steps in _hosts(job) if any(step.state is StepState.UNREACHABLE for step in steps)]


def was_stopped(job: Job) -> bool:
    """Tell whether a failure stopped a job before it had begun everywhere."""
    failed = any(step.state is StepState.FAILED for step in job.steps)
    return failed and any(not any(step.started_at for step in steps) for _, steps in _hosts(job))


def untouched(job: Job) -> list[str]:
    """Return the addresses a job did not begin with, where it stopped for no other reason than one that was away."""
    if any(step.state is StepState.FAILED for step in job.steps):
        return []
    return [lane.host for lane, steps in _hosts(job) if not any(step.started_at for step in steps)]


def done(job: Job) -> list[str]:
    """Return the addresses on which a job did all it was to do."""
    if job.plan and job.plan.undo:  # it was put back
        return []
    return [lane.host for lane, steps in _hosts(job) if all(step.state.good for step in steps)]


def was_undone(job: Job) -> bool:
    """Tell whether a rollout was taken back: its hosts run what they ran before."""
    return job.plan is not None and bool(job.plan.undo)


def _hosts(job: Job) -> list[tuple[Lane, list[Step]]]:
    """Return the lanes of the hosts a job is about, each with its steps; a builder is none of them."""
    lanes = [lane for lane in (job.plan.lanes if job.plan else ()) if lane.key == lane.host]
    return [(lane, [step for step in job.steps if step.lane == lane.key]) for lane in lanes]


def makes_needless(kind: str, project_id: str, older: Waiting) -> bool:
    """Tell whether a newer command of this kind that waits for the same host makes an older one needless.

    No project is every project. A rollback makes nothing needless: what it returns from must have been there first.
    """
    if kind == "docker install":
        return older.kind == kind
    covered = CONTAINERS if kind in {"deploy", "stop"} else {"restart"} if kind == "restart" else frozenset()
    return older.kind in covered and (not project_id or project_id == older.project_id)


def overtakes(kind: str, project_id: str, older: Waiting) -> bool:
    """Tell whether a newer command that was done leaves nothing to do for an older one that still waits."""
    return makes_needless("deploy" if kind == "rollback" else kind, project_id, older)


def catch_up(entry: Waiting, origin: Job | None) -> JobRequest:
    """Return the job that catches up, shown in the thread of the one that could not."""
    args: dict[str, object] = {**entry.args, "given_at": entry.created_at.isoformat()}
    if origin is not None and origin.channel:
        args["announce"] = {"channel": origin.channel, "thread_ts": origin.thread_ts or origin.message_ts}
    title = entry.title if entry.title.endswith(_BACK) else f"{entry.title}{_BACK}"
    return JobRequest(entry.next_job, entry.kind, title, args, entry.actor)
