"""What `register` asks in a terminal instead of a modal: options for scripts, prompts for people."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from bot import registration
from bot.registration import Registration
from ops.errors import UserError
from ops.model import FlowerType

OPTIONS = (
    click.Option(["--user"], default="pi", show_default=True, help="the user to log in as"),
    click.Option(["--port"], type=click.IntRange(1, 65535), default=22, show_default=True),
    click.Option(["--password-stdin"], is_flag=True, help="read the password from standard input"),
    click.Option(["--key-file"], type=click.Path(exists=True, dir_okay=False), help="log in with this private key"),
    click.Option(["--ours"], is_flag=True, help="flsvc's key is on the hosts already"),
    click.Option(["--contact"], default="", help="whom to ask about the hosts"),
    click.Option(["--description"], default=""),
    click.Option(["--yes"], is_flag=True, help="take the fingerprints as they are shown"),
)


def registration_of(initial: Mapping[str, str], options: Mapping[str, object]) -> Registration:
    """Put the command, its options and, for what is missing, prompts together; raises UserError when it is wrong."""
    addresses = initial.get("addresses") or click.prompt("Addresses", err=True)
    method: registration.Method = "ours" if options["ours"] else "key" if options["key_file"] else "password"
    asked = Registration(
        addresses=registration.split_addresses(addresses),
        port=int(str(options["port"])),
        user=str(options["user"]),
        method=method,
        secret=_secret(method, options),
        flower_type=FlowerType(initial.get("flower_type") or FlowerType.CLIENT),
        federation=initial.get("federation", ""),
        contact=str(options["contact"]),
        description=str(options["description"]),
    )
    if wrong := registration.check(asked):
        raise UserError(" ".join(wrong.values()))
    return asked


def _secret(method: registration.Method, options: Mapping[str, object]) -> str:
    if method == "ours":
        return ""
    if method == "key":
        return Path(str(options["key_file"])).read_text()
    if options["password_stdin"]:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt("Password", hide_input=True, err=True))
