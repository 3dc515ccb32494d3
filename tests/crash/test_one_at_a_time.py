"""Two hundred conflicting commands of twenty people on ten hosts, three workers, one of which dies.

The hosts themselves tell: every step logs its begin and its end there, and notices by itself when another one runs.
A host is an sshd of its own here, with its own address and home directory: more Pis than five are heavy to boot.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.jobs import DbosJobs
from ops.keys import create_key
from ops.model import Actor
from ops.work import Job, JobRequest, JobState, StepState
from tests.crash.kill import Moment
from tests.crash.mark import LOG, MarkKind
from tests.crash.parts import a_config, opened
from tests.crash.site import PATIENCE_S, Process, new_id
from tests.ops.postgres import Cluster
from tests.ops.sshd import Sshd, free_port

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(300)]
HOSTS, PEOPLE, COMMANDS, CANCELLED = 10, 20, 10, 20
TEAM = [Actor(f"U0{n:02}", f"person {n}", "C0FLEET") for n in range(PEOPLE)]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[dict[str, Sshd]]:
    """Start the hosts; by address."""
    public = create_key(a_config(tmp_path, "", "")).public
    found = {}
    for n in range(HOSTS):
        address, directory = f"127.77.0.{n + 1}", tmp_path / f"host-{n}"
        directory.mkdir()
        sshd = Sshd(directory, free_port(), (f"ListenAddress {address}",))
        sshd.new_host_key()
        sshd.authorized_keys.write_text(public)
        found[address] = sshd
    try:
        for sshd in found.values():
            sshd.start()
        yield found
    finally:
        for sshd in found.values():
            sshd.stop()


def test_never_two_operations_at_once_on_a_host_and_no_job_lost(
    hosts: dict[str, Sshd], postgres_cluster: Cluster, tmp_path: Path
) -> None:
    url = postgres_cluster.create_database()
    moment = Moment("second", "during", str(tmp_path / "died"), call=1, into_s=0.01)
    with opened(a_config(tmp_path, url, ""), tmp_path) as services:
        for address, sshd in hosts.items():
            services.store.save_host(replace(sshd.host(), address=address))
        workers = [worker(tmp_path, url, name, moment if name == "one" else None) for name in ("one", "two", "three")]
        try:
            for process in workers:
                process.ready()
            jobs = DbosJobs.open(services, [MarkKind()], executor=False)
            ended = all_ended(jobs, commands(sorted(hosts)))
            jobs.close()
            workers[0].died()
        finally:
            for process in workers:
                process.kill()
    assert {job.state for job in ended} <= {JobState.DONE, JobState.CANCELLED}
    assert [job.state for job in ended].count(JobState.CANCELLED) <= CANCELLED
    done = {f"{s.lane} {job.id}/{s.name}" for job in ended for s in job.steps if s.state is StepState.OK}
    seen: Counter[str] = Counter()
    for address, sshd in hosts.items():
        seen.update(f"{address} {word}" for word in one_after_the_other((sshd.directory / LOG).read_text()))
    assert done <= set(seen), "what is noted as done was done"
    again = [word for word, times in seen.items() if times > 1]
    # A worker has some steps in hand when it dies, at most one on each host; those are done again.
    assert len(again) <= HOSTS, again


def worker(folder: Path, url: str, executor_id: str, moment: Moment | None) -> Process:
    told = {"folder": str(folder), "url": url, "registry": "", "executor_id": executor_id}
    return Process(told | {"moment": moment.to_json() if moment else None})


def all_ended(jobs: DbosJobs, asked: list[JobRequest]) -> list[Job]:
    """Give all commands, call some off again, and wait until each has ended."""
    for request in asked:
        jobs.submit(request)
    for request in random.Random(3).sample(asked, CANCELLED):
        jobs.cancel(request.id)
    return [jobs.wait(request.id, timeout_s=PATIENCE_S) for request in asked]


def commands(addresses: list[str]) -> list[JobRequest]:
    """Return what everybody asks for, on one to four hosts each time, as they come in."""
    chance = random.Random(7)
    found = []
    for n in range(COMMANDS):
        for person in TEAM:
            hosts = sorted(chance.sample(addresses, chance.randint(1, 4)))
            found.append(JobRequest(new_id(), "mark", f"mark {n}", {"addresses": hosts}, person))
    return found


def one_after_the_other(log: str) -> list[str]:
    """Return what ran on a host, having seen that each ended before the next began."""
    lines = [line.split() for line in log.splitlines()]
    assert [event for event, _ in lines] == ["begin", "end"] * (len(lines) // 2)
    words = [word for _, word in lines]
    assert words[::2] == words[1::2]
    return words[::2]
