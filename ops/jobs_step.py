"""Run one step of a job in a thread: lock the host, look at the store, act, and write down how it ended."""

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from threading import Lock
from typing import Protocol, runtime_checkable

from ops import cancel
from ops.errors import Cancelled, HostUnreachable, OpsError
from ops.jobs_board import Board
from ops.locks import Locks, held
from ops.services import JobKind, Outcome, Services, StepContext
from ops.work import Job, Lane, StepState

_log = logging.getLogger(__name__)

# People read a line in a second or two; the database is shared by every lane of every job.
_SAY_EVERY_S = 0.25


@runtime_checkable
class Redacts(Protocol):
    """A vault that can take the secrets it handled out of a text."""

    def redact(self, text: str) -> str:
        """Return the text without them."""
        ...


def report_bug(services: Services, error: Exception, what: str) -> str:
    """Log what nobody foresaw under a reference, without secrets; returns the sentence for people."""
    reference = token_hex(4)
    text = "".join(traceback.format_exception(error))
    if isinstance(services.vault, Redacts):
        text = services.vault.redact(text)
    _log.error("reference %s: %s\n%s", reference, what, text)
    return (
        f"Something went wrong that flsvc did not foresee. Give the reference {reference} to whoever runs flsvc: "
        "the log has the details under it."
    )


class Saying:
    """The short line beside a running step, written at most four times a second; the last one always gets there."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lock = Lock()
        self._waiting: str | None = None
        self._written_at = 0.0
        self._open = True

    def say(self, text: str) -> None:
        """Take a line; write it now if the last one is old enough."""
        with self._lock:
            self._waiting = text
        self.flush()

    def flush(self) -> None:
        """Write the line that waits, if it is time for it and the step has not ended."""
        with self._lock:
            due = self._written_at + _SAY_EVERY_S <= time.monotonic()
            if self._open and self._waiting is not None and due:
                text, self._waiting = self._waiting, None
                self._written_at = time.monotonic()
                self._write(text)

    def close(self) -> None:
        """Write nothing any more: the step's outcome takes the line's place."""
        with self._lock:
            self._open = False


@dataclass(frozen=True)
class StepRunner:
    """What running a step takes; shared by every job of this process."""

    services: Services
    board: Board
    locks: Locks
    stopping: Callable[[], bool]
    sayings: set[Saying]

    def run(self, kind: JobKind, job: Job, lane: Lane, name: str, cancelled: Callable[[], bool]) -> StepState | None:
        """Run a step unless it ended before; None when it was not begun, for the job or the process is to stop.

        The lock is held until the step has really ended, whatever is cancelled meanwhile.
        """

        def give_up() -> bool:
            return cancelled() or self.stopping()

        with held(self.locks, lock_name(lane), give_up) as mine:
            if not mine or give_up():
                return None
            before = self.board.step(job.id, lane.key, name)
            if before is not None and before.state.ended:
                return before.state
            self.board.set_step(job.id, lane.key, name, StepState.RUNNING)
            outcome = self._act(kind, job, lane, name, cancelled)
            self.board.set_step(job.id, lane.key, name, outcome.state, detail=outcome.detail, output=outcome.output)
            return outcome.state

    def _act(self, kind: JobKind, job: Job, lane: Lane, name: str, cancelled: Callable[[], bool]) -> Outcome:
        saying = Saying(lambda text: self.board.set_step(job.id, lane.key, name, StepState.RUNNING, detail=text))
        question = cancel.Question(cancelled)
        context = StepContext(job.id, job.args, job.actor.id, job.actor.name, lane, name, saying.say, question.hear)
        self.sayings.add(saying)
        try:
            with cancel.cancellable(question):
                # What the step itself asks of the database may meet its absence too: a step may run twice.
                return self.board.patiently(lambda: kind.run_step(self.services, context))
        except HostUnreachable as error:
            return Outcome(StepState.UNREACHABLE, str(error), error.output)
        except Cancelled as error:
            return Outcome(StepState.CANCELLED, str(error), error.output)
        except OpsError as error:
            # A step that asked, was told to stop and then gave up was cancelled; it did not fail.
            return Outcome(StepState.CANCELLED if question.told else StepState.FAILED, str(error), error.output)
        except Exception as error:
            what = f"step {name} on {lane.label} of job {job.id} ({job.kind})"
            return Outcome(StepState.FAILED, report_bug(self.services, error, what))
        finally:
            saying.close()
            self.sayings.discard(saying)


def lock_name(lane: Lane) -> str:
    """Return the name under which a lane's host, or the builder, is locked."""
    return f"host/{lane.host}" if lane.host else f"lane/{lane.key}"
