"""How engines are found and what is said when they are not; no Docker needed."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ops import cancel
from ops.config import Config
from ops.engine import DIAL, DockerEngines
from ops.errors import Cancelled, HostUnreachable, StepFailed, TimedOut
from ops.model import Host
from ops.ports import Engine, Output
from tests.ops.samples import a_host

VERSION = b'{"ApiVersion":"1.52","MinAPIVersion":"1.44","Version":"29.1","Arch":"arm64","Os":"linux"}'


@dataclass
class Answers:
    """An engine at the other end of a socket pair: answers every request, or none, and keeps the first lines."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as lines:
            while line := lines.readline().decode().strip():
                self.requests.append(line)
                while lines.readline().strip():
                    pass
                path = line.split()[1]
                body = next((body for end, body in self.bodies.items() if path.endswith(end)), b"")
                status = b"200 OK" if body else b"404 Not Found"
                body = body or b'{"message":"No such container: it"}'
                head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                sock.sendall(head % (status, len(body)) + body)


class SocketStream:
    """One end of a socket pair as a stream."""

    def __init__(self, sock: socket.socket, *, lasting: bool = True) -> None:
        self._sock, self.lasting = sock, lasting
        self.over = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)

    def close(self) -> None:
        self._sock.close()


@dataclass
class Way:
    """A host's connection with its ways to an engine; also the pool of it."""

    answers: Answers = field(default_factory=lambda: Answers({"/version": VERSION, "/info": b'{"MemoryLimit":true}'}))
    socket_opens: bool = True
    groups_now: str = "pi sudo"
    groups_known: str = "pi sudo"
    socket_there: str = "yes"
    client_there: str = "yes"
    log: list[str] = field(default_factory=list)

    def remote(self, host: Host) -> "Way":
        return self

    def run(self, command: str, *, timeout_s: float | None = None) -> Output:
        lines = (self.groups_now, self.groups_known, self.socket_there, self.client_there)
        return Output(0, "".join(f"{line}\n" for line in lines), "")

    def reconnect(self) -> None:
        self.log.append("reconnect")
        self.socket_opens = True

    def lease(self) -> AbstractContextManager[object]:
        return nullcontext()

    def _stream(self, *, lasting: bool) -> SocketStream:
        ours, theirs = socket.socketpair()
        threading.Thread(target=self.answers.serve, args=(theirs,), daemon=True).start()
        return SocketStream(ours, lasting=lasting)

    def open_unix_socket(self, path: str, timeout_s: float) -> SocketStream:
        self.log.append(path)
        if not self.socket_opens:
            raise StepFailed("sshd does not say why")
        return self._stream(lasting=True)

    def open_command(self, command: str, *, sudo: bool, timeout_s: float) -> SocketStream:
        self.log.append(f"sudo {command}" if sudo else command)
        return self._stream(lasting=False)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(state_dir=tmp_path, database_url="", command_timeout_s=1)


Reach = Callable[[Config, Way], Engine]


@pytest.fixture
def reach() -> Iterator[Reach]:
    """Return a function that gives the engine of a host reached in a certain way; all are closed after the test."""
    opened: list[DockerEngines] = []

    def on(config: Config, way: Way) -> Engine:
        opened.append(DockerEngines(config, way))
        return opened[-1].on(a_host())

    yield on
    for engines in opened:
        engines.close()


def test_a_newer_engine_is_spoken_to_in_a_version_both_know(config: Config, reach: Reach) -> None:
    way = Way()
    info = reach(config, way).info()
    assert (info.version, info.api_version, info.arch, info.memory_limits) == ("29.1", "1.52", "arm64", True)
    assert way.answers.requests[-1] == "GET /v1.45/info HTTP/1.1"
    assert way.log == ["/var/run/docker.sock"]


def test_one_engine_a_host_and_another_after_it_changed(config: Config) -> None:
    engines = DockerEngines(config, Way())
    assert engines.on(a_host()) is engines.on(a_host())
    assert engines.on(a_host()) is not engines.on(a_host(name="pi-1"))
    assert engines.local() is engines.local()


def test_a_login_older_than_its_group_is_renewed(config: Config, reach: Reach) -> None:
    way = Way(socket_opens=False, groups_known="pi sudo docker")
    assert reach(config, way).info().version == "29.1"
    assert way.log == ["/var/run/docker.sock", "reconnect", "/var/run/docker.sock"]


@pytest.mark.parametrize(("groups", "command"), [("pi docker", DIAL), ("root", DIAL), ("pi sudo", f"sudo {DIAL}")])
def test_where_the_socket_is_closed_the_docker_client_stands_in(
    config: Config, reach: Reach, groups: str, command: str
) -> None:
    way = Way(socket_opens=False, groups_now=groups, groups_known=groups)
    assert reach(config, way).info().version == "29.1"
    assert set(way.log) == {"/var/run/docker.sock", command}


def test_a_host_without_an_engine_is_told_how_to_get_one(config: Config, reach: Reach) -> None:
    way = Way(socket_opens=False, socket_there="no")
    with pytest.raises(StepFailed, match=r"is not running.*`docker install 192\.168\.1\.105`"):
        reach(config, way).info()
    way = Way(socket_opens=False, client_there="no")
    with pytest.raises(StepFailed, match="who is not in the group docker"):
        reach(config, way).info()


def test_an_engine_s_refusal_is_passed_on_in_its_words(config: Config, reach: Reach) -> None:
    engine = reach(config, Way())
    with pytest.raises(StepFailed) as error:
        engine.start("it")
    assert str(error.value) == "The Docker Engine on 192.168.1.105 says: No such container: it"
    assert engine.inspect("it") is None


@contextmanager
def unix_server(path: Path, *, answers: bool) -> Iterator[None]:
    """Accept connections; hang up at once, or say nothing."""
    held = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                held.append(sock)
                if answers:
                    sock.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for sock in held:
        sock.close()


def local(tmp_path: Path) -> DockerEngines:
    config = Config(tmp_path, "", command_timeout_s=1, docker_host=f"unix://{tmp_path}/docker.sock")
    return DockerEngines(config, Way())


def test_an_engine_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"on the bot's machine cannot be reached.*`sudo systemctl start docker`"):
        local(tmp_path).local().info()


def test_an_engine_that_hangs_up_is_said_so(tmp_path: Path) -> None:
    with unix_server(tmp_path / "docker.sock", answers=True), pytest.raises(StepFailed, match="cannot be reached"):
        local(tmp_path).local().info()


def test_an_engine_that_says_nothing_is_said_so(tmp_path: Path) -> None:
    with unix_server(tmp_path / "docker.sock", answers=False), pytest.raises(TimedOut, match="not answer within 1 s"):
        local(tmp_path).local().inspect("it")


def test_what_takes_long_is_broken_off_when_its_job_is_cancelled(tmp_path: Path) -> None:
    engine = local(tmp_path).local()
    with unix_server(tmp_path / "docker.sock", answers=False), cancel.cancellable(cancel.Question(lambda: True)):
        with pytest.raises(
            Cancelled, match=r"The pull of faces:1 on the bot's machine was broken off, for the job was"
        ):
            engine.pull("faces:1")
        assert not cancel.possible()


def test_what_changes_something_at_once_runs_to_its_end_though_its_job_is_cancelled(config: Config) -> None:
    way = Way(Answers({"/version": VERSION, "/start": b"{}"}))
    with cancel.cancellable(cancel.Question(lambda: True)):
        DockerEngines(config, way).on(a_host()).start("it")
        assert cancel.asked()  # nobody was told yet
    assert way.answers.requests[-1] == "POST /v1.45/containers/it/start HTTP/1.1"


def test_a_connection_that_fails_is_no_matter_of_the_engine(config: Config, reach: Reach) -> None:
    class Gone(Way):
        def lease(self) -> AbstractContextManager[object]:
            raise HostUnreachable("gone")

    with pytest.raises(HostUnreachable, match="gone"):
        reach(config, Gone()).info()
