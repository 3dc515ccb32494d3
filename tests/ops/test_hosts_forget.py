"""Forgetting a host: our key off it, its row and secret gone, its history kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.errors import UserError
from ops.hosts import ForgetKind
from ops.model import Deployment, DeploymentState, Sudo
from tests.fakes import FakeMachine, key_of
from tests.ops.runner import Run, run_job
from tests.ops.samples import a_host
from tests.ops.worlds import NOON, World, a_world

ONE, TWO = "192.168.1.105", "192.168.1.106"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path, FakeMachine(ONE), FakeMachine(TWO)) as world:
        secret = world.services.vault.put("raspberry")
        world.save(a_host(ONE, sudo=Sudo.PASSWORD, sudo_secret=secret), a_host(TWO))
        for machine in world.pool.machines.values():
            machine.on("out of this user's authorized_keys", "removed\n")
        yield world


def forget(world: World, *addresses: str, keep_key: bool = False, force: bool = False, twice: bool = False) -> Run:
    args = {"addresses": list(addresses), "keep_key": keep_key, "force": force}
    return run_job(ForgetKind(), world.services, args, twice=twice)


def a_deployment(address: str, state: DeploymentState) -> Deployment:
    return Deployment(
        id=f"d-{address}",
        host=address,
        project_id="a" * 64,
        project_name="faces",
        image_digest="sha256:1",
        state=state,
        by="U0ANNA",
        by_name="anna",
        job_id="job-0",
        created_at=NOON,
    )


def test_host_is_forgotten(world: World) -> None:
    run = forget(world, ONE)
    assert run.states(ONE) == {"remove_key": "ok", "forget": "ok"}
    assert world.store.host(ONE) is None
    assert world.store.host(TWO) is not None
    assert world.secrets() == []
    assert run.summary == f"Forgot {ONE}; the history of what ran there stays."


def test_history_stays(world: World) -> None:
    world.store.save_deployment(a_deployment(ONE, DeploymentState.STOPPED))
    forget(world, ONE)
    assert [deployment.host for deployment in world.store.deployments()] == [ONE]


@pytest.mark.parametrize("trouble", ["off", "another key", "refused"])
def test_a_host_out_of_reach_is_forgotten_and_told_so(world: World, trouble: str) -> None:
    machine = world.machine(ONE)
    match trouble:
        case "off":
            machine.reachable = False
        case "another key":
            machine.key = key_of("a new card")
        case _:
            machine.key_accepted = False
    run = forget(world, ONE)
    assert run.states(ONE) == {"remove_key": "skipped", "forget": "ok"}
    assert run.step(ONE, "remove_key").detail.startswith("the bot's key may still be there: ")
    assert f"The bot's key may still be on {ONE}" in run.summary
    assert world.store.host(ONE) is None


def test_without_taking_the_key_off(world: World) -> None:
    run = forget(world, ONE, keep_key=True)
    assert run.states(ONE) == {"forget": "ok"}
    assert world.machine(ONE).log == []


def test_key_that_was_not_there(world: World) -> None:
    world.machine(ONE).on("out of this user's authorized_keys", "absent\n")
    assert forget(world, ONE).step(ONE, "remove_key").detail == "the bot's key was not there"


@pytest.mark.parametrize("state", [DeploymentState.RUNNING, DeploymentState.STARTING])
def test_refused_while_a_project_runs_there(world: World, state: DeploymentState) -> None:
    world.store.save_deployment(a_deployment(TWO, state))
    with pytest.raises(UserError) as caught:
        forget(world, ONE, TWO)
    assert f"projects run there: faces on {TWO}" in str(caught.value)
    assert f"`stop {TWO}`" in str(caught.value)
    assert world.store.host(ONE) is not None


def test_force_forgets_while_a_project_runs_there(world: World) -> None:
    running = a_deployment(TWO, DeploymentState.RUNNING)
    world.store.save_deployment(running)
    assert forget(world, TWO, force=True).states(TWO)["forget"] == "ok"
    assert world.store.deployments() == [replace(running)]


def test_every_step_may_run_twice(world: World) -> None:
    run = forget(world, ONE, TWO, twice=True)
    assert run.states(ONE) == run.states(TWO) == {"remove_key": "ok", "forget": "skipped"}
    assert run.summary == f"Forgot {ONE}, {TWO}; the history of what ran there stays."


def test_nothing_to_forget(world: World) -> None:
    with pytest.raises(UserError, match="Nothing to forget"):
        forget(world, "10.0.0.1")
