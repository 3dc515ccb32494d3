"""Containers on the hosts: started, looked at, stopped."""

from collections.abc import Callable, Mapping

import click

from bot.commands._answers import addresses, dry_run, named, start_or_show, table, when_back
from bot.registry import Role, command
from bot.replies import Answer, Button, Call, Code, Column, Reply, Text
from bot.views.words import ago, count
from ops import deploy as verbs
from ops import federation_lock, projects, targets
from ops.errors import UserError
from ops.model import Platform, Project


def careful(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """Add the options of a rollout."""
    bound = click.option(
        "--max-failures",
        type=click.IntRange(0),
        metavar="N",
        help="clients that may fail before all is taken back; 0 with --batch or --canary",
    )
    canary = click.option(
        "--canary", type=click.IntRange(1), metavar="N", help="clients to try first; every one of them must come up"
    )
    batch = click.option("--batch", type=click.IntRange(1), metavar="N", help="clients at a time")
    return batch(canary(bound(function)))


@command("deploy", role=Role.OPERATOR, example="deploy 192.168.1.105 --project faces")
@click.argument("target")
@click.option("--project", default="", help="its name or id; the newest upload when left out")
@click.option("--platform", type=click.Choice([p.value for p in Platform]), help="instead of what the project says")
@click.option(
    "--stay-up", type=click.FloatRange(0, 3600), metavar="S", help="seconds it must stay up to count as running"
)
@careful
@when_back
@dry_run
def deploy(
    call: Call, *, target: str, project: str, stay_up: float | None, dry_run: bool, **options: object
) -> Answer:
    """Run a project on hosts, servers first: built if needed, delivered, started, watched until it stays up.

    When the server or a canary does not come up, or too many clients fail, the rest is not begun and every host that
    was changed goes back to what it ran before. Too many is one, once --batch or --canary is given; --max-failures 3
    lets three fail; with none of the three options all clients go at once and only the failure of all of them counts.
    Hosts that do not answer are left as they are and do not count, except a server or a canary; with --when-back they
    are caught up with later.
    """
    hosts = targets.resolve(call.services, target)
    federation_lock.refuse(call.services, hosts)
    found = _project(call, project)
    args = {"addresses": addresses(hosts), "project_id": found.id, "stay_up_s": stay_up}
    title = f"deploy {found.name} to {named(target, hosts)}"
    return start_or_show(call, dry_run, "deploy", title, **_given(args | options))


@command("rollback", role=Role.OPERATOR, example="rollback test_model")
@click.argument("target")
@click.option("--to", type=click.IntRange(1), metavar="N", help="go back N versions instead of one")
@click.option("--project", default="", help="of this project; of the one deployed last when left out")
@careful
@when_back
@dry_run
def rollback(call: Call, target: str, project: str, dry_run: bool, **options: object) -> Answer:
    """Run the version again that ran on each host before, as a new deployment; `history` shows what there was.

    Each host goes back to its own earlier version; versions are counted, not deployments: --to 2 is the one before
    that. Hosts that never ran another version are left as they are. It is careful as `deploy` is: when too many fail,
    every host that was changed goes on with what it runs now.
    """
    hosts = targets.resolve(call.services, target)
    federation_lock.refuse(call.services, hosts)
    project_id = projects.find(call.services, project).id if project else None
    args = {"addresses": addresses(hosts), "project_id": project_id, **options}
    return start_or_show(call, dry_run, "rollback", f"rollback {named(target, hosts)}", **_given(args))


@command("restart", role=Role.OPERATOR, example="restart 192.168.1.105")
@click.argument("target")
@click.option("--project", default="", help="only this project; everything flsvc runs there when left out")
@when_back
@dry_run
def restart(call: Call, target: str, project: str, dry_run: bool, **options: object) -> Answer:
    """Stop and start what runs on hosts, servers first; it has to stay up. What was stopped stays stopped."""
    hosts = targets.resolve(call.services, target)
    federation_lock.refuse(call.services, hosts)
    project_id = projects.find(call.services, project).id if project else None
    title = f"restart {project + ' on ' if project else ''}{named(target, hosts)}"
    args = {"addresses": addresses(hosts), "project_id": project_id, **options}
    return start_or_show(call, dry_run, "restart", title, **_given(args))


def _given(args: Mapping[str, object]) -> dict[str, object]:
    """Leave out what was not said."""
    return {name: value for name, value in args.items() if value is not None and value is not False}


def _project(call: Call, text: str) -> Project:
    if text:
        return projects.find(call.services, text)
    newest = call.services.store.projects(last=1)
    if not newest:
        raise UserError("No project was uploaded yet. Drop its zip into a channel, then deploy it.")
    return newest[0]


@command("stop", role=Role.OPERATOR, example="stop test_model")
@click.argument("target")
@click.option("--project", default="", help="only this project; everything flsvc runs there when left out")
@when_back
@dry_run
def stop(call: Call, target: str, project: str, dry_run: bool, **options: object) -> Answer:
    """Stop what flsvc runs on hosts; the containers and their logs stay readable."""
    hosts = targets.resolve(call.services, target)
    federation_lock.refuse(call.services, hosts)
    project_id = projects.find(call.services, project).id if project else None
    title = f"stop {project + ' on ' if project else ''}{named(target, hosts)}"
    args = {"addresses": addresses(hosts), "project_id": project_id, **options}
    return start_or_show(call, dry_run, "stop", title, **_given(args))


@command("status", example="status test_model")
@click.argument("target", default="all")
def status(call: Call, target: str) -> Answer:
    """Show what runs on each host, as its Docker Engine sees it now."""
    found = verbs.status(call.services, targets.resolve(call.services, target))
    up = sum(s.state == "running" for s in found)
    columns = ("Host", "Type", "Project", "State", "Deployment", "Since", Column("Restarts", "right"), "What")
    return table(
        f"{up} of {count(len(found), 'container')} running",
        columns,
        [_row(call, s) for s in found],
        empty="No hosts are registered yet.",
        note=" ".join(federation_lock.held(call.services, [s.host for s in found])),
        buttons=(Button("Logs", f"logs {target}"),) if up else (),
    )


def _row(call: Call, s: verbs.Status) -> tuple[str, ...]:
    d, c = s.deployment, s.container
    return (
        s.host.label,
        s.host.flower_type,
        d.project_name if d else "–",
        s.state,
        d.id if d else "–",
        ago(c.started_at, call.services.now()) if c and c.started_at else "–",
        str(c.restarts) if c else "–",
        s.error,
    )


@command("logs", example="logs 192.168.1.105 --lines 20")
@click.argument("target")
@click.option("--lines", type=click.IntRange(1, 10_000), default=50, show_default=True, help="how many, from the end")
def logs(call: Call, target: str, lines: int) -> Answer:
    """Show the last lines the containers on hosts have printed."""
    found = verbs.logs(call.services, targets.resolve(call.services, target), lines=lines)
    parts = tuple(Text(f"{h.host.label}: {h.error}") if h.error else Code(h.host.label, h.text) for h in found)
    data = [{"host": h.host.address, "text": h.text, "error": h.error} for h in found]
    return Reply(parts, data=data)
