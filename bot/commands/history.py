"""What was done, by whom, and what is being done."""

from datetime import datetime

import click

from bot.commands._answers import addresses, table
from bot.registry import Role, command
from bot.replies import Answer, Button, Call, Cell, Column, Link, text
from bot.views.words import duration, moment
from ops import targets
from ops.errors import UserError
from ops.model import Deployment
from ops.work import Job, JobState


@command("history", example="history test_model --last 20")
@click.argument("target", default="all")
@click.option("--by", default="", metavar="@USER", help="only what this person deployed")
@click.option("--last", type=click.IntRange(1, 1000), default=20, show_default=True, help="how many, newest first")
def history(call: Call, target: str, by: str, last: int) -> Answer:
    """List deployments, newest first: who, what, where, when, how long it took and how it ended."""
    chosen = None if target == "all" else addresses(targets.resolve(call.services, target))
    found = call.services.store.deployments(addresses=chosen, by=by.lstrip("@") or None, last=last)
    return table(
        "Deployments, newest first",
        ("When (UTC)", "Who", "Project", "Host", "State", Column("Took", "right"), "Deployment", "Thread", "What"),
        [_row(d) for d in found],
        empty="Nothing was deployed yet." if target == "all" and not by else "No deployment matches that.",
        data=[_data(d) for d in found],
    )


def _row(d: Deployment) -> tuple[Cell, ...]:
    thread: Cell = Link("open", d.permalink) if d.permalink else "–"
    return (
        moment(d.created_at),
        d.by_name,
        d.project_name,
        d.host,
        d.state,
        duration(d.took_s),
        d.id,
        thread,
        d.detail,
    )


def _data(d: Deployment) -> dict[str, object]:
    return {
        "id": d.id,
        "host": d.host,
        "project": d.project_name,
        "state": d.state,
        "by": d.by_name,
        "at": d.created_at.isoformat(),
        "took_s": d.took_s,
        "thread": d.permalink,
        "job": d.job_id,
        "detail": d.detail,
    }


@command("jobs")
@click.option("--mine", is_flag=True, help="only those you asked for")
@click.option("--running", is_flag=True, help="only those that have not ended")
@click.option("--failed", is_flag=True, help="only those that failed, wholly or in part")
@click.option("--last", type=click.IntRange(1, 1000), default=20, show_default=True, help="how many, newest first")
def jobs(call: Call, mine: bool, running: bool, failed: bool, last: int) -> Answer:
    """List jobs, newest first, and how they stand."""
    states = [JobState.WAITING, JobState.RUNNING] * running + [JobState.FAILED, JobState.PARTLY] * failed
    found = call.services.store.jobs(states=states or None, actor=call.actor.id if mine else None, last=last)
    return table(
        "Jobs, newest first",
        ("Job", "What", "Who", "State", "When (UTC)", Column("Took", "right"), "Thread", "Summary"),
        [_job_row(j) for j in found],
        empty="No job matches that.",
    )


def _job_row(j: Job) -> tuple[Cell, ...]:
    thread: Cell = Link("open", j.permalink) if j.permalink else "–"
    return (
        j.id,
        j.title,
        j.actor.name,
        j.state,
        moment(j.created_at),
        duration(j.took),
        thread,
        j.error or j.summary,
    )


@command("job", example="job j3f2a91c4de")
@click.argument("id")
def job(call: Call, id: str) -> Answer:
    """Show one job: its steps on every host, times, and what went wrong."""
    found = _find(call, id)
    rows = [(s.lane, s.name, s.state, duration(_took(s.started_at, s.ended_at)), s.detail) for s in found.steps]
    return table(
        f"{found.title}: {found.state}",
        ("Host", "Step", "State", Column("Took", "right"), "What"),
        rows,
        empty=found.error or "It has no steps yet.",
        note=f"Asked by {found.actor.name} at {moment(found.created_at)}. {found.error or found.summary}".strip(),
        buttons=() if found.state.ended else (Button("Cancel", f"cancel {found.id}", "danger"),),
    )


def _took(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


@command("cancel", role=Role.OPERATOR, example="cancel j3f2a91c4de")
@click.argument("id")
def cancel(call: Call, id: str) -> Answer:
    """Stop a job at the end of the steps that are running; what was done stays."""
    found = _find(call, id)
    if not call.jobs.cancel(found.id):
        raise UserError(f"Job {found.id} ({found.title}) has ended already: {found.state}.")
    return text(f"{found.title} stops as soon as its running steps have ended. What was done stays.")


def _find(call: Call, id: str) -> Job:
    found = call.services.store.job(id)
    if found is None:
        raise UserError(f"There is no job `{id}`. `jobs` lists them.")
    return found
