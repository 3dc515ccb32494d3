"""What `ops.ports.Engine` promises, held by the fake and by Docker, here and over SSH."""

import gc
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ops.config import Config
from ops.engine import DockerEngines
from ops.errors import StepFailed
from ops.model import Arch
from ops.ssh import SshPool
from tests.contract.engine_worlds import EngineWorld, RealEngineWorld, context
from tests.ops.sshd import Sshd


@pytest.fixture
def name() -> str:
    return f"flsvc-contract-{secrets.token_hex(4)}"


def build(world: EngineWorld, tag: str, *more: str) -> list[str]:
    dockerfile = "\n".join([f"FROM {world.base}", "COPY file /file", *more])
    files = {"Dockerfile": dockerfile, "file": tag}
    arch = world.engine.info().arch
    return list(world.engine.build(context(files), tag=tag, platform=f"linux/{arch}", network="none"))


def test_an_engine_tells_what_it_is(engine_world: EngineWorld) -> None:
    info = engine_world.engine.info()
    assert info.arch in set(Arch)
    assert info.version
    assert info.api_version.startswith("1.")


def test_a_build_yields_its_log_and_leaves_an_image(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    assert not engine.has_image(f"{name}:1")
    log = build(engine_world, f"{name}:1")
    assert any("COPY file /file" in line for line in log)
    assert all("\n" not in line for line in log)
    assert engine.has_image(f"{name}:1")
    assert engine.image_size(f"{name}:1") > 0
    assert engine.image_arch(f"{name}:1") == engine.info().arch
    engine.tag(f"{name}:1", f"{name}-too:2")
    assert engine.has_image(f"{name}-too:2")


def test_a_failing_build_tells_the_line_that_says_why(engine_world: EngineWorld, name: str) -> None:
    with pytest.raises(StepFailed, match=f"build of {name}:1 failed.*: ERROR: No matching distribution") as error:
        build(engine_world, f"{name}:1", engine_world.fail_builds())
    assert "No matching distribution" in error.value.output
    assert not engine_world.engine.has_image(f"{name}:1")
    gc.collect()  # an answer that was not read to its end would be found open now


def test_a_context_without_a_dockerfile_is_said_so(engine_world: EngineWorld, name: str) -> None:
    with pytest.raises(StepFailed, match=r"Docker Engine on .* says: .*Dockerfile"):
        list(engine_world.engine.build(context({"file": ""}), tag=name, platform="linux/amd64", network="none"))


def test_what_is_pushed_can_be_pulled_by_its_digest(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    build(engine_world, f"{name}:1")
    engine.tag(f"{name}:1", f"{engine_world.registry}/{name}:1")
    digest = engine.push(f"{engine_world.registry}/{name}:1")
    assert digest.startswith("sha256:")
    assert len(digest) == 71
    assert engine.push(f"{engine_world.registry}/{name}:1") == digest
    engine.pull(f"{engine_world.registry}/{name}@{digest}")
    assert engine.has_image(f"{engine_world.registry}/{name}@{digest}")


def test_images_that_are_nowhere_are_said_so(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    for ask in (engine.image_size, engine.image_arch):
        with pytest.raises(StepFailed, match=f"No such image: {name}"):
            ask(name)
    with pytest.raises(StepFailed, match=r"Docker Engine on .* says: .*"):
        engine.push(f"{engine_world.registry}/{name}:1")
    with pytest.raises(StepFailed, match="manifest unknown"):
        engine.pull(f"{engine_world.registry}/{name}:1")


def test_a_container_is_created_started_stopped_and_removed(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    assert engine.inspect(name) is None
    id = engine.create(engine_world.running(name))
    created = engine.inspect(name)
    assert created is not None
    assert (created.id, created.name, created.image, created.status) == (id, name, engine_world.base, "created")
    assert (created.started_at, created.exit_code, created.restarts, created.error) == (None, None, 0, "")
    engine.start(name)
    running = engine.inspect(id)
    assert running is not None
    assert (running.status, running.exit_code) == ("running", None)
    assert running.started_at is not None
    assert abs(datetime.now(UTC) - running.started_at) < timedelta(minutes=2)
    assert engine.wait(name, timeout_s=0.3) is None
    engine.stop(name, timeout_s=1)
    engine.stop(name)
    stopped = engine.inspect(name)
    assert stopped is not None
    assert stopped.status == "exited"
    assert engine.wait(name, timeout_s=5) == stopped.exit_code
    engine.start(name)
    engine.remove(name)
    assert engine.inspect(name) is None


def test_what_is_gone_may_be_stopped_and_removed_but_not_started(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    engine.stop(name)
    engine.remove(name)
    for ask in (engine.start, engine.logs, lambda gone: engine.wait(gone, timeout_s=1)):
        with pytest.raises(StepFailed, match=f"No such container: {name}"):
            ask(name)


def test_a_name_is_given_once_and_an_image_must_be_there(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    spec = engine_world.running(name)
    engine.create(spec)
    with pytest.raises(StepFailed, match="already in use"):
        engine.create(spec)
    missing = type(spec)(f"{name}-2", "flsvc-contract-nowhere:1")
    with pytest.raises(StepFailed, match="No such image: flsvc-contract-nowhere:1"):
        engine.create(missing)


def test_containers_are_found_by_all_their_labels(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    engine.create(engine_world.running(f"{name}-a", project=name, role="client"))
    engine.create(engine_world.running(f"{name}-b", project=name, role="server"))

    def found(**labels: str) -> set[str]:
        return {container.name for container in engine.containers(labels)}

    assert found(project=name) == {f"{name}-a", f"{name}-b"}
    assert found(project=name, role="server") == {f"{name}-b"}
    assert found(project=name, role="") == {f"{name}-a", f"{name}-b"}
    assert found(project=name, role="other") == set()
    assert {f"{name}-a", f"{name}-b"} <= {container.name for container in engine.containers()}


def test_a_program_that_ends_leaves_its_status_and_last_lines(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    engine.create(engine_world.ending(name, 3, "one\ntwo\nthree\n", restart="no"))
    engine.start(name)
    assert engine.wait(name, timeout_s=20) == 3
    ended = engine.inspect(name)
    assert ended is not None
    assert (ended.status, ended.exit_code, ended.restarts) == ("exited", 3, 0)
    assert engine.logs(name) == "one\ntwo\nthree\n"
    assert engine.logs(name, tail=2) == "two\nthree\n"


def test_a_program_that_is_started_again_and_again_counts_as_ended(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    engine.create(engine_world.ending(name, 7, "no such file\n", restart="always"))
    engine.start(name)
    assert engine.wait(name, timeout_s=20) == 7
    deadline = time.monotonic() + 20
    while (container := engine.inspect(name)) is None or container.restarts == 0:
        assert time.monotonic() < deadline
    assert container.status in {"restarting", "running"}
    assert engine.wait(name, timeout_s=20) == 7
    assert "no such file" in engine.logs(name, tail=1)
    engine.stop(name)
    stopped = engine.inspect(name)
    assert stopped is not None
    assert stopped.status == "exited"


def test_a_container_told_not_to_restart_stays_down(engine_world: EngineWorld, name: str) -> None:
    engine = engine_world.engine
    engine.create(engine_world.ending(name, 7, "broken\n", restart="always"))
    engine.start(name)
    assert engine.wait(name, timeout_s=20) == 7
    engine.set_restart(name, "no")
    engine.stop(name)
    engine.start(name)
    assert engine.wait(name, timeout_s=20) == 7
    ended = engine.inspect(name)
    assert ended is not None
    assert ended.status == "exited"


@pytest.mark.fleet
def test_where_sshd_forbids_sockets_the_docker_client_carries_a_build(
    config: Config, pool: SshPool, new_sshd: Callable[..., Sshd], registry: str, name: str
) -> None:
    engines = DockerEngines(config, pool)
    sshd = new_sshd("AllowStreamLocalForwarding no")
    world = RealEngineWorld(engines.on(sshd.host()), registry)
    assert any("COPY file /file" in line for line in build(world, f"{name}:1"))
    assert world.engine.has_image(f"{name}:1")
    world.clean()
    engines.close()
