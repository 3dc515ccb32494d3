"""Stopping, and asking what runs and what it printed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops import deploy
from ops.errors import NotRegistered, UserError
from ops.model import DeploymentState, Project
from ops.ports import ContainerSpec
from tests.ops.project_worlds import CLIENTS, SERVER, a_fleet_world, starter
from tests.ops.runner import Run, run_job
from tests.ops.test_deploy import ALL, name_on, run_deploy, running, states
from tests.ops.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path) as world:
        yield world


@pytest.fixture
def project(world: World, tmp_path: Path) -> Project:
    project = starter(world, tmp_path)
    run_deploy(world, project, ALL)
    return project


def stop(world: World, addresses: list[str], project_id: str = "", job_id: str = "stop-1") -> Run:
    args = {"addresses": addresses, "project_id": project_id}
    return run_job(deploy.StopKind(), world.services, args, job_id=job_id)


def row_of(world: World, address: str) -> deploy.Status:
    [row] = deploy.status(world.services, [world.host(address)])
    return row


def test_what_is_stopped_stays_stopped_and_keeps_its_logs(world: World, project: Project) -> None:
    world.engines.at(SERVER).outputs[name_on(SERVER)] = "round 5/5 accuracy 0.942\n"
    run = stop(world, ALL)
    assert run.step(SERVER, "stop").detail == f"stopped {name_on(SERVER)}; the logs stay readable"
    assert run.summary == "Everything flsvc had started was stopped on 3 hosts; the logs stay readable."
    for address in ALL:
        engine = world.engines.at(address)
        assert running(engine) == []
        assert engine.specs[name_on(address)].restart == "no"
        assert states(world, address) == {name_on(address): "stopped"}
    [logs] = deploy.logs(world.services, [world.host(SERVER)])
    assert (logs.text, logs.container) == ("round 5/5 accuracy 0.942\n", name_on(SERVER))
    assert row_of(world, SERVER).state == "stopped"


def test_stopping_what_does_not_run_is_skipped(world: World, project: Project) -> None:
    stop(world, [SERVER])
    run = stop(world, [SERVER], job_id="stop-2")
    assert run.states(SERVER) == {"stop": "skipped"}
    assert run.step(SERVER, "stop").detail == "nothing of flsvc runs here"
    assert run.summary == "Nothing ran that was to be stopped."


def test_one_project_may_be_stopped_alone(world: World, project: Project) -> None:
    engine = world.engines.at(SERVER)
    image = engine.specs[name_on(SERVER)].image
    labels = {"flsvc.project": "hands", "flsvc.deployment": "hands-1"}
    engine.create(ContainerSpec("hands-1", image, labels=labels))
    engine.start("hands-1")
    run = stop(world, [SERVER], project.id)
    assert running(engine) == ["hands-1"]
    assert run.summary == f"face-detection was stopped on {SERVER}; the logs stay readable."


def test_a_project_nobody_knows_is_named(world: World, project: Project) -> None:
    with pytest.raises(NotRegistered, match="is not known here"):
        stop(world, [SERVER], "ff" * 32)
    assert running(world.engines.at(SERVER)) == [name_on(SERVER)]


def test_stop_needs_hosts(world: World, project: Project) -> None:
    with pytest.raises(UserError, match="No registered host was named"):
        stop(world, [])
    with pytest.raises(UserError, match="No registered host was named"):
        stop(world, ["10.9.9.9"])


def test_an_unreachable_host_is_named_in_the_sum(world: World, project: Project) -> None:
    world.machine(CLIENTS[0]).reachable = False
    run = stop(world, ALL)
    assert run.states(CLIENTS[0]) == {"stop": "unreachable"}
    assert run.summary.endswith(f"Not on {CLIENTS[0]}: try these again.")


def test_a_host_forgotten_meanwhile_is_named(world: World, project: Project) -> None:
    plan = deploy.StopKind().plan(world.services, {"addresses": [SERVER]})
    assert [lane.key for lane in plan.lanes] == [SERVER]
    world.store.delete_host(SERVER)
    with pytest.raises(UserError):
        stop(world, [SERVER])


def test_what_ended_by_itself_is_written_down_by_stop(world: World, project: Project) -> None:
    world.engines.at(SERVER).remove(name_on(SERVER))
    assert row_of(world, SERVER).state == "gone"
    assert row_of(world, SERVER).drifted
    run = stop(world, [SERVER])
    assert run.step(SERVER, "stop").detail == f"{name_on(SERVER)} had ended by itself"
    assert states(world, SERVER) == {name_on(SERVER): "stopped"}
    assert row_of(world, SERVER).state == "stopped"


def test_status_asks_every_host_and_compares(world: World, project: Project) -> None:
    world.machine(CLIENTS[0]).reachable = False
    world.engines.at(CLIENTS[1]).exit(name_on(CLIENTS[1]), 1)
    rows = deploy.status(world.services, world.store.hosts())
    assert [(row.host.address, row.state, row.drifted) for row in rows] == [
        (SERVER, "running", False),
        (CLIENTS[0], "unreachable", False),
        (CLIENTS[1], "restarting", True),
    ]
    assert rows[0].docker_version == "20.10.24+dfsg1"
    assert rows[0].container is not None
    assert rows[0].deployment is not None
    assert rows[0].deployment.id == name_on(SERVER)
    assert rows[1].error
    assert deploy.status(world.services, []) == []


def test_status_knows_engines_that_do_not_answer_and_hosts_with_nothing(world: World) -> None:
    world.engines.at(CLIENTS[0]).down = "The Docker Engine does not answer."
    rows = deploy.status(world.services, [world.host(SERVER), world.host(CLIENTS[0])])
    assert [(row.state, row.error) for row in rows] == [
        ("nothing", ""),
        ("no answer", "The Docker Engine does not answer."),
    ]


def test_status_shows_containers_nobody_remembers(world: World, project: Project) -> None:
    engine = world.engines.at(SERVER)
    engine.create(ContainerSpec("old-1", engine.specs[name_on(SERVER)].image, labels={"flsvc.deployment": "old-1"}))
    rows = deploy.status(world.services, [world.host(SERVER)])
    assert [(row.state, row.drifted) for row in rows] == [("running", False), ("unknown", True)]


def test_status_shows_what_runs_although_the_newest_deployment_failed(world: World, project: Project) -> None:
    world.engines.at(CLIENTS[0]).down = "no"
    run_deploy(world, project, [CLIENTS[0]], job_id="job-2")
    world.engines.at(CLIENTS[0]).down = ""
    row = row_of(world, CLIENTS[0])
    assert row.state == "running"
    assert row.deployment is not None
    assert row.deployment.state is DeploymentState.RUNNING


def test_status_leaves_projects_of_long_ago_out(world: World, project: Project) -> None:
    row = world.store.deployment(name_on(SERVER))
    assert row is not None
    old = replace(row, id="hands-1", project_name="hands", state=DeploymentState.FAILED)
    world.store.save_deployment(old)
    assert [status.state for status in deploy.status(world.services, [world.host(SERVER)])] == ["running"]
    stop(world, [SERVER])
    world.engines.at(SERVER).remove(name_on(SERVER))
    [status] = deploy.status(world.services, [world.host(SERVER)])
    assert (status.deployment, status.container) == (old, None)


def test_logs_of_hosts_without_any_or_out_of_reach_say_so(world: World, project: Project) -> None:
    world.machine(CLIENTS[0]).reachable = False
    engine = world.engines.at(CLIENTS[1])
    engine.remove(name_on(CLIENTS[1]))
    world.engines.at(SERVER).outputs[name_on(SERVER)] = "one\ntwo\nthree\n"
    server, gone, empty = deploy.logs(world.services, [world.host(a) for a in ALL], lines=2)
    assert server.text == "two\nthree\n"
    assert gone.error
    assert "Nothing of flsvc was ever started" in empty.error
