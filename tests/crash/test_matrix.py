"""The crash matrix: every kind's worker killed before, during and after every step, on both databases.

Another process takes the job up, and in the end everything is as after an undisturbed one: every effect exactly once.
"""

import pytest

from ops.work import Job, JobRequest
from tests.crash.drills import DRILLS, Drill
from tests.crash.kill import MOMENTS, Timed
from tests.crash.site import PATIENCE_S, Site, new_id
from tests.ops.runner import ACTOR

pytestmark = [
    # Now and then DBOS, closed in this process after every case, leaves a connection to PostgreSQL to the collector.
    pytest.mark.filterwarnings("ignore:Exception ignored in. .function BaseConnection.__del__"),
    pytest.mark.fleet,
    pytest.mark.timeout(400),
]
# What `make test` plays: the moments at which most is half done. The rest is for `make test-crash`.
REPRESENTATIVE = {
    ("sqlite", "register", "authorized_key", "during"),
    ("sqlite", "install", "docker_engine", "during"),
    ("sqlite", "deploy", "start", "after"),
    ("sqlite", "rollback", "stay_up", "during"),
    ("postgres", "deploy", "push", "after"),
    ("postgres", "deploy", "deliver", "during"),
    ("postgres", "stop", "stop", "during"),
}


def _case(database: str, drill: Drill, step: str, when: str) -> object:
    marks = [] if (database, drill.name, step, when) in REPRESENTATIVE else [pytest.mark.crash]
    marks += [pytest.mark.postgres] if database == "postgres" else []
    return pytest.param(database, drill, step, when, marks=marks, id=f"{database}-{drill.name}-{step}-{when}")


CASES = [
    _case(database, drill, step, when)
    for database in ("sqlite", "postgres")
    for drill in DRILLS
    for step in drill.steps
    for when in MOMENTS
]


def test_every_representative_case_exists() -> None:
    names = {
        (database, drill.name, step)
        for database in ("sqlite", "postgres")
        for drill in DRILLS
        for step in drill.steps
    }
    assert {name[:3] for name in REPRESENTATIVE} <= names
    assert {name[3] for name in REPRESENTATIVE} <= set(MOMENTS)


@pytest.mark.parametrize(("site", "drill", "step", "when"), CASES, indirect=["site"])
def test_a_killed_worker_changes_nothing_but_the_time_it_takes(
    site: Site, drill: Drill, step: str, when: str
) -> None:
    expected, timed = reference(site, drill)
    worker = site.worker(timed.moment(step, when, site.folder / new_id()))
    try:
        args = drill.prepare(site)
        worker.ready()
        with site.jobs(drill.kind()) as jobs:
            job = jobs.submit(asked(drill, args))
            worker.died()
            job = jobs.wait(job.id, timeout_s=PATIENCE_S)
        assert drill.look(site, job) == expected, trail(job)
    finally:
        worker.kill()


def reference(site: Site, drill: Drill) -> tuple[dict[str, object], Timed]:
    """Return what an undisturbed job leaves, played once, and how long its calls took."""
    if drill.name not in site.references:
        args = drill.prepare(site)
        timed = Timed(drill.kind())
        with site.jobs(timed) as jobs:
            job = jobs.wait(jobs.submit(asked(drill, args)).id, timeout_s=PATIENCE_S)
        assert job.state == "done", trail(job)
        assert tuple(step.name for step in job.steps) == drill.steps
        site.references[drill.name] = drill.look(site, job), timed
    return site.references[drill.name]


def asked(drill: Drill, args: object) -> JobRequest:
    assert isinstance(args, dict)
    return JobRequest(new_id(), drill.kind().name, drill.name, args, ACTOR)


def trail(job: Job) -> str:
    return "\n".join(f"{step.lane} {step.name} {step.state} {step.detail}" for step in job.steps)
