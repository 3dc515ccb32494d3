"""What durability costs: jobs of simulated hosts against a bare loop over the same steps.

`python -m benches.jobs [rounds] [database-url]`; without a URL on a fresh SQLite file, then on a throwaway
PostgreSQL. A simulated host takes 20 ms for each of its 3 steps, about what a short command over a warm connection
with some work in it takes.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import uuid4

from ops.jobs import DbosJobs
from ops.model import Actor
from ops.services import Outcome, Services, StepContext
from ops.store import SqlStore
from ops.work import Job, JobRequest, JobState, Lane, Phase, Plan
from tests.ops.job_kinds import services
from tests.ops.postgres import running_cluster

STEPS = ("check", "act", "verify")
STEP_S = 0.02
THREADS = 32  # as many as the runner has for `fan_out=8`, so that both wait for the same thing
SIZES = (1, 10, 100, 1000)
ACTOR = Actor("bench", "bench")


class SimulatedKind:
    """Hosts that take their time and always succeed."""

    name = "simulated"

    def __init__(self) -> None:
        self.began: dict[str, float] = {}

    def plan(self, _services: Services, args: Mapping[str, object]) -> Plan:
        hosts = args["hosts"]
        assert isinstance(hosts, list)
        return Plan((Phase(tuple(Lane(host, host, STEPS, host=host) for host in hosts)),))

    def run_step(self, _services: Services, context: StepContext) -> Outcome:
        self.began.setdefault(context.lane.host, time.perf_counter())
        time.sleep(STEP_S)
        return Outcome()

    def finish(self, _services: Services, _job: Job) -> str:
        return "done"


def hosts(count: int) -> list[str]:
    return [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(count)]


def bare(count: int) -> float:
    """Return the seconds of the same steps in plain threads, with nothing written down."""

    def one(_host: str) -> None:
        for _ in STEPS:
            time.sleep(STEP_S)

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(one, hosts(count)))
    return time.perf_counter() - began


def durable(jobs: DbosJobs, kind: SimulatedKind, count: int) -> tuple[float, float, float, float]:
    """Return the seconds from submit to its return, to the first step, until all hosts began, and to the end."""
    kind.began.clear()
    id = uuid4().hex
    began = time.perf_counter()
    jobs.submit(JobRequest(id, kind.name, "bench", {"hosts": hosts(count)}, ACTOR))
    taken = time.perf_counter()
    job = jobs.wait(id, timeout_s=600)
    ended = time.perf_counter()
    assert job.state is JobState.DONE
    starts = kind.began.values()
    return taken - began, min(starts) - began, max(starts) - began, ended - began


@contextmanager
def runner(url: str) -> Iterator[tuple[DbosJobs, SimulatedKind]]:
    with tempfile.TemporaryDirectory() as directory:
        made = services(Path(directory), url or f"sqlite:///{directory}/flsvc.sqlite3")
        kind = SimulatedKind()
        jobs = DbosJobs.open(made, [kind])
        yield jobs, kind
        jobs.close()
        assert isinstance(made.store, SqlStore)
        made.store.close()


def measure(name: str, url: str, rounds: int) -> None:
    """Print the rows of one database; the memory is the process' peak so far."""
    with runner(url) as (jobs, kind):
        durable(jobs, kind, 1)
        for count in SIZES:
            times = [durable(jobs, kind, count) for _ in range(rounds)]
            submit, first, all_began, job = (median(column) * 1000 for column in zip(*times, strict=True))
            plain = median(bare(count) for _ in range(rounds)) * 1000
            overhead = (job - plain) / (count * len(STEPS))
            row = (submit, first, all_began, job, plain, overhead)
            cells = "".join(f"{ms:>10.1f} ms" for ms in row)
            print(f"{name:<11}{count:>6}{cells}{job / plain:>7.2f}{memory_mib():>9} MiB", flush=True)


def memory_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(rounds: int, url: str) -> None:
    print(f"{rounds} rounds, medians; {len(STEPS)} steps of {STEP_S * 1000:.0f} ms a host, {THREADS} threads")
    columns = ("submit", "1st step", "all began", "job", "bare", "a step")
    print(
        f"{'database':<11}{'hosts':>6}" + "".join(f"{name:>13}" for name in columns) + f"{'ratio':>7}{'memory':>13}"
    )
    if url:
        measure("given", url, rounds)
        return
    measure("SQLite", "", rounds)
    with running_cluster() as cluster:
        measure("PostgreSQL", cluster.create_database(), rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2] if len(sys.argv) > 2 else "")
