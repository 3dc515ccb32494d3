"""Cancelling and catching up on virtual Pis: true sudo, apt, dpkg and engines, a cable that is pulled out."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from ops import cancel
from ops.docker import STEPS, InstallKind
from ops.errors import Cancelled
from ops.jobs import DbosJobs
from ops.work import Job, JobRequest, JobState
from tests.fleet import Fleet, Pi
from tests.fleet.waiting import wait_for
from tests.ops.real_worlds import RealWorld, a_real_world
from tests.ops.runner import ACTOR
from tests.ops.worlds import a_config

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]
PATIENCE_S = 120.0


@pytest.fixture
def world(fleet: Fleet, tmp_path: Path) -> Iterator[RealWorld]:
    config = a_config(tmp_path, docker_repository_url=fleet.docker_repository_url, connect_timeout_s=3.0)
    with a_real_world(tmp_path, config) as world:
        yield world


@pytest.fixture
def jobs(world: RealWorld) -> Iterator[DbosJobs]:
    jobs = DbosJobs.open(world.services, [InstallKind()], returns_s=1.0)
    yield jobs
    jobs.close()


def install(jobs: DbosJobs, pi: Pi, id: str, **args: object) -> Job:
    jobs.submit(JobRequest(id, "docker install", "docker install", {"addresses": [pi.ip], **args}, ACTOR))
    return jobs.wait(id, timeout_s=PATIENCE_S)


def test_cancelling_an_installation_stops_apt_and_the_next_one_goes_on_from_there(
    fleet: Fleet, world: RealWorld, jobs: DbosJobs, bare_pi: Callable[[], Pi]
) -> None:
    pi = bare_pi()
    world.register([pi])
    jobs.submit(JobRequest("j1", "docker install", "docker install", {"addresses": [pi.ip]}, ACTOR))
    fleet.exec(pi, ["timeout", "60", "bash", "-c", "until pgrep -f '[d]pkg .*--status-fd' > /dev/null; do :; done"])
    assert jobs.cancel("j1")
    job = jobs.wait("j1", timeout_s=30)
    assert job.state is JobState.CANCELLED
    assert "stopped at" in job.summary
    left = "pgrep -a 'timeout|apt-get|dpkg' || true"
    assert fleet.exec(pi, ["bash", "-c", left]) == ""
    again = install(jobs, pi, "j2")
    assert (again.state, len(again.steps)) == (JobState.DONE, len(STEPS))
    assert fleet.exec(pi, ["dpkg", "--audit"]) == ""


def test_a_pi_that_was_unplugged_gets_docker_when_it_is_back(
    fleet: Fleet, world: RealWorld, jobs: DbosJobs, bare_pi: Callable[[], Pi]
) -> None:
    pi = bare_pi()
    world.register([pi])
    fleet.unplug(pi)
    assert "is caught up with when it is back" in install(jobs, pi, "j1", when_back=True).summary
    (entry,) = world.store.waiting()
    fleet.plug(pi)
    wait_for(lambda: world.store.job(entry.next_job) is not None, "the Pi was not noticed")
    assert jobs.wait(entry.next_job, timeout_s=PATIENCE_S).state is JobState.DONE
    assert world.store.waiting() == []


@pytest.mark.parametrize("password", [False, True])
def test_a_command_of_root_is_stopped_too(
    fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi], password: bool
) -> None:
    pi = bare_pi()
    if not password:
        fleet.exec(pi, ["bash", "-c", "echo 'pi ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/pi"])
    world.register([pi], sudo_secret="raspberry")
    stop = Event()

    def run() -> None:
        with cancel.cancellable(cancel.Question(stop.is_set)):
            world.pool.remote(world.host(pi)).run("echo begun; sleep 731; echo never", sudo=True)

    running = ThreadPoolExecutor().submit(run)
    wait_for(lambda: "731" in fleet.exec(pi, ["bash", "-c", "pgrep -u root -a sleep || true"]), "it did not begin")
    stop.set()
    with pytest.raises(Cancelled, match="the last line it printed: begun"):
        running.result(15)
    assert fleet.exec(pi, ["bash", "-c", "pgrep -a sleep || true"]) == ""


def test_a_pull_that_gets_no_answer_is_broken_off(
    fleet: Fleet, world: RealWorld, jobs: DbosJobs, bare_pi: Callable[[], Pi]
) -> None:
    pi = bare_pi()
    world.register([pi])
    assert install(jobs, pi, "j1").state is JobState.DONE
    host, asked, stop = world.host(pi), Event(), Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def accept() -> None:
            with silent.accept()[0]:
                asked.set()
                stop.wait(60)

        def pull() -> None:
            with cancel.cancellable(cancel.Question(stop.is_set)):
                world.services.engines.on(host).pull("127.0.0.1:5999/faces:1")

        threads = ThreadPoolExecutor()
        threads.submit(accept)
        with world.pool.remote(host).reverse_tunnel(5999, ("127.0.0.1", silent.getsockname()[1])):
            pulling = threads.submit(pull)
            assert asked.wait(30)
            stop.set()
            with pytest.raises(Cancelled, match=r"The pull of 127.0.0.1:5999/faces:1 on .* was broken off"):
                pulling.result(15)
