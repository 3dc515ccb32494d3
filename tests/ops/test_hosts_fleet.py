"""Registration, ping and forgetting on virtual Pis: true sshd, true sudo, true cables to pull."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.hosts import ForgetKind, ping, scan
from ops.hosts_register import STEPS
from ops.keys import show_key
from ops.model import Sudo
from ops.targets import resolve
from ops.work import StepState
from tests.fleet import Fleet, Pi
from tests.ops.real_worlds import RealWorld, a_real_world
from tests.ops.runner import run_job
from tests.ops.worlds import a_config

pytestmark = pytest.mark.fleet
GOOD = dict.fromkeys(STEPS, "ok")
AUTHORIZED = "/home/pi/.ssh/authorized_keys"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RealWorld]:
    with a_real_world(tmp_path, a_config(tmp_path, connect_timeout_s=2.0)) as world:
        yield world


def test_pis_are_registered_pinged_and_forgotten(fleet: Fleet, world: RealWorld) -> None:
    pis = fleet.pis[:3]
    run = world.register(pis)
    assert [run.states(pi.ip) for pi in pis] == [GOOD] * 3
    host = world.host(pis[0])
    assert host.key.fingerprint == pis[0].fingerprint
    assert host.sudo is Sudo.PASSWORD
    assert host.facts and (host.facts.hostname, host.facts.codename) == ("pi-1", "bookworm")
    assert fleet.exec(pis[0], ["stat", "-c", "%U %a", AUTHORIZED]).strip() == "pi 600"
    assert resolve(world.services, "pi-2") == [world.host(pis[1])]

    assert [answer.state for answer in ping(world.services, world.store.hosts())] == [StepState.OK] * 3

    run = run_job(ForgetKind(), world.services, {"addresses": [pi.ip for pi in pis]})
    assert {step.state for step in run.job.steps} == {StepState.OK}
    assert show_key(world.services.config).public not in fleet.exec(pis[0], ["cat", AUTHORIZED])
    assert world.store.hosts() == []


def test_root_through_the_kept_password(fleet: Fleet, world: RealWorld) -> None:
    world.register(fleet.pis[:1])
    host = world.host(fleet.pis[0])
    assert world.pool.remote(host).run("id -un", sudo=True).stdout == "root\n"


def test_no_password_on_disk_or_in_the_process_list(fleet: Fleet, world: RealWorld, tmp_path: Path) -> None:
    pi = fleet.pis[0]
    watch = (
        "rm -f /tmp/seen; end=$(($(date +%s) + 60)); "
        "until [ -e /tmp/stop ] || [ $(date +%s) -gt $end ]; do cat /proc/[0-9]*/cmdline; done "
        "> /tmp/seen 2> /dev/null"
    )
    fleet.exec(pi, ["rm", "-f", "/tmp/stop"])
    fleet.exec(pi, ["systemd-run", "--unit=watch-passwords", "bash", "-c", watch])
    world.register([pi])
    fleet.exec(pi, ["bash", "-c", "touch /tmp/stop; while systemctl is-active -q watch-passwords; do :; done"])
    seen = fleet.exec(pi, ["bash", "-c", "tr '\\0' ' ' < /tmp/seen | sort -u"])
    assert "sudo" in seen
    assert "raspberry" not in seen
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"raspberry" not in kept


def test_a_wrong_password_stops_that_host_only(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    odd = bare_pi()
    fleet.exec(odd, ["bash", "-c", "echo pi:strawberry | chpasswd"])
    run = world.register([odd, fleet.pis[0]])
    assert run.states(fleet.pis[0].ip) == GOOD
    assert run.states(odd.ip)["login"] == "failed"
    assert "refuses this password for the user `pi`" in run.step(odd.ip, "login").detail
    assert world.store.host(odd.ip) is None


def test_a_host_without_password_logins(
    fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi], tmp_path: Path
) -> None:
    pi = bare_pi()
    script = "sed -i s/PasswordAuthentication.yes/PasswordAuthentication\\ no/ /etc/ssh/sshd_config.d/fleet.conf"
    fleet.exec(pi, ["bash", "-c", f"{script} && systemctl restart ssh"])
    run = world.register([pi])
    assert run.states(pi.ip)["login"] == "failed"

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "annas"], check=True)
    fleet.put(pi, tmp_path / "annas.pub", AUTHORIZED)
    private = (tmp_path / "annas").read_text()
    run = world.register([pi], private, method="key", sudo_secret="raspberry")
    assert run.states(pi.ip) == GOOD
    assert world.host(pi).sudo is Sudo.PASSWORD
    assert len(fleet.exec(pi, ["cat", AUTHORIZED]).splitlines()) == 2


def test_an_unplugged_host_and_one_set_up_anew(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    pi = bare_pi()
    world.register([pi, fleet.pis[0]])
    fleet.unplug(pi)
    answers = {answer.host.address: answer for answer in ping(world.services, world.store.hosts())}
    assert answers[fleet.pis[0].ip].state is StepState.OK
    assert answers[pi.ip].state is StepState.UNREACHABLE
    fleet.plug(pi)

    fleet.exec(pi, ["bash", "-c", "rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; systemctl restart ssh"])
    shown = fleet.exec(pi, ["ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub"]).split()[1]
    world.pool.drop(pi.ip)
    (answer,) = ping(world.services, [world.host(pi)])
    assert answer.state is StepState.FAILED
    assert pi.fingerprint in answer.error
    assert shown in answer.error
    (found,) = scan(world.services, [pi.ip])
    assert f"`forget {pi.ip}`" in found.error


def test_a_host_that_is_off_cannot_be_registered(fleet: Fleet, world: RealWorld, bare_pi: Callable[[], Pi]) -> None:
    pi = bare_pi()
    fleet.power_off(pi)
    (found,) = scan(world.services, [pi.ip])
    assert found.key is None
    assert "Check its power" in found.error or "nothing listens on its port 22" in found.error
