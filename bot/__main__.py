"""The console script `flsvc`: the one composition root, where settings become a running bot, worker or command."""

import asyncio
import json
import os
import sys
from pathlib import Path

import click

from bot import cli, settings
from bot.logs import configure
from ops.errors import OpsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flsvc", message="%(version)s")
def main() -> None:
    """Run federated learning on a fleet of Raspberry Pis, from Slack and from here."""


def _loaded() -> settings.Settings:
    try:
        found = settings.load()
    except OpsError as error:
        raise click.ClickException(str(error)) from None
    configure(found.log_level)
    return found


@main.command()
def bot() -> None:
    """Run the Slack bot, over Socket Mode or signed HTTP, and the jobs it is given."""
    from bot.run import run_bot

    found = _loaded()
    for secret in (one.name for one in settings.SETTINGS if one.secret):
        os.environ.pop(secret, None)  # no child process inherits them, and Bolt does not find a second token
    try:
        found.require_slack()
        asyncio.run(run_bot(found))
    except OpsError as error:
        raise click.ClickException(str(error)) from None


@main.command()
def worker() -> None:
    """Run jobs only; several workers share the work when the database is PostgreSQL."""
    from bot.run import run_worker

    run_worker(_loaded())


@main.command()
@click.option("--port", default=8765, show_default=True, help="where the page and the API are")
def sandbox(port: int) -> None:
    """Run a local workspace that speaks Slack's protocols, with a web page."""
    from bot.demo import run_sandbox

    configure("INFO")
    asyncio.run(run_sandbox(port))


@main.command()
@click.option("--port", default=8765, show_default=True, help="where the page is")
@click.option("--hosts", default="", help="addresses to suggest, the server first, separated by commas")
@click.option("--password", default="", help="their password, for the suggestion")
def demo(port: int, hosts: str, password: str) -> None:
    """Run the sandbox and a bot in it, and say what to try."""
    from bot.demo import run_demo

    configure("WARNING")
    sys.exit(asyncio.run(run_demo(port, [h for h in hosts.split(",") if h], password)))


@main.command()
@click.option("--url", default="", help="for signed HTTP: where Slack reaches the bot, https://…")
def manifest(url: str) -> None:
    """Print the Slack app's manifest, to paste when creating the app."""
    from bot.manifest import manifest as made

    click.echo(json.dumps(made(url), indent=2))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="print plain JSON")
def doctor(as_json: bool) -> None:
    """Check this installation and say how to mend what is not right."""
    from bot import wiring
    from bot.doctor import examine, report

    found = _loaded()
    with wiring.services(found) as services:
        reply = report(asyncio.run(examine(found, services)))
    cli.echo(reply, as_json=as_json)
    sys.exit(int(reply.failed))


@main.command()
@click.argument("zip_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="print plain JSON")
def upload(zip_file: Path, as_json: bool) -> None:
    """Keep a project's zip, as dropping it into a channel does."""
    from bot.terminal_upload import run_upload

    _loaded()
    sys.exit(run_upload(zip_file, as_json=as_json))


cli.add_commands(main)

if __name__ == "__main__":
    main(prog_name="flsvc")
