"""Docker installation: what each step does on a host that looks so and so, compared word by word."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ops.config import DockerChannel
from ops.docker_commands import (
    APT,
    CONFIGURE,
    UPDATE,
    UPDATE_DOCKER,
    Command,
    Todo,
    Wish,
    channel_of,
    docker_daemon,
    docker_engine,
    docker_gpg_key,
    docker_group,
    docker_repository,
    packages,
    required_system_packages,
)
from ops.docker_look import Look

URL = "http://mirror.example/linux/{os}"
DISTRIBUTION = Wish(DockerChannel.DISTRIBUTION, URL)
DOCKER = Wish(DockerChannel.DOCKER, URL)
CA = {"ca-certificates": "20230311"}
BARE = Look(
    user="pi",
    arch="arm64",
    os_id="debian",
    codename="bookworm",
    installed=CA,
    candidates={"docker.io": "20.10.24+dfsg1-1+deb12u1"},
    enabled="not-found",
)
DONE = replace(
    BARE,
    installed=CA | {"docker.io": "20.10.24+dfsg1-1+deb12u1", "containerd": "1.6.20", "runc": "1.1.5"},
    group=True,
    member=True,
    effective=True,
    enabled="enabled",
    active=True,
)
LINE = "deb [arch=arm64 signed-by=/etc/apt/keyrings/docker.asc] http://mirror.example/linux/debian bookworm stable"
DONE_CE = replace(
    DONE,
    installed=CA | {"docker-ce": "5:29.0.1-1", "docker-ce-cli": "5:29.0.1-1", "containerd.io": "2.1.5-1"},
    key=True,
    source=LINE,
)
ADD_LINE = (
    f"printf '%s\\n' '{LINE}' > /etc/apt/sources.list.d/docker.list && chmod 0644 /etc/apt/sources.list.d/docker.list"
)
START = (
    "systemctl reset-failed docker.service; systemctl start docker.service || "
    "{ journalctl -u docker.service -n 8 --no-pager -o cat >&2; exit 1; }"
)
Builder = Callable[[Look, Wish], Todo]


def texts(todo: Todo) -> list[str]:
    return [command.text for command in todo.commands]


def apt(words: str) -> str:
    return f"{APT} {words}"


@pytest.mark.parametrize(
    ("builder", "look", "wish", "expected"),
    [
        (required_system_packages, BARE, DISTRIBUTION, []),
        (required_system_packages, DONE, DISTRIBUTION, []),
        (required_system_packages, replace(DONE, lists_fresh=False), DISTRIBUTION, []),
        (required_system_packages, replace(BARE, lists_fresh=False), DISTRIBUTION, [UPDATE]),
        (required_system_packages, replace(BARE, candidates={}), DISTRIBUTION, [UPDATE]),
        (required_system_packages, replace(BARE, candidates={}), DOCKER, []),
        (
            required_system_packages,
            replace(DONE, installed={}),
            DISTRIBUTION,
            [apt("install --no-install-recommends ca-certificates")],
        ),
        (
            required_system_packages,
            replace(DONE, interrupted=True),
            DISTRIBUTION,
            [CONFIGURE, apt("--fix-broken install")],
        ),
        (docker_gpg_key, DONE_CE, DOCKER, []),
        (docker_gpg_key, replace(BARE, key=True), DOCKER, []),
        (docker_repository, BARE, DOCKER, [ADD_LINE, UPDATE_DOCKER]),
        (docker_repository, replace(BARE, source="deb http://old.example x y"), DOCKER, [ADD_LINE, UPDATE_DOCKER]),
        (docker_repository, replace(BARE, source=LINE), DOCKER, [UPDATE_DOCKER]),
        (docker_repository, replace(BARE, source=LINE, candidates={"docker-ce": "5:29"}), DOCKER, []),
        (docker_repository, DONE_CE, DOCKER, []),
        (docker_engine, BARE, DISTRIBUTION, [apt("install --no-install-recommends docker.io")]),
        (
            docker_engine,
            replace(BARE, candidates={"docker.io": "26.1.5", "docker-cli": "26.1.5"}),
            DISTRIBUTION,
            [apt("install --no-install-recommends docker.io docker-cli")],
        ),
        (docker_engine, DONE, DISTRIBUTION, []),
        (docker_engine, DONE_CE, DOCKER, []),
        (
            docker_engine,
            DONE,
            DOCKER,
            [
                apt("remove docker.io containerd runc"),
                apt("install --no-install-recommends docker-ce docker-ce-cli containerd.io"),
            ],
        ),
        (
            docker_engine,
            DONE_CE,
            DISTRIBUTION,
            [
                apt("remove docker-ce docker-ce-cli containerd.io"),
                apt("install --no-install-recommends docker.io"),
            ],
        ),
        (
            docker_engine,
            replace(DONE, installed={**DONE.installed, "podman-docker": "4.3.1"}),
            DISTRIBUTION,
            [apt("remove podman-docker")],
        ),
        (docker_group, BARE, DISTRIBUTION, ["groupadd --system docker", "usermod --append --groups docker pi"]),
        (docker_group, replace(BARE, group=True), DISTRIBUTION, ["usermod --append --groups docker pi"]),
        (docker_group, replace(BARE, group=True, member=True), DISTRIBUTION, []),
        (docker_group, replace(BARE, user="root"), DISTRIBUTION, []),
        (docker_daemon, DONE, DISTRIBUTION, []),
        (docker_daemon, replace(DONE, active=False), DISTRIBUTION, [START]),
        (docker_daemon, replace(DONE, enabled="disabled"), DISTRIBUTION, ["systemctl enable docker.service"]),
        (
            docker_daemon,
            replace(DONE, enabled="masked", active=False),
            DISTRIBUTION,
            [
                "systemctl unmask docker.service docker.socket containerd.service",
                "systemctl enable docker.service",
                START,
            ],
        ),
        (docker_daemon, replace(DONE, systemd=False), DISTRIBUTION, []),
        (
            docker_daemon,
            replace(DONE, systemd=False, active=False),
            DISTRIBUTION,
            ["service docker start && timeout 30 sh -c 'until docker version > /dev/null 2>&1; do sleep 1; done'"],
        ),
    ],
)
def test_commands(builder: Builder, look: Look, wish: Wish, expected: list[str]) -> None:
    assert texts(builder(look, wish)) == expected


@pytest.mark.parametrize("builder", [docker_gpg_key, docker_repository])
@pytest.mark.parametrize(
    ("look", "wish", "reason"),
    [
        (BARE, DISTRIBUTION, "the package docker.io does not need it"),
        (
            replace(BARE, elsewhere="/etc/apt/sources.list.d/docker.sources"),
            DOCKER,
            "/etc/apt/sources.list.d/docker.sources has Docker's repository already",
        ),
        (DONE_CE, Wish(DockerChannel.DOCKER), "docker-ce is there already, and its source is left alone"),
    ],
)
def test_repository_steps_are_skipped_with_a_reason(builder: Builder, look: Look, wish: Wish, reason: str) -> None:
    assert builder(look, wish) == Todo(detail=reason, skipped=True)


def test_root_needs_no_group() -> None:
    assert docker_group(replace(BARE, user="root"), DISTRIBUTION) == Todo(detail="root needs no group", skipped=True)


@pytest.mark.parametrize(
    ("wish", "os_id", "url"),
    [
        (DOCKER, "debian", "http://mirror.example/linux/debian/gpg"),
        (DOCKER, "ubuntu", "http://mirror.example/linux/ubuntu/gpg"),
        (replace(DOCKER, repository_url="http://mirror.example/d/"), "ubuntu", "http://mirror.example/d/gpg"),
        (replace(DOCKER, key_url="http://keys.example/{os}.asc"), "ubuntu", "http://keys.example/ubuntu.asc"),
    ],
)
def test_key_comes_from_the_right_address(wish: Wish, os_id: str, url: str) -> None:
    (command,) = docker_gpg_key(replace(BARE, os_id=os_id), wish).commands
    assert f'download-file {url} "$draft"' in command.text
    assert command.say == "fetching the key of Docker's repository"


def test_a_key_of_another_repository_is_fetched_anew() -> None:
    assert docker_gpg_key(replace(BARE, key=True, source="deb http://old.example x y"), DOCKER).commands


def test_an_address_with_a_quote_stays_one_word() -> None:
    (command,) = docker_gpg_key(BARE, replace(DOCKER, key_url="http://x/'; reboot #")).commands
    assert "download-file 'http://x/'\"'\"'; reboot #' \"$draft\"" in command.text


@pytest.mark.parametrize(
    ("look", "chosen", "expected"),
    [
        (BARE, None, DockerChannel.DOCKER),
        (BARE, DockerChannel.DISTRIBUTION, DockerChannel.DISTRIBUTION),
        (DONE, None, DockerChannel.DISTRIBUTION),
        (DONE_CE, None, DockerChannel.DOCKER),
        (DONE_CE, DockerChannel.DISTRIBUTION, DockerChannel.DISTRIBUTION),
    ],
)
def test_what_is_there_is_kept_unless_somebody_chooses(
    look: Look, chosen: DockerChannel | None, expected: DockerChannel
) -> None:
    assert channel_of(look, DockerChannel.DOCKER, chosen) is expected


def test_refreshing_lists_is_a_precaution_only_where_the_package_is_known() -> None:
    known = required_system_packages(replace(BARE, lists_fresh=False), DISTRIBUTION)
    unknown = required_system_packages(replace(BARE, candidates={}), DISTRIBUTION)
    assert known.commands == (Command(UPDATE, "refreshing the package lists", apt=True, may_fail=True, once=True),)
    assert unknown.commands == (Command(UPDATE, "refreshing the package lists", apt=True, once=True),)


def test_missing_memory_limits_are_told_and_no_failure() -> None:
    todo = docker_daemon(replace(DONE, memory_limits=False), DISTRIBUTION)
    assert todo.commands == ()
    assert "cgroup_enable=memory" in todo.detail


def test_packages_of_dockers_own_channel() -> None:
    assert packages(BARE, DOCKER) == ("docker-ce", "docker-ce-cli", "containerd.io")


def test_apt_never_asks_and_waits_for_its_lock() -> None:
    for word in ("DEBIAN_FRONTEND=noninteractive", " -y ", "DPkg::Lock::Timeout=300", "--force-confold"):
        assert word in APT
