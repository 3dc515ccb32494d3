"""Receiving zips, keeping them once, finding them again; and the starter project."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ops import projects
from ops.errors import BadDefinition, BadZip, NotRegistered
from ops.model import Actor, Definition, Deployment, DeploymentState, FlowerType, Platform, ProjectKind
from tests.ops.runner import ACTOR
from tests.ops.samples import a_host
from tests.ops.worlds import NOON, World, a_config, a_world

FILES = {"definition.yaml": "entrypoint: main.py\nimage_name: face\n", "main.py": "print(1)\n"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        yield world


def pack(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def kept(world: World) -> list[str]:
    folder = world.services.config.projects_dir
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_zip_is_kept_under_its_hash_and_remembered(world: World, tmp_path: Path) -> None:
    path = pack(tmp_path / "upload", FILES | {"requirements.txt": "numpy\n"})
    project = projects.receive(world.services, path, "Face Detection.zip", ACTOR)
    assert kept(world) == [f"{project.id}.zip"]
    assert world.store.project(project.id) == project
    assert project.name == "face"
    assert project.kind is ProjectKind.CONTAINER
    assert project.requirements == ("numpy",)
    assert (project.file_count, project.size_bytes) == (3, path.stat().st_size)
    assert (project.uploaded_by, project.uploaded_by_name, project.uploaded_at) == (ACTOR.id, ACTOR.name, NOON)
    assert project.definition.entrypoints == {FlowerType.SERVER: "main.py", FlowerType.CLIENT: "main.py"}
    assert projects.open_archive(world.services.config, project).paths == {
        "definition.yaml",
        "main.py",
        "requirements.txt",
    }


def test_the_same_bytes_are_one_project(world: World, tmp_path: Path) -> None:
    path = pack(tmp_path / "upload", FILES)
    first = projects.receive(world.services, path, "a.zip", ACTOR)
    again = projects.receive(world.services, path, "b.zip", Actor("U0BEN", "ben"))
    assert again == first
    assert len(world.store.projects()) == 1
    assert len(kept(world)) == 1


def test_the_same_bytes_heal_a_zip_that_was_lost(world: World, tmp_path: Path) -> None:
    path = pack(tmp_path / "upload", FILES)
    project = projects.receive(world.services, path, "a.zip", ACTOR)
    projects.archive_path(world.services.config, project.id).unlink()
    with pytest.raises(BadZip, match=r"gone from the bot's disk\. Upload it again"):
        projects.open_archive(world.services.config, project)
    projects.receive(world.services, path, "a.zip", ACTOR)
    assert projects.open_archive(world.services.config, project).paths


def test_without_image_name_the_file_names_the_project(world: World, tmp_path: Path) -> None:
    path = pack(tmp_path / "upload", {"definition.yml": "entrypoint: main.py", "main.py": ""})
    assert projects.receive(world.services, path, "Mein Projekt (3).zip", ACTOR).name == "mein-projekt-3"


@pytest.mark.parametrize(
    ("files", "error", "words"),
    [
        ({"main.py": ""}, BadDefinition, "has no definition.yaml at its top"),
        ({"a/definition.yaml": "", "b/main.py": ""}, BadDefinition, "has no definition.yaml at its top"),
        ({"definition.yaml": "entrypoint: other.py", "main.py": ""}, BadDefinition, "'other.py' is not in the zip"),
        (FILES | {"requirements.txt": "-e ."}, BadDefinition, "requirements.txt, line 1: the option -e is refused"),
        (FILES | {"../x": ""}, BadZip, "leads out of the zip"),
        ({"pyproject.toml": "[project]\nname='x'\n"}, BadDefinition, "has no definition.yaml at its top"),
    ],
)
def test_a_refused_zip_leaves_nothing(
    world: World, tmp_path: Path, files: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        projects.receive(world.services, pack(tmp_path / "upload", files), "a.zip", ACTOR)
    assert words in str(caught.value)
    assert kept(world) == []
    assert world.store.projects() == []


def test_a_zip_above_the_limit_is_refused_before_it_is_copied(tmp_path: Path) -> None:
    config = replace(a_config(tmp_path), max_zip_bytes=1024 * 1024)
    with a_world(tmp_path, config=config) as world:
        path = tmp_path / "upload"
        path.write_bytes(bytes(3 * 1024 * 1024))
        with pytest.raises(BadZip, match=r"The zip is 3\.0 MiB large; at most 1 MiB are accepted"):
            projects.receive(world.services, path, "a.zip", ACTOR)


def test_requirements_beside_the_sources_win(world: World, tmp_path: Path) -> None:
    files = {
        "definition.yaml": "entrypoint: main.py\nsourcedir: src",
        "src/main.py": "",
        "src/requirements.txt": "numpy",
        "requirements.txt": "pandas",
    }
    path = pack(tmp_path / "upload", files)
    assert projects.receive(world.services, path, "a.zip", ACTOR).requirements == ("numpy",)


def test_a_flower_app_is_recognised_and_kept(world: World, tmp_path: Path) -> None:
    toml = """
[project]
name = "Face App"
dependencies = ["numpy>=2"]
[tool.flwr.app.components]
serverapp = "face.server_app:app"
clientapp = "face.client_app:app"
"""
    files = {"pyproject.toml": toml, "face/server_app.py": "", "face/client_app.py": ""}
    project = projects.receive(world.services, pack(tmp_path / "upload", files), "a.zip", ACTOR)
    assert (project.kind, project.name) == (ProjectKind.FLOWER_APP, "face-app")
    assert project.requirements == ("numpy>=2",)
    assert world.store.project(project.id) == project


def clock(time: datetime) -> Callable[[], datetime]:
    return lambda: time


def receive_versions(world: World, tmp_path: Path, *names: str) -> list[str]:
    """Receive one project a name, each a minute after the other, and return their ids."""
    ids = []
    for minute, name in enumerate(names):
        services = replace(world.services, now=clock(NOON + timedelta(minutes=minute)))
        files = {"definition.yaml": f"entrypoint: main.py\nimage_name: {name}", "main.py": f"# {minute}"}
        ids.append(projects.receive(services, pack(tmp_path / "upload", files), "a.zip", ACTOR).id)
    return ids


def test_a_name_finds_the_newest_and_an_id_the_very_one(world: World, tmp_path: Path) -> None:
    old, new, other = receive_versions(world, tmp_path, "face", "face", "hand")
    assert projects.find(world.services, "face").id == new
    assert projects.find(world.services, " `Face` ").id == new
    assert projects.find(world.services, old[:12]).id == old
    assert projects.find(world.services, other).id == other


def test_a_project_that_is_not_there_gets_the_known_ones(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotRegistered, match=r"none at all yet\. Drop a zip"):
        projects.find(world.services, "face")
    first, *_ = receive_versions(world, tmp_path, "face", "hand")
    with pytest.raises(NotRegistered, match=r"no project 'fase'\. Did you mean face\? Known: hand, face\."):
        projects.find(world.services, "fase")
    with pytest.raises(NotRegistered, match="There is no project"):
        projects.find(world.services, first[:5])


def test_the_latest_project_of_hosts_is_the_one_last_deployed_there(world: World, tmp_path: Path) -> None:
    host = a_host("10.0.0.1")
    assert projects.latest_for(world.services, [host]) is None
    old, new = receive_versions(world, tmp_path, "face", "hand")
    newest = projects.latest_for(world.services, [host])
    assert newest is not None
    assert newest.id == new
    world.store.save_deployment(
        Deployment("d1", host.address, old, "face", "sha256:1", DeploymentState.RUNNING, "U1", "anna", "j1", NOON)
    )
    deployed = projects.latest_for(world.services, [host])
    assert deployed is not None
    assert deployed.id == old


def test_the_starter_project_is_accepted_and_packs_to_the_same_bytes(world: World, tmp_path: Path) -> None:
    path = projects.starter_zip(tmp_path / "one.zip")
    assert projects.starter_zip(tmp_path / "two.zip").read_bytes() == path.read_bytes()
    project = projects.receive(world.services, path, "starter.zip", ACTOR)
    assert project.name == "face-detection"
    assert project.requirements == ("numpy>=1.26,<3",)
    assert project.definition == Definition(
        entrypoints={FlowerType.SERVER: "server.py", FlowerType.CLIENT: "client.py"},
        image_name="face-detection",
        platform=Platform.PYTHON,
        env={"ROUNDS": "5", "EPOCHS": "1", "RATE": "0.005", "WAIT_S": "40"},
        ports=(8080,),
    )
