"""Steps of a rollout killed before each of their calls to an engine and each of their writes, then run again.

The real crash matrix kills processes on virtual Pis; this one is exhaustive, and has the way back as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from ops import deploy, images
from ops.deploy_steps import STEPS
from ops.errors import StepFailed
from ops.model import Deployment, Project
from ops.ports import ContainerSpec
from ops.services import Services, StepContext
from ops.store import SqlStore
from ops.work import Lane
from tests.fakes import FakeEngine
from tests.ops.project_worlds import SERVER, a_fleet_world, starter
from tests.ops.rollouts import CLIENTS, name_on, run_deploy
from tests.ops.runner import ACTOR
from tests.ops.worlds import World

NEW = name_on(SERVER, "job-2")


class Killed(BaseException):
    """The process is gone; no handler of errors sees it."""


@dataclass
class Fuse:
    """Burns down with every call and write, and kills at its end."""

    left: int

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@dataclass
class Mortal(FakeEngine):
    """An engine whose caller may be killed before any call; what failed once goes on failing, nothing else does."""

    fuse: Fuse = field(default_factory=lambda: Fuse(0))
    crashing: bool = False

    def start(self, name: str) -> None:
        self.fuse.burn()
        left, self.fuse.left = self.fuse.left, 0  # a program ends whether or not its starter lives
        self.crash_on_start = 1 if self.crashing and name == NEW else None
        super().start(name)
        self.fuse.left = left

    def _check(self) -> None:
        self.fuse.burn()
        super()._check()

    def create(self, spec: ContainerSpec) -> str:
        made = super().create(spec)
        self.fuse.burn()
        return made


class MortalStore(SqlStore):
    """A store whose caller may be killed before a deployment is written, and after."""

    fuse = Fuse(0)

    def save_deployment(self, value: Deployment) -> None:
        self.fuse.burn()
        super().save_deployment(value)
        self.fuse.burn()


def kind() -> deploy.DeployKind:
    return deploy.DeployKind(images.BuildKind(can_emulate=lambda arch: False))


Steps = list[tuple[Lane, str]]
ARGS: dict[str, object] = {"addresses": [SERVER], "stay_up_s": 0}


def on_the_way(world: World, project: Project) -> Steps:
    [lane] = kind().plan(world.services, {**ARGS, "project_id": project.id}).lanes
    return [(lane, name) for name in STEPS]


def on_the_way_back(world: World, project: Project) -> Steps:
    job = run_deploy(world, project, "job-2", addresses=[SERVER]).job
    [phase] = kind().undo(world.services, job)
    return [(phase.lanes[0], "put_back")]


def on_the_way_back_to_what_was_removed(world: World, project: Project) -> Steps:
    steps = on_the_way_back(world, project)
    engine = world.engines.at(SERVER)
    [old] = [one.name for one in engine.containers() if one.status == "exited"]
    engine.remove(old)
    return steps


def on_the_way_to_a_failure(world: World, project: Project) -> Steps:
    engine = world.engines.at(SERVER)
    engine.crash_on_start = 1
    return on_the_way(world, project)


def run(services: Services, project: Project, steps: Steps) -> None:
    args = {**ARGS, "project_id": project.id}
    for lane, name in steps:
        context = StepContext("job-2", args, ACTOR.id, ACTOR.name, lane, name, lambda text: None, lambda: False)
        try:
            kind().run_step(services, context)
        except StepFailed:
            return


def end(world: World) -> dict[str, object]:
    """Return what runs and what is remembered, as far as an interruption must not change it."""
    engine = world.engines.at(SERVER)
    rows = [(row.id, row.state.value) for row in world.store.deployments(addresses=[SERVER])]
    return {
        "containers": {one.name: (one.status, engine.specs[one.name].restart) for one in engine.containers()},
        "created": [line for line in engine.log if line.startswith("create")],
        "history": rows,
    }


def mortal(world: World, fuse: Fuse) -> Services:
    """Return services on which a fuse burns, with all the host's engine has."""
    old = world.engines.at(SERVER)
    store = MortalStore(world.services.config.database_url)
    store.fuse = fuse
    shared = {name: getattr(old, name) for name in ("registry", "images", "specs", "outputs", "log", "_containers")}
    world.engines.hosts[SERVER] = Mortal(SERVER, fuse=fuse, crashing=old.crash_on_start is not None, **shared)
    return replace(world.services, store=store)


def killed_at(folder: Path, moment: int, setup: Callable[[World, Project], Steps]) -> tuple[dict[str, object], bool]:
    """Return the end after a kill at a moment and a second run, and whether that moment ever came."""
    folder.mkdir()
    with a_fleet_world(folder, clients=CLIENTS) as world:
        project = starter(world, folder)
        run_deploy(world, project, "job-1", addresses=[SERVER])
        steps = setup(world, project)
        fuse = Fuse(moment)
        services = mortal(world, fuse)
        came = False
        try:
            run(services, project, steps)
        except Killed:
            came = True
            run(services, project, steps)  # the fuse has burnt down
        fuse.left = 0
        assert isinstance(services.store, SqlStore)
        services.store.close()
        return end(world), came


@pytest.mark.parametrize(
    "setup", [on_the_way, on_the_way_to_a_failure, on_the_way_back, on_the_way_back_to_what_was_removed]
)
def test_a_kill_at_any_moment_changes_nothing_in_the_end(
    tmp_path: Path, setup: Callable[[World, Project], Steps]
) -> None:
    expected, _ = killed_at(tmp_path / "undisturbed", 0, setup)
    for moment in count(1):
        found, came = killed_at(tmp_path / str(moment), moment, setup)
        assert found == expected, f"killed at moment {moment}"
        if not came:
            break
    assert moment > 10
