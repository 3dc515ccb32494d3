"""How far Docker is on a host: the script runs in any shell, its lines are understood."""

import subprocess

import pytest

from ops.docker_look import Look, look, parse, script
from tests.fakes import FakeMachine, FakePool
from tests.ops.samples import a_host

BARE = """\
user=pi
arch=arm64
os_id=debian
codename=bookworm
package.ca-certificates=installed 20230311
package.docker.io=not-installed
candidate.docker.io=20.10.24+dfsg1-1+deb12u1+b6
candidate.docker-cli=(none)
lists_fresh=/var/lib/apt/lists
installing=
interrupted=
key=
source=
elsewhere=
group=
member=
effective=
init=systemd
enabled=not-found
active=inactive
memory_limits=memory
"""
DONE = """\
user=pi
arch=amd64
os_id=ubuntu
codename=noble
package.ca-certificates=installed 20240203
package.docker-ce=installed 5:29.0.1-1~ubuntu.24.04~noble
package.docker-ce-cli=installed 5:29.0.1-1~ubuntu.24.04~noble
package.containerd.io=half-configured 2.1.5-1
lists_fresh=
installing=unattended-upgr
interrupted=0001
key=1
source=deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] http://mirror.example/ubuntu noble stable
elsewhere=/etc/apt/sources.list.d/docker.sources
group=docker:x:999:pi
member=docker
effective=docker
init=service
enabled=enabled
active=active
memory_limits=
"""


def test_bare_host() -> None:
    assert parse(BARE) == Look(
        user="pi",
        arch="arm64",
        os_id="debian",
        codename="bookworm",
        installed={"ca-certificates": "20230311"},
        candidates={"docker.io": "20.10.24+dfsg1-1+deb12u1+b6"},
        enabled="not-found",
    )


def test_host_with_docker_half_way() -> None:
    assert parse(DONE) == Look(
        user="pi",
        arch="amd64",
        os_id="ubuntu",
        codename="noble",
        installed={
            "ca-certificates": "20240203",
            "docker-ce": "5:29.0.1-1~ubuntu.24.04~noble",
            "docker-ce-cli": "5:29.0.1-1~ubuntu.24.04~noble",
        },
        lists_fresh=False,
        installing="unattended-upgr",
        interrupted=True,
        key=True,
        source="deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] http://mirror.example/ubuntu noble stable",
        elsewhere="/etc/apt/sources.list.d/docker.sources",
        group=True,
        member=True,
        effective=True,
        systemd=False,
        enabled="enabled",
        active=True,
        memory_limits=False,
    )


def test_nothing_printed_is_a_bare_host() -> None:
    seen = parse("")
    assert (seen.user, dict(seen.installed), seen.active, seen.key) == ("", {}, False, False)


@pytest.mark.parametrize("url", ["", "http://mirror.example/linux/{os}"])
def test_script_runs_here(url: str) -> None:
    """The script is POSIX shell and needs neither root nor Docker."""
    done = subprocess.run(["sh", "-c", script(url=url)], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert parse(done.stdout).user
    assert "key=" in done.stdout if url else "key=" not in done.stdout


def test_only_what_is_asked_for_is_looked_up() -> None:
    cheap = script(audit=False, candidates=False)
    assert "dpkg --audit" not in cheap
    assert "apt-cache" not in cheap
    assert "dpkg --audit" in script()
    assert "apt-cache policy docker.io docker-cli docker-ce" in script()


def test_address_of_the_repository_is_searched_up_to_what_depends_on_the_host() -> None:
    assert "grep -rlF -- http://mirror.example/linux/ /etc/apt" in script(url="http://mirror.example/linux/{os}")
    assert "grep -rlF -- 'http://x/$(reboot)' /etc/apt" in script(url="http://x/$(reboot)")


def test_look_takes_one_round_trip_and_no_root() -> None:
    machine = FakeMachine("192.168.1.105")
    machine.on("how far Docker is", BARE)
    remote = FakePool(machine).remote(a_host("192.168.1.105"))
    assert look(remote, url="", audit=True, candidates=True, timeout_s=5) == parse(BARE)
    assert len(machine.log) == 1
    assert not machine.ran("^sudo: ")
