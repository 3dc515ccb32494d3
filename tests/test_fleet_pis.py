"""The virtual fleet itself: what makes it a stand-in for real Pis."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from tests.fleet import Fleet, FleetError, Pi, down, find, up
from tests.fleet.engine import docker, lines
from tests.fleet.network import on_machine

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]

SERVE = (
    "import socket; s = socket.create_server(('0.0.0.0', 8080)); print('up', flush=True);s.accept()[0].sendall(b'hi')"
)
FETCH = "import socket, sys; print(socket.create_connection((sys.argv[1], 8080), 10).recv(2).decode())"


def login(pi: Pi) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        pi.ip, pi.port, pi.user, pi.password, look_for_keys=False, allow_agent=False, timeout=10, banner_timeout=30
    )
    return client


def session(client: paramiko.SSHClient, timeout_s: float = 30) -> paramiko.Channel:
    transport = client.get_transport()
    assert transport is not None
    channel = transport.open_session()
    channel.settimeout(timeout_s)
    return channel


def run(client: paramiko.SSHClient, command: str, stdin: str = "") -> tuple[int, str]:
    channel = session(client)
    channel.set_combine_stderr(True)
    channel.exec_command(command)
    channel.sendall(stdin.encode())
    channel.shutdown_write()
    output = channel.makefile().read().decode()
    return channel.recv_exit_status(), output


def answers(pi: Pi) -> bool:
    try:
        with socket.create_connection((pi.ip, pi.port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except TimeoutError:
        return False


@pytest.fixture
def plugged(fleet: Fleet) -> Iterator[Fleet]:
    yield fleet
    fleet.plug(1)


def test_each_pi_has_its_own_address_and_host_key(fleet: Fleet) -> None:
    assert len({pi.ip for pi in fleet.pis}) == len({pi.fingerprint for pi in fleet.pis}) == len(fleet.pis)
    for pi in fleet.pis:
        with paramiko.Transport((pi.ip, pi.port)) as transport:
            transport.start_client(timeout=10)
            assert transport.get_remote_server_key().fingerprint == pi.fingerprint


def test_pi_logs_in_with_a_password_and_sudo_asks_for_it(fleet: Fleet) -> None:
    with login(fleet.pis[0]) as client:
        assert run(client, "whoami") == (0, "pi\n")
        assert run(client, "sudo -n true")[0] == 1
        assert run(client, "sudo -S -p '' whoami", fleet.pis[0].password + "\n") == (0, "root\n")


def test_a_bare_pi_runs_systemd_and_has_no_docker(bare_pi: Callable[[], Pi], fleet: Fleet) -> None:
    pi = bare_pi()
    assert fleet.exec(pi, ["cat", "/proc/1/comm"]) == "systemd"
    with pytest.raises(FleetError):
        fleet.exec(pi, ["which", "docker"])


def test_a_power_cycle_keeps_disk_and_host_key(fleet: Fleet) -> None:
    before = fleet.pis[2]
    fleet.exec(2, ["sh", "-c", "echo kept > /home/pi/file"])
    fleet.power_off(2)
    assert fleet.state(2) == "off"
    fleet.power_on(2)
    assert find(fleet.name).pis[2] == before
    assert fleet.exec(2, ["cat", "/home/pi/file"]) == "kept"


def test_a_pulled_cable_silences_new_and_established_connections(plugged: Fleet) -> None:
    pi = plugged.pis[1]
    with login(pi) as client:
        channel = session(client, timeout_s=2)
        channel.exec_command("cat")
        plugged.unplug(pi)
        assert plugged.state(pi) == "unplugged"
        assert not answers(pi)
        channel.sendall(b"anybody there?")
        with pytest.raises(TimeoutError):
            channel.recv(1)
        plugged.plug(pi)
        assert answers(pi)
        channel.settimeout(30)
        assert channel.recv(14) == b"anybody there?"


def test_a_cable_stays_pulled_through_a_power_cycle(plugged: Fleet) -> None:
    plugged.unplug(1)
    plugged.power_off(1)
    plugged.power_on(1)
    assert plugged.state(1) == "unplugged"
    assert not answers(plugged.pis[1])


def test_pis_reach_each_other_by_their_registered_addresses(fleet: Fleet) -> None:
    server, client = fleet.pis[0], fleet.pis[1]
    for asker in (client, server):
        with login(server) as connection:
            channel = session(connection)
            channel.exec_command(f'python3 -c "{SERVE}"')
            assert channel.recv(2) == b"up"
            assert fleet.exec(asker, ["python3", "-c", FETCH, server.ip]) == "hi"


def test_put_copies_files_and_folders_for_an_owner(fleet: Fleet, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "x.txt").write_text("x")
    fleet.put(3, folder, "/home/pi/a/data")
    assert fleet.exec(3, ["stat", "-c", "%U", "/home/pi/a/data/x.txt"]) == "pi"


def test_reset_gives_a_bare_pi_with_a_new_host_key(bare_pi: Callable[[], Pi], fleet: Fleet) -> None:
    with up(1, name=f"r{fleet.name}"[:16]) as other:
        old = other.pis[0]
        other.exec(0, ["touch", "/var/lib/docker/left", "/home/pi/left"])
        fresh = other.reset(0)
        assert (fresh.ip, fresh.name) == (old.ip, old.name)
        assert fresh.fingerprint != old.fingerprint
        assert other.exec(0, ["ls", "/var/lib/docker", "/home/pi"]).split() == ["/home/pi:", "/var/lib/docker:"]
        assert other.network.block != fleet.network.block


def test_the_package_repository_is_signed_and_installs(bare_pi: Callable[[], Pi], fleet: Fleet) -> None:
    pi, url = bare_pi(), fleet.docker_repository_url
    only_docker = ["-o", "Dir::Etc::sourcelist=sources.list.d/docker.list", "-o", "APT::Get::List-Cleanup=0"]
    update = ["apt-get", "update", "--error-on=any", *only_docker]

    def trust(key: str) -> None:
        source = f"deb [signed-by={key}] {url} bookworm stable"
        fleet.exec(pi, ["sh", "-c", f"echo '{source}' > /etc/apt/sources.list.d/docker.list"])

    trust("/usr/share/keyrings/debian-archive-keyring.gpg")
    with pytest.raises(FleetError, match="NO_PUBKEY"):
        fleet.exec(pi, update)
    fetch = "import sys, urllib.request as u; open(sys.argv[2], 'wb').write(u.urlopen(sys.argv[1]).read())"
    fleet.exec(pi, ["python3", "-c", fetch, f"{url}/gpg", "/etc/apt/docker.asc"])
    trust("/etc/apt/docker.asc")
    fleet.exec(pi, update)
    fleet.exec(pi, ["apt-get", "install", "-y", "-qq", "docker-ce", "docker-ce-cli", "containerd.io"], timeout_s=200)
    assert fleet.exec(pi, ["systemctl", "is-active", "docker"]) == "active"


def test_down_leaves_nothing(fleet: Fleet) -> None:
    name = f"d{fleet.name}"[:16]
    gone = up(2, name=name)
    gone.unplug(1)
    down(name)
    for kind in ("container", "volume", "network"):
        everything = ["-a"] if kind == "container" else []
        assert lines(kind, "ls", "-q", *everything, "--filter", f"label=flsvc.fleet={name}") == []
    rules = on_machine("iptables-save")
    assert f"FLSVC-{name}" not in rules
    assert gone.network.subnet not in rules
    assert docker("ps", "-q")  # the other fleet is untouched


def test_a_fleet_that_is_not_there_says_how_to_make_it() -> None:
    with pytest.raises(FleetError, match="up 5 --name nobody"):
        find("nobody")
