"""The grammar of commands: found, suggested, explained."""

import pytest

from bot import registry
from bot.registry import COMMANDS, Role, parse
from ops.errors import UserError

registry.load()


def test_every_command_explains_itself() -> None:
    for command in COMMANDS.values():
        assert command.summary.endswith("."), command.name
        assert command.example.startswith(command.name.split()[0]), command.name
        assert parse(command.example.split()).command is command


def test_the_commands_of_the_predecessor_are_all_there() -> None:
    wanted = {
        "help", "key create", "key show", "register", "hosts", "ping", "docker install", "docker states", "build",
        "projects", "deploy", "status", "logs", "stop", "history", "forget",
    }  # fmt: skip
    assert wanted <= set(COMMANDS)


def test_what_changes_something_is_for_operators() -> None:
    changing = {"key create", "register", "docker install", "build", "deploy", "stop", "forget", "cancel", "retry"}
    changing |= {"rollback", "restart", "lock", "unlock"}
    assert {c.name for c in COMMANDS.values() if c.role is Role.OPERATOR} == changing


def test_nothing_typed_is_help() -> None:
    assert parse([]).command.name == "help"


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        ("ping all", "ping", {"target": "all"}),
        ("PING all", "ping", {"target": "all"}),
        ("docker install 10.0.0.1 --channel docker", "docker install", {"target": "10.0.0.1", "channel": "docker"}),
        ("history --last 3 --by @U1", "history", {"target": "all", "last": 3, "by": "@U1"}),
        ("register 1.1.1.1 1.1.1.2 --type server", "register", {"address": ("1.1.1.1", "1.1.1.2")}),
        ("deploy --help", "help", {"name": ("deploy",)}),
        ("build p --arch arm64 --arch amd64", "build", {"arches": ("arm64", "amd64")}),
    ],
)
def test_parse(typed: str, name: str, values: dict[str, object]) -> None:
    parsed = parse(typed.split())
    assert parsed.command.name == name
    assert values.items() <= parsed.values.items()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("pong all", "Did you mean `ping`"),
        ("docker", "`docker install` or `docker states`"),
        ("docker instal x", "With `docker` there is"),
        ("xyzzy", "`help` lists them all"),
        ("ping", "Missing argument"),
        ("ping", "for example `ping 192.168.1.105`"),
        ("ping a b", "unexpected extra argument"),
        ("history --lst 3", "No such option"),
        ("history --last many", "not a valid integer"),
        ("docker install x --channel snap", "is not one of"),
    ],
)
def test_what_is_not_understood_gets_a_sentence(typed: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        parse(typed.split())
    assert says in str(error.value)
