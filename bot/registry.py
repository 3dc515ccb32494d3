"""The one table of commands: grammar, help, suggestions, roles, the manifest's hint and the README's table.

A command is one function under `@command`, with click's own decorators for its parameters.
"""

import difflib
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import click

from bot.replies import Answer, Call
from ops.errors import UserError

Handler = Callable[..., Answer]


class Role(StrEnum):
    """What a person must be to give a command."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` as typed, its parameters by click, who may give it, an example to copy."""

    name: str
    role: Role
    example: str
    handler: Handler
    click: click.Command

    @property
    def noun(self) -> str:
        """Return the file it lives in, which groups the help."""
        return self.handler.__module__.rpartition(".")[2]

    @property
    def usage(self) -> str:
        """Return the name with its parameters, such as `ping TARGET`."""
        pieces = self.click.collect_usage_pieces(click.Context(self.click, info_name=self.name))
        return " ".join([self.name, *(p for p in pieces if p != "[OPTIONS]"), *self._options()])

    @property
    def summary(self) -> str:
        """Return the first sentence of its help."""
        return (self.click.help or "").partition("\n\n")[0].replace("\n", " ").strip()

    def _options(self) -> list[str]:
        options = [p for p in self.click.params if isinstance(p, click.Option) and not p.hidden]
        return [
            f"[{p.opts[0]}{'' if p.is_flag else ' ' + (p.metavar or p.human_readable_name.upper())}]" for p in options
        ]


COMMANDS: dict[str, Command] = {}
# The order of the files in the help and in the README: the way a newcomer goes. Files not named here come last.
_ORDER = ("help", "hosts", "docker", "projects", "deploy", "federation", "history", "jobs")


def command(name: str, *, role: Role = Role.VIEWER, example: str = "") -> Callable[[Handler], Handler]:
    """Register a function as a command; its docstring is the help."""

    def register(handler: Handler) -> Handler:
        if name in COMMANDS:
            raise AssertionError(f"two commands are called {name}")
        params = list(reversed(getattr(handler, "__click_params__", [])))
        grammar = click.Command(
            name, params=params, help=inspect.cleandoc(handler.__doc__ or ""), add_help_option=False
        )
        COMMANDS[name] = Command(name, role, example or name, handler, grammar)
        return handler

    return register


def typed(sentence: str, prefix: str) -> str:
    """Write the commands in a sentence the way they are typed: `ping x` becomes `/flsvc ping x`."""
    first = "|".join(sorted({re.escape(name.split()[0]) for name in COMMANDS}))
    return re.sub(rf"`({first})(?=[ `])", rf"`{prefix} \1", sentence) if first else sentence


def load() -> dict[str, Command]:
    """Import every file of `bot.commands`, so that its commands are in the table, and return the table."""
    package = importlib.import_module("bot.commands")
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
    for name in sorted(names, key=lambda n: (_ORDER.index(n) if n in _ORDER else len(_ORDER), n)):
        importlib.import_module(f"bot.commands.{name}")
    return COMMANDS


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command with the values of its parameters, ready to be called."""

    command: Command
    values: dict[str, object]

    def __call__(self, call: Call) -> Answer:
        """Run the handler."""
        return self.command.handler(call, **self.values)


def parse(words: Sequence[str]) -> Parsed:
    """Find the command and read its parameters; no words at all is `help`.

    Raises UserError with the usage and an example, or with what was probably meant.
    """
    if not words:
        return Parsed(COMMANDS["help"], {"name": ()})
    found, rest = _find(words)
    if "--help" in rest:
        return Parsed(COMMANDS["help"], {"name": tuple(found.name.split())})
    try:
        context = found.click.make_context(found.name, list(rest))
    except click.UsageError as error:
        raise UserError(f"{error.format_message()} Usage: `{found.usage}`, for example `{found.example}`.") from None
    return Parsed(found, dict(context.params))


def _find(words: Sequence[str]) -> tuple[Command, Sequence[str]]:
    lowered = [word.lower() for word in words[:2]]
    for size in (2, 1):
        if (found := COMMANDS.get(" ".join(lowered[:size]))) and len(words) >= size:
            return found, words[size:]
    raise UserError(f"There is no command `{' '.join(words[:2])}`.{_suggest(lowered)} `help` lists them all.")


def _suggest(words: Sequence[str]) -> str:
    if below := [name for name in COMMANDS if name.startswith(f"{words[0]} ")]:
        return f" With `{words[0]}` there is {_list(below)}."
    names = sorted({*COMMANDS, *(name.split()[0] for name in COMMANDS)})
    close = difflib.get_close_matches(" ".join(words), names, n=2, cutoff=0.6)
    close = close or difflib.get_close_matches(words[0], names, n=2, cutoff=0.6)
    return f" Did you mean {_list(close)}?" if close else ""


def _list(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
