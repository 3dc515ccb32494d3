"""A process that executes, or only submits, jobs of `job_kinds`, for tests that kill it.

`python -m tests.ops.job_worker DIRECTORY URL EXECUTOR_ID`; it prints whether it executes and runs until its standard
input ends.
"""

import sys
from pathlib import Path

from ops.jobs import DbosJobs
from ops.store import SqlStore
from tests.ops.job_kinds import ScriptKind, services

STALE_S = 5.0


def main(directory: Path, url: str, executor_id: str) -> None:
    made = services(directory, url, executor_id)
    jobs = DbosJobs.open(made, [ScriptKind(directory)], stale_s=STALE_S)
    print("executes" if jobs.executes else "client", flush=True)
    sys.stdin.read()
    jobs.close()
    assert isinstance(made.store, SqlStore)
    made.store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
