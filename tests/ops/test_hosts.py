"""Hosts: their keys before registration, how they are, and what happens when one of many hangs."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from ops.errors import StepFailed
from ops.hosts import ping, scan
from ops.hosts_parallel import each
from ops.ports import Output
from ops.work import StepState
from tests.fakes import Call, FakeMachine, key_of
from tests.ops.samples import a_host
from tests.ops.worlds import NOON, World, a_world

ONE, TWO, THREE = "192.168.1.105", "192.168.1.106", "192.168.1.107"
PRINTED = "arch=arm64\nhostname=pi-1\nmemory_kib=1024\nuptime_s=12.5\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path, *(FakeMachine(address) for address in (ONE, TWO, THREE))) as world:
        for machine in world.pool.machines.values():
            machine.on("dpkg --print-architecture", PRINTED)
        yield world


def test_ping_keeps_the_facts(world: World) -> None:
    (host,) = world.save(a_host(ONE, name="kitchen"))
    (answer,) = ping(world.services, [host])
    assert (answer.state, answer.error) == (StepState.OK, "")
    assert answer.latency_ms is not None
    assert answer.facts and answer.facts.hostname == "pi-1"
    kept = world.host(ONE)
    assert kept.facts == answer.facts
    assert kept.facts_at == NOON
    assert kept.name == "kitchen"
    assert answer.host == kept


def test_ping_tells_apart_what_is_wrong(world: World) -> None:
    hosts = world.save(a_host(ONE), a_host(TWO), a_host(THREE), a_host("10.0.0.1"))
    world.machine(TWO).key = key_of("another machine")
    world.machine(THREE).key_accepted = False
    answers = ping(world.services, hosts)
    assert [answer.state for answer in answers] == [
        StepState.OK,
        StepState.FAILED,
        StepState.FAILED,
        StepState.UNREACHABLE,
    ]
    assert "another host key" in answers[1].error
    assert "refuses the bot's key" in answers[2].error
    assert "did not answer" in answers[3].error
    assert all(answer.latency_ms is None and answer.facts is None for answer in answers[1:])


def test_ping_of_nobody(world: World) -> None:
    assert ping(world.services, []) == []


def test_ping_does_not_bring_back_a_forgotten_host(world: World) -> None:
    (host,) = world.save(a_host(ONE))

    def forgotten_meanwhile(call: Call) -> Output:
        world.store.delete_host(ONE)
        return Output(0, PRINTED, "")

    world.machine(ONE).on("dpkg --print-architecture", forgotten_meanwhile)
    (answer,) = ping(world.services, [host])
    assert answer.state is StepState.OK
    assert world.store.host(ONE) is None


def test_scan_reads_keys_without_logging_in(world: World) -> None:
    world.save(a_host(TWO))
    one, two, nobody, bad = scan(world.services, [ONE, TWO, ONE, "10.0.0.1", "192.168.1.999"])
    assert (one.address, one.name, one.key, one.error, one.known) == (ONE, "", key_of(ONE), "", None)
    assert two.known == world.host(TWO)
    assert two.error == ""
    assert nobody.key is None
    assert "did not answer" in nobody.error
    assert (bad.address, bad.key) == ("192.168.1.999", None)
    assert "at most 255" in bad.error
    assert world.machine(ONE).logins == 0


def test_scan_of_a_registered_host_with_another_key_is_an_error(world: World) -> None:
    world.save(a_host(ONE, key=key_of("the old card")))
    (found,) = scan(world.services, [ONE])
    assert key_of("the old card").fingerprint in found.error
    assert key_of(ONE).fingerprint in found.error
    assert f"`forget {ONE}`" in found.error


def test_scan_keeps_the_name_that_was_typed(world: World) -> None:
    world.pool.add("127.0.0.1")
    (found,) = scan(world.services, ["localhost"])
    assert (found.address, found.name) == ("127.0.0.1", "localhost")
    assert found.key == key_of("127.0.0.1")


def test_one_that_hangs_does_not_hold_the_others() -> None:
    ended = Event()

    def work(number: int) -> int:
        if number == 3:
            assert ended.wait(60)
        return number * 10

    results = each(work, range(8), workers=2, stall_s=0.2)
    ended.set()
    assert results == [0, 10, 20, None, 40, 50, 60, 70]


def test_what_waits_behind_hanging_ones_still_gets_its_turn() -> None:
    ended = Event()

    def work(number: int) -> int:
        if number < 2:
            assert ended.wait(60)
        return number

    results = each(work, range(5), workers=2, stall_s=0.2)
    ended.set()
    assert results == [None, None, 2, 3, 4]


def test_an_exception_of_a_call_is_raised() -> None:
    def work(number: int) -> int:
        raise StepFailed(f"no {number}")

    with pytest.raises(StepFailed, match="no 1"):
        each(work, [1], workers=2, stall_s=5)
