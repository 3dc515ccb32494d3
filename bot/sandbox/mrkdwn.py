"""Turn what a person types into the text Slack hands to apps: escapes, mentions, channels, groups, links."""

import re

from bot.sandbox.workspace import Workspace

_TOKEN = re.compile(r"(?<![\w<@#])([@#])([\w.-]+)|(https?://[^\s<>|]+)")


def escape(text: str) -> str:
    """Escape the three characters that Slack's markup reserves."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def encode(workspace: Workspace, typed: str) -> str:
    """Return typed text with `<@U…>`, `<#C…|name>`, `<!subteam^S…|@handle>` and `<https://…>` where they belong."""
    return _TOKEN.sub(lambda match: _encode_one(workspace, match), escape(typed))


def encode_command(workspace: Workspace, typed: str) -> str:
    """Return a slash command's text with mentions and channels escaped, names included (`should_escape`)."""
    encoded = _TOKEN.sub(lambda match: _encode_one(workspace, match), escape(typed))
    return re.sub(r"<@(\w+)>", lambda match: f"<@{match[1]}|{workspace.users[match[1]].name}>", encoded)


def _encode_one(workspace: Workspace, match: re.Match[str]) -> str:
    sign, name, url = match[1], match[2], match[3]
    if url:
        return f"<{url}>"
    trailing = name[len(name.rstrip(".-")) :]
    found = _user(workspace, name) if sign == "@" else _channel(workspace, name)
    return f"{found}{trailing}" if found else match[0]


def _user(workspace: Workspace, name: str) -> str:
    wanted = name.rstrip(".-").lower()
    if wanted in ("here", "channel", "everyone"):
        return f"<!{wanted}>"
    user = workspace.find_user(wanted)
    if user:
        return f"<@{user.id}>"
    group = next((g for g in workspace.usergroups.values() if g.handle.lower() == wanted), None)
    return f"<!subteam^{group.id}|@{group.handle}>" if group else ""


def _channel(workspace: Workspace, name: str) -> str:
    channel = workspace.find_channel(name.rstrip(".-"))
    return f"<#{channel.id}|{channel.name}>" if channel and not channel.is_private else ""
