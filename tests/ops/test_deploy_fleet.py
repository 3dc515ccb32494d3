"""A project's life on virtual Pis: true builds, a true registry, tunnels, containers, and a finished training run."""

import socket
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from skimage.data import lfw_subset

from ops import deploy, projects
from ops.docker import InstallKind
from ops.jobs import DbosJobs
from ops.model import DeploymentState, FlowerType, Host, Project
from ops.restart import RestartKind
from ops.rollback import RollbackKind
from ops.work import JobRequest, JobState, StepState
from tests.fleet import Fleet, Pi
from tests.fleet.waiting import wait_for
from tests.ops.real_worlds import RealWorld, a_real_world, clear_away
from tests.ops.runner import ACTOR, Run, run_job
from tests.ops.worlds import a_config

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(600)]
GOOD = {"check": "ok", "deliver": "ok", "start": "ok", "stay_up": "ok"}


@dataclass(frozen=True)
class Site:
    """A server and two clients with Docker and data, registered in one federation."""

    world: RealWorld
    fleet: Fleet
    pis: list[Pi]
    folder: Path

    @property
    def hosts(self) -> list[Host]:
        return [self.world.host(pi) for pi in self.pis]

    def project(self, name: str, **files: str) -> Project:
        """Receive the starter project under another name, with files of it replaced."""
        starter = projects.starter_zip(self.folder / "starter.zip")
        changed = self.folder / "changed.zip"
        with zipfile.ZipFile(starter) as source, zipfile.ZipFile(changed, "w") as target:
            for info in source.infolist():
                content = files.get(info.filename.replace(".", "_"), source.read(info).decode())
                target.writestr(info.filename, content.replace("image_name: face-detection", f"image_name: {name}"))
        return projects.receive(self.world.services, changed, "starter.zip", ACTOR)

    def deploy(self, project: Project, pis: list[Pi], job_id: str, *, stay_up_s: float = 2, **more: object) -> Run:
        args = {"project_id": project.id, "addresses": [pi.ip for pi in pis], "stay_up_s": stay_up_s, **more}
        return run_job(deploy.DeployKind(), self.world.services, args, job_id=job_id)

    def running(self, pi: Pi) -> list[str]:
        names = self.fleet.exec(pi, ["docker", "ps", "--filter", "label=flsvc.project", "--format", "{{.Names}}"])
        return sorted(names.split())

    def log(self, pi: Pi) -> str:
        [log] = deploy.logs(self.world.services, [self.world.host(pi)])
        assert log.error == ""
        return log.text


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def site(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    port = free_port()
    config = replace(a_config(folder), registry=f"127.0.0.1:{port}", connect_timeout_s=3.0)
    pis = fleet.pis[:3]
    with a_real_world(folder, config) as world:
        assert world.register(pis).job.state is JobState.DONE
        server = world.host(pis[0])
        world.store.save_host(replace(server, flower_type=FlowerType.SERVER))
        run_job(InstallKind(), world.services, {"addresses": [pi.ip for pi in pis]}, job_id="install")
        put_faces(fleet, pis[1:], folder)
        yield Site(world, fleet, pis, folder)
        run_job(deploy.StopKind(), world.services, {"addresses": [pi.ip for pi in pis]}, job_id="stop-all")
    clear_away(port)


def put_faces(fleet: Fleet, pis: list[Pi], folder: Path) -> None:
    """Split 100 faces and 100 other pictures over the clients' data directories."""
    images, labels = lfw_subset().astype("f4"), np.r_[np.ones(100), np.zeros(100)].astype("i1")
    order = np.random.default_rng(1).permutation(200)
    for pi, part in zip(pis, np.array_split(order, len(pis)), strict=True):
        data = folder / f"data-{pi.number}"
        data.mkdir()
        np.savez(data / "faces.npz", X=images[part], y=labels[part])
        fleet.put(pi, data, "/home/pi/data")


def test_a_federation_is_deployed_and_trains_to_the_end(site: Site) -> None:
    project = site.project("fleet-faces")
    run = site.deploy(project, site.pis, "train")
    assert run.job.state is JobState.DONE, [
        (step.lane, step.name, step.detail, step.output) for step in run.job.steps
    ]
    for pi in site.pis:
        assert run.states(pi.ip) == GOOD
        assert len(site.running(pi)) == 1
    server = site.pis[0]
    wait_for(lambda: "training finished" in site.log(server), "the end of the training")
    log = site.log(server)
    assert "starting with 2 of 2 clients" in log
    last = next(line for line in log.splitlines() if line.startswith("round 5/5 accuracy "))
    assert float(last.split()[3]) > 0.8
    assert site.running(server), "the server stays up after its last round"
    for status in deploy.status(site.world.services, site.hosts):
        assert (status.state, status.error) == ("running", "")
        assert status.docker_version
    [container] = site.running(site.pis[1])
    words = ["docker", "inspect", "-f"]
    policy = site.fleet.exec(site.pis[1], [*words, "{{.HostConfig.RestartPolicy.Name}}", container])
    assert policy.strip() == "always"
    binds = site.fleet.exec(site.pis[1], [*words, "{{.HostConfig.Binds}}", container])
    assert binds.strip() == "[/home/pi/data:/data:ro]"
    who = site.fleet.exec(site.pis[1], ["docker", "exec", container, "id", "-un"])
    assert who.strip() == "flsvc"


def test_a_changed_line_is_delivered_as_one_small_layer(site: Site) -> None:
    pi = site.pis[1]
    first = site.deploy(site.project("fleet-small", client_py=idle("one")), [pi], "small-1", stay_up_s=6)
    assert first.states(pi.ip) == GOOD
    before = received_bytes(site, pi)
    second = site.deploy(site.project("fleet-small", client_py=idle("two")), [pi], "small-2")
    assert second.states(pi.ip) == GOOD
    assert received_bytes(site, pi) - before < 1_000_000
    assert [name for name in site.running(pi) if name.startswith("fleet-small")] == [
        second.step(pi.ip, "start").detail
    ]
    assert "two" in site.log(pi)
    history = site.world.store.deployments(addresses=[pi.ip], last=2)
    assert [row.state for row in history] == [DeploymentState.RUNNING, DeploymentState.SUPERSEDED]


def test_what_does_not_stay_up_gives_way_to_what_ran_before(site: Site) -> None:
    pi = site.pis[2]
    good = site.deploy(site.project("fleet-broken", client_py=idle("fine")), [pi], "broken-1")
    name = good.step(pi.ip, "start").detail
    run = site.deploy(site.project("fleet-broken", client_py="import numpi\n"), [pi], "broken-2")
    step = run.step(pi.ip, "stay_up")
    assert step.state == "failed"
    assert "(exit status 1). Its last words: ModuleNotFoundError: No module named 'numpi'" in step.detail
    assert step.detail.endswith(f"{name}, which ran before, was started again on {pi.ip}.")
    assert name in site.running(pi)
    assert run.step(pi.ip, "start").detail not in site.running(pi)


def test_a_batch_that_fails_takes_the_others_back_and_a_rollback_returns_to_what_was_before(site: Site) -> None:
    server, first, second = site.pis
    programs = {"server_py": idle("server"), "client_py": idle("one")}
    one = site.deploy(site.project("fleet-batch", **programs), site.pis, "batch-1")
    before = {pi.ip: one.step(pi.ip, "start").detail for pi in site.pis}
    here = f"import os\nassert os.environ['FLSVC_HOST'] != {second.ip!r}\n"
    programs["client_py"] = here + idle("two")
    two = site.deploy(site.project("fleet-batch", **programs), site.pis, "batch-2", batch=1)
    assert two.job.state is JobState.FAILED
    assert two.states(first.ip) == GOOD
    assert f"therefore {server.ip}, {first.ip} went back to what ran there before" in two.summary
    for pi in site.pis:
        assert containers(site, pi, "fleet-batch") == [before[pi.ip]]
        assert inspect(site, pi, before[pi.ip], "{{.HostConfig.RestartPolicy.Name}}") == "always"
    programs["client_py"] = idle("three")
    three = site.deploy(site.project("fleet-batch", **programs), site.pis, "batch-3", canary=1)
    assert three.job.state is JobState.DONE
    args = {"addresses": [pi.ip for pi in site.pis], "stay_up_s": 2}
    back = run_job(RollbackKind(), site.world.services, args, job_id="batch-4")
    assert back.job.state is JobState.DONE, [(step.lane, step.name, step.detail) for step in back.job.steps]
    now = back.step(first.ip, "start").detail
    assert containers(site, first, "fleet-batch") == [now]
    assert "one" in site.fleet.exec(first, ["docker", "logs", now])
    newest = site.world.store.deployments(addresses=[first.ip], last=1)[0]
    assert (newest.id, newest.returns_to) == (now, before[first.ip])


def test_a_restart_starts_what_runs_once(site: Site) -> None:
    pi = site.pis[1]
    args: dict[str, object] = {"addresses": [pi.ip]}
    name = site.running(pi)[-1]
    old = inspect(site, pi, name, "{{.State.StartedAt}}")
    site.world.store.create_job(JobRequest("restart-1", "restart", "restart", args, ACTOR))
    run = run_job(RestartKind(), site.world.services, args, job_id="restart-1")
    assert run.job.state is JobState.DONE, [(step.name, step.detail, step.output) for step in run.job.steps]
    new = inspect(site, pi, name, "{{.State.StartedAt}}")
    assert new != old
    run_job(RestartKind(), site.world.services, args, job_id="restart-1")
    assert inspect(site, pi, name, "{{.State.StartedAt}}") == new


def test_a_cancelled_deployment_puts_back_what_ran_before_and_says_so(site: Site) -> None:
    pi = site.pis[1]
    one = site.deploy(site.project("fleet-cancel", client_py=idle("one")), [pi], "cancel-1")
    kept = one.step(pi.ip, "start").detail
    two = site.project("fleet-cancel", client_py=idle("two"))
    args = {"project_id": two.id, "addresses": [pi.ip], "stay_up_s": 300}
    jobs = DbosJobs.open(site.world.services, [deploy.DeployKind()])
    try:
        jobs.submit(JobRequest("cancel-2", "deploy", "deploy", args, ACTOR))
        wait_for(lambda: watched(site, "cancel-2", pi), "the watch over the new container")
        assert jobs.cancel("cancel-2")
        job = jobs.wait("cancel-2", timeout_s=60)
    finally:
        jobs.close()
    assert job.state is JobState.CANCELLED
    assert containers(site, pi, "fleet-cancel") == [kept]
    assert f"{pi.ip} stopped at stay_up." in job.summary
    assert f"{kept}, which ran before, was started again on {pi.ip}." in job.summary


def watched(site: Site, job_id: str, pi: Pi) -> bool:
    step = site.world.store.step(job_id, pi.ip, "stay_up")
    return step is not None and step.state is StepState.RUNNING


def test_what_was_stopped_stays_down_when_the_power_comes_back(site: Site) -> None:
    pi = site.pis[2]
    kept = site.deploy(site.project("fleet-kept", client_py=idle("kept")), [pi], "kept").step(pi.ip, "start").detail
    stopped = site.project("fleet-stopped", client_py=idle("stopped"))
    name = site.deploy(stopped, [pi], "stopped").step(pi.ip, "start").detail
    args = {"addresses": [pi.ip], "project_id": stopped.id}
    run = run_job(deploy.StopKind(), site.world.services, args, job_id="stop")
    assert run.states(pi.ip) == {"stop": "ok"}
    assert name not in site.running(pi)
    site.fleet.power_off(pi)
    site.fleet.power_on(pi)
    wait_for(lambda: is_up(site, pi, kept), "the container that was not stopped")
    assert name not in site.running(pi)


def idle(word: str) -> str:
    """Return a program that says a word and stays up."""
    return f"import time\nprint({word!r})\nwhile True:\n    time.sleep(60)\n"


def containers(site: Site, pi: Pi, project: str) -> list[str]:
    """Return the names of a project's containers that run."""
    return [name for name in site.running(pi) if name.startswith(f"{project}-")]


def inspect(site: Site, pi: Pi, name: str, what: str) -> str:
    return site.fleet.exec(pi, ["docker", "inspect", "-f", what, name]).strip()


def is_up(site: Site, pi: Pi, name: str) -> bool:
    states = deploy.status(site.world.services, [site.world.host(pi)])
    return any(status.deployment and status.deployment.id == name and status.state == "running" for status in states)


def received_bytes(site: Site, pi: Pi) -> int:
    return int(site.fleet.exec(pi, ["cat", "/sys/class/net/eth0/statistics/rx_bytes"]))
