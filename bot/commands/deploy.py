"""Containers on the hosts: started, looked at, stopped."""

import click

from bot.commands._answers import addresses, named, start, table
from bot.registry import Role, command
from bot.replies import Answer, Button, Call, Code, Column, Reply, Text
from bot.views.words import ago, count
from ops import deploy as verbs
from ops import projects, targets
from ops.errors import UserError
from ops.model import Project


@command("deploy", role=Role.OPERATOR, example="deploy 192.168.1.105 --project faces")
@click.argument("target")
@click.option("--project", default="", help="its name or id; the newest upload when left out")
@click.option(
    "--stay-up", type=click.FloatRange(0, 3600), metavar="S", help="seconds it must stay up to count as running"
)
def deploy(call: Call, target: str, project: str, stay_up: float | None) -> Answer:
    """Run a project on hosts, servers first: built if needed, delivered, started, watched until it stays up."""
    hosts = targets.resolve(call.services, target)
    found = _project(call, project)
    args: dict[str, object] = {"addresses": addresses(hosts), "project_id": found.id}
    args |= {"stay_up_s": stay_up} if stay_up is not None else {}
    return start(call, "deploy", f"deploy {found.name} to {named(target, hosts)}", **args)


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
def stop(call: Call, target: str, project: str) -> Answer:
    """Stop what flsvc runs on hosts; the containers and their logs stay readable."""
    hosts = targets.resolve(call.services, target)
    args: dict[str, object] = {"addresses": addresses(hosts)}
    args |= {"project_id": projects.find(call.services, project).id} if project else {}
    return start(call, "stop", f"stop {project + ' on ' if project else ''}{named(target, hosts)}", **args)


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
