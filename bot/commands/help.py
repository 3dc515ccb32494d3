"""What can be typed."""

import click

from bot.commands._answers import table
from bot.registry import COMMANDS, Command, Role, command
from bot.replies import Answer, Call, Reply, Text
from ops.errors import UserError


@command("help", example="help deploy")
@click.argument("name", nargs=-1)
def help_(call: Call, name: tuple[str, ...]) -> Answer:
    """List what you may do, or explain one command."""
    if name:
        return _explain(call, " ".join(name).lower())
    mine = [c for c in COMMANDS.values() if call.may(c.role)]
    rows = [(f"{call.prefix} {c.usage}", c.summary) for c in mine]
    hidden = len(COMMANDS) - len(mine)
    note = "TARGET is an address, a CIDR block, a federation, `contact:…`, a comma list of these, or `all`."
    note += f" {hidden} more are for operators." if hidden else ""
    return table(
        "What you can do", ("Command", "What it does"), rows, empty="You may not do anything here.", note=note
    )


def _explain(call: Call, name: str) -> Reply:
    found = [c for key, c in COMMANDS.items() if key == name] or [
        c for key, c in COMMANDS.items() if key.startswith(f"{name} ")
    ]
    if not found:
        raise UserError(f"There is no command `{name}`. `help` lists them all.")
    return Reply(tuple(Text(_manual(call, c)) for c in found), data=[_as_data(c) for c in found], private=True)


def _manual(call: Call, c: Command) -> str:
    options = [(p.opts[0], p.help or "") for p in c.click.params if isinstance(p, click.Option)]
    lines = [
        f"*{call.prefix} {c.usage}*",
        _unwrapped(c.click.help or ""),
        *(f"`{name}` {text}" for name, text in options),
    ]
    lines.append(f"For example: `{call.prefix} {c.example}`")
    if c.role is Role.OPERATOR:
        lines.append("For operators; it changes something." if call.may(c.role) else "Only operators may do this.")
    return "\n".join(lines)


def _unwrapped(text: str) -> str:
    """Take the line ends of the source out of paragraphs: a screen breaks lines by itself."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _as_data(c: Command) -> dict[str, str]:
    return {"command": c.name, "usage": c.usage, "role": c.role, "help": c.click.help or "", "example": c.example}
