"""Dockerfiles, build contexts, builders, and the durable command that builds."""

import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError

import pytest

from ops import images, images_context, images_mirror, projects
from ops.errors import NotRegistered, UserError
from ops.model import Arch, Definition, FlowerType, Host, Platform, Project, ProjectKind
from ops.ports import Engine
from ops.work import Lane
from tests.fakes import FakeEngine
from tests.ops.project_worlds import CLIENTS, SERVER, a_fleet_world, a_pi, starter
from tests.ops.runner import ACTOR, Run, run_job
from tests.ops.worlds import NOON, World, a_config

BASE = "python:3.11-slim-bookworm"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path) as world:
        yield world


def kind(*arches: Arch) -> images.BuildKind:
    """Return the command on a machine that emulates these arches."""
    return images.BuildKind(can_emulate=lambda arch: arch in arches)


def lanes(run: Run) -> tuple[Lane, ...]:
    assert run.job.plan is not None
    return run.job.plan.lanes


class OneEngine:
    """Engines that are one and the same everywhere."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def local(self) -> Engine:
        return self.engine

    def on(self, host: Host) -> Engine:
        return self.engine


def a_project(*requirements: str, sourcedir: str = ".", targetdir: str = "/app") -> Project:
    definition = Definition({FlowerType.CLIENT: "main.py"}, sourcedir=sourcedir, targetdir=targetdir)
    return Project("ab" * 32, "face", ProjectKind.CONTAINER, definition, requirements, 1, 1, "a.zip", NOON, "U1")


@pytest.mark.parametrize("platform", Platform)
def test_every_platform_has_a_template_whose_layers_go_from_rare_to_frequent_change(platform: Platform) -> None:
    text = images_context.dockerfile(a_project("numpy"), platform, BASE, "")
    order = [
        f"FROM {BASE}\n",
        "'flwr==1.41.*'",
        "COPY requirements.txt",
        "pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r /tmp/requirements.txt\n",
        "ENV PYTHONUNBUFFERED=1",
        "COPY --chown=10001:10001 sources /app\n",
        "USER 10001:10001\n",
        'ENTRYPOINT ["python", "-u"]\n',
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert f'flsvc.project="{"ab" * 6}"' in text
    assert "\n\n" not in text


@pytest.mark.parametrize(
    ("platform", "package"),
    [(Platform.SKLEARN, "scikit-learn"), (Platform.PYTORCH, "torch"), (Platform.TENSORFLOW, "tensorflow")],
)
def test_a_platform_brings_its_package_in_the_shared_layer(platform: Platform, package: str) -> None:
    text = images_context.dockerfile(a_project(), platform, BASE, "")
    assert f"'flwr==1.41.*' '{package}>=" in text
    assert "requirements" not in text


def test_settings_of_pip_are_fetched_and_leave_nothing_behind() -> None:
    text = images_context.dockerfile(a_project("numpy"), Platform.PYTHON, BASE, "http://127.0.0.1:47055")
    installs = [line for line in text.replace("\\\n", "").splitlines() if "pip install" in line]
    assert len(installs) == 2
    for line in installs:
        assert "get('http://127.0.0.1:47055/' + n)" in line
        assert "PIP_CONFIG_FILE=/pip.conf" in line
        assert line.endswith("&& rm -f /pip.conf /ca.pem /constraints.txt")


def test_the_tag_changes_with_the_recipe_and_with_nothing_else() -> None:
    first = images_context.tag(a_project("numpy"), Platform.PYTHON, Arch.ARM64, BASE)
    assert first == images_context.tag(a_project("numpy"), Platform.PYTHON, Arch.ARM64, BASE)
    assert first.startswith("ab" * 6 + "-")
    assert first.endswith("-arm64")
    others = {
        images_context.tag(a_project("numpy"), Platform.SKLEARN, Arch.ARM64, BASE),
        images_context.tag(a_project("numpy"), Platform.PYTHON, Arch.AMD64, BASE),
        images_context.tag(a_project("numpy", targetdir="/srv"), Platform.PYTHON, Arch.ARM64, BASE),
    }
    assert len(others | {first}) == 4


def test_base_images_are_settings(tmp_path: Path) -> None:
    config = replace(a_config(tmp_path), base_images={"python": "own/python", "pytorch/arm64": "own/torch"})
    assert images_context.base_image(config, Platform.PYTHON, Arch.ARM64, foreign=True) == "own/python"
    assert images_context.base_image(config, Platform.PYTORCH, Arch.ARM64, foreign=False) == "own/torch"
    assert images_context.base_image(config, Platform.PYTORCH, Arch.AMD64, foreign=False) == BASE
    assert images_context.base_image(config, Platform.SKLEARN, Arch.ARM64, foreign=True) == f"arm64v8/{BASE}"


def test_hosts_pull_by_digest_through_the_tunnel_or_from_an_external_registry(tmp_path: Path) -> None:
    config = a_config(tmp_path)
    assert images_context.pull_reference(config, "face", "sha256:1") == "127.0.0.1:5055/face@sha256:1"
    external = replace(config, registry="registry.example.org", external_registry=True)
    assert images_context.pull_reference(external, "face", "sha256:1") == "registry.example.org/face@sha256:1"


def test_an_image_is_built_pushed_and_remembered(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    run = run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"]})
    assert run.states("build amd64") == {"prepare": "ok", "build": "ok", "push": "ok"}
    [image] = world.store.images(project.id)
    assert (image.arch, image.platform, image.built_by) == (Arch.AMD64, Platform.PYTHON, ACTOR.id)
    assert image.reference == f"127.0.0.1:5055/face-detection@{image.digest}"
    assert f"face-detection@{image.digest}" in world.engines.registry.images
    assert images.find_image(world.services, project, Arch.AMD64) == image
    assert images.find_image(world.services, project, Arch.ARM64) is None
    assert run.summary == f"face-detection ({project.short_id}) is ready for amd64."
    assert run.said  # the log's lines are shown while it builds
    [lane] = lanes(run)
    assert lane.label == "face-detection amd64 on the bot's machine"


def test_a_second_build_finds_the_first(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    args = {"project_id": project.id, "arches": ["amd64"]}
    run_job(kind(), world.services, args)
    again = run_job(kind(), world.services, args, job_id="job-2")
    assert again.states("build amd64") == dict.fromkeys(images.STEPS, "skipped")
    assert len(world.engines.local().log) == 2  # one build, one push


def test_a_step_run_twice_builds_once(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"]}, twice=True)
    assert [line.split()[0] for line in world.engines.local().log] == ["build", "push"]


def test_an_image_the_registry_lost_is_pushed_again(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    args = {"project_id": project.id, "arches": ["amd64"]}
    run_job(kind(), world.services, args)
    world.engines.registry.images.clear()
    assert images.find_image(world.services, project, Arch.AMD64) is None
    run = run_job(kind(), world.services, args, job_id="job-2")
    assert run.states("build amd64") == {"prepare": "ok", "build": "skipped", "push": "ok"}
    assert images.find_image(world.services, project, Arch.AMD64) is not None


def test_the_arches_of_the_hosts_named_are_built(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    world.save(a_pi(CLIENTS[0], arch="arm64"))
    both = run_job(kind(Arch.ARM64), world.services, {"project_id": project.id, "addresses": [SERVER, CLIENTS[0]]})
    assert [lane.key for lane in lanes(both)] == ["build amd64", "build arm64"]
    assert {image.arch for image in world.store.images(project.id)} == {Arch.AMD64, Arch.ARM64}


def test_an_arch_the_bot_cannot_build_is_built_on_a_host_that_can(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    world.save(a_pi(CLIENTS[0], arch="arm64"))
    run = run_job(kind(), world.services, {"project_id": project.id, "arches": ["arm64"]})
    [lane] = lanes(run)
    assert (lane.host, lane.label) == (CLIENTS[0], f"face-detection arm64 on {CLIENTS[0]}")
    assert run.states("build arm64") == {"prepare": "ok", "build": "ok", "push": "ok"}
    assert world.engines.at(CLIENTS[0]).log[0].endswith("-arm64 linux/arm64")
    assert "127.0.0.1:5055/" in world.engines.at(CLIENTS[0]).log[1]
    assert world.engines.local().log == []


def test_without_any_builder_the_two_ways_out_are_named(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    with pytest.raises(UserError, match=r"images for arm64: the bot's Docker Engine is amd64.*qemu-user-static"):
        kind().plan(world.services, {"project_id": project.id, "arches": ["arm64"]})
    world.engines.local().down = "refused"
    with pytest.raises(UserError, match="has no Docker Engine that answers"):
        kind().plan(world.services, {"project_id": project.id, "arches": ["arm64"]})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "ERROR: No matching distribution found for nunpy",
            "failed: ERROR: No matching distribution found for nunpy.",
        ),
        ("exec /bin/sh: exec format error", "The builder cannot run amd64 programs: install qemu-user-static"),
        ("pull access denied for python", "name another base image"),
    ],
)
def test_a_failed_build_says_why_first(world: World, tmp_path: Path, line: str, words: str) -> None:
    project = starter(world, tmp_path)
    world.engines.local().build_error = line
    run = run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"]})
    step = run.step("build amd64", "build")
    assert (step.state, step.detail.startswith("The build of face-detection for amd64 failed: ")) == ("failed", True)
    assert words in step.detail
    assert line in step.output
    assert run.states("build amd64")["push"] == "pending"
    assert run.summary.endswith("could not be built for amd64. Nothing was changed on any host.")


def test_an_image_of_another_arch_is_not_pushed(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)

    class Confused(FakeEngine):
        """An engine whose base image is of another arch than its name says."""

        def image_arch(self, reference: str) -> str:
            return "arm64"

    engine = Confused(registry=world.engines.registry)
    services = replace(world.services, engines=OneEngine(engine))
    run = run_job(kind(), services, {"project_id": project.id, "arches": ["amd64"]})
    assert "came out as arm64, not amd64" in run.step("build amd64", "build").detail
    assert [line.split()[0] for line in engine.log] == ["build"]


def test_a_zip_that_is_gone_is_noticed_before_the_build(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    projects.archive_path(world.services.config, project.id).unlink()
    run = run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"]})
    assert "is gone from the bot's disk" in run.step("build amd64", "prepare").detail


def test_what_cannot_be_built_is_refused_before_the_job_starts(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    with pytest.raises(NotRegistered, match="not known here"):
        kind().plan(world.services, {"project_id": "ff" * 32})
    with pytest.raises(UserError, match="'armhf' is not an architecture images are built for: amd64, arm64"):
        kind().plan(world.services, {"project_id": project.id, "arches": ["armhf"]})
    world.store.save_project(replace(project, kind=ProjectKind.FLOWER_APP))
    with pytest.raises(UserError, match=r"is a Flower app: it is kept.*Add a definition\.yaml"):
        kind().plan(world.services, {"project_id": project.id})


def test_a_platform_may_be_chosen_for_one_build(world: World, tmp_path: Path) -> None:
    project = starter(world, tmp_path)
    run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"], "platform": "sklearn"})
    [image] = world.store.images(project.id)
    assert image.platform is Platform.SKLEARN
    bad = run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"], "platform": "skleern"})
    assert "'skleern' is not a platform: python, sklearn" in bad.step("build amd64", "prepare").detail


def test_an_external_registry_is_trusted_to_keep_images(tmp_path: Path) -> None:
    config = replace(a_config(tmp_path), external_registry=True)
    with a_fleet_world(tmp_path, config) as world:
        project = starter(world, tmp_path)
        run_job(kind(), world.services, {"project_id": project.id, "arches": ["amd64"]})
        [image] = world.store.images(project.id)
        assert image.reference == f"{world.services.config.registry}/face-detection@{image.digest}"
        world.engines.registry.images.clear()
        assert images.find_image(world.services, project, Arch.AMD64) == image


def get(url: str) -> bytes:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as response:
        content: bytes = response.read()
    return content


def test_pip_finds_its_settings_the_bundle_and_the_wheels(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "torch-2.0+cpu-cp311-none-any.whl").write_bytes(b"wheel")
    (wheels / "secret.txt").write_text("not a wheel")
    (tmp_path / "ca.pem").write_text("certificate")
    config = replace(
        a_config(tmp_path),
        wheel_mirror=str(wheels),
        ca_bundle=str(tmp_path / "ca.pem"),
        pip_index_url="https://index.example.org/simple",
        package_indexes={Platform.PYTORCH: "https://torch.example.org/cpu"},
    )
    offer = images_mirror.offer(config, Platform.PYTORCH, Arch.AMD64)
    with images_mirror.served(offer) as port, images_mirror.served(offer) as same:
        assert same == port
        url = f"http://127.0.0.1:{port}"
        assert get(f"{url}/pip.conf").decode() == (
            "[global]\n"
            "index-url = https://index.example.org/simple\n"
            "extra-index-url = https://torch.example.org/cpu\n"
            f"find-links = {url}/wheels/\n"
            "cert = /ca.pem\n"
            "constraint = /constraints.txt\n"
        )
        assert get(f"{url}/constraints.txt") == b"torch==2.0+cpu\n"
        assert get(f"{url}/ca.pem") == b"certificate"
        assert b'<a href="torch-2.0%2Bcpu-cp311-none-any.whl">' in get(f"{url}/wheels/")
        assert get(f"{url}/wheels/torch-2.0%2Bcpu-cp311-none-any.whl") == b"wheel"
        for path in ("/wheels/secret.txt", "/wheels/../ca.pem", "/wheels/%2e%2e/ca.pem", "/other"):
            with pytest.raises(HTTPError) as caught:
                get(url + path)
            assert caught.value.code == HTTPStatus.NOT_FOUND
            caught.value.close()
    assert not images_mirror.offer(a_config(tmp_path), Platform.PYTHON, Arch.AMD64).needed


def test_only_builds_of_the_mirrors_own_are_pinned_and_only_for_their_arch(tmp_path: Path) -> None:
    for name in (
        "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl",
        "numpy-2.4.0-cp311-cp311-any.whl",
    ):
        (tmp_path / name).write_bytes(b"")
    config = replace(a_config(tmp_path), wheel_mirror=str(tmp_path))
    assert images_mirror.offer(config, Platform.PYTORCH, Arch.AMD64).constraints == ("torch==2.13.0+cpu",)
    arm64 = images_mirror.offer(config, Platform.PYTORCH, Arch.ARM64)
    assert arm64.constraints == ()
    assert "constraint" not in arm64.pip_conf(1)


def test_wrong_paths_in_the_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="wheel mirror /nowhere is not a directory"):
        images_mirror.offer(replace(a_config(tmp_path), wheel_mirror="/nowhere"), Platform.PYTHON, Arch.AMD64)
    with pytest.raises(UserError, match="CA bundle /nowhere is not a file"):
        images_mirror.offer(replace(a_config(tmp_path), ca_bundle="/nowhere"), Platform.PYTHON, Arch.AMD64)
