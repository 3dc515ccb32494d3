"""What a job is: its plan, its steps, how they stand, and the line the audit keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ops.model import Actor


class StepState(StrEnum):
    """How a step of a job stands on one host."""

    PENDING = "pending"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Tell whether the step will not change any more."""
        return self not in {StepState.PENDING, StepState.RUNNING}

    @property
    def good(self) -> bool:
        """Tell whether the next step may run."""
        return self in {StepState.OK, StepState.SKIPPED}


class JobState(StrEnum):
    """How a job stands as a whole."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"  # some hosts did it, some did not
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Tell whether the job will not change any more."""
        return self not in {JobState.WAITING, JobState.RUNNING}


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of a job: the steps it takes on one host, or on the builder.

    `host` is the address whose lock is held while a step runs; a builder's lane has its own name there.
    """

    key: str
    label: str
    steps: tuple[str, ...]
    host: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """Lanes that run side by side.

    What stops the job before the next phase: with `required`, a lane that is not good; with `max_failures`, more
    lanes with a failed step than that, in this and the earlier phases that have a bound. An unreachable host is no
    failure there: nothing was changed on it. An `undo` phase is run when the job was stopped, and only then.
    """

    lanes: tuple[Lane, ...]
    required: bool = False
    title: str = ""
    max_failures: int | None = None
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All a job is going to do, decided before it starts."""

    phases: tuple[Phase, ...]

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Return every lane in order."""
        return tuple(lane for phase in self.phases for lane in phase.lanes)

    @property
    def undo(self) -> tuple[Phase, ...]:
        """Return the phases that put back what the others changed."""
        return tuple(phase for phase in self.phases if phase.undo)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one lane as it stands."""

    lane: str
    name: str
    state: StepState
    detail: str = ""
    output: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is to be done durably. `id` is Slack's id of the request, so that a redelivery starts nothing twice.

    `args` is plain JSON without secrets: a password travels as the id of a vault entry.
    """

    id: str
    kind: str
    title: str
    args: Mapping[str, object]
    actor: Actor


@dataclass(frozen=True, slots=True)
class Job:
    """A durable command, its plan and where its live message is."""

    id: str
    kind: str
    title: str
    args: Mapping[str, object]
    actor: Actor
    state: JobState
    created_at: datetime
    plan: Plan | None = None
    steps: tuple[Step, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    summary: str = ""
    error: str = ""
    channel: str = ""
    message_ts: str = ""
    thread_ts: str = ""
    permalink: str = ""

    @property
    def took(self) -> timedelta | None:
        """Return how long it ran, once it ended."""
        return self.ended_at - self.started_at if self.ended_at and self.started_at else None


@dataclass(frozen=True, slots=True)
class Lock:
    """A federation whose hosts nobody may change for a while: since when, by whom, and why."""

    federation: str
    reason: str
    by: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit: who did what where, with secrets left out, and how it ended."""

    at: datetime
    who: str
    who_name: str
    where: str
    what: str
    arguments: str = ""
    target: str = ""
    outcome: str = ""
    detail: str = ""
    job_id: str = ""
    permalink: str = ""
    id: int = 0
