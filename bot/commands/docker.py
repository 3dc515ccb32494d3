"""The Docker Engine of the hosts."""

import click

from bot.commands._answers import addresses, dry_run, named, start_or_show, table, when_back
from bot.registry import Role, command
from bot.replies import Answer, Button, Call
from ops import docker, targets
from ops.config import DockerChannel
from ops.work import StepState

CHANNELS = [channel.value for channel in DockerChannel]


@command("docker install", role=Role.OPERATOR, example="docker install 192.168.1.105")
@click.argument("target")
@click.option(
    "--channel",
    type=click.Choice([c.value for c in DockerChannel]),
    help="the distribution's package, or Docker's own",
)
@when_back
@dry_run
def install(call: Call, target: str, channel: str | None, when_back: bool, dry_run: bool) -> Answer:
    """Install the Docker Engine on hosts, or mend it where it is half there."""
    hosts = targets.resolve(call.services, target)
    args: dict[str, object] = {"addresses": addresses(hosts)} | ({"channel": str(channel)} if channel else {})
    args |= {"when_back": True} if when_back else {}
    return start_or_show(call, dry_run, "docker install", f"docker install {named(target, hosts)}", **args)


@command("docker states", example="docker states 192.168.1.105")
@click.argument("target", default="all")
def states(call: Call, target: str) -> Answer:
    """Show how far the installation of Docker got on each host, step by step."""
    found = docker.states(call.services, targets.resolve(call.services, target))
    rows = [
        (s.host.label, *(s.steps[n].state if n in s.steps else StepState.PENDING for n in docker.STEPS), _wrong(s))
        for s in found
    ]
    unfinished = [
        s.host.address for s in found if not all(n in s.steps and s.steps[n].state.good for n in docker.STEPS)
    ]
    again = Button("Install where it is missing", f"docker install {','.join(unfinished)}", "primary")
    return table(
        "Docker on the hosts",
        ("Host", *docker.STEPS, "What"),
        rows,
        empty="No hosts are registered yet.",
        buttons=(again,) if unfinished and len(again.command) < 1900 else (),
    )


def _wrong(states: docker.DockerStates) -> str:
    bad = [step.detail for step in states.steps.values() if step.state in {StepState.FAILED, StepState.UNREACHABLE}]
    return bad[0] if bad else states.docker_version
