"""Rollouts on fake hosts: a server and four clients, and ways to make what is new fail on one of them."""

from ops import deploy, deploy_spec, images
from ops.model import Project
from tests.fakes import FakeEngine
from tests.ops.project_worlds import SERVER
from tests.ops.runner import Run, run_job
from tests.ops.worlds import World

CLIENTS = ("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5")
ALL = [SERVER, *CLIENTS]


def run_deploy(world: World, project: Project, job_id: str, *, twice: bool = False, **args: object) -> Run:
    kind = deploy.DeployKind(images.BuildKind(can_emulate=lambda arch: False))
    given = {"project_id": project.id, "addresses": ALL, "stay_up_s": 0, **args}
    return run_job(kind, world.services, given, job_id=job_id, twice=twice)


def name_on(address: str, job_id: str) -> str:
    return deploy_spec.deployment_id("face-detection", job_id, address)


def put(world: World, address: str, kind: type[FakeEngine]) -> None:
    """Let a host's engine be of another kind from now on, with all it has."""
    old = world.engines.at(address)
    world.engines.hosts[address] = kind(
        address, registry=old.registry, images=old.images, specs=old.specs, _containers=old._containers
    )


def break_new(world: World, address: str, job_id: str) -> None:
    """Let what a job starts on a host end at once, and nothing else."""

    class Broken(FakeEngine):
        def start(self, name: str) -> None:
            self.crash_on_start = 1 if name == name_on(address, job_id) else None
            super().start(name)

    put(world, address, Broken)


def running(world: World, address: str) -> list[str]:
    return [one.name for one in world.engines.at(address).containers() if one.status == "running"]


def states(world: World, address: str) -> dict[str, str]:
    return {row.id: row.state.value for row in world.store.deployments(addresses=[address])}
