"""Two hundred conflicting commands of twenty people on ten hosts, three workers, one of which dies.

The hosts themselves tell: every step logs its begin and its end there, and notices by itself when another one runs.
"""

import random
from collections import Counter

import pytest

from ops.model import Actor
from ops.work import JobRequest, JobState, StepState
from tests.crash.kill import Moment
from tests.crash.mark import LOG, MarkKind
from tests.crash.site import PATIENCE_S, Site, new_id
from tests.fleet import Fleet, Pi

pytestmark = [pytest.mark.fleet, pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(300)]
HOSTS, PEOPLE, COMMANDS, CANCELLED = 10, 20, 10, 20
PEOPLE_OF_THE_TEAM = [Actor(f"U0{n:02}", f"person {n}", "C0FLEET") for n in range(PEOPLE)]


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_never_two_operations_at_once_on_a_host_and_no_job_lost(fleet: Fleet, site: Site) -> None:
    added = fleet.add(max(0, HOSTS - len(fleet.pis)))
    pis = fleet.pis[:HOSTS]
    moment = Moment("second", "during", str(site.folder / new_id()), call=1, into_s=0.01)
    workers = [site.worker(moment, "one"), site.worker(None, "two"), site.worker(None, "three")]
    try:
        for pi in pis:
            site.register(pi)
            site.sh(pi, f"rm -rf {LOG} {LOG}.busy")
        for worker in workers:
            worker.ready()
        jobs = commands(pis)
        with site.jobs(MarkKind(), executor=False) as client:
            for request in jobs:
                client.submit(request)
            for request in random.Random(3).sample(jobs, CANCELLED):
                client.cancel(request.id)
            ended = [client.wait(request.id, timeout_s=PATIENCE_S) for request in jobs]
        workers[0].died()
        assert {job.state for job in ended} <= {JobState.DONE, JobState.CANCELLED}
        assert [job.state for job in ended].count(JobState.CANCELLED) <= CANCELLED
        done = {f"{s.lane} {job.id}/{s.name}" for job in ended for s in job.steps if s.state is StepState.OK}
        seen: Counter[str] = Counter()
        for pi in pis:
            seen.update(f"{pi.ip} {word}" for word in one_after_the_other(site.sh(pi, f"cat {LOG}")))
        assert done <= set(seen), "what is noted as done was done"
        again = [word for word, times in seen.items() if times > 1]
        # A worker has some steps in hand when it dies, at most one on each host; those are done again.
        assert len(again) <= HOSTS, again
    finally:
        for worker in workers:
            worker.kill()
        for pi in added:
            fleet.remove(pi)


def commands(pis: list[Pi]) -> list[JobRequest]:
    """Return what everybody asks for, on one to four hosts each time, as they come in."""
    chance = random.Random(7)
    found = []
    for n in range(COMMANDS):
        for person in PEOPLE_OF_THE_TEAM:
            hosts = sorted(pi.ip for pi in chance.sample(pis, chance.randint(1, 4)))
            found.append(JobRequest(new_id(), "mark", f"mark {n}", {"addresses": hosts}, person))
    return found


def one_after_the_other(log: str) -> list[str]:
    """Return what ran on a host, having seen that each ended before the next began."""
    lines = [line.split() for line in log.splitlines()]
    assert [event for event, _ in lines] == ["begin", "end"] * (len(lines) // 2)
    words = [word for _, word in lines]
    assert words[::2] == words[1::2]
    return words[::2]
