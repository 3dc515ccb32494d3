"""A rollout as a durable job: the real runner puts back what the real kind had changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import deploy, images
from ops.jobs import DbosJobs
from ops.model import DeploymentState
from ops.rollback import RollbackKind
from ops.work import Job, JobRequest, JobState
from tests.ops.project_worlds import SERVER, a_fleet_world, starter
from tests.ops.rollouts import ALL, CLIENTS, break_new, name_on, run_deploy, running
from tests.ops.runner import ACTOR
from tests.ops.worlds import World

PATIENCE_S = 60.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path, clients=CLIENTS) as world:
        yield world


@pytest.fixture
def jobs(world: World) -> Iterator[DbosJobs]:
    build = images.BuildKind(can_emulate=lambda arch: False)
    runner = DbosJobs.open(world.services, [deploy.DeployKind(build), RollbackKind()])
    yield runner
    runner.close()


def run(jobs: DbosJobs, kind: str, id: str, **args: object) -> Job:
    jobs.submit(JobRequest(id, kind, kind, {"addresses": ALL, "stay_up_s": 0, **args}, ACTOR))
    return jobs.wait(id, timeout_s=PATIENCE_S)


def test_the_history_names_the_host_whose_failure_took_the_others_back(
    world: World, jobs: DbosJobs, tmp_path: Path
) -> None:
    project = starter(world, tmp_path)
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[1], "job-2")
    job = run(jobs, "deploy", "job-2", project_id=project.id, batch=2)
    assert job.state is JobState.FAILED
    assert job.plan is not None
    assert [(phase.title, [lane.host for lane in phase.lanes]) for phase in job.plan.undo] == [
        ("put back the servers", [SERVER]),
        ("put back the clients", [CLIENTS[0]]),
    ]
    assert all(running(world, address) == [name_on(address, "job-1")] for address in ALL)
    row = world.store.deployment(name_on(SERVER, "job-2"))
    assert row is not None
    assert (row.state, row.detail) == (
        DeploymentState.FAILED,
        f"taken back, because the rollout failed on {CLIENTS[1]}",
    )
    not_begun = [step for step in job.steps if step.lane in CLIENTS[2:] and step.name == "check"]
    assert [step.detail for step in not_begun] == ["not begun: the job stopped before"] * 2


def test_a_refused_rollback_says_so_as_a_job_too(world: World, jobs: DbosJobs, tmp_path: Path) -> None:
    run_deploy(world, starter(world, tmp_path), "job-1")
    job = run(jobs, "rollback", "job-2")
    assert job.state is JobState.FAILED
    assert "There is nothing to go back to" in job.error
