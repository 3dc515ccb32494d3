"""What several commands share: starting a job, and tables with the same values for `--json`."""

import hashlib
from collections.abc import Mapping, Sequence

import click

from bot.replies import Button, Call, Cell, Column, Link, Reply, Table
from bot.views.words import count
from ops import foretold
from ops.model import Host
from ops.work import JobRequest, Plan

when_back = click.option("--when-back", is_flag=True, help="catch up with hosts that are away, once they are back")
dry_run = click.option("--dry-run", is_flag=True, help="show what would be done, and change nothing")


def job_id(request_id: str) -> str:
    """Derive a job's id, short enough to type, from Slack's id of the request: the same again for a redelivery."""
    return "j" + hashlib.sha256(request_id.encode()).hexdigest()[:10]


def start(call: Call, kind: str, title: str, **args: object) -> JobRequest:
    """Ask for a durable job."""
    return JobRequest(job_id(call.request_id), kind, title, args, call.actor)


def start_or_show(call: Call, dry_run: bool, kind: str, title: str, **args: object) -> JobRequest | Reply:
    """Ask for a durable job, or show what it would do and change nothing."""
    request = start(call, kind, title, **args)
    return planned(call, request) if dry_run else request


def planned(call: Call, request: JobRequest) -> Reply:
    """Show a job's plan: in which order, where, by which steps, from what to what, and when it would go back."""
    plan = call.jobs.plan(request)
    changes = foretold.changes(call.services, request, plan)
    same = foretold.Change("–", "–")
    rows = [
        (phase.title or "–", lane.label, ", ".join(lane.steps), change.now, change.then)
        for phase in plan.phases
        for lane in phase.lanes
        for change in [changes.get(lane.key, same)]
    ]
    return table(
        f"{request.title}: what it would do",
        ("Phase", "Host", "Steps", "Runs now", "Would run"),
        rows,
        empty="Nothing would be done.",
        note=f"Nothing was changed. {way_back(plan)}Give the command without `--dry-run` to do it.",
    )


def way_back(plan: Plan) -> str:
    """Say when a rollout would stop and go back; '' for a job that would not."""
    bounded = [phase for phase in plan.phases if phase.max_failures is not None]
    if not bounded:
        return ""
    clients, bound = sum(len(phase.lanes) for phase in bounded), bounded[-1].max_failures or 0
    firm = [phase.title for phase in plan.phases if phase.required and phase.title in {"server", "canary"}]
    first = f"the {' or the '.join(firm)} does not come up, or " if firm else ""
    most = f"more than {count(bound, 'client')} fail" if bound else "any client fails"
    most = "every client fails" if 0 < bound == clients - 1 else most
    return f"If {first}{most}, it stops, and every host that was changed goes back to what it ran before. "


def addresses(hosts: Sequence[Host]) -> list[str]:
    """Return the hosts' addresses, as jobs keep them."""
    return [host.address for host in hosts]


def named(target: str, hosts: Sequence[Host]) -> str:
    """Phrase a target for a title: itself, with the number of hosts when it stands for several."""
    return target if len(hosts) == 1 else f"{target} ({len(hosts)} hosts)"


def table(
    title: str,
    columns: Sequence[str | Column],
    rows: Sequence[Sequence[Cell]],
    *,
    empty: str,
    note: str = "",
    data: Sequence[Mapping[str, object]] | None = None,
    buttons: Sequence[Button] = (),
) -> Reply:
    """Answer with one table; without `data` its rows by column are the values for `--json`."""
    heads = tuple(Column(c) if isinstance(c, str) else c for c in columns)
    body = tuple(tuple(row) for row in rows)
    keys = [head.title.lower().replace(" ", "_") for head in heads]
    values = data if data is not None else [dict(zip(keys, map(_plain, row), strict=True)) for row in body]
    return Reply((Table(title, heads, body, empty, note),), data=list(values), buttons=tuple(buttons))


def _plain(cell: Cell) -> object:
    return {"text": cell.text, "url": cell.url} if isinstance(cell, Link) else str(cell)
