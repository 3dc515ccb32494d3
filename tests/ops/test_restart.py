"""Restarts, and federations that are locked against every change."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops import deploy, federation_lock
from ops.deploy_stop import StopKind
from ops.errors import UserError
from ops.model import Project
from ops.restart import RestartKind
from ops.rollback import RollbackKind
from ops.work import JobRequest, JobState
from tests.fake_ssh import Call
from tests.ops.project_worlds import SERVER, a_fleet_world, a_pi, starter
from tests.ops.rollouts import ALL, CLIENTS, name_on, run_deploy
from tests.ops.runner import ACTOR, Run, run_job
from tests.ops.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path, clients=CLIENTS) as world:
        yield world


@pytest.fixture
def project(world: World, tmp_path: Path) -> Project:
    return starter(world, tmp_path)


def restart(world: World, *, clock_is_off_s: float = 0.0, twice: bool = False) -> Run:
    """Restart everything on the server and a client, whose own clocks may be wrong."""
    services = replace(world.services, now=lambda: datetime.now(UTC))

    def date(call: Call) -> str:
        return f"{datetime.now(UTC).timestamp() + clock_is_off_s}\n"

    world.machine(SERVER).on("^date ", date)
    engine = world.engines.at(SERVER)
    for one in engine.containers():
        started = datetime.now(UTC) + timedelta(seconds=clock_is_off_s - 3600)
        engine._containers[one.name] = replace(one, started_at=started)
    args: dict[str, object] = {"addresses": [SERVER, CLIENTS[0]]}
    world.store.create_job(JobRequest("job-2", "restart", "restart", args, ACTOR))
    return run_job(RestartKind(), services, args, job_id="job-2", twice=twice)


@pytest.mark.parametrize("clock_is_off_s", [0.0, 10.0**6])
def test_a_restart_restarts_whatever_the_clock_of_the_host_says(
    world: World, project: Project, clock_is_off_s: float
) -> None:
    run_deploy(world, project, "job-1", addresses=[SERVER])
    run = restart(world, clock_is_off_s=clock_is_off_s)
    assert run.states(SERVER) == {"restart": "ok", "stay_up": "ok"}
    assert run.states(CLIENTS[0]) == {"restart": "skipped", "stay_up": "skipped"}
    name = name_on(SERVER, "job-1")
    assert world.engines.at(SERVER).log[-3:] == [f"stop {name}", f"start {name}", f"set_restart {name} always"]
    assert run.summary == f"Restarted on {SERVER}, and up: face-detection."


def test_a_restart_taken_up_again_restarts_once(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1", addresses=[SERVER])
    assert restart(world, twice=True).job.state is JobState.DONE
    assert world.engines.at(SERVER).log.count(f"stop {name_on(SERVER, 'job-1')}") == 1


def test_what_does_not_survive_its_restart_is_told_with_its_last_words(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1", addresses=[SERVER])
    world.engines.at(SERVER).crash_on_start = 1
    run = restart(world)
    assert run.states(SERVER) == {"restart": "ok", "stay_up": "failed"}
    assert "Its last words: Traceback: it broke" in run.step(SERVER, "stay_up").detail
    assert run.summary == f"Nothing was restarted. Not on {SERVER}: their rows say why."


def test_what_is_gone_cannot_be_restarted(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1", addresses=[SERVER])
    world.engines.at(SERVER).remove(name_on(SERVER, "job-1"))
    assert "is gone from 10.0.0.1. Deploy it again." in restart(world).step(SERVER, "restart").detail


def test_a_restart_may_be_of_one_project(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1", addresses=[SERVER])
    world.store.save_project(replace(project, id="ee" * 32, name="hands"))
    args = {"addresses": [SERVER], "project_id": "ee" * 32}
    run = run_job(RestartKind(), world.services, args, job_id="job-2")
    assert run.states(SERVER) == {"restart": "skipped", "stay_up": "skipped"}


def test_a_locked_federation_is_left_alone_until_it_is_unlocked(world: World, project: Project) -> None:
    federation = a_pi(SERVER).federation
    federation_lock.lock(world.services, federation, "measuring until noon", ACTOR)
    args = {"addresses": ALL, "project_id": project.id}
    for kind in (deploy.DeployKind(), RollbackKind(), RestartKind(), StopKind()):
        with pytest.raises(UserError) as refused:
            kind.plan(world.services, args)
        assert f"{federation} is locked by anna since " in str(refused.value)
        assert f"measuring until noon. Nothing was changed; `unlock {federation}`" in str(refused.value)
    with pytest.raises(UserError, match="It stays locked as it is"):
        federation_lock.lock(world.services, federation, "mine", ACTOR)
    assert federation_lock.unlock(world.services, federation).reason == "measuring until noon"
    assert StopKind().plan(world.services, args).lanes
    with pytest.raises(UserError, match="is not locked"):
        federation_lock.unlock(world.services, federation)
    with pytest.raises(UserError, match="There is no federation called nowhere"):
        federation_lock.lock(world.services, "nowhere", "x", ACTOR)
