"""`python -m tests.fleet`: bring virtual Pis up and down, and hurt them."""

import argparse
import sys
from collections.abc import Callable

from . import images, network
from .engine import FleetError
from .fleet import Fleet, down, find, up

DEFAULT_NAME = "demo"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        COMMANDS[options.command](options)
    except FleetError as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 1
    return 0


def table(fleet: Fleet) -> str:
    """Return a row per Pi: name, address, user, password, state, fingerprint."""
    rows = [("name", "address", "user", "password", "state", "fingerprint")]
    for pi, state in zip(fleet.pis, fleet.states(), strict=True):
        rows.append((pi.name, f"{pi.ip}:{pi.port}", pi.user, pi.password, state, pi.fingerprint or "-"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _up(options: argparse.Namespace) -> None:
    print(table(up(options.count, options.name, options.block)))


def _down(options: argparse.Namespace) -> None:
    down(options.name)


def _status(options: argparse.Namespace) -> None:
    found = network.names()
    for name in found:
        print(f"fleet {name}\n{table(find(name))}")
    if not found:
        print("No fleet is up. Run: python -m tests.fleet up 5")


def _power_off(options: argparse.Namespace) -> None:
    find(options.name).power_off(options.number - 1)


def _power_on(options: argparse.Namespace) -> None:
    find(options.name).power_on(options.number - 1)


def _unplug(options: argparse.Namespace) -> None:
    find(options.name).unplug(options.number - 1)


def _plug(options: argparse.Namespace) -> None:
    find(options.name).plug(options.number - 1)


def _reset(options: argparse.Namespace) -> None:
    fleet = find(options.name)
    fleet.reset(options.number - 1)
    print(table(fleet))


def _exec(options: argparse.Namespace) -> None:
    print(find(options.name).exec(options.number - 1, options.words))


def _repository(options: argparse.Namespace) -> None:
    print(find(options.name).docker_repository_url)


def _images(options: argparse.Namespace) -> None:
    images.ensure_all(options.arch)
    if options.arch in (None, images.machine_arch()):
        images.ensure_repository()


def _clean(options: argparse.Namespace) -> None:
    for name in network.names():
        down(name)
    print("\n".join(images.remove_all()))


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "power-off": _power_off,
    "power-on": _power_on,
    "unplug": _unplug,
    "plug": _plug,
    "reset": _reset,
    "exec": _exec,
    "repository": _repository,
    "images": _images,
    "clean": _clean,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description="Virtual Raspberry Pis.")
    parser.add_argument("--name", default=DEFAULT_NAME, help=f"which fleet (default {DEFAULT_NAME})")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--name", default=argparse.SUPPRESS, help="which fleet")
        return added

    bring_up = command("up", "bring N Pis up, or what is missing of them")
    bring_up.add_argument("count", type=int, metavar="N")
    bring_up.add_argument("--block", type=int, choices=network.BLOCKS, help="use 127.0.BLOCK.x")
    command("down", "remove Pis, disks, bridge and rules; images stay")
    command("status", "show all fleets")
    for name, text in (
        ("power-off", "cut a Pi's power"),
        ("power-on", "give it power"),
        ("unplug", "pull its network cable"),
        ("plug", "put the cable back"),
        ("reset", "replace it by a bare one"),
        ("exec", "run a command in it"),
    ):
        command(name, text).add_argument("number", type=int, metavar="N", help="2 means pi-2")
    commands.choices["exec"].add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    command("repository", "start the signed package repository and print its address")
    command("images", "make or pull the images ahead of time").add_argument("--arch", choices=["amd64", "arm64"])
    command("clean", "take every fleet down and remove the images made here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
