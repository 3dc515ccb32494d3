"""A process that executes jobs of the real kinds on real hosts, and may be told when to die.

`python -m tests.crash.worker JSON`; it prints that it executes and runs until its standard input ends.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ops.jobs import DbosJobs
from ops.services import JobKind
from tests.crash.kill import Killing, Moment
from tests.crash.kinds import kinds
from tests.crash.parts import a_config, opened

STALE_S = 3.0


def main(told: dict[str, Any]) -> None:
    config = a_config(Path(told["folder"]), told["url"], told["registry"], told["executor_id"])
    moment = Moment(**told["moment"]) if told["moment"] else None
    found: list[JobKind] = [Killing(kind, moment) if moment else kind for kind in kinds()]
    with opened(config, Path(told["folder"])) as services:
        jobs = DbosJobs.open(services, found, stale_s=STALE_S)
        print("executes" if jobs.executes else "client", flush=True)
        sys.stdin.read()
        jobs.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
