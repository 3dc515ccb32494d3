"""What several commands share: starting a job, and tables with the same values for `--json`."""

import hashlib
from collections.abc import Mapping, Sequence

from bot.replies import Button, Call, Cell, Column, Link, Reply, Table
from ops.model import Host
from ops.work import JobRequest


def job_id(request_id: str) -> str:
    """Derive a job's id, short enough to type, from Slack's id of the request: the same again for a redelivery."""
    return "j" + hashlib.sha256(request_id.encode()).hexdigest()[:10]


def start(call: Call, kind: str, title: str, **args: object) -> JobRequest:
    """Ask for a durable job."""
    return JobRequest(job_id(call.request_id), kind, title, args, call.actor)


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
