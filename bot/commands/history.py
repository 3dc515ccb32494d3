"""What was deployed where, by whom."""

import click

from bot.commands._answers import addresses, table
from bot.registry import command
from bot.replies import Answer, Call, Cell, Column, Link
from bot.views.words import duration, moment
from ops import targets
from ops.model import Deployment


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
        ("When", "Who", "Project", "Host", "State", Column("Took", "right"), "Deployment", "Thread", "What"),
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
        "; ".join(
            part for part in (f"back to the version of {d.returns_to}" if d.returns_to else "", d.detail) if part
        ),
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
        "returns_to": d.returns_to,
        "detail": d.detail,
    }
