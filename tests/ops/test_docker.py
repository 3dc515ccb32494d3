"""The installation job on fake hosts: every step, both channels, what was half there, and what stays in the store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.config import DockerChannel
from ops.docker import STEPS, InstallKind, states
from ops.errors import NotRegistered, StepFailed, UserError
from ops.model import Sudo
from ops.ports import Output
from ops.services import Outcome, StepContext
from ops.work import StepState
from tests.fakes import FakeMachine
from tests.ops.docker_machine import BARE, DockerMachine
from tests.ops.runner import ACTOR, Run, run_job
from tests.ops.samples import a_host
from tests.ops.worlds import NOON, World, a_config, a_world

ONE, TWO = "192.168.1.105", "192.168.1.106"
URL = "http://mirror.example/linux/debian"
ALL_OK = dict.fromkeys(STEPS, "ok")
NO_REPOSITORY = {"docker_gpg_key": "skipped", "docker_repository": "skipped"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    machines = [FakeMachine(address, sudo=Sudo.PASSWORDLESS) for address in (ONE, TWO)]
    with a_world(tmp_path, *machines, config=a_config(tmp_path, docker_repository_url=URL)) as world:
        world.save(*(a_host(address, sudo=Sudo.PASSWORDLESS) for address in (ONE, TWO)))
        yield world


def docker_on(world: World, address: str) -> DockerMachine:
    return DockerMachine(world.machine(address))


def install(world: World, *addresses: str, channel: DockerChannel | None = None, twice: bool = False) -> Run:
    args = {"addresses": list(addresses)} | ({"channel": str(channel)} if channel else {})
    return run_job(InstallKind(), world.services, args, twice=twice)


def test_steps_have_the_names_people_know() -> None:
    assert STEPS == (
        "required_system_packages",
        "docker_gpg_key",
        "docker_repository",
        "docker_engine",
        "docker_group",
        "docker_daemon",
        "check_docker",
    )


def test_from_the_distribution(world: World) -> None:
    docker = docker_on(world, ONE)
    run = install(world, ONE)
    assert run.states(ONE) == ALL_OK | NO_REPOSITORY
    assert "docker.io" in docker.state.installed
    assert docker.state.effective
    assert run.said == ["installing docker.io", "adding pi to the group docker"]
    assert run.summary == f"Docker 20.10.24+dfsg1 runs on {ONE}."
    facts = world.host(ONE).facts
    assert facts and facts.docker_version == "20.10.24+dfsg1"


def test_from_dockers_own_repository(world: World) -> None:
    docker = docker_on(world, ONE)
    run = install(world, ONE, channel=DockerChannel.DOCKER)
    assert run.states(ONE) == ALL_OK
    assert {"docker-ce", "docker-ce-cli", "containerd.io"} <= set(docker.state.installed)
    assert docker.state.source.endswith(f"{URL} bookworm stable")
    assert run.said == [
        "fetching the key of Docker's repository",
        "adding Docker's repository",
        "reading Docker's repository",
        "installing docker-ce",
        "adding pi to the group docker",
    ]


@pytest.mark.parametrize("channel", DockerChannel)
def test_every_step_may_run_twice(world: World, channel: DockerChannel) -> None:
    docker_on(world, ONE)
    run = install(world, ONE, channel=channel, twice=True)
    assert all(step.state.good for step in run.job.steps)
    assert len(run.said) == len(set(run.said))


def test_where_all_is_right_nothing_is_done(world: World) -> None:
    docker_on(world, ONE)
    install(world, ONE)
    before = len(world.machine(ONE).log)
    run = install(world, ONE)
    assert run.said == []
    assert all(step.state.good for step in run.job.steps)
    assert not [line for line in world.machine(ONE).log[before:] if line.startswith("sudo: ")]


def test_a_half_installed_host_is_mended_first(world: World) -> None:
    docker = docker_on(world, ONE)
    docker.state = replace(BARE, interrupted=True)
    run = install(world, ONE)
    assert run.states(ONE) == ALL_OK | NO_REPOSITORY
    assert run.said[0] == "finishing an interrupted installation"


def test_another_channel_replaces_what_is_there(world: World) -> None:
    docker = docker_on(world, ONE)
    install(world, ONE)
    run = install(world, ONE, channel=DockerChannel.DOCKER)
    assert run.states(ONE) == ALL_OK
    assert "docker.io" not in docker.state.installed
    assert "removing docker.io" in run.said


def test_what_is_there_is_kept_when_nobody_chooses(world: World) -> None:
    docker = docker_on(world, ONE)
    install(world, ONE, channel=DockerChannel.DOCKER)
    run = install(world, ONE)
    assert run.said == []
    assert "docker-ce" in docker.state.installed


def test_another_installation_on_the_host_is_told(world: World) -> None:
    docker = docker_on(world, ONE)
    docker.state = replace(BARE, installing="unattended-upgr")
    assert install(world, ONE).said[0] == "waits for unattended-upgr on the host to end"


def test_a_package_gone_from_its_source_is_tried_again_with_fresh_lists(world: World) -> None:
    docker = docker_on(world, ONE)
    machine = world.machine(ONE)
    tried: list[str] = []

    def once_404(call: object) -> Output | str:
        tried.append("install")
        if len(tried) == 1:
            return Output(100, "E: Failed to fetch http://x/docker.io.deb  404  Not Found", "")
        docker.state = replace(docker.state, installed={"ca-certificates": "1", "docker.io": "2"}, active=True)
        return ""

    machine.on(r"install --no-install-recommends docker\.io", once_404)
    docker.state = replace(docker.state, group=True, enabled="enabled")
    run = install(world, ONE)
    assert run.states(ONE) == ALL_OK | NO_REPOSITORY
    assert len(tried) == 2
    assert len(machine.ran(r"apt-get .* update")) == 1


def test_a_failure_stops_this_host_only_and_is_kept_for_docker_states(world: World) -> None:
    docker_on(world, ONE)
    docker_on(world, TWO)
    no_space = Output(100, "E: Write error - write (28: No space left on device)", "")
    world.machine(TWO).on("install --no-install-recommends", no_space)
    run = install(world, ONE, TWO)
    assert run.states(ONE) == ALL_OK | NO_REPOSITORY
    assert run.states(TWO)["docker_engine"] == "failed"
    assert run.states(TWO)["docker_group"] == "pending"
    assert run.summary == (
        f"Docker 20.10.24+dfsg1 runs on 1 of 2 hosts. Not on: {TWO} (at docker_engine). "
        f"Once mended, `docker install {TWO}` goes on from there."
    )
    one, two = states(world.services, world.store.hosts())
    assert {name: step.state.value for name, step in one.steps.items()} == run.states(ONE)
    assert one.docker_version == "20.10.24+dfsg1"
    kept = two.steps["docker_engine"]
    assert kept.state is StepState.FAILED
    assert "disk is full" in kept.detail
    assert "No space left" in kept.output
    assert (kept.started_at, kept.ended_at) == (NOON, NOON)


def test_an_unplugged_host_is_unreachable(world: World) -> None:
    world.machine(ONE).reachable = False
    run = install(world, ONE)
    assert run.states(ONE)["required_system_packages"] == "unreachable"
    (found,) = states(world.services, [world.host(ONE)])
    assert found.steps["required_system_packages"].state is StepState.UNREACHABLE
    assert run.summary.startswith("Docker runs on no host.")


def test_states_of_a_host_that_never_saw_docker(world: World) -> None:
    (found,) = states(world.services, [world.host(ONE)])
    assert list(found.steps) == list(STEPS)
    assert {step.state for step in found.steps.values()} == {StepState.PENDING}
    assert found.docker_version == ""


def test_a_new_installation_begins_with_a_clean_row(world: World) -> None:
    docker_on(world, ONE)
    install(world, ONE)
    world.machine(ONE).reachable = False
    install(world, ONE)
    (found,) = states(world.services, [world.host(ONE)])
    assert [step.state.value for step in found.steps.values()] == ["unreachable"] + ["pending"] * 6


def test_commands_without_effect_are_a_failure(world: World) -> None:
    docker_on(world, ONE)
    world.machine(ONE).on("^usermod", 0)
    run = install(world, ONE)
    assert run.states(ONE)["docker_group"] == "failed"
    assert "adding pi to the group docker is still to be done" in run.step(ONE, "docker_group").detail


def test_two_engines_on_one_host_are_noticed(world: World) -> None:
    docker_on(world, ONE).server = "29.0.1"
    run = install(world, ONE)
    assert run.states(ONE)["check_docker"] == "failed"
    assert "Two engines answer" in run.step(ONE, "check_docker").detail


def test_a_login_from_before_the_group_was_given_is_replaced(world: World) -> None:
    install_machine = docker_on(world, ONE)
    install(world, ONE)
    before = world.machine(ONE).logins

    def version(_: object) -> str | Output:
        stale = world.machine(ONE).logins == before
        return Output(1, "", "permission denied") if stale else f"{install_machine.server}\n"

    world.machine(ONE).on("docker version", version)
    run = install(world, ONE)
    assert run.states(ONE) == ALL_OK | NO_REPOSITORY
    assert world.machine(ONE).logins == before + 1


def test_without_sudo_it_says_how_to_mend_that(world: World) -> None:
    docker_on(world, ONE)
    world.machine(ONE).sudo = Sudo.NONE
    run = install(world, ONE)
    assert run.states(ONE)["docker_engine"] == "failed"
    assert "could not become root" in run.step(ONE, "docker_engine").detail


def a_step(
    world: World, name: str, *, before: Callable[[], object] = lambda: None, cancelled: bool = False
) -> Outcome:
    args: dict[str, object] = {"addresses": [ONE]}
    (lane,) = InstallKind().plan(world.services, args).lanes
    before()
    context = StepContext("job-1", args, ACTOR.id, ACTOR.name, lane, name, lambda _: None, lambda: cancelled)
    return InstallKind().run_step(world.services, context)


def test_a_host_forgotten_meanwhile(world: World) -> None:
    docker_on(world, ONE)
    with pytest.raises(StepFailed, match="was forgotten meanwhile"):
        a_step(world, "docker_engine", before=lambda: world.store.delete_host(ONE))


def test_a_host_that_is_not_registered(world: World) -> None:
    with pytest.raises(NotRegistered, match=r"10\.0\.0\.1 is not registered"):
        install(world, ONE, "10.0.0.1")


def test_cancelling_stops_before_the_next_command(world: World) -> None:
    docker_on(world, ONE)
    with pytest.raises(StepFailed, match=r"Stopped before installing docker\.io"):
        a_step(world, "docker_engine", cancelled=True)
    assert not world.machine(ONE).ran("^sudo: ")


def test_dockers_channel_needs_an_address(tmp_path: Path) -> None:
    with a_world(tmp_path, FakeMachine(ONE)) as world:
        world.save(a_host(ONE))
        with pytest.raises(UserError, match="FLSVC_DOCKER_REPOSITORY"):
            install(world, ONE, channel=DockerChannel.DOCKER)
        assert world.machine(ONE).log == []


def test_a_channel_nobody_knows(world: World) -> None:
    with pytest.raises(UserError, match="choose distribution or docker"):
        run_job(InstallKind(), world.services, {"addresses": [ONE], "channel": "snap"})
