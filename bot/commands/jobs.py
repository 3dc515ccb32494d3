"""What is being done, what waits for hosts that are away, and how it ended; stopping it, doing it again."""

import re
from itertools import count

import click

from bot.commands._answers import job_id, table
from bot.registry import Role, command
from bot.replies import Answer, Button, Call, Cell, Code, Column, Link, Reply, Table, text
from bot.views import job_buttons
from bot.views.words import JOB_WORDS, duration, moment
from ops.errors import UserError
from ops.retry import again
from ops.waiting import CONTAINERS, Waiting, WaitingState
from ops.work import Job, JobRequest, JobState, Step, StepState

_ENTRY = r"w\d+"
_OUTPUTS = 5  # failed steps shown with what they printed


@command("jobs", example="jobs --running")
@click.option("--mine", is_flag=True, help="only those you asked for")
@click.option("--running", is_flag=True, help="only those that have not ended")
@click.option("--failed", is_flag=True, help="only those that failed, wholly or in part")
@click.option("--last", type=click.IntRange(1, 1000), default=20, show_default=True, help="how many, newest first")
def jobs(call: Call, mine: bool, running: bool, failed: bool, last: int) -> Answer:
    """List jobs, newest first, and what waits for hosts that are away."""
    states = [JobState.WAITING, JobState.RUNNING] * running + [JobState.FAILED, JobState.PARTLY] * failed
    actor = call.actor.id if mine else None
    found = call.services.store.jobs(states=states or None, actor=actor, last=last)
    away = [] if failed and not running else call.services.store.waiting(actor=actor)
    return table(
        "Jobs, newest first",
        ("Job", "What", "Who", "State", "When", Column("Took", "right"), "Thread", "Summary"),
        [*[_entry_row(call, one) for one in reversed(away)], *[_job_row(j) for j in found]],
        empty="No job matches that.",
    )


def _job_row(j: Job) -> tuple[Cell, ...]:
    return (
        j.id,
        j.title,
        j.actor.name,
        j.state,
        moment(j.created_at),
        duration(j.took),
        _link(j),
        j.error or j.summary or _behind(j),
    )


def _entry_row(call: Call, one: Waiting) -> tuple[Cell, ...]:
    origin = call.services.store.job(one.job_id)
    thread = _link(origin) if origin else "–"
    why = f"waits for {one.host}, which does not answer{_and_lock(call, one)}"
    return (one.id, one.title, one.actor.name, JobState.WAITING, moment(one.created_at), "", thread, why)


def _and_lock(call: Call, one: Waiting) -> str:
    """Name the lock that keeps it waiting also after the host is back."""
    host = call.services.store.host(one.host)
    federation = host.federation if host and one.kind in CONTAINERS else ""
    locked = any(lock.federation == federation for lock in call.services.store.locks())
    return f", and for `unlock {federation}`" if locked else ""


def _link(j: Job) -> Cell:
    return Link("open", j.permalink) if j.permalink else "–"


def _behind(j: Job) -> str:
    """Say behind whom a job waits: the first of its steps that does."""
    return next((s.detail for s in j.steps if s.state is StepState.PENDING and s.detail.startswith("waits for")), "")


@command("job", example="job j3f2a91c4de")
@click.argument("id")
def job(call: Call, id: str) -> Answer:
    """Show one job: its steps on every host, when and how long, what failed steps printed, who asked, where."""
    if (entry := _entry(call, id)) is not None:
        return text(
            f"{entry.title} of {entry.actor.name} waits for {entry.host}, which does not answer, since "
            f"{moment(entry.created_at)}. It is done once the host is back; the first try was `job {entry.job_id}`.",
            buttons=(Button("Call it off", f"cancel {entry.id}", "danger"),),
        )
    found = _find(call, id)
    labels = {lane.key: lane.label for lane in found.plan.lanes} if found.plan else {}
    steps = Table(
        f"{found.title}: {JOB_WORDS[found.state]}",
        (*map(Column, ("Host", "Step", "State", "Began")), Column("Took", "right"), Column("What")),
        tuple(_step_row(labels.get(s.lane, s.lane), s) for s in found.steps),
        empty=found.error or "It has no steps yet.",
        note=_about(found),
    )
    printed = [s for s in found.steps if s.output and not s.state.good]
    outputs = tuple(Code(f"{labels.get(s.lane, s.lane)}, {s.name}", s.output) for s in printed[:_OUTPUTS])
    return Reply((steps, *outputs), data=_data(found), buttons=tuple(_buttons(found)))


def _step_row(label: str, s: Step) -> tuple[Cell, ...]:
    took = (s.ended_at - s.started_at).total_seconds() if s.started_at and s.ended_at else None
    began = f"{s.started_at:%H:%M:%S}" if s.started_at else ""
    return label, s.name, s.state, began, duration(took), s.detail


def _about(j: Job) -> str:
    took = f", took {duration(j.took)}" if j.took else ""
    thread = f" Thread: {j.permalink}" if j.permalink else ""
    return f"Asked by {j.actor.name} at {moment(j.created_at)}{took}. {j.error or j.summary}".strip() + thread


def _buttons(j: Job) -> list[Button]:
    if not j.state.ended:
        return [job_buttons.cancel(j)]
    return [button] if (button := job_buttons.retry(j)) else []


def _data(j: Job) -> dict[str, object]:
    return {
        "id": j.id,
        "kind": j.kind,
        "title": j.title,
        "by": j.actor.name,
        "state": j.state,
        "at": j.created_at.isoformat(),
        "took_s": j.took.total_seconds() if j.took else None,
        "summary": j.summary,
        "error": j.error,
        "thread": j.permalink,
        "steps": [
            {
                "lane": s.lane,
                "step": s.name,
                "state": s.state,
                "started_at": s.started_at.isoformat() if s.started_at else None,
                "ended_at": s.ended_at.isoformat() if s.ended_at else None,
                "detail": s.detail,
                "output": s.output,
            }
            for s in j.steps
        ],
    }


@command("cancel", role=Role.OPERATOR, example="cancel j3f2a91c4de")
@click.argument("id")
def cancel(call: Call, id: str) -> Answer:
    """Stop a job: what runs on a host ends within seconds, and the job says what was left where."""
    if (entry := _entry(call, id)) is not None:
        if not call.services.store.change_waiting(entry, WaitingState.CANCELLED):
            raise UserError(f"{entry.title} has begun meanwhile: {entry.host} is back. `jobs` shows its job.")
        return text(f"{entry.title} does not wait for {entry.host} any more. Nothing was changed there.")
    found = _find(call, id)
    if not call.jobs.cancel(found.id):
        raise UserError(f"Job {found.id} ({found.title}) has ended already: {JOB_WORDS[found.state]}.")
    return text(
        f"{found.title} stops within seconds. What was done stays; its message then says what was left where."
    )


@command("retry", role=Role.OPERATOR, example="retry j3f2a91c4de")
@click.argument("id")
def retry(call: Call, id: str) -> Answer:
    """Do again what a job did not do, on the hosts where it failed; all of it where it was taken back."""
    found = _find(call, id)
    title, args = again(found)
    request = JobRequest(_id_of_retry(call, found), found.kind, title, args, call.actor)
    call.jobs.plan(request)  # what makes it impossible is said at once: a lock, a host or project that is gone
    return request


def _id_of_retry(call: Call, found: Job) -> str:
    """Return the id of the next try, the same for two people who press the same button at once."""
    for number in count():
        id = job_id(f"retry {found.id} {number}")
        before = call.services.store.job(id)
        if before is None:
            return id
        if not before.state.ended:
            who = before.actor.name
            raise UserError(f"That is being done again already, for {who}: `job {id}` shows it. Nothing was started.")
    raise AssertionError("numbers have no end")


def _find(call: Call, id: str) -> Job:
    found = call.services.store.job(id)
    if found is None:
        raise UserError(f"There is no job `{id}`. `jobs` lists them.")
    return found


def _entry(call: Call, id: str) -> Waiting | None:
    """Return what waits under this name, or None when it is none of theirs."""
    if not re.fullmatch(_ENTRY, id):
        return None
    found = next((one for one in call.services.store.waiting() if one.id == id), None)
    if found is None:
        raise UserError(
            f"Nothing waits as `{id}` any more: it was begun, superseded or called off. `jobs` shows more."
        )
    return found
