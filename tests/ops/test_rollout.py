"""Rollouts in batches that stop and go back, and rollbacks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops import deploy, deploy_phases, rollback
from ops.deploy_stop import StopKind
from ops.errors import HostUnreachable, UserError
from ops.model import Deployment, DeploymentState, FlowerType, Project
from ops.ports import Container
from ops.rollback import RollbackKind
from ops.services import StepContext
from ops.work import Job, JobRequest, JobState, StepState
from tests.fakes import FakeEngine
from tests.ops.project_worlds import SERVER, a_fleet_world, a_pi, starter
from tests.ops.rollouts import ALL, CLIENTS, break_new, name_on, put, run_deploy, running, states
from tests.ops.runner import ACTOR, run_job
from tests.ops.worlds import NOON, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path, clients=CLIENTS) as world:
        yield world


@pytest.fixture
def project(world: World, tmp_path: Path) -> Project:
    return starter(world, tmp_path)


@pytest.mark.parametrize("twice", [False, True])
def test_a_batch_that_fails_takes_every_changed_host_back(world: World, project: Project, twice: bool) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[2], "job-2")
    run = run_deploy(world, project, "job-2", twice=twice, batch=2)
    assert run.job.state is JobState.FAILED
    for address in ALL:
        assert running(world, address) == [name_on(address, "job-1")]
        assert states(world, address) == {name_on(address, "job-1"): "running", name_on(address, "job-2"): "failed"}
        assert world.engines.at(address).specs[name_on(address, "job-1")].restart == "always"
    back = [SERVER, CLIENTS[0], CLIENTS[1], CLIENTS[3]]
    assert run.job.plan is not None
    assert [lane.label for phase in run.job.plan.undo for lane in phase.lanes] == [f"{one}, put back" for one in back]
    assert run.step(f"undo {SERVER}", "put_back").detail == f"{name_on(SERVER, 'job-1')} runs again"
    assert f"failed on {CLIENTS[2]}" in run.summary
    assert f"therefore {', '.join(back)} went back to what ran there before" in run.summary


def test_a_canary_that_fails_leaves_the_others_as_they_are(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[0], "job-2")
    run = run_deploy(world, project, "job-2", canary=1)
    assert all(running(world, address) == [name_on(address, "job-1")] for address in ALL)
    assert name_on(CLIENTS[1], "job-2") not in states(world, CLIENTS[1])
    assert f"was not tried on {', '.join(CLIENTS[1:])}" in run.summary


def test_failures_within_the_bound_leave_the_rest_running(world: World, project: Project) -> None:
    break_new(world, CLIENTS[0], "job-1")
    run = run_deploy(world, project, "job-1", batch=2, max_failures=1)
    assert run.job.state is JobState.PARTLY
    assert all(running(world, address) == [name_on(address, "job-1")] for address in ALL if address != CLIENTS[0])


def test_the_first_deployment_that_goes_back_leaves_nothing_running(world: World, project: Project) -> None:
    break_new(world, CLIENTS[3], "job-1")
    run = run_deploy(world, project, "job-1", max_failures=0)
    assert all(running(world, address) == [] for address in ALL)
    assert run.step(f"undo {SERVER}", "put_back").detail == "stopped; nothing of this project ran here before"
    assert "runs nowhere" in run.summary


def test_a_container_that_was_removed_meanwhile_is_made_anew(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[3], "job-2")

    class Forgetful(FakeEngine):
        def set_restart(self, name: str, policy: str) -> None:
            super().set_restart(name, policy)
            if name == name_on(SERVER, "job-2") and policy == "always":
                self.remove(name_on(SERVER, "job-1"))

    put(world, SERVER, Forgetful)
    run_deploy(world, project, "job-2", max_failures=0)
    assert running(world, SERVER) == [name_on(SERVER, "job-1")]
    assert world.engines.at(SERVER).specs[name_on(SERVER, "job-1")].labels["flsvc.job"] == "job-1"


def test_what_does_not_stay_up_when_it_is_put_back_is_told(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[3], "job-2")

    class Broken(FakeEngine):
        def start(self, name: str) -> None:
            self.crash_on_start = 1 if name == name_on(CLIENTS[0], "job-1") else None
            super().start(name)

    put(world, CLIENTS[0], Broken)
    run = run_deploy(world, project, "job-2", max_failures=0)
    step = run.step(f"undo {CLIENTS[0]}", "put_back")
    assert step.detail == f"{name_on(CLIENTS[0], 'job-1')}, which ran before, was started again but did not stay up."
    assert "it broke" in step.output
    assert f"could not be taken back on {CLIENTS[0]}" in run.summary


def test_a_job_cancelled_between_two_steps_starts_again_what_ran(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1", addresses=[SERVER])
    args = {"project_id": project.id, "addresses": [SERVER], "stay_up_s": 0}
    kind = deploy.DeployKind()
    plan = kind.plan(world.services, args)
    for step in ("check", "deliver", "start"):
        context = StepContext(
            "job-2", args, ACTOR.id, ACTOR.name, plan.lanes[0], step, lambda text: None, lambda: False
        )
        kind.run_step(world.services, context)
    assert running(world, SERVER) == [name_on(SERVER, "job-2")]
    kind.finish(world.services, Job("job-2", "deploy", "deploy", args, ACTOR, JobState.CANCELLED, NOON, plan=plan))
    assert running(world, SERVER) == [name_on(SERVER, "job-1")]
    assert states(world, SERVER) == {name_on(SERVER, "job-1"): "running", name_on(SERVER, "job-2"): "failed"}
    row = world.store.deployment(name_on(SERVER, "job-2"))
    assert row is not None
    assert f"{name_on(SERVER, 'job-1')}, which ran before, was started again" in row.detail


def test_a_host_that_cannot_be_put_back_is_named(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[3], "job-2")

    class Leaving(FakeEngine):
        def inspect(self, name: str) -> Container | None:
            if states(world, SERVER).get(name_on(SERVER, "job-2")) == "running":
                raise HostUnreachable(f"{SERVER} does not answer.", host=SERVER)
            return super().inspect(name)

    put(world, SERVER, Leaving)
    run = run_deploy(world, project, "job-2", max_failures=0)
    assert run.states(f"undo {SERVER}") == {"put_back": "unreachable"}
    assert f"could not be taken back on {SERVER}" in run.summary


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, [("server", 1, None), ("clients", 4, 3)]),
        ({"batch": 3}, [("server", 1, None), ("clients, batch 1 of 2", 3, 0), ("clients, batch 2 of 2", 1, 0)]),
        ({"canary": 1, "max_failures": 2}, [("server", 1, None), ("canary", 1, None), ("clients", 3, 2)]),
        ({"canary": 9}, [("server", 1, None), ("canary", 4, None)]),
    ],
)
def test_batches(args: dict[str, object], expected: list[tuple[str, int, int | None]]) -> None:
    hosts = [a_pi(SERVER, FlowerType.SERVER), *map(a_pi, CLIENTS)]
    made = deploy_phases.phases(hosts, args)
    assert [(phase.title, len(phase.lanes), phase.max_failures) for phase in made] == expected


def test_a_canary_that_does_not_answer_stops_the_rollout(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    world.machine(CLIENTS[0]).reachable = False
    run = run_deploy(world, project, "job-2", canary=1, max_failures=4)
    assert run.job.state is JobState.FAILED
    assert all(running(world, address) == [name_on(address, "job-1")] for address in [SERVER, *CLIENTS[1:]])


def test_what_somebody_changed_meanwhile_is_left_alone(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[3], "job-2")

    class Stopping(FakeEngine):
        def set_restart(self, name: str, policy: str) -> None:
            super().set_restart(name, policy)
            mine = [row for row in world.store.deployments(addresses=[SERVER]) if row.state == "running"]
            if policy == "always" and any(row.job_id == "job-2" for row in mine):
                args = {"addresses": [SERVER]}
                run_job(StopKind(), world.services, args, job_id="job-3")

    put(world, CLIENTS[0], Stopping)
    run = run_deploy(world, project, "job-2", max_failures=0)
    put_back = run.step(f"undo {SERVER}", "put_back")
    assert put_back.state == "skipped"
    assert put_back.detail == f"left alone: {name_on(SERVER, 'job-2')} was stopped by somebody meanwhile"
    assert running(world, SERVER) == []


def test_the_history_says_what_was_taken_back_and_why(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    break_new(world, CLIENTS[3], "job-2")
    args = {"project_id": project.id, "addresses": ALL, "stay_up_s": 0, "max_failures": 0}
    world.store.create_job(JobRequest("job-2", "deploy", "deploy", args, ACTOR))
    world.store.set_job_plan("job-2", deploy.DeployKind().plan(world.services, args))
    world.store.set_step("job-2", CLIENTS[3], "stay_up", StepState.FAILED)
    run_deploy(world, project, "job-2", max_failures=0)
    details = {row.id: row.detail for row in world.store.deployments(addresses=[SERVER])}
    assert details == {
        name_on(SERVER, "job-2"): f"taken back, because the rollout failed on {CLIENTS[3]}",
        name_on(SERVER, "job-1"): f"runs again, since {name_on(SERVER, 'job-2')} was taken back",
    }


@pytest.mark.parametrize("args", [{"batch": 0}, {"canary": "x"}, {"max_failures": -1}])
def test_a_batch_that_makes_no_sense_is_refused(args: dict[str, object]) -> None:
    with pytest.raises(UserError, match="is a whole number from"):
        deploy_phases.phases([a_pi(SERVER)], args)


def deployed(number: int, version: str) -> Deployment:
    return Deployment(
        id=f"d{number}", host=SERVER, project_id=version, project_name="faces", image_digest=f"sha256:{version}",
        state=DeploymentState.SUPERSEDED, by="U0ANNA", by_name="anna", job_id=f"j{number}", created_at=NOON,
        started_at=NOON,
    )  # fmt: skip


def test_versions_are_counted_and_not_deployments() -> None:
    rows = [deployed(n, version) for n, version in ((5, "c"), (4, "c"), (3, "b"), (2, "b"), (1, "a"))]
    found = [rollback.choose(rows, steps) for steps in (1, 2, 3)]
    assert [row.id if row else None for row in found] == ["d3", "d1", None]
    assert rollback.choose([], 1) is None


def versions(world: World, project: Project) -> Project:
    """Deploy two versions of a project everywhere and return the second."""
    run_deploy(world, project, "job-1")
    second = replace(project, id="cd" * 32)
    world.store.save_project(second)
    image = world.store.images(project.id)[0]
    digest = "sha256:" + "ab" * 32
    world.store.save_image(replace(image, project_id=second.id, digest=digest))
    registry = world.engines.registry.images
    registry[f"face-detection@{digest}"] = registry[f"face-detection@{image.digest}"]
    run_deploy(world, second, "job-2")
    return second


@pytest.mark.parametrize("twice", [False, True])
def test_a_rollback_runs_the_version_before_as_a_new_deployment(world: World, project: Project, twice: bool) -> None:
    versions(world, project)
    run = run_job(RollbackKind(), world.services, {"addresses": ALL, "stay_up_s": 0}, job_id="job-3", twice=twice)
    assert run.job.state is JobState.DONE
    assert run.summary == "The earlier version runs again on 5 hosts."
    for address in ALL:
        assert running(world, address) == [name_on(address, "job-3")]
        row = world.store.deployment(name_on(address, "job-3"))
        assert row is not None
        assert (row.project_id, row.state) == (project.id, DeploymentState.RUNNING)
        assert row.returns_to == name_on(address, "job-1")
        assert len(world.engines.at(address).containers()) == 2


def test_a_rollback_that_fails_goes_back_to_what_ran(world: World, project: Project) -> None:
    versions(world, project)
    break_new(world, CLIENTS[0], "job-3")
    args = {"addresses": ALL, "stay_up_s": 0, "max_failures": 0}
    run = run_job(RollbackKind(), world.services, args, job_id="job-3")
    assert run.job.state is JobState.FAILED
    assert all(running(world, address) == [name_on(address, "job-2")] for address in ALL)
    others = ", ".join([SERVER, *CLIENTS[1:]])
    assert run.summary == (
        f"The earlier version runs nowhere. It failed on {CLIENTS[0]}; the rows say why. "
        f"Therefore {others} went on with what ran there until now."
    )


def test_a_rollback_names_the_hosts_that_have_nothing_to_go_back_to(world: World, project: Project) -> None:
    versions(world, project)
    world.save(a_pi("10.0.0.9"))
    args = {"addresses": [SERVER, "10.0.0.9"], "stay_up_s": 0}
    run = run_job(RollbackKind(), world.services, args, job_id="job-3")
    assert run.summary == (
        f"The earlier version runs again on {SERVER}. Nothing to go back to on 10.0.0.9: nothing was changed there."
    )


def test_without_an_earlier_version_there_is_nothing_to_go_back_to(world: World, project: Project) -> None:
    run_deploy(world, project, "job-1")
    with pytest.raises(UserError, match="5 hosts ran no earlier version of a project before"):
        RollbackKind().plan(world.services, {"addresses": ALL})
    with pytest.raises(UserError, match="ran no version 3 before the present one"):
        RollbackKind().plan(world.services, {"addresses": [SERVER], "to": 3})
