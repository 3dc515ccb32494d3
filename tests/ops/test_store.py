"""One contract, two databases: everything that is remembered, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ops.model import (
    Actor,
    Arch,
    Definition,
    Deployment,
    DeploymentState,
    Facts,
    FlowerType,
    Host,
    HostKey,
    Image,
    Platform,
    Project,
    ProjectKind,
    Sudo,
)
from ops.store import SqlStore
from ops.work import Event, JobRequest, JobState, Step, StepState

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOST = Host(
    address="10.0.0.1", user="pi", key=HostKey("ssh-ed25519", "AAAA", "SHA256:abc"), flower_type=FlowerType.CLIENT
)
DEPLOYMENT = Deployment(
    id="d0",
    host="10.0.0.1",
    project_id="p" * 64,
    project_name="faces",
    image_digest="sha256:1",
    state=DeploymentState.STARTING,
    by="U0ANNA",
    by_name="anna",
    job_id="job-1",
    created_at=NOON,
)
PROJECT = Project(
    id="a" * 64,
    name="faces",
    kind=ProjectKind.CONTAINER,
    definition=Definition(
        entrypoints={FlowerType.SERVER: "server.py", FlowerType.CLIENT: "client.py"},
        platform=Platform.SKLEARN,
        env={"ROUNDS": "3"},
        devices=("/dev/video0",),
        memory_bytes=2**33,
        ports=(8080,),
    ),
    requirements=("numpy", "flwr"),
    size_bytes=2**33,
    file_count=7,
    filename="faces.zip",
    uploaded_at=NOON,
    uploaded_by="U0ANNA",
    uploaded_by_name="anna",
)
IMAGE = Image(
    project_id=PROJECT.id,
    platform=Platform.SKLEARN,
    arch=Arch.ARM64,
    reference="127.0.0.1:5055/faces@sha256:1",
    digest="sha256:1",
    size_bytes=2**33,
    built_at=NOON,
    built_by="U0ANNA",
    build_s=12.5,
)
EVENT = Event(at=NOON, who="U0ANNA", who_name="anna", where="C0FLEET", what="deploy", arguments="10.0.0.1")


def deployment(n: int, **values: Any) -> Deployment:
    return replace(DEPLOYMENT, id=f"d{n}", created_at=NOON + timedelta(seconds=n), **values)


def ids(found: list[Deployment]) -> list[str]:
    return [one.id for one in found]


def test_a_host_comes_back_as_it_was_saved(store: SqlStore) -> None:
    whole = replace(
        HOST,
        port=2222,
        name="pi-1",
        federation="faces",
        contact="Anna",
        description="by the window",
        sudo=Sudo.PASSWORD,
        sudo_secret="vault-id",
        facts=Facts(arch="arm64", memory_bytes=2**33, temperature_c=48.5),
        facts_at=NOON,
        registered_at=NOON,
        registered_by="U0ANNA",
    )
    store.save_host(HOST)
    store.save_host(whole)
    assert store.host("10.0.0.1") == whole
    assert store.host("10.0.0.2") is None


def test_hosts_are_ordered_by_federation_then_server_then_number(store: SqlStore) -> None:
    for address in ("10.0.0.10", "fe80::1", "10.0.0.9", "9.255.0.1"):
        store.save_host(replace(HOST, address=address))
    store.save_host(replace(HOST, address="10.0.0.200", federation="b", flower_type=FlowerType.SERVER))
    store.save_host(replace(HOST, address="10.0.0.3", federation="b"))
    assert [one.address for one in store.hosts()] == [
        "9.255.0.1",
        "10.0.0.9",
        "10.0.0.10",
        "fe80::1",
        "10.0.0.200",
        "10.0.0.3",
    ]


def test_filters_of_hosts_combine(store: SqlStore) -> None:
    for n, (federation, contact) in enumerate([("a", "Anna"), ("a", "Ben"), ("b", "anna")], start=1):
        store.save_host(replace(HOST, address=f"10.0.0.{n}", federation=federation, contact=contact))
    assert [one.address for one in store.hosts(contact="ANNA")] == ["10.0.0.1", "10.0.0.3"]
    assert [one.address for one in store.hosts(contact="anna", federation="b")] == ["10.0.0.3"]
    assert [one.address for one in store.hosts(addresses=["10.0.0.2", "10.9.9.9"])] == ["10.0.0.2"]
    assert store.hosts(addresses=[]) == []
    assert store.hosts(flower_type="server") == []
    assert store.federations() == ["a", "b"]


def test_a_forgotten_host_leaves_its_deployments(store: SqlStore) -> None:
    store.save_host(HOST)
    store.save_deployment(DEPLOYMENT)
    store.save_docker_step(HOST.address, Step(HOST.address, "docker_engine", StepState.OK))
    assert store.delete_host(HOST.address)
    assert not store.delete_host(HOST.address)
    assert store.docker_steps([HOST.address]) == {}
    assert store.deployments(addresses=[HOST.address]) == [DEPLOYMENT]


def test_docker_steps_keep_their_order_and_their_newest_state(store: SqlStore) -> None:
    first = Step("10.0.0.1", "docker_gpg_key", StepState.FAILED, "no space", "E: df", NOON, NOON)
    second = Step("10.0.0.1", "docker_engine", StepState.PENDING)
    again = replace(first, state=StepState.OK, detail="", output="", ended_at=NOON + timedelta(seconds=3))
    for step in (first, second, again):
        store.save_docker_step("10.0.0.1", step)
    assert store.docker_steps(["10.0.0.1", "10.0.0.2"]) == {"10.0.0.1": [again, second]}


def test_projects_come_back_newest_first(store: SqlStore) -> None:
    newer = replace(PROJECT, id="b" * 64, uploaded_at=NOON + timedelta(hours=1))
    other = replace(PROJECT, id="c" * 64, name="other", uploaded_at=NOON + timedelta(hours=2))
    for project in (newer, PROJECT, other):
        store.save_project(project)
    assert store.project(PROJECT.id) == PROJECT
    assert store.project("d" * 64) is None
    assert store.projects(name="faces") == [newer, PROJECT]
    assert store.projects(last=1) == [other]


def test_images_are_one_per_project_platform_arch_and_digest(store: SqlStore) -> None:
    rebuilt = replace(IMAGE, build_s=1.0)
    newer = replace(IMAGE, digest="sha256:2", built_at=NOON + timedelta(minutes=1))
    for image in (IMAGE, rebuilt, newer):
        store.save_image(image)
    assert store.images(PROJECT.id) == [newer, rebuilt]
    assert store.images() == [newer, rebuilt]
    assert store.images("f" * 64) == []


def test_a_deployment_changes_only_in_how_it_stands(store: SqlStore) -> None:
    store.save_deployment(DEPLOYMENT)
    ended = replace(
        DEPLOYMENT,
        state=DeploymentState.RUNNING,
        started_at=NOON,
        ended_at=NOON,
        took_s=4.5,
        container_id="c1",
        detail="up",
        permalink="p",
    )
    store.save_deployment(replace(ended, by="U0BEN", project_name="rewritten"))
    assert store.deployment("d0") == ended
    assert store.deployment("d1") is None


def test_deployments_are_newest_first_and_filtered(store: SqlStore) -> None:
    store.save_deployment(deployment(1))
    store.save_deployment(deployment(3, host="10.0.0.2", by="U0BEN"))
    store.save_deployment(deployment(2, state=DeploymentState.RUNNING, job_id="job-2"))
    store.save_deployment(replace(deployment(2), id="same-time"))
    assert ids(store.deployments()) == ["d3", "same-time", "d2", "d1"]
    assert ids(store.deployments(last=2)) == ["d3", "same-time"]
    assert ids(store.deployments(addresses=["10.0.0.1", "10.0.0.2"], last=3)) == ["d3", "same-time", "d2"]
    assert ids(store.deployments(addresses=["10.0.0.1", "10.0.0.1"])) == ["same-time", "d2", "d1"]
    assert ids(store.deployments(by="U0BEN")) == ["d3"]
    assert ids(store.deployments(job_id="job-2")) == ["d2"]
    assert ids(store.deployments(states=[DeploymentState.RUNNING], addresses=["10.0.0.1"])) == ["d2"]
    assert store.deployments(addresses=[]) == []


def test_the_audit_is_newest_first_and_says_how_things_ended(store: SqlStore) -> None:
    first = store.add_event(replace(EVENT, job_id="job-1"))
    second = store.add_event(replace(EVENT, who="U0BEN"))
    store.create_job(JobRequest("job-1", "stop", "stop all", {}, Actor("U0ANNA", "anna", "C0FLEET")))
    store.set_job_message("job-1", channel="C0FLEET", message_ts="1.2", permalink="https://chat.example/p1")
    store.set_job_state("job-1", JobState.RUNNING)
    assert store.events(job_id="job-1")[0].outcome == ""
    store.set_job_state("job-1", JobState.DONE, summary="5 hosts")
    store.set_job_state("job-1", JobState.DONE, summary="said again")
    ended = replace(
        EVENT, id=first, job_id="job-1", outcome="done", detail="5 hosts", permalink="https://chat.example/p1"
    )
    assert store.events() == [replace(EVENT, id=second, who="U0BEN"), ended]
    assert store.events(last=1)[0].id == second
    assert store.events(who="U0ANNA") == [ended]
    assert store.events(job_id="job-1") == [ended]


def test_a_request_is_new_only_once(store: SqlStore) -> None:
    assert store.first_time("Ev1")
    assert not store.first_time("Ev1")
    again = SqlStore.open(store.url)
    assert not again.first_time("Ev1")
    assert again.first_time("Ev2")
    again.close()


def test_secrets_are_kept_until_forgotten(store: SqlStore) -> None:
    store.save_secret("s1", b"\x00\xff")
    assert store.secret("s1") == b"\x00\xff"
    store.delete_secret("s1")
    store.delete_secret("s1")
    assert store.secret("s1") is None


def test_times_are_utc_whatever_zone_they_came_in(store: SqlStore) -> None:
    there = datetime(2026, 11, 24, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    store.save_host(replace(HOST, registered_at=there))
    found = store.host(HOST.address)
    assert found is not None
    assert found.registered_at == NOON
    assert found.registered_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(store: SqlStore) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(Exception, match="a time without a zone"):
        store.save_host(replace(HOST, registered_at=naive))
