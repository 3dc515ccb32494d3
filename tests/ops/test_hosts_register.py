"""Registration: one login, our key left behind, facts learned; and all that can be wrong with a host or a request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from ops.errors import UserError
from ops.hosts_register import STEPS, RegisterKind
from ops.hosts_sudo import ASKING, FREE
from ops.model import FlowerType, Sudo
from ops.ports import Output
from tests.fakes import Call, FakeMachine, key_of
from tests.ops.runner import ACTOR, Run, run_job
from tests.ops.samples import a_host
from tests.ops.worlds import NOON, World, a_world

ONE, TWO, THREE = "192.168.1.105", "192.168.1.106", "192.168.1.107"
PI4 = "arch=arm64\nmodel=Raspberry Pi 4 Model B Rev 1.4\nos=Debian GNU/Linux 12 (bookworm)\nmemory_kib=3885396\n"
GOOD = dict.fromkeys(STEPS, "ok")


def a_pi(address: str, printed: str = PI4) -> FakeMachine:
    """Return a machine that has never heard of us, and answers what registration asks."""
    machine = FakeMachine(address, key_accepted=False)
    machine.on("dpkg --print-architecture", printed)
    machine.on(r"sudo -k -n true", lambda call: 0 if machine.sudo is Sudo.PASSWORDLESS else 1)
    machine.on(r"sudo -k -S", lambda call: 0 if call.stdin == machine.password + "\n" and machine.sudo else 1)

    def authorize(call: Call) -> Output:
        before, machine.key_accepted = machine.key_accepted, True
        return Output(0, "present\n" if before else "added\n", "")

    machine.on("authorized_keys, once", authorize)
    return machine


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path, *(a_pi(address) for address in (ONE, TWO, THREE))) as world:
        yield world


def wanted(address: str, **fields: object) -> dict[str, object]:
    return {
        "address": address,
        "port": 22,
        "user": "pi",
        "name": "",
        "key": asdict(key_of(address)),
        "flower_type": "client",
        "federation": "test_model",
        "contact": "anna",
        "description": "",
        **fields,
    }


def register(
    world: World,
    hosts: Sequence[Mapping[str, object]],
    *,
    method: str = "password",
    secret: str = "raspberry",
    sudo_secret: str = "",
    twice: bool = False,
) -> Run:
    put = world.services.vault.put
    args = {
        "hosts": hosts,
        "method": method,
        "secret": put(secret) if secret else "",
        "sudo_secret": put(sudo_secret) if sudo_secret else "",
    }
    return run_job(RegisterKind(), world.services, args, twice=twice)


def test_a_bare_pi_is_registered(world: World) -> None:
    run = register(world, [wanted(ONE, name="kitchen.local")])
    assert run.states(ONE) == GOOD
    host = world.host(ONE)
    assert (host.user, host.name, host.federation, host.contact) == ("pi", "kitchen.local", "test_model", "anna")
    assert host.key == key_of(ONE)
    assert host.facts and host.facts.arch == "arm64"
    assert (host.facts_at, host.registered_at, host.registered_by) == (NOON, NOON, ACTOR.id)
    assert host.sudo is Sudo.PASSWORD
    assert world.services.vault.get(host.sudo_secret) == "raspberry"
    assert run.summary == (
        f"Registered {ONE} (kitchen.local): Raspberry Pi 4 Model B Rev 1.4, 4.0 GB, arm64. "
        f"Next: `docker install {ONE}`."
    )


def test_the_login_secret_is_forgotten_and_sudos_kept(world: World) -> None:
    register(world, [wanted(ONE)])
    assert world.secrets() == [world.host(ONE).sudo_secret]


def test_no_password_in_any_command(world: World) -> None:
    register(world, [wanted(ONE)])
    assert not world.machine(ONE).ran("raspberry")


def test_every_step_may_run_twice(world: World) -> None:
    run = register(world, [wanted(ONE)], twice=True)
    assert run.states(ONE) == GOOD | {"authorized_key": "skipped"}
    assert world.secrets() == [world.host(ONE).sudo_secret]


def test_one_wrong_password_does_not_disturb_the_others(world: World) -> None:
    world.machine(TWO).password = "another"
    run = register(world, [wanted(ONE), wanted(TWO), wanted(THREE)])
    assert run.states(ONE) == run.states(THREE) == GOOD
    assert run.states(TWO) == {
        "host_key": "ok",
        "login": "failed",
        "authorized_key": "pending",
        "key_login": "pending",
        "facts": "pending",
        "sudo": "pending",
    }
    assert "refuses this password for the user `pi`" in run.step(TWO, "login").detail
    assert world.store.host(TWO) is None
    assert len(world.secrets()) == 2
    assert f"Not registered: {TWO} (at login)." in run.summary


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (7, "Registered 7 hosts."),
        (
            2,
            "Registered 10.0.0.1, 10.0.0.2: Raspberry Pi 4 Model B Rev 1.4, 4.0 GB, arm64.",
        ),
    ],
)
def test_hosts_are_summed_up_in_the_closing_sentence(world: World, count: int, said: str) -> None:
    addresses = [f"10.0.0.{number}" for number in range(1, count + 1)]
    world.pool.machines.update({address: a_pi(address) for address in addresses})
    summary = register(world, [wanted(address) for address in addresses]).summary
    assert summary == f"{said} Next: `docker install test_model`."


def test_a_host_that_is_off(world: World) -> None:
    world.machine(ONE).reachable = False
    run = register(world, [wanted(ONE)])
    assert run.states(ONE)["host_key"] == "unreachable"
    assert run.summary == f"Not registered: {ONE} (at host_key)."
    assert world.secrets() == []


def test_another_key_than_the_confirmed_one(world: World) -> None:
    world.machine(ONE).key = key_of("an impostor")
    run = register(world, [wanted(ONE)])
    step = run.step(ONE, "host_key")
    assert step.state == "failed"
    assert key_of(ONE).fingerprint in step.detail
    assert key_of("an impostor").fingerprint in step.detail
    assert world.machine(ONE).logins == 0


def test_a_confirmed_key_never_replaces_a_pinned_one(world: World) -> None:
    world.save(a_host(ONE, key=key_of("the old card")))
    run = register(world, [wanted(ONE)])
    assert run.states(ONE)["host_key"] == "failed"
    assert f"`forget {ONE}`" in run.step(ONE, "host_key").detail
    assert world.host(ONE).key == key_of("the old card")


def test_32_bits_are_refused_with_the_reason(world: World) -> None:
    world.pool.machines[ONE] = a_pi(ONE, "arch=armhf\n")
    run = register(world, [wanted(ONE)])
    assert run.states(ONE)["facts"] == "failed"
    assert "Flower has no packages" in run.step(ONE, "facts").detail
    assert world.store.host(ONE) is None


def test_with_somebodys_private_key(world: World) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
    world.machine(ONE).accepted_private_keys.add(key)
    run = register(world, [wanted(ONE)], method="key", secret=key, sudo_secret="raspberry")
    assert run.states(ONE) == GOOD
    assert world.services.vault.get(world.host(ONE).sudo_secret) == "raspberry"
    assert world.secrets() == [world.host(ONE).sudo_secret]


def test_with_our_key_put_there_by_hand(world: World) -> None:
    world.machine(ONE).key_accepted = True
    world.machine(ONE).sudo = Sudo.PASSWORDLESS
    run = register(world, [wanted(ONE)], method="ours", secret="")
    assert run.states(ONE) == GOOD | {"authorized_key": "skipped"}
    assert world.host(ONE).sudo is Sudo.PASSWORDLESS
    assert world.secrets() == []


def test_our_key_is_not_there_although_it_was_said(world: World) -> None:
    run = register(world, [wanted(ONE)], method="ours", secret="")
    assert run.states(ONE)["login"] == "failed"
    assert "refuses the bot's key" in run.step(ONE, "login").detail


def test_a_host_that_ignores_authorized_keys(world: World) -> None:
    world.machine(ONE).on("authorized_keys, once", "added\n")
    run = register(world, [wanted(ONE)])
    assert run.states(ONE)["key_login"] == "failed"
    assert "chmod go-w ~" in run.step(ONE, "key_login").detail


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("raspberry", "not with this password"), ("", "needs a password that was not given")],
)
def test_without_sudo_the_host_is_registered_and_told_so(world: World, password: str, sentence: str) -> None:
    machine = world.machine(ONE)
    machine.on(r"sudo -k -S", 1)
    machine.key_accepted = not password
    run = register(world, [wanted(ONE)], method="password" if password else "ours", secret=password)
    assert run.states(ONE)["sudo"] == "ok"
    assert sentence in run.step(ONE, "sudo").detail
    assert world.host(ONE).sudo is Sudo.NONE
    assert world.secrets() == []


def test_root_needs_no_sudo(world: World) -> None:
    world.machine(ONE).user = "root"
    run = register(world, [wanted(ONE, user="root")])
    assert run.states(ONE) == GOOD
    assert world.host(ONE).sudo is Sudo.NONE
    assert not world.machine(ONE).ran("sudo -k")
    assert world.secrets() == []


def test_again_with_a_new_password_replaces_the_old_secret(world: World) -> None:
    register(world, [wanted(ONE)])
    old = world.host(ONE).sudo_secret
    world.machine(ONE).password = "strawberry"
    run = register(world, [wanted(ONE, contact="bo")], secret="strawberry")
    host = world.host(ONE)
    assert run.states(ONE) == GOOD | {"authorized_key": "skipped"}
    assert host.contact == "bo"
    assert host.sudo_secret != old
    assert world.services.vault.get(host.sudo_secret) == "strawberry"
    assert world.secrets() == [host.sudo_secret]


def test_again_with_our_key_keeps_the_password_sudo_needs(world: World) -> None:
    register(world, [wanted(ONE)])
    old = world.host(ONE).sudo_secret
    register(world, [wanted(ONE)], method="ours", secret="")
    assert world.host(ONE).sudo_secret == old
    assert world.secrets() == [old]


@pytest.mark.parametrize(
    ("hosts", "method", "secret", "sentence"),
    [
        ([], "password", "x", "at least one address"),
        ([wanted(ONE), wanted(ONE)], "password", "x", "more than once"),
        ([wanted("192.168.1.999")], "password", "x", "at most 255"),
        ([wanted(ONE, port=0)], "password", "x", "`0` is not a port"),
        ([wanted(ONE, port="ssh")], "password", "x", "`ssh` is not a port"),
        ([wanted(ONE, user="-pi")], "password", "x", "`-pi` is not a user's name"),
        ([wanted(ONE, user="")], "password", "x", "is not a user's name"),
        ([wanted(ONE, flower_type="boss")], "password", "x", "choose `server` or `client`"),
        ([wanted(ONE, federation="a,b")], "password", "x", "cannot be a federation's name"),
        ([wanted(ONE, federation="All")], "password", "x", "cannot be a federation's name"),
        ([wanted(ONE)], "telnet", "x", "not a way to log in: choose password, key, ours"),
        ([wanted(ONE)], "password", "", "The password is missing"),
        ([wanted(ONE)], "key", "", "The key is missing"),
        (
            [wanted(ONE, flower_type="server"), wanted(TWO, flower_type="server")],
            "password",
            "x",
            "test_model has a server",
        ),
    ],
)
def test_a_wrong_request_changes_nothing_and_keeps_no_secret(
    world: World, hosts: list[Mapping[str, object]], method: str, secret: str, sentence: str
) -> None:
    with pytest.raises(UserError) as caught:
        register(world, hosts, method=method, secret=secret)
    assert sentence in str(caught.value)
    assert world.secrets() == []
    assert all(machine.log == [] for machine in world.pool.machines.values())


def test_a_federation_has_one_server(world: World) -> None:
    world.save(a_host(TWO, federation="test_model", flower_type=FlowerType.SERVER))
    with pytest.raises(UserError) as caught:
        register(world, [wanted(ONE, flower_type="server")])
    assert str(caught.value) == (
        f"test_model has a server: {TWO}. A federation has one; register {ONE} as a client, or `forget {TWO}` first."
    )


def test_the_server_may_be_registered_again_or_change_places(world: World) -> None:
    world.save(a_host(ONE, federation="test_model", flower_type=FlowerType.SERVER))
    register(world, [wanted(ONE, flower_type="server")])
    register(world, [wanted(ONE, flower_type="client"), wanted(TWO, flower_type="server")])
    assert [host.address for host in world.store.hosts(flower_type=FlowerType.SERVER)] == [TWO]


def test_without_a_key_of_its_own_the_bot_says_so(world: World) -> None:
    world.services.config.key_path.unlink()
    with pytest.raises(UserError, match="`key create`"):
        register(world, [wanted(ONE)])
    assert world.secrets() == []


def test_sudo_commands_read_the_password_from_standard_input() -> None:
    assert (FREE, ASKING) == ("sudo -k -n true", "sudo -k -S -p '' true")
