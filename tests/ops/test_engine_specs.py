"""What is sent to Docker and read from it, compared by equality."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ops import engine_specs as specs
from ops.engine_build import events, log_lines
from ops.errors import StepFailed
from ops.ports import Container, ContainerSpec

HOST_CONFIG = {
    "Binds": [],
    "NetworkMode": "host",
    "RestartPolicy": {"Name": "always"},
    "Devices": [],
    "LogConfig": {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}},
    "SecurityOpt": ["no-new-privileges:true"],
    "PidsLimit": 4096,
    "Init": True,
}


def test_a_plain_container() -> None:
    assert specs.creation(ContainerSpec("fl-1", "registry/app@sha256:1")) == {
        "Image": "registry/app@sha256:1",
        "Env": [],
        "Labels": {},
        "HostConfig": HOST_CONFIG,
    }


def test_a_container_with_everything() -> None:
    spec = ContainerSpec(
        "fl-1",
        "app:1",
        command=("python", "client.py"),
        env={"SERVER": "10.0.0.1:8080"},
        labels={"flsvc.project": "1"},
        binds=(("/home/pi/data", "/data", "ro"),),
        network_mode="bridge",
        restart="no",
        devices=("/dev/video0", "/dev/ttyUSB0:/dev/modem:r"),
        memory_bytes=1 << 29,
        ports={8080: ("127.0.0.1", 18080)},
    )
    assert specs.creation(spec) == {
        "Image": "app:1",
        "Cmd": ["python", "client.py"],
        "Env": ["SERVER=10.0.0.1:8080"],
        "Labels": {"flsvc.project": "1"},
        "ExposedPorts": {"8080/tcp": {}},
        "HostConfig": {
            **HOST_CONFIG,
            "Binds": ["/home/pi/data:/data:ro"],
            "NetworkMode": "bridge",
            "RestartPolicy": {"Name": "no"},
            "Devices": [
                {"PathOnHost": "/dev/video0", "PathInContainer": "/dev/video0", "CgroupPermissions": "rwm"},
                {"PathOnHost": "/dev/ttyUSB0", "PathInContainer": "/dev/modem", "CgroupPermissions": "r"},
            ],
            "Memory": 1 << 29,
            "MemorySwap": 1 << 29,
            "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]},
        },
    }


def inspected(**state: object) -> dict[str, object]:
    return {
        "Id": "abc",
        "Name": "/fl-1",
        "RestartCount": 2,
        "Config": {"Image": "app:1", "Labels": None},
        "State": {"Status": "exited", "ExitCode": 137, "StartedAt": "2026-11-24T08:50:01.5Z", **state},
    }


def test_a_container_that_was_killed_for_its_memory() -> None:
    assert specs.container(inspected(OOMKilled=True)) == Container(
        "abc",
        "fl-1",
        "app:1",
        "exited",
        {},
        exit_code=137,
        started_at=datetime(2026, 11, 24, 8, 50, 1, 500_000, UTC),
        restarts=2,
        error="it used more memory than it may",
    )


@pytest.mark.parametrize(("status", "exit_code"), [("running", None), ("created", None), ("restarting", 137)])
def test_an_exit_status_is_only_one_after_the_end(status: str, exit_code: int | None) -> None:
    assert specs.container(inspected(Status=status)).exit_code == exit_code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("2026-11-24T08:50:01Z", datetime(2026, 11, 24, 8, 50, 1, tzinfo=UTC)),
        ("2026-11-24T08:50:01.123456789Z", datetime(2026, 11, 24, 8, 50, 1, 123456, UTC)),
        ("2026-11-24T10:50:01.12+02:00", datetime(2026, 11, 24, 8, 50, 1, 120000, UTC)),
        ("2026-11-24T03:50:01.123456789-05:00", datetime(2026, 11, 24, 8, 50, 1, 123456, UTC)),
    ],
)
def test_moments_of_go_are_read(text: str, expected: datetime | None) -> None:
    assert specs.moment(text) == expected


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [("1.41", "1.12", "1.41"), ("1.45", "1.24", "1.45"), ("1.52", "1.44", "1.45"), ("1.60", "1.50", "1.50")],
)
def test_the_version_spoken_is_one_both_know(newest: str, oldest: str, spoken: str) -> None:
    assert specs.api_version(newest, oldest) == spoken


@pytest.mark.parametrize(
    ("reference", "repository", "tag"),
    [
        ("python:3.11-slim", "python", "3.11-slim"),
        ("127.0.0.1:5055/app", "127.0.0.1:5055/app", "latest"),
        ("127.0.0.1:5055/app:2", "127.0.0.1:5055/app", "2"),
        ("127.0.0.1:5055/app@sha256:ab", "127.0.0.1:5055/app", "sha256:ab"),
    ],
)
def test_references_are_split(reference: str, repository: str, tag: str) -> None:
    assert specs.split(reference) == (repository, tag)


def test_labels_become_filters() -> None:
    assert specs.label_filters({"flsvc.project": "ab", "flsvc.deployment": ""}) == [
        "flsvc.project=ab",
        "flsvc.deployment",
    ]
    assert specs.label_filters(None) == []


def test_a_build_s_stream_becomes_lines() -> None:
    stream: list[dict[str, Any]] = [
        {"stream": "Step 1/2 : FROM python\n"},
        {"status": "Pulling from library/python", "id": "3.11"},
        {"status": "Downloading", "progressDetail": {"current": 1}, "id": "ab"},
        {"stream": " ---> Running in 1\n\x1b[91mWARNING: red\n\x1b[0m"},
        {"aux": {"ID": "sha256:1"}},
        {"stream": "50%\r100%\n"},
    ]
    assert list(log_lines(stream, "app:1", None)) == [
        "Step 1/2 : FROM python",
        "3.11 Pulling from library/python",
        " ---> Running in 1",
        "WARNING: red",
        "50%",
        "100%",
    ]


def test_a_failed_build_names_the_step_and_the_reason() -> None:
    stream: list[dict[str, Any]] = [
        {"stream": "Step 2/3 : RUN pip install nothing\n"},
        {"stream": " ---> Running in 1\n"},
        {"stream": "ERROR: No matching distribution found for nothing\n"},
        {"stream": "Removing intermediate container 1\n"},
        {"errorDetail": {"code": 1, "message": "The command '/bin/sh -c pip' returned a non-zero code: 1"}},
    ]
    with pytest.raises(StepFailed) as error:
        list(log_lines(stream, "app:1", "10.0.0.1"))
    assert str(error.value) == (
        "The build of app:1 failed at `Step 2/3 : RUN pip install nothing`: "
        "ERROR: No matching distribution found for nothing"
    )
    assert error.value.host == "10.0.0.1"
    assert error.value.output.splitlines()[-1].endswith("returned a non-zero code: 1")


def test_an_error_inside_a_push_is_an_error_though_the_answer_was_200() -> None:
    stream: list[dict[str, Any]] = [{"status": "Preparing"}, {"error": "no space left on device", "errorDetail": {}}]
    with pytest.raises(StepFailed, match=r"on pi-1 says: no space left on device\. Free some space there"):
        list(events(stream, "pi-1", "10.0.0.1"))
