"""A durable job over a real sshd, cancelled while a command runs on the host."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.config import Config
from ops.jobs import DbosJobs
from ops.services import Outcome, Services, StepContext
from ops.ssh import SshPool
from ops.store import SqlStore
from ops.work import Job, JobRequest, JobState, Lane, Phase, Plan, StepState
from tests.fakes import FakeEngines, FakePool, FakeVault
from tests.ops.job_kinds import ANNA, PATIENCE_S
from tests.ops.sshd import Sshd, commands, until


@dataclass
class CommandKind:
    """A job whose steps are the commands they are called, on one host."""

    sshd: Sshd
    name: str = "command"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        steps = args["steps"]
        assert isinstance(steps, list)
        return Plan((Phase((Lane("10.0.0.1", "10.0.0.1", tuple(steps), host="10.0.0.1"),)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        return Outcome(detail=services.pool.remote(self.sshd.host()).run(context.step).stdout.strip())

    def finish(self, services: Services, job: Job) -> str:
        return job.state.value


@pytest.fixture
def services(config: Config, pool: SshPool, vault: FakeVault, tmp_path: Path) -> Iterator[Services]:
    config = replace(config, database_url=f"sqlite:///{tmp_path}/flsvc.sqlite3")
    store = SqlStore.open(config.database_url)
    yield Services(config, store, pool, FakeEngines(FakePool()), vault, lambda: datetime.now(UTC))
    store.close()


def test_cancelling_a_job_ends_its_command_on_the_host(services: Services, sshd: Sshd) -> None:
    jobs = DbosJobs.open(services, [CommandKind(sshd)])
    steps = ["echo first", "echo halfway; sleep 721", "echo never"]
    jobs.submit(JobRequest("j1", "command", "three commands", {"steps": steps}, ANNA))
    until(lambda: "sleep 721" in commands(sshd))
    assert jobs.cancel("j1")
    job = jobs.wait("j1", timeout_s=PATIENCE_S)
    jobs.close()
    assert "sleep 721" not in commands(sshd)
    assert job.state is JobState.CANCELLED
    assert [step.state for step in job.steps] == [StepState.OK, StepState.CANCELLED, StepState.CANCELLED]
    assert job.summary == (
        "Cancelled. 10.0.0.1 stopped at echo halfway; sleep 721. `echo halfway; sleep 721` was stopped on 127.0.0.1 "
        "in the middle, for the job was cancelled; the last line it printed: halfway. What it had done by then was "
        "left as it is."
    )
