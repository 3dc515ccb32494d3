"""The Docker installation on virtual Pis: true apt, dpkg and systemd, both channels, a power cut in the middle."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from ops.config import DockerChannel
from ops.docker import STEPS, InstallKind, states
from ops.services import Outcome, Services, StepContext
from ops.work import StepState
from tests.fleet import Fleet, Pi
from tests.ops.real_worlds import RealWorld, a_real_world
from tests.ops.runner import Run, run_job
from tests.ops.worlds import a_config

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]
FROM_DISTRIBUTION = dict.fromkeys(STEPS, "ok") | {"docker_gpg_key": "skipped", "docker_repository": "skipped"}
ARCHIVES = "/var/cache/apt/archives"


@pytest.fixture
def world(fleet: Fleet, tmp_path: Path) -> Iterator[RealWorld]:
    config = a_config(tmp_path, docker_repository_url=fleet.docker_repository_url, connect_timeout_s=3.0)
    with a_real_world(tmp_path, config) as world:
        yield world


def install(world: RealWorld, pi: Pi, *, channel: DockerChannel | None = None) -> Run:
    args = {"addresses": [pi.ip]} | ({"channel": str(channel)} if channel else {})
    return run_job(InstallKind(), world.services, args)


def test_a_bare_pi_gets_docker_then_dockers_own(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    pi = bare_pi()
    world.register([pi])
    run = install(world, pi)
    assert run.states(pi.ip) == FROM_DISTRIBUTION
    facts = world.host(pi).facts
    assert facts and facts.docker_version.startswith("20.10")
    assert fleet.exec(pi, ["docker", "ps", "-q"], user="pi") == ""

    again = install(world, pi)
    assert again.states(pi.ip) == FROM_DISTRIBUTION
    assert again.said == []

    fleet.exec(pi, ["docker", "volume", "create", "faces"])
    run = install(world, pi, channel=DockerChannel.DOCKER)
    assert run.states(pi.ip) == dict.fromkeys(STEPS, "ok")
    assert "docker-ce" in run.step(pi.ip, "docker_engine").detail
    assert fleet.exec(pi, ["docker", "volume", "ls", "-q"]).strip() == "faces"
    (found,) = states(world.services, [world.host(pi)])
    assert {step.state for step in found.steps.values()} == {StepState.OK}


def test_a_half_installed_host_is_finished_and_a_stopped_engine_started(
    fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]
) -> None:
    pi = bare_pi()
    world.register([pi])
    unpack = (
        f"dpkg --unpack {ARCHIVES}/docker.io_*.deb {ARCHIVES}/containerd_*.deb && touch /var/lib/dpkg/updates/0001"
    )
    fleet.exec(pi, ["bash", "-c", unpack])
    run = install(world, pi)
    assert run.states(pi.ip) == FROM_DISTRIBUTION
    assert run.said[0] == "finishing an interrupted installation"
    assert fleet.exec(pi, ["dpkg", "--audit"]) == ""

    stop = "systemctl disable --now docker.socket docker.service; systemctl mask docker.service"
    fleet.exec(pi, ["bash", "-c", stop])
    run = install(world, pi)
    assert run.states(pi.ip) == FROM_DISTRIBUTION
    assert run.said == ["unmasking the engine", "enabling the engine", "starting the engine"]
    assert fleet.exec(pi, ["systemctl", "is-enabled", "docker.service"]).strip() == "enabled"


class CutAt(InstallKind):
    """An installation that tells when it begins to install the engine."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        def say(text: str) -> None:
            context.say(text)
            if text == "installing docker.io":
                self._cut()

        return super().run_step(services, replace(context, say=say))


def test_a_power_cut_in_the_middle(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    pi = bare_pi()
    world.register([pi])
    cutting: list[Thread] = []

    def cut_while_dpkg_runs() -> None:
        fleet.exec(pi, ["timeout", "60", "bash", "-c", "until pgrep -x dpkg > /dev/null; do :; done"])
        fleet.power_off(pi)

    def begin() -> None:
        cutting.append(Thread(target=cut_while_dpkg_runs))
        cutting[0].start()

    run = run_job(CutAt(begin), world.services, {"addresses": [pi.ip]})
    cutting[0].join()
    assert run.states(pi.ip)["docker_engine"] == "unreachable"
    fleet.power_on(pi)
    assert install(world, pi).states(pi.ip) == FROM_DISTRIBUTION
    assert fleet.exec(pi, ["dpkg", "--audit"]) == ""


def test_an_unplugged_pi_is_unreachable(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    pi = bare_pi()
    world.register([pi])
    fleet.unplug(pi)
    run = install(world, pi)
    fleet.plug(pi)
    assert run.states(pi.ip) == dict.fromkeys(STEPS, "pending") | {"required_system_packages": "unreachable"}


def test_a_host_without_sources_gets_a_hint(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    pi = bare_pi()
    world.register([pi])
    fleet.exec(
        pi,
        [
            "bash",
            "-c",
            f"rm -rf /etc/apt/sources.list* /var/lib/apt/lists/* {ARCHIVES}/*.deb && mkdir /etc/apt/sources.list.d",
        ],
    )
    run = install(world, pi)
    assert run.states(pi.ip)["docker_engine"] == "failed"
    assert "/etc/apt/sources.list" in run.step(pi.ip, "docker_engine").detail
