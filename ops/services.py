"""The seams to memory and to time: the store, the vault, the job runner, and all of them in one value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from ops.config import Config
from ops.model import Deployment, DeploymentState, Host, Image, Project
from ops.ports import Engines, Pool
from ops.waiting import Waiting, WaitingState
from ops.work import Event, Job, JobRequest, JobState, Lane, Lock, Phase, Plan, Step, StepState


class Vault(Protocol):
    """Secrets encrypted with a key that lies outside the database."""

    def put(self, secret: str) -> str:
        """Keep a secret and return its id."""
        ...

    def get(self, id: str) -> str:
        """Return a secret; UserError when it is gone."""
        ...

    def delete(self, id: str) -> None:
        """Forget a secret; fine when it is gone."""
        ...


class Store(Protocol):
    """Everything that is remembered. Safe to call from any thread; every call is one short transaction."""

    # hosts
    def save_host(self, host: Host) -> None:
        """Insert or replace by address."""
        ...

    def host(self, address: str) -> Host | None: ...
    def hosts(
        self,
        *,
        addresses: Sequence[str] | None = None,
        federation: str | None = None,
        contact: str | None = None,
        flower_type: str | None = None,
    ) -> list[Host]:
        """List hosts ordered by federation, server first, then numerically by address. Filters combine."""
        ...

    def delete_host(self, address: str) -> bool: ...
    def federations(self) -> list[str]: ...

    # docker states: the newest state of each installation step of a host
    def save_docker_step(self, address: str, step: Step) -> None: ...
    def docker_steps(self, addresses: Sequence[str]) -> dict[str, list[Step]]: ...

    # projects and images
    def save_project(self, project: Project) -> None: ...
    def project(self, id: str) -> Project | None: ...
    def projects(self, *, name: str | None = None, last: int | None = None) -> list[Project]:
        """List projects, newest first."""
        ...

    def save_image(self, image: Image) -> None: ...
    def images(self, project_id: str | None = None) -> list[Image]: ...

    # deployments
    def save_deployment(self, deployment: Deployment) -> None:
        """Insert, or update state, times, container and detail of the same id."""
        ...

    def deployment(self, id: str) -> Deployment | None: ...
    def deployments(
        self,
        *,
        addresses: Sequence[str] | None = None,
        by: str | None = None,
        states: Sequence[DeploymentState] | None = None,
        job_id: str | None = None,
        last: int | None = None,
    ) -> list[Deployment]:
        """List deployments, newest first."""
        ...

    # the audit
    def add_event(self, event: Event) -> int: ...
    def events(self, *, who: str | None = None, job_id: str | None = None, last: int = 100) -> list[Event]: ...

    # jobs, as people see them; the runner's own bookkeeping is not here
    def create_job(self, request: JobRequest) -> bool:
        """Insert a waiting job; False when one of this id exists already."""
        ...

    def job(self, id: str) -> Job | None:
        """Return a job with its steps in the plan's order."""
        ...

    def jobs(
        self, *, states: Sequence[JobState] | None = None, actor: str | None = None, last: int = 50
    ) -> list[Job]: ...
    def set_job_plan(self, id: str, plan: Plan) -> None:
        """Keep the plan and create a pending step row for each of its steps; fine when done before."""
        ...

    def add_job_phases(self, id: str, phases: Sequence[Phase]) -> Plan:
        """Append `undo` phases to a job's plan unless it has some, with their steps; returns the whole plan."""
        ...

    def set_job_state(self, id: str, state: JobState, *, summary: str = "", error: str = "") -> None:
        """Change the state; sets started_at and ended_at as the state implies, the first time only.

        An end goes into the job's line of the audit as well.
        """
        ...

    def set_job_message(
        self, id: str, *, channel: str, message_ts: str, thread_ts: str = "", permalink: str = ""
    ) -> None: ...
    def set_step(
        self, job_id: str, lane: str, name: str, state: StepState, *, detail: str = "", output: str = ""
    ) -> None:
        """Change one step; sets started_at and ended_at as the state implies."""
        ...

    # locked federations
    def add_lock(self, lock: Lock) -> bool:
        """Insert a lock; False when the federation has one."""
        ...

    def delete_lock(self, federation: str) -> bool: ...
    def locks(self) -> list[Lock]:
        """List the locks by the federation's name."""
        ...

    # commands that wait for hosts that are away
    def add_waiting(self, entry: Waiting) -> Waiting:
        """Insert, and return it with its number; the same job and host again changes nothing."""
        ...

    def waiting(self, *, host: str | None = None, actor: str | None = None) -> list[Waiting]:
        """List what waits, in the order the commands were given."""
        ...

    def change_waiting(self, entry: Waiting, state: WaitingState, *, started_job: str = "") -> bool:
        """Change the state of one that still stands as `entry` does; False when it has changed meanwhile."""
        ...

    def waits_again(self, started_job: str, host: str) -> Waiting | None:
        """Let what a job was to catch up with wait again; None when that job was not started to catch up there."""
        ...

    # requests seen, so that a redelivery starts nothing twice
    def first_time(self, request_id: str) -> bool:
        """Remember a request id; True the first time only, over restarts too."""
        ...

    def seen(self, request_id: str) -> bool:
        """Tell whether a request id is remembered."""
        ...

    # secrets, as ciphertext
    def save_secret(self, id: str, ciphertext: bytes) -> None: ...
    def secret(self, id: str) -> bytes | None: ...
    def delete_secret(self, id: str) -> None: ...


@dataclass(frozen=True)
class Services:
    """What every verb is given; the composition root makes one, a test another."""

    config: Config
    store: Store
    pool: Pool
    engines: Engines
    vault: Vault
    now: Callable[[], datetime]


@dataclass(frozen=True)
class StepContext:
    """One step being run: for which job, on which lane, and how to tell people what it is doing."""

    job_id: str
    args: Mapping[str, object]
    actor_id: str
    actor_name: str
    lane: Lane
    step: str
    say: Callable[[str], None]  # a short line shown beside the step while it runs
    cancelled: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended when it did not raise: `ok` or `skipped`, with a short line for people."""

    state: StepState = StepState.OK
    detail: str = ""
    output: str = ""


class JobKind(Protocol):
    """One kind of durable command; registered once at start by name."""

    @property
    def name(self) -> str: ...

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Decide what is done where; raises UserError when nothing can be done. Runs once, before the first step."""
        ...

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run one step so that a second run does no harm: look, then act. Raises OpsError when it fails."""
        ...

    def finish(self, services: Services, job: Job) -> str:
        """Return one sentence that sums the ended job up; may write, and may run twice."""
        ...


@runtime_checkable
class Undoing(Protocol):
    """A kind whose jobs, once stopped by a phase that failed, put back what they changed elsewhere."""

    def undo(self, services: Services, job: Job) -> tuple[Phase, ...]:
        """Return the `undo` phases for a stopped job as it stands, none when there is nothing to put back."""
        ...


@dataclass(frozen=True, slots=True)
class JobChange:
    """Something about a job changed; what, is read from the store."""

    job_id: str
    ended: bool = False


class Jobs(Protocol):
    """The runner of durable jobs."""

    def submit(self, request: JobRequest) -> Job:
        """Start a job, or return the one of the same id. Takes milliseconds; the plan is made by the job."""
        ...

    def plan(self, request: JobRequest) -> Plan:
        """Return what a job would do, without starting it; raises what makes it impossible."""
        ...

    def cancel(self, job_id: str) -> bool:
        """Ask a job to stop at its step's end; False when it had ended."""
        ...

    def lead(self, what: str) -> bool:
        """Tell whether this process is the one, of all that share the database, to do something; it stays so."""
        ...

    def subscribe(self, callback: Callable[[JobChange], None]) -> Callable[[], None]:
        """Call back, from any thread, whenever a job changes; returns the way to stop that."""
        ...

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Job:
        """Wait until a job has ended and return it; TimedOut after the time."""
        ...

    def close(self) -> None:
        """Stop after the steps that are running; they are taken up again at the next start."""
        ...
