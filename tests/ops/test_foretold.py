"""What a dry run tells: from what to what each host would go."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.deploy import DeployKind, StopKind
from ops.docker import InstallKind
from ops.foretold import Change, changes
from ops.model import Project
from ops.restart import RestartKind
from ops.rollback import RollbackKind
from ops.services import JobKind
from ops.work import JobRequest
from tests.ops.project_worlds import SERVER, a_fleet_world, starter
from tests.ops.rollouts import CLIENTS, run_deploy
from tests.ops.runner import ACTOR
from tests.ops.worlds import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path, clients=CLIENTS) as world:
        yield world


@pytest.fixture
def project(world: World, tmp_path: Path) -> Project:
    """Give a second version, and another project, neither deployed yet; the first version runs on the server."""
    first = starter(world, tmp_path)
    run_deploy(world, first, "job-1", addresses=[SERVER])
    for id, name in (("cd", first.name), ("ee", "hands")):
        world.store.save_project(replace(first, id=id * 32, name=name))
    image = world.store.images(first.id)[0]
    world.store.save_image(replace(image, project_id="cd" * 32))
    return first


def told(world: World, kind: JobKind, **args: object) -> dict[str, Change]:
    given = {"addresses": [SERVER, CLIENTS[0]], **args}
    return changes(
        world.services, JobRequest("j", kind.name, kind.name, given, ACTOR), kind.plan(world.services, given)
    )


def test_a_deployment_replaces_the_version_of_its_project(world: World, project: Project) -> None:
    now, then = f"face-detection {project.short_id}", "face-detection cdcdcdcdcdcd"
    found = told(world, DeployKind(), project_id="cd" * 32)
    assert found == {SERVER: Change(now, then), CLIENTS[0]: Change("nothing", then)}


def test_other_projects_go_on_beside_it(world: World, project: Project) -> None:
    now = f"face-detection {project.short_id}"
    found = told(world, DeployKind(), project_id="ee" * 32)
    assert found[SERVER] == Change(now, f"hands eeeeeeeeeeee, {now}")


def test_a_rollback_tells_the_version_each_host_would_go_back_to(world: World, project: Project) -> None:
    run_deploy(world, replace(project, id="cd" * 32), "job-2", addresses=[SERVER])
    found = told(world, RollbackKind())
    then = f"face-detection {project.short_id} of 2026-11-24 12:00"
    assert found == {SERVER: Change("face-detection cdcdcdcdcdcd", then)}


def test_restarts_and_stops_tell_what_they_are_about(world: World, project: Project) -> None:
    now = f"face-detection {project.short_id}"
    assert told(world, RestartKind()) == {
        SERVER: Change(now, f"{now}, started anew"),
        CLIENTS[0]: Change("nothing", "nothing"),
    }
    assert told(world, StopKind())[SERVER] == Change(now, "nothing")
    assert told(world, StopKind(), project_id="ee" * 32)[SERVER] == Change(now, now)


def test_what_starts_no_containers_changes_none(world: World, project: Project) -> None:
    assert told(world, InstallKind()) == {}
