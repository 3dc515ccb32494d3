"""A kind whose steps leave marks on the hosts, so that a host's own log shows what ran there at once."""

from collections.abc import Mapping, Sequence
from typing import cast

from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan

LOG = "marks"
STEPS = ("first", "second")
# The directory can be made by one only: whoever finds it there runs beside another.
_MARK = (
    "cd $HOME; mkdir {log}.busy 2>/dev/null || echo overlap {word} >> {log}; echo begin {word} >> {log}; sleep 0.02; "
    "echo end {word} >> {log}; rmdir {log}.busy"
)


class MarkKind:
    """A lane per host of the argument `addresses`; each step is one remote command."""

    name = "mark"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        addresses = cast("Sequence[str]", args["addresses"])
        return Plan((Phase(tuple(Lane(address, address, STEPS, host=address) for address in addresses)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        host = services.store.host(context.lane.host)
        assert host is not None
        word = f"{context.job_id}/{context.step}"
        services.pool.remote(host).run(_MARK.format(log=LOG, word=word))
        return Outcome(detail=word)

    def finish(self, services: Services, job: Job) -> str:
        return f"{job.title}: {job.state.value}"
