"""From a project to containers that stay up, what is put back where they do not, and what the history says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ops import deploy, deploy_spec, images
from ops.errors import NotRegistered, StepFailed, UserError
from ops.model import Definition, DeploymentState, Facts, FlowerType, Project, ProjectKind
from ops.ports import ContainerSpec, EngineInfo
from ops.services import StepContext
from ops.work import Job, JobRequest, JobState, Lane
from tests.fakes import FakeEngine
from tests.ops.project_worlds import CLIENTS, SERVER, a_fleet_world, a_pi, starter
from tests.ops.runner import ACTOR, Run, run_job
from tests.ops.worlds import NOON, World, a_config

ALL = [SERVER, *CLIENTS]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_fleet_world(tmp_path) as world:
        yield world


@pytest.fixture
def project(world: World, tmp_path: Path) -> Project:
    return starter(world, tmp_path)


def kind() -> deploy.DeployKind:
    return deploy.DeployKind(images.BuildKind(can_emulate=lambda arch: False))


def run_deploy(
    world: World, project: Project, addresses: list[str], *, job_id: str = "job-1", twice: bool = False
) -> Run:
    args = {"project_id": project.id, "addresses": addresses, "stay_up_s": 0}
    return run_job(kind(), world.services, args, job_id=job_id, twice=twice)


def name_on(address: str, job_id: str = "job-1") -> str:
    return deploy_spec.deployment_id("face-detection", job_id, address)


def put_engine(world: World, address: str, kind: type[FakeEngine]) -> FakeEngine:
    """Put an engine of another kind on a host."""
    engine = world.engines.hosts[address] = kind(address, registry=world.engines.registry)
    return engine


def running(engine: FakeEngine) -> list[str]:
    return [container.name for container in engine.containers() if container.status == "running"]


def states(world: World, address: str) -> dict[str, str]:
    return {row.id: row.state.value for row in world.store.deployments(addresses=[address])}


def test_the_container_is_a_function_of_what_is_known() -> None:
    definition = Definition(
        {FlowerType.SERVER: "server.py", FlowerType.CLIENT: "client.py"},
        env={"ROUNDS": "5"},
        devices=("/dev/video0",),
        memory_bytes=512,
        ports=(9090,),
    )
    project = Project("ab" * 32, "face", ProjectKind.CONTAINER, definition, (), 1, 1, "a.zip", NOON, "U1")
    server, client = a_pi(SERVER, FlowerType.SERVER), a_pi(CLIENTS[0])
    spec = deploy_spec.container(
        project,
        client,
        "127.0.0.1:5055/face@sha256:1",
        job_id="j",
        data_dir="/home/pi/data",
        server=server,
        clients=2,
    )
    name = deploy_spec.deployment_id("face", "j", client.address)
    assert spec == ContainerSpec(
        name=name,
        image="127.0.0.1:5055/face@sha256:1",
        command=("client.py",),
        env={
            "ROUNDS": "5",
            "FLSVC_FLOWER_TYPE": "client",
            "FLSVC_HOST": CLIENTS[0],
            "FLSVC_DATA": "/data",
            "FLSVC_CLIENTS": "2",
            "FLSVC_FEDERATION": "faces",
            "FLSVC_SERVER_ADDRESS": f"{SERVER}:9090",
        },
        labels={
            "flsvc.project": "face",
            "flsvc.project_id": "ab" * 32,
            "flsvc.deployment": name,
            "flsvc.job": "j",
            "flsvc.flower_type": "client",
        },
        binds=(("/home/pi/data", "/data", "ro"),),
        network_mode="host",
        restart="no",
        devices=("/dev/video0",),
        memory_bytes=512,
    )
    alone = deploy_spec.environment(project, client, None, 0)
    assert "FLSVC_SERVER_ADDRESS" not in alone
    ipv6 = deploy_spec.environment(project, client, replace(server, address="fd00::1"), 0)
    assert ipv6["FLSVC_SERVER_ADDRESS"] == "[fd00::1]:9090"


def test_a_deployment_has_a_name_of_its_own_that_a_second_run_finds() -> None:
    names = {deploy_spec.deployment_id("face", job, host) for job in ("a", "b") for host in (SERVER, CLIENTS[0])}
    assert len(names) == 4
    assert all(name.startswith("face-") and len(name) == len("face-") + 8 for name in names)
    assert deploy_spec.deployment_id("face", "a", SERVER) in names


def test_the_image_is_built_first_then_the_server_then_the_clients(world: World, project: Project) -> None:
    plan = kind().plan(world.services, {"project_id": project.id, "addresses": ALL})
    assert [(phase.title, phase.required, [lane.key for lane in phase.lanes]) for phase in plan.phases] == [
        ("build", True, ["build amd64"]),
        ("server", True, [SERVER]),
        ("clients", False, list(CLIENTS)),
    ]
    assert [lane.host for lane in plan.lanes] == ["", *ALL]


def test_a_project_is_deployed_to_all_hosts(world: World, project: Project) -> None:
    run = run_deploy(world, project, ALL)
    assert run.job.state is JobState.DONE
    for address in ALL:
        assert run.states(address) == {"check": "ok", "deliver": "ok", "start": "ok", "stay_up": "ok"}
        engine = world.engines.at(address)
        assert running(engine) == [name_on(address)]
        assert engine.specs[name_on(address)].restart == "always"
        assert world.machine(address).tunnels == {}
        row = world.store.deployment(name_on(address))
        assert row is not None
        assert (row.state, row.by, row.job_id) == (DeploymentState.RUNNING, ACTOR.id, "job-1")
        assert row.container_id
        assert row.image_digest.startswith("sha256:")
        assert row.took_s == 0.0  # the world's clock stands still
    assert run.summary == f"face-detection ({project.short_id}) runs on 3 hosts."
    client = world.engines.at(CLIENTS[0]).specs[name_on(CLIENTS[0])]
    assert client.command == ("client.py",)
    assert client.env["FLSVC_SERVER_ADDRESS"] == f"{SERVER}:8080"
    assert client.env["FLSVC_CLIENTS"] == "2"
    assert client.binds == (("/home/pi/data", "/data", "ro"),)
    assert world.engines.at(SERVER).specs[name_on(SERVER)].command == ("server.py",)


def test_every_step_run_twice_leaves_one_container(world: World, project: Project) -> None:
    run = run_deploy(world, project, ALL, twice=True)
    assert run.job.state is JobState.DONE
    for address in ALL:
        log = world.engines.at(address).log
        assert [line.split()[0] for line in log] == ["pull", "create", "start", "set_restart", "set_restart"]
        assert len(world.store.deployments(addresses=[address])) == 1


def test_the_next_deployment_takes_the_place_of_the_one_before(world: World, project: Project) -> None:
    run_deploy(world, project, [SERVER])
    run = run_deploy(world, project, [SERVER], job_id="job-2")
    assert run.states(SERVER) == {"check": "ok", "deliver": "skipped", "start": "ok", "stay_up": "ok"}
    engine = world.engines.at(SERVER)
    assert running(engine) == [name_on(SERVER, "job-2")]
    assert {container.name for container in engine.containers()} == {name_on(SERVER), name_on(SERVER, "job-2")}
    assert states(world, SERVER) == {name_on(SERVER, "job-2"): "running", name_on(SERVER): "superseded"}
    log = [line for line in engine.log if name_on(SERVER) in line or "create" in line]
    stop, create = log.index(f"stop {name_on(SERVER)}"), log.index(f"create {name_on(SERVER, 'job-2')}")
    assert stop < create  # never two at once


def test_other_projects_on_the_host_are_left_alone(world: World, project: Project) -> None:
    run_deploy(world, project, [SERVER])
    other = replace(project, id="cd" * 32, name="hands")
    world.store.save_project(other)
    image = world.store.images(project.id)[0]
    world.store.save_image(replace(image, project_id=other.id))
    stored = world.engines.registry.images[f"face-detection@{image.digest}"]
    world.engines.registry.images[f"hands@{image.digest}"] = stored
    run_deploy(world, other, [SERVER], job_id="job-2")
    assert len(running(world.engines.at(SERVER))) == 2


def test_a_container_that_fails_is_stopped_and_the_one_before_runs_again(world: World, project: Project) -> None:
    class Broken(FakeEngine):
        """Only what is new does not stay up."""

        def start(self, name: str) -> None:
            self.crash_on_start = 1 if name == name_on(SERVER, "job-2") else None
            super().start(name)

    engine = put_engine(world, SERVER, Broken)
    run_deploy(world, project, [SERVER])
    engine.crash_log = "Traceback (most recent call last):\nImportError: no module named numpi\n"
    run = run_deploy(world, project, [SERVER], job_id="job-2")
    step = run.step(SERVER, "stay_up")
    assert step.state == "failed"
    assert f"{name_on(SERVER, 'job-2')} on {SERVER} failed within 0 s (exit status 1)." in step.detail
    assert "Its last words: ImportError: no module named numpi" in step.detail
    assert step.detail.endswith(f"{name_on(SERVER)}, which ran before, was started again on {SERVER}.")
    assert "Traceback" in step.output
    assert running(engine) == [name_on(SERVER)]
    assert engine.specs[name_on(SERVER)].restart == "always"
    assert engine.specs[name_on(SERVER, "job-2")].restart == "no"
    failed = world.store.deployment(name_on(SERVER, "job-2"))
    assert failed is not None
    assert (failed.state, failed.detail) == (DeploymentState.FAILED, step.detail)
    assert states(world, SERVER)[name_on(SERVER)] == "running"
    assert run.summary.endswith(f"was deployed nowhere; failed on {SERVER}. Mend the cause and deploy again.")


def test_a_program_that_ends_well_at_once_is_told_to_stay_up(world: World, project: Project) -> None:
    world.engines.at(SERVER).crash_on_start = 0
    world.engines.at(SERVER).crash_log = ""
    run = run_deploy(world, project, [SERVER])
    assert "ended by itself within 0 s. A program must stay up" in run.step(SERVER, "stay_up").detail
    assert run.step(SERVER, "stay_up").detail.endswith("It printed nothing.")


def test_a_server_that_fails_keeps_the_clients_from_starting(world: World, project: Project) -> None:
    world.engines.at(SERVER).crash_on_start = 3
    run = run_deploy(world, project, ALL)
    assert run.states(CLIENTS[0]) == dict.fromkeys(("check", "deliver", "start", "stay_up"), "pending")
    assert run.summary == (
        f"face-detection ({project.short_id}) was deployed nowhere; failed on {SERVER}; "
        f"was not tried on {CLIENTS[0]}, {CLIENTS[1]}. Mend the cause and deploy again."
    )


def test_an_unplugged_client_is_unreachable_and_the_others_run(world: World, project: Project) -> None:
    world.machine(CLIENTS[0]).reachable = False
    run = run_deploy(world, project, ALL)
    assert run.states(CLIENTS[0])["check"] == "unreachable"
    assert run.job.state is JobState.PARTLY
    assert running(world.engines.at(CLIENTS[1])) == [name_on(CLIENTS[1])]
    assert states(world, CLIENTS[0]) == {name_on(CLIENTS[0]): "failed"}
    assert run.summary.startswith(f"face-detection ({project.short_id}) runs on 2 hosts; failed on {CLIENTS[0]}.")


def test_a_host_unplugged_while_it_starts_is_written_down_as_failed(world: World, project: Project) -> None:
    machine = world.machine(CLIENTS[0])

    class Unplugged(FakeEngine):
        def create(self, spec: ContainerSpec) -> str:
            machine.reachable = False
            return super().create(spec)

    put_engine(world, CLIENTS[0], Unplugged)
    run = run_deploy(world, project, [CLIENTS[0]])
    assert run.states(CLIENTS[0])["start"] == "unreachable"
    assert states(world, CLIENTS[0]) == {name_on(CLIENTS[0]): "failed"}


class Other(FakeEngine):
    """An engine of another architecture, on a kernel without memory limits."""

    def info(self) -> EngineInfo:
        return EngineInfo("29.0", "1.52", "arm64", memory_limits=False)


def test_an_engine_of_another_arch_is_noticed(world: World, project: Project) -> None:
    put_engine(world, SERVER, Other)
    run = run_deploy(world, project, [SERVER])
    assert "is arm64, but the host was registered as amd64" in run.step(SERVER, "check").detail


def test_a_full_disk_is_noticed_before_the_delivery(world: World, project: Project) -> None:
    world.machine(SERVER).on(r"^df ", "Avail\n104857600\n")
    run = run_deploy(world, project, [SERVER])
    assert "has 100 MiB free where Docker keeps its images" in run.step(SERVER, "check").detail
    world.machine(SERVER).on(r"^df ", 1)
    assert run_deploy(world, project, [SERVER], job_id="job-2").job.state is JobState.DONE


def test_a_missing_device_is_noticed(world: World, project: Project) -> None:
    world.store.save_project(
        replace(project, definition=replace(project.definition, devices=("/dev/video0",), memory_bytes=10**8))
    )
    world.machine(SERVER).on(r"^test -e /dev/video0", 1)
    run = run_deploy(world, project, [SERVER])
    assert f"{SERVER} has no /dev/video0, which definition.yaml asks for" in run.step(SERVER, "check").detail
    world.machine(SERVER).on(r"^test -e /dev/video0", 0)
    world.engines.at(SERVER).memory_limits = False
    run = run_deploy(world, project, [SERVER], job_id="job-2")
    assert "the memory limit is ignored by this kernel" in run.step(SERVER, "check").detail


def test_an_image_the_registry_loses_on_the_way_is_named(world: World, project: Project) -> None:
    class Forgetful(FakeEngine):
        def info(self) -> EngineInfo:
            world.engines.registry.images.clear()
            return super().info()

    put_engine(world, SERVER, Forgetful)
    run = run_deploy(world, project, [SERVER])
    assert "There is no image of face-detection for amd64 in the registry" in run.step(SERVER, "check").detail


def test_from_an_external_registry_hosts_pull_by_themselves(tmp_path: Path) -> None:
    config = replace(a_config(tmp_path), registry="registry.example.org", external_registry=True)
    with a_fleet_world(tmp_path, config) as world:
        run = run_deploy(world, starter(world, tmp_path), [SERVER])
        assert run.step(SERVER, "deliver").detail == "pulled from registry.example.org"
        [pull] = [line for line in world.engines.at(SERVER).log if line.startswith("pull")]
        assert pull.startswith("pull registry.example.org/face-detection@sha256:")


class NeverCreates(FakeEngine):
    """An engine that has no room for another container."""

    def create(self, spec: ContainerSpec) -> str:
        if self.containers():
            raise StepFailed("no space left on device")
        return super().create(spec)


def test_where_nothing_can_be_put_back_the_first_failure_is_told(world: World, project: Project) -> None:
    engine = put_engine(world, SERVER, NeverCreates)
    run_deploy(world, project, [SERVER])
    engine.stop(name_on(SERVER))

    class Dead(NeverCreates):
        def start(self, name: str) -> None:
            raise StepFailed("the engine is broken")

    broken = put_engine(world, SERVER, Dead)
    broken.images, broken.specs, broken._containers = engine.images, engine.specs, engine._containers
    run = run_deploy(world, project, [SERVER], job_id="job-2")
    assert run.step(SERVER, "start").detail == (
        "no space left on device. "
        f"What ran before could not be started again on {SERVER} either: the engine is broken"
    )
    assert states(world, SERVER)[name_on(SERVER, "job-2")] == "failed"


def test_what_is_gone_cannot_be_put_back(world: World, project: Project) -> None:
    engine = put_engine(world, SERVER, NeverCreates)
    run_deploy(world, project, [SERVER])
    spec = replace(engine.specs[name_on(SERVER)], name="stranger-1", labels={})
    engine.remove(name_on(SERVER))
    engine.create(spec)
    run = run_deploy(world, project, [SERVER], job_id="job-2")
    assert run.step(SERVER, "start").detail == "no space left on device"


def test_a_failed_build_reaches_no_host(world: World, project: Project) -> None:
    world.engines.local().build_error = "ERROR: no such package"
    run = run_deploy(world, project, ALL)
    assert run.states(SERVER)["check"] == "pending"
    assert world.store.deployments() == []
    assert "was deployed nowhere; was not tried on" in run.summary


@pytest.mark.parametrize(
    ("addresses", "error", "words"),
    [([], UserError, "No host was named"), ([SERVER, "10.9.9.9"], NotRegistered, r"10\.9\.9\.9 is not registered")],
)
def test_hosts_must_be_named_and_known(
    world: World, project: Project, addresses: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        kind().plan(world.services, {"project_id": project.id, "addresses": addresses})


def test_a_project_must_have_something_to_start_on_every_host(world: World, project: Project) -> None:
    only_client = replace(project.definition, entrypoints={FlowerType.CLIENT: "client.py"})
    world.store.save_project(replace(project, definition=only_client))
    with pytest.raises(UserError, match=rf"starts on a client only, but {SERVER} is a server"):
        kind().plan(world.services, {"project_id": project.id, "addresses": ALL})


def test_a_host_of_unknown_arch_is_to_be_pinged_first(world: World, project: Project) -> None:
    world.save(replace(a_pi(SERVER, FlowerType.SERVER), facts=Facts(arch="")))
    with pytest.raises(UserError, match="is not known yet: ping them first"):
        kind().plan(world.services, {"project_id": project.id, "addresses": ALL})


def test_a_host_forgotten_while_the_job_runs_fails_alone(world: World, project: Project) -> None:
    class Forgotten(FakeEngine):
        def create(self, spec: ContainerSpec) -> str:
            world.store.delete_host(CLIENTS[0])
            return super().create(spec)

    put_engine(world, SERVER, Forgotten)
    run = run_deploy(world, project, ALL)
    assert f"{CLIENTS[0]} was forgotten while the job ran" in run.step(CLIENTS[0], "check").detail
    assert running(world.engines.at(SERVER)) == [name_on(SERVER)]


def test_a_cancelled_job_leaves_nothing_half_way(world: World, project: Project) -> None:
    args = {"project_id": project.id, "addresses": [SERVER], "stay_up_s": 0}
    request = JobRequest("job-1", "deploy", "deploy", args, ACTOR)
    world.store.create_job(request)
    world.store.set_job_message("job-1", channel="C1", message_ts="1", permalink="https://example.org/thread")
    run = run_deploy(world, project, [SERVER])
    row = world.store.deployment(name_on(SERVER))
    assert row is not None
    assert row.permalink == "https://example.org/thread"
    world.store.save_deployment(replace(row, state=DeploymentState.STARTING))
    kind().finish(world.services, run.job)
    settled = world.store.deployment(name_on(SERVER))
    assert settled is not None
    assert settled.state is DeploymentState.FAILED
    assert "it was stopped. Deploy again" in settled.detail
    assert running(world.engines.at(SERVER)) == []
    world.store.save_deployment(replace(row, state=DeploymentState.STARTING))
    world.machine(SERVER).reachable = False
    kind().finish(world.services, run.job)
    lost = world.store.deployment(name_on(SERVER))
    assert lost is not None
    assert "it may still run" in lost.detail


def a_context(lane: Lane, step: str, args: Mapping[str, object], *, cancelled: bool) -> StepContext:
    return StepContext("job-2", args, ACTOR.id, ACTOR.name, lane, step, lambda text: None, lambda: cancelled)


def test_a_job_cancelled_while_a_container_is_watched_puts_back_what_ran(world: World, project: Project) -> None:
    run_deploy(world, project, [SERVER])
    args = {"project_id": project.id, "addresses": [SERVER], "stay_up_s": 3600}
    [lane] = kind().plan(world.services, args).lanes
    for step in ("check", "deliver", "start"):
        kind().run_step(world.services, a_context(lane, step, args, cancelled=False))
    with pytest.raises(StepFailed, match=r"was cancelled while .* was watched .*which ran before, was started again"):
        kind().run_step(world.services, a_context(lane, "stay_up", args, cancelled=True))
    assert running(world.engines.at(SERVER)) == [name_on(SERVER)]
    assert states(world, SERVER) == {name_on(SERVER, "job-2"): "failed", name_on(SERVER): "running"}


def test_a_container_is_watched_to_the_end_of_its_time(world: World, project: Project) -> None:
    args = {"project_id": project.id, "addresses": [SERVER], "stay_up_s": 12}
    run = run_job(kind(), world.services, args)
    assert run.step(SERVER, "stay_up").detail == "up for 12 s"


def test_a_cancelled_build_ends_at_its_next_line(world: World, project: Project) -> None:
    args = {"project_id": project.id, "addresses": [SERVER]}
    lane = kind().plan(world.services, args).lanes[0]
    with pytest.raises(StepFailed, match="the job was cancelled; the layers that were done are kept"):
        kind().run_step(world.services, a_context(lane, "build", args, cancelled=True))
    assert world.engines.local().images == {}


def test_a_job_without_a_plan_is_summed_up(world: World, project: Project) -> None:
    job = Job("job-9", "deploy", "deploy", {"project_id": project.id}, ACTOR, JobState.FAILED, NOON)
    assert kind().finish(world.services, job).startswith("face-detection")
