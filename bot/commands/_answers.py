"""What several commands share: starting a job, and tables with the same values for `--json`."""

import hashlib
from collections.abc import Mapping, Sequence

from bot.replies import Button, Call, Cell, Column, Link, Reply, Table
from ops.model import DeploymentState, Host
from ops.work import JobRequest


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
    """Show a job's plan, with what runs on each host now."""
    plan = call.jobs.plan(request)
    running = call.services.store.deployments(states=[DeploymentState.RUNNING])
    now = {host: ", ".join(d.id for d in running if d.host == host) for host in {d.host for d in running}}
    rows = [
        (phase.title or "–", lane.label, ", ".join(lane.steps), now.get(lane.host, "–"))
        for phase in plan.phases
        for lane in phase.lanes
    ]
    return table(
        f"{request.title}: what it would do",
        ("Phase", "Host", "Steps", "Runs there now"),
        rows,
        empty="Nothing would be done.",
        note="Nothing was changed. Give the command without `--dry-run` to do it.",
    )


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
