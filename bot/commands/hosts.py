"""The machines: keys, registration, what is known of them, whether they answer."""

import click

from bot.commands._answers import addresses, named, start, table
from bot.registry import Role, command
from bot.replies import Answer, Button, Call, Code, Column, OpenForm, Reply, Text
from bot.views.words import ago, count, duration, size
from ops import hosts as verbs
from ops import keys, targets
from ops.model import Host


@command("key create", role=Role.OPERATOR)
def key_create(call: Call) -> Answer:
    """Make the SSH key with which flsvc logs in to hosts.

    When there is one already it says so and changes nothing.
    """
    key = keys.create_key(call.services.config)
    sentence = "Made a new ed25519 key." if key.created else "There is a key already; nothing was changed."
    return _key(sentence, key)


@command("key show")
def key_show(call: Call) -> Answer:
    """Show the public half of flsvc's SSH key and its fingerprint."""
    return _key("This is the key flsvc logs in with.", keys.show_key(call.services.config))


def _key(sentence: str, key: keys.KeyInfo) -> Reply:
    data = {"fingerprint": key.fingerprint, "public": key.public, "created": key.created}
    parts = (Text(f"{sentence} Fingerprint `{key.fingerprint}`."), Code("Public key", key.public))
    return Reply(parts, data=data, buttons=(Button("Register hosts", "register", "primary"),))


@command("register", role=Role.OPERATOR, example="register 192.168.1.105")
@click.argument("address", nargs=-1)
@click.option("--fl", default="", metavar="FEDERATION", help="the federation the hosts belong to")
@click.option("--type", "flower_type", type=click.Choice(["server", "client"]), help="what they do in it")
def register(_call: Call, address: tuple[str, ...], fl: str, flower_type: str | None) -> Answer:
    """Make hosts known: a form asks for the login, shows each host's fingerprint, then installs flsvc's key.

    Several addresses may share one login. A password is used once and never travels as command text.
    """
    initial = {"addresses": "\n".join(address), "federation": fl, "flower_type": flower_type or ""}
    return OpenForm("register", {key: value for key, value in initial.items() if value})


@command("hosts", example="hosts --fl faces")
@click.argument("target", default="all")
@click.option("--contact", default="", help="only hosts with this contact")
@click.option("--fl", default="", metavar="FEDERATION", help="only hosts of this federation")
def hosts(call: Call, target: str, contact: str, fl: str) -> Answer:
    """List the registered hosts and what is known of them."""
    known = call.services.store.hosts(federation=fl or None, contact=contact or None)
    if target != "all":
        chosen = set(addresses(targets.resolve(call.services, target)))
        known = [host for host in known if host.address in chosen]
    columns = ("Host", "Type", "Federation", "Arch", "Model", Column("Memory", "right"), Column("Free disk", "right"),
               "Docker", "Contact", "Seen")  # fmt: skip
    return table(
        count(len(known), "host"),
        columns,
        [_host_row(call, host) for host in known],
        empty="No hosts match that. `register` makes some known."
        if contact or fl or target != "all"
        else "No hosts are registered yet. `register` makes some known.",
        data=[host_data(host) for host in known],
    )


def _host_row(call: Call, host: Host) -> tuple[str, ...]:
    facts = host.facts
    return (
        host.label,
        host.flower_type,
        host.federation or "–",
        host.arch or "–",
        (facts.model or facts.os if facts else "") or "–",
        size(facts.memory_bytes) if facts else "–",
        size(facts.disk_free_bytes) if facts else "–",
        (facts.docker_version if facts else "") or "–",
        host.contact or "–",
        ago(host.facts_at, call.services.now()),
    )


def host_data(host: Host) -> dict[str, object]:
    """Return a host as plain values for `--json`."""
    return {
        "address": host.address,
        "name": host.name,
        "port": host.port,
        "user": host.user,
        "flower_type": host.flower_type,
        "federation": host.federation,
        "contact": host.contact,
        "description": host.description,
        "arch": host.arch,
        "fingerprint": host.key.fingerprint,
        "facts_at": host.facts_at.isoformat() if host.facts_at else None,
    }


@command("ping", example="ping 192.168.1.105")
@click.argument("target")
def ping(call: Call, target: str) -> Answer:
    """Ask hosts whether they answer, and how they are."""
    found = verbs.ping(call.services, targets.resolve(call.services, target))
    good = sum(p.state.good for p in found)
    rows = [(p.host.label, p.state, f"{p.latency_ms:.0f} ms" if p.latency_ms is not None else "–", *_health(p))
            for p in found]  # fmt: skip
    return table(
        f"{good} of {count(len(found), 'host')} answered",
        ("Host", "State", Column("Latency", "right"), Column("Free disk", "right"), "Temperature", "Up", "What"),
        rows,
        empty="There is no host to ask.",
        data=[
            {"host": p.host.address, "state": p.state, "latency_ms": p.latency_ms, "error": p.error} for p in found
        ],
    )


def _health(p: verbs.Ping) -> tuple[str, str, str, str]:
    if p.facts is None:
        return ("–", "–", "–", p.error)
    warm = f"{p.facts.temperature_c:.0f} °C" if p.facts.temperature_c is not None else "–"
    return (size(p.facts.disk_free_bytes), warm, duration(p.facts.uptime_s), p.error)


@command("forget", role=Role.OPERATOR, example="forget 192.168.1.105")
@click.argument("target")
@click.option("--force", is_flag=True, help="also when a project runs there")
def forget(call: Call, target: str, force: bool) -> Answer:
    """Remove hosts: flsvc's key is taken off them, their registration is deleted, their history stays."""
    chosen = targets.resolve(call.services, target)
    return start(call, "forget", f"forget {named(target, chosen)}", addresses=addresses(chosen), force=force)
