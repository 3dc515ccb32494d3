"""The home tab: what one may do, how the fleet stands, what is going on, what was deployed last."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from bot.replies import Button
from bot.views import blocks
from bot.views.limits import escaped
from bot.views.payload import Block
from bot.views.words import JOB_SIGNS, count, moment
from ops.model import Deployment, DeploymentState, FlowerType, Host
from ops.services import Store
from ops.work import Job, JobState

_FEDERATIONS = 10
_LINES = 8
_SEEN_LATELY_S = 24 * 3600


def home_view(store: Store, roles: Collection[str], now: datetime) -> Block:
    """Return the home tab as things stand now; the same size for five hosts and for a thousand."""
    hosts = store.hosts()
    running = store.deployments(states=[DeploymentState.RUNNING], last=1000)
    busy = store.jobs(states=[JobState.WAITING, JobState.RUNNING], last=_LINES)
    shown = [
        blocks.header("flsvc"),
        blocks.section(_role(roles)),
        *blocks.commands(_buttons(roles, hosts)),
        blocks.divider(),
        *_fleet(hosts, running, now),
        blocks.divider(),
        *_list("Going on", [_job(job) for job in busy], "Nothing is going on."),
        *_list(
            "Deployed last", [_deployment(d) for d in store.deployments(last=_LINES)], "Nothing was deployed yet."
        ),
        blocks.context(f"As of {moment(now)}. Open this tab again to see it anew."),
    ]
    return {"type": "home", "callback_id": "home", "blocks": shown}


def _role(roles: Collection[str]) -> str:
    if "operator" in roles:
        return "You are an *operator*: you may look, and change things."
    if "viewer" in roles:
        return "You are a *viewer*: you may look. Operators change things."
    return "You may not look at the fleet. Ask an operator to have you added."


def _buttons(roles: Collection[str], hosts: Sequence[Host]) -> list[Button]:
    register = Button("Register hosts", "register", "" if hosts else "primary")
    looks = [
        Button("Hosts", "hosts"),
        Button("Status", "status"),
        Button("History", "history"),
        Button("Help", "help"),
    ]
    return [*([register] if "operator" in roles else []), *(looks if "viewer" in roles else [])]


def _fleet(hosts: Sequence[Host], running: Sequence[Deployment], now: datetime) -> list[Block]:
    if not hosts:
        return [blocks.section("*The fleet*\nNo hosts are registered yet.")]
    names = sorted({host.federation for host in hosts})
    lines = [_federation(name, [h for h in hosts if h.federation == name], running) for name in names[:_FEDERATIONS]]
    more = [f"… and {count(len(names) - _FEDERATIONS, 'federation')} more"] if len(names) > _FEDERATIONS else []
    lately = sum(h.facts_at is not None and (now - h.facts_at).total_seconds() < _SEEN_LATELY_S for h in hosts)
    total = f"*The fleet*: {count(len(hosts), 'host')}, {lately} seen in the last day"
    return [blocks.section("\n".join([total, *lines, *more]))]


def _federation(name: str, hosts: Sequence[Host], running: Sequence[Deployment]) -> str:
    addresses = {host.address for host in hosts}
    servers = sum(host.flower_type is FlowerType.SERVER for host in hosts)
    projects = Counter(d.project_name for d in running if d.host in addresses)
    runs = ", ".join(f"{project} on {count(n, 'host')}" for project, n in projects.most_common(3)) or "nothing"
    title = escaped(name, 80) if name else "without a federation"
    return (
        f"• *{title}*: {count(servers, 'server')}, {count(len(hosts) - servers, 'client')}; runs {escaped(runs, 150)}"
    )


def _job(job: Job) -> str:
    return f"{JOB_SIGNS[job.state]} {_linked(escaped(job.title, 100), job.permalink)}, {escaped(job.actor.name, 40)}"


def _deployment(d: Deployment) -> str:
    what = _linked(f"{escaped(d.project_name, 60)} on {escaped(d.host, 60)}", d.permalink)
    return f"{moment(d.created_at)} · {what} · {d.state} · {escaped(d.by_name, 40)}"


def _linked(text: str, url: str) -> str:
    return f"<{url}|{text}>" if url else text


def _list(title: str, lines: Sequence[str], empty: str) -> list[Block]:
    return [blocks.section("\n".join([f"*{title}*", *(f"• {line}" for line in lines or [empty])]))]
