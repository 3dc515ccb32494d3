"""Hosts that are away, with the real runner: what is noted, superseded, started when they are back, and by whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ops.errors import StepFailed
from ops.jobs import DbosJobs
from ops.jobs_waiting import Returns, note
from ops.services import Outcome, Services, StepContext
from ops.store import SqlStore
from ops.waiting import WaitingState
from ops.work import Job, JobRequest, JobState, Lane, Lock, Phase, Plan
from tests.fakes import FakePool
from tests.ops.job_kinds import ANNA, PATIENCE_S, services, wait_until
from tests.ops.samples import a_host

ONE, TWO, SERVER = "10.0.0.1", "10.0.0.2", "10.0.0.9"


@dataclass
class VisitKind:
    """A job that runs one command on each host; the server comes first and is required."""

    name: str
    visits: list[tuple[str, str]] = field(default_factory=list)

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        addresses = args["addresses"]
        assert isinstance(addresses, list)
        lanes = [Lane(one, one, ("visit",), host=one) for one in addresses]
        first = tuple(lane for lane in lanes if lane.host == SERVER)
        rest = tuple(lane for lane in lanes if lane.host != SERVER)
        return Plan((Phase(first, required=True), Phase(rest)))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        host = services.store.host(context.lane.host)
        assert host is not None
        services.pool.remote(host).run("true")
        self.visits.append((context.job_id, context.lane.host))
        if context.args.get("fails"):
            raise StepFailed("The disk is full.", host=host.address)
        return Outcome()

    def finish(self, services: Services, job: Job) -> str:
        return f"{job.state.value}."


class World:
    def __init__(self, directory: Path) -> None:
        self.services = services(directory, f"sqlite:///{directory}/flsvc.sqlite3")
        assert isinstance(self.services.pool, FakePool)
        assert isinstance(self.services.store, SqlStore)
        self.pool, self.store = self.services.pool, self.services.store
        for address in (ONE, TWO, SERVER):
            self.pool.add(address)
            self.store.save_host(a_host(address))
        self.kinds = {name: VisitKind(name) for name in ("deploy", "rollback", "stop", "docker install")}
        self.jobs = DbosJobs.open(self.services, self.kinds.values(), returns_s=0.05)

    def away(self, *addresses: str) -> None:
        for address, machine in self.pool.machines.items():
            machine.reachable = address not in addresses

    def run(self, id: str, kind: str, *addresses: str, project: str = "p1", **args: object) -> Job:
        given = {"addresses": list(addresses), "project_id": project, "when_back": True, **args}
        self.jobs.submit(JobRequest(id, kind, f"{kind} faces", given, ANNA))
        return self.jobs.wait(id, timeout_s=PATIENCE_S)

    def waiting(self) -> list[tuple[str, str, str]]:
        return [(one.job_id, one.kind, one.host) for one in self.store.waiting()]

    def ended(self) -> list[tuple[str, str]]:
        """Return kind and title of the jobs that ended, oldest first."""
        return [(job.kind, job.title) for job in reversed(self.store.jobs()) if job.state.ended]

    def close(self) -> None:
        self.jobs.close()
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_a_host_that_was_away_is_caught_up_with_when_it_is_back(world: World) -> None:
    world.away(TWO)
    job = world.run("j1", "deploy", ONE, TWO)
    assert job.state is JobState.PARTLY
    entry = world.store.waiting()[0]
    assert job.summary == (
        f"partly. {TWO} does not answer; it is caught up with when it is back. `cancel {entry.id}` calls that off."
    )
    world.away()
    wait_until(lambda: len(world.ended()) == 2)
    assert world.ended()[1] == ("deploy", "deploy faces, now that it is back")
    assert world.kinds["deploy"].visits == [("j1", ONE), (entry.next_job, TWO)]
    assert world.waiting() == []
    (event,) = world.store.events(job_id=entry.next_job)
    assert (event.who, event.what, event.outcome) == (ANNA.id, "deploy", "done")


def test_without_the_option_nothing_waits(world: World) -> None:
    world.away(TWO)
    world.run("j1", "deploy", ONE, TWO, when_back=False)
    assert world.waiting() == []


def test_what_failed_for_another_reason_does_not_wait(world: World) -> None:
    assert world.run("j1", "deploy", ONE, fails=True).state is JobState.FAILED
    assert world.waiting() == []


def test_commands_are_caught_up_with_in_their_order_without_those_that_were_superseded(world: World) -> None:
    world.away(ONE)
    world.run("j1", "docker install", ONE, project="")
    world.run("j2", "deploy", ONE)
    world.run("j3", "deploy", ONE)
    world.run("j4", "deploy", ONE, project="p2")
    world.run("j5", "rollback", ONE)
    assert [id for id, _, _ in world.waiting()] == ["j1", "j3", "j4", "j5"]
    world.away()
    wait_until(lambda: len(world.ended()) == 9)
    assert [kind for kind, _ in world.ended()[5:]] == ["docker install", "deploy", "deploy", "rollback"]


def test_a_newer_command_that_was_done_leaves_nothing_to_catch_up_with(world: World) -> None:
    world.jobs.close()  # so that nobody looks while the host comes back
    world.jobs = DbosJobs.open(world.services, world.kinds.values(), returns_s=3600)
    world.away(ONE)
    world.run("j1", "deploy", ONE)
    world.away()
    assert world.run("j2", "stop", ONE).state is JobState.DONE
    assert world.waiting() == []


def test_a_host_that_left_again_is_waited_for_again(world: World) -> None:
    world.away(ONE)
    world.run("j1", "deploy", ONE)
    (first,) = world.store.waiting()
    world.store.create_job(JobRequest(first.next_job, "deploy", first.title, first.args, ANNA))
    assert world.store.change_waiting(first, WaitingState.STARTED, started_job=first.next_job)
    wait_until(lambda: len(world.ended()) == 2)  # the runner starts what is written down, and nobody is there
    wait_until(lambda: world.waiting() == [("j1", "deploy", ONE)])
    world.away()
    wait_until(lambda: len(world.ended()) == 3)
    assert len(world.kinds["deploy"].visits) == 1


def test_clients_that_were_not_begun_go_on_with_their_server(world: World) -> None:
    world.away(SERVER)
    world.run("j1", "deploy", SERVER, ONE, TWO)
    assert world.waiting() == [("j1", "deploy", SERVER)]
    world.away()
    wait_until(lambda: len(world.ended()) == 2)
    assert sorted(host for _, host in world.kinds["deploy"].visits) == [ONE, TWO, SERVER]


def test_what_waits_for_a_locked_federation_goes_on_waiting(world: World) -> None:
    world.store.save_host(a_host(ONE, federation="faces"))
    world.store.add_lock(Lock("faces", "a demonstration", "U0BEN", "ben", world.services.now()))
    world.away(ONE)
    world.run("j1", "docker install", ONE)
    world.run("j2", "deploy", ONE)
    world.away()
    wait_until(lambda: len(world.ended()) == 3)
    logins = len(world.pool.machine(ONE).log)
    wait_until(lambda: len(world.pool.machine(ONE).log) > logins)  # it was looked at once more
    assert world.waiting() == [("j2", "deploy", ONE)]
    world.store.delete_lock("faces")
    wait_until(lambda: len(world.ended()) == 4)


def test_a_host_that_was_forgotten_is_waited_for_no_more(world: World) -> None:
    world.away(ONE)
    world.run("j1", "deploy", ONE)
    world.store.delete_host(ONE)
    wait_until(lambda: world.waiting() == [])
    assert len(world.ended()) == 1


def test_a_cancelled_job_leaves_nothing_waiting(world: World) -> None:
    world.away(ONE)
    job = world.run("j1", "deploy", ONE, when_back=False)
    asked = replace(job, args={**job.args, "when_back": True})
    assert note(world.services, replace(asked, state=JobState.CANCELLED)) == ""
    assert world.waiting() == []
    assert "is caught up with" in note(world.services, asked)


class Taken:
    """Locks that another worker holds."""

    def acquire(self, name: str) -> bool:
        return False

    def release(self, name: str) -> None:
        raise AssertionError("what was never taken is not given back")

    def close(self) -> None:
        pass


def test_of_several_workers_one_looks(world: World) -> None:
    world.jobs.close()
    world.jobs = DbosJobs.open(world.services, world.kinds.values(), returns_s=3600)
    world.away(ONE)
    world.run("j1", "deploy", ONE)
    world.away()
    logins = world.pool.machine(ONE).logins
    returns = Returns(world.services, Taken(), world.jobs.submit)
    returns.look()
    returns.close()
    assert (world.pool.machine(ONE).logins, len(world.waiting())) == (logins, 1)
