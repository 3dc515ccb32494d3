"""What the page and the test driver read: pure functions from the workspace to JSON."""

from bot.sandbox.model import Channel, File, Json, Message, User, View
from bot.sandbox.plain import plain_text
from bot.sandbox.workspace import Workspace


def user_json(user: User) -> Json:
    """Return who someone is, with what the avatar needs."""
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "is_bot": user.is_bot,
        "color": user.color,
        "letter": user.letter,
    }


def channel_json(channel: Channel) -> Json:
    """Return a channel with its members."""
    return {
        "id": channel.id,
        "name": channel.name,
        "is_im": channel.is_im,
        "is_private": channel.is_private,
        "topic": channel.topic,
        "members": sorted(channel.members),
    }


def file_json(file: File) -> Json:
    """Return a file with the page's own address of its bytes."""
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "size": file.size_bytes,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "url": f"/ui/files/{file.id}",
    }


def message_json(workspace: Workspace, message: Message) -> Json:
    """Return a message as a person sees it; `plain` is all of its text, blocks and table cells included."""
    author = workspace.users.get(message.user) or User(message.user, "slackbot", "Slackbot", is_bot=True)
    replies = workspace.replies(message.channel, message.ts)
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": user_json(author),
        "is_app": bool(message.bot_id),
        "text": message.text,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "files": [file_json(workspace.files[file_id]) for file_id in message.files],
        "thread_ts": message.thread_ts,
        "reply_count": len(replies),
        "latest_reply": replies[-1].ts if replies else "",
        "reactions": [{"name": r.name, "count": len(r.users), "users": list(r.users)} for r in message.reactions],
        "ephemeral": bool(message.ephemeral_for),
        "edited": bool(message.edited),
        "pinned": message.pinned,
        "subtype": message.subtype,
        "plain": plain_text(message),
    }


def view_json(view: View) -> Json:
    """Return a modal or home tab; `state` holds what was filled in so far."""
    return {
        "id": view.id,
        "type": view.type,
        "user": view.user,
        "app_id": view.app_id,
        "hash": view.hash,
        "callback_id": view.callback_id,
        "private_metadata": view.private_metadata,
        "title": view.title,
        "submit": view.submit,
        "close": view.close,
        "blocks": list(view.blocks),
        "state": view.state,
        "previous_view_id": view.previous_view_id,
    }


def people_json(workspace: Workspace) -> list[Json]:
    """Return everyone, bots last."""
    return [user_json(user) for user in sorted(workspace.users.values(), key=lambda u: (u.is_bot, u.name))]


def commands_json(workspace: Workspace) -> list[Json]:
    """Return the slash commands of every app, for the message box's suggestions."""
    return [
        {
            "command": command.command,
            "description": command.description,
            "usage_hint": command.usage_hint,
            "suggestions": list(command.suggestions),
            "app": app.name,
        }
        for app in workspace.apps.values()
        for command in app.slash_commands
    ]
