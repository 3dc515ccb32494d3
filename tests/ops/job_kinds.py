"""A kind of job whose plan is its arguments and whose steps do what they are called, for the tests of the runner.

Every begin and end of a step is a line of a journal file, which survives a killed process and shows what overlapped.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

from ops.config import Config
from ops.errors import HostUnreachable, StepFailed, UserError
from ops.model import Actor
from ops.services import Outcome, Services, StepContext
from ops.store import SqlStore
from ops.vault import FernetVault
from ops.work import Job, JobRequest, Lane, Phase, Plan, StepState
from tests.fakes import FakeEngines, FakePool

ANNA = Actor("U0ANNA", "anna", "C0FLEET")
BEN = Actor("U0BEN", "ben", "C0FLEET")
SECRET = "raspberry-42-secret"
PATIENCE_S = 60.0


def phase(
    *lanes: tuple[str, tuple[str, ...]], required: bool = False, max_failures: int | None = None
) -> dict[str, object]:
    """Return a phase as JSON; a lane is a name and its steps, and one called `builder…` has no host."""
    return {
        "required": required,
        "max_failures": max_failures,
        "lanes": [[name, list(steps)] for name, steps in lanes],
    }


def request(
    id: str, *phases: dict[str, object], actor: Actor = ANNA, title: str = "a job", **more: object
) -> JobRequest:
    return JobRequest(id, "script", title, {"phases": list(phases), **more}, actor)


def services(directory: Path, url: str, executor_id: str = "bot") -> Services:
    """Make services whose hosts and engines are fakes nobody calls."""
    store = SqlStore.open(url)
    config = Config(state_dir=directory, database_url=url, executor_id=executor_id, fan_out=8)
    vault = FernetVault(store, directory / "vault.key")
    return Services(config, store, FakePool(), FakeEngines(), vault, lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Line:
    """One line of the journal."""

    event: str
    job: str
    lane: str
    step: str
    pid: int


class Journal:
    """Begins and ends of steps, in the order they happened, of every process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, context: StepContext) -> None:
        line = f"{event}\t{context.job_id}\t{context.lane.key}\t{context.step}\t{os.getpid()}\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)

    def lines(self, job: str | None = None) -> list[Line]:
        text = self.path.read_text() if self.path.exists() else ""
        parts = [line.split("\t") for line in text.splitlines()]
        found = [Line(event, id, lane, step, int(pid)) for event, id, lane, step, pid in parts]
        return [line for line in found if job in {None, line.job}]

    def began(self, job: str | None = None) -> list[tuple[str, str]]:
        """Return lane and step of every begin."""
        return [(line.lane, line.step) for line in self.lines(job) if line.event == "begin"]

    def overlaps(self) -> list[Line]:
        """Return the steps that began on a host while another had not ended."""
        busy: dict[str, int] = defaultdict(int)
        bad = []
        for line in self.lines():
            if line.event == "begin" and busy[line.lane]:
                bad.append(line)
            busy[line.lane] += 1 if line.event == "begin" else -1
        return bad


class ScriptKind:
    """Steps do what they are called, up to a hyphen.

    `ok`, `skip`, `fail`, `away` (unreachable), `bug`, `meet` (another step), `gate` (until a file is there), `until`
    (cancelled), `talk`.
    """

    name = "script"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal = Journal(directory / "journal")
        self.barrier = Barrier(2)
        self.finished: list[str] = []

    def open_gate(self) -> None:
        (self.directory / "gate").touch()

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        if "refuse" in args:
            raise UserError(str(args["refuse"]))
        phases = args["phases"]
        assert isinstance(phases, list)
        return Plan(
            tuple(
                Phase(
                    tuple(
                        Lane(name, name, tuple(steps), host="" if name.startswith("builder") else name)
                        for name, steps in one["lanes"]
                    ),
                    required=one["required"],
                    max_failures=one["max_failures"],
                )
                for one in phases
            )
        )

    def undo(self, services: Services, job: Job) -> tuple[Phase, ...]:
        """Put back, with the steps of the argument `undo`, every lane that was good."""
        steps = job.args.get("undo", [])
        assert isinstance(steps, list) and job.plan is not None
        bad = {step.lane for step in job.steps if not step.state.good}
        good = [lane for lane in job.plan.lanes if lane.host and lane.key not in bad]
        lanes = tuple(Lane(f"undo {lane.key}", f"{lane.label}, back", tuple(steps), lane.host) for lane in good)
        return (Phase(lanes, title="back", undo=True),) if steps and lanes else ()

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        self.journal.write("begin", context)
        try:
            return self._act(services, context)
        finally:
            self.journal.write("end", context)

    def _act(self, services: Services, context: StepContext) -> Outcome:
        match context.step.split("-")[0]:
            case "skip":
                return Outcome(StepState.SKIPPED, "not needed")
            case "fail":
                raise StepFailed("The disk is full.", host=context.lane.host, output="E: no space left")
            case "away":
                raise HostUnreachable("The host does not answer.", host=context.lane.host)
            case "bug":
                secret = services.vault.get(str(context.args["secret"]))
                raise ValueError(f"cannot parse {secret!r}")
            case "meet":
                self.barrier.wait(PATIENCE_S)
            case "gate":
                wait_until((self.directory / "gate").exists)
            case "until":
                wait_until(context.cancelled)
                raise StepFailed("It was stopped on the host as well.")
            case "talk":
                for n in range(2000):
                    context.say(f"line {n}")
                wait_until((self.directory / "gate").exists)
        return Outcome(detail=f"did {context.step}")

    def finish(self, services: Services, job: Job) -> str:
        self.finished.append(job.id)
        if "finish" in job.args:
            raise RuntimeError("no summary")
        return f"{job.title}: {job.state.value}"


def wait_until(true: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Wait for something another thread or process brings about."""
    until = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)
