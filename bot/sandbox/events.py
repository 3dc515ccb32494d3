"""Events as an app receives them: pure functions from the workspace to JSON (docs.slack.dev, "Events API")."""

from urllib.parse import quote

from bot.sandbox.model import AppConfig, Channel, File, Json, Message
from bot.sandbox.workspace import Workspace


def file_json(workspace: Workspace, file: File) -> Json:
    """Return a file object as the Web API shows it."""
    base = f"{workspace.base_url}/files-pri/{workspace.team_id}-{file.id}"
    name = quote(file.name)
    shared = [workspace.channels[c] for c in file.channels if c in workspace.channels]
    return {
        "id": file.id,
        "created": file.created_at_s,
        "timestamp": file.created_at_s,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": file.filetype.upper(),
        "user": file.user,
        "user_team": workspace.team_id,
        "size": file.size_bytes,
        "mode": "hosted",
        "is_external": False,
        "is_public": any(not c.is_private for c in shared),
        "editable": False,
        "file_access": "visible",
        "url_private": f"{base}/{name}",
        "url_private_download": f"{base}/download/{name}",
        "permalink": f"{workspace.base_url}/files/{file.user}/{file.id}/{name}",
        "channels": [c.id for c in shared if not c.is_private],
        "groups": [c.id for c in shared if c.is_private and not c.is_im],
        "ims": [c.id for c in shared if c.is_im],
        "comments_count": 0,
        "shares": _shares(workspace, file),
    }


def _shares(workspace: Workspace, file: File) -> Json:
    """Return the messages that share a file, by kind of channel and channel."""
    shares: Json = {}
    for channel in (workspace.channels[c] for c in file.channels if c in workspace.channels):
        found = [m for m in workspace.history(channel.id) if file.id in m.files]
        kind = "private" if channel.is_private else "public"
        if found:
            shares.setdefault(kind, {})[channel.id] = [
                {"ts": m.ts, "thread_ts": m.thread_ts, "channel_name": channel.name, "team_id": workspace.team_id}
                if m.thread_ts
                else {"ts": m.ts, "channel_name": channel.name, "team_id": workspace.team_id}
                for m in found
            ]
    return shares


def message_json(workspace: Workspace, message: Message) -> Json:
    """Return a message as the Web API and events show it."""
    shown: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    shown["team"] = workspace.team_id
    optional: Json = {
        "subtype": message.subtype,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "files": [file_json(workspace, workspace.files[f]) for f in message.files],
        "thread_ts": message.thread_ts,
        "metadata": message.metadata,
        "edited": {"user": message.user, "ts": message.edited} if message.edited else None,
        "reactions": [{"name": r.name, "users": list(r.users), "count": len(r.users)} for r in message.reactions],
        "pinned_to": [message.channel] if message.pinned else None,
        "is_ephemeral": bool(message.ephemeral_for),
    }
    shown |= {key: value for key, value in optional.items() if value}
    replies = workspace.replies(message.channel, message.ts)
    if replies:
        people = list(dict.fromkeys(reply.user for reply in replies))
        shown |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": people,
            "reply_users_count": len(people),
            "latest_reply": replies[-1].ts,
            "is_locked": False,
            "subscribed": False,
        }
    return shown


def channel_type(channel: Channel) -> str:
    """Return `im`, `group` or `channel`."""
    if channel.is_im:
        return "im"
    return "group" if channel.is_private else "channel"


def subscription(channel: Channel) -> str:
    """Return the name under which an app subscribes to a channel's messages."""
    return {"im": "message.im", "group": "message.groups", "channel": "message.channels"}[channel_type(channel)]


def message(workspace: Workspace, posted: Message) -> Json:
    """Return the message event of a new message."""
    channel = workspace.channels[posted.channel]
    return {
        **message_json(workspace, posted),
        "channel": posted.channel,
        "channel_type": channel_type(channel),
        "event_ts": posted.ts,
    }


def mention(workspace: Workspace, posted: Message) -> Json:
    """Return the app_mention event of a message that names an app."""
    event = {**message_json(workspace, posted), "type": "app_mention"}
    return {**event, "channel": posted.channel, "event_ts": posted.ts}


def file_shared(workspace: Workspace, file_id: str, channel: str, user: str) -> Json:
    """Return the file_shared event, which carries ids only."""
    return {
        "type": "file_shared",
        "file_id": file_id,
        "user_id": user,
        "file": {"id": file_id},
        "channel_id": channel,
        "event_ts": workspace.new_ts(),
    }


def member_joined(workspace: Workspace, channel: Channel, user: str, inviter: str) -> Json:
    """Return the member_joined_channel event."""
    event: Json = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": workspace.team_id,
        "event_ts": workspace.new_ts(),
    }
    return event | ({"inviter": inviter} if inviter else {})


def reaction_added(workspace: Workspace, target: Message, user: str, name: str) -> Json:
    """Return the reaction_added event."""
    return {
        "type": "reaction_added",
        "user": user,
        "reaction": name,
        "item_user": target.user,
        "item": {"type": "message", "channel": target.channel, "ts": target.ts},
        "event_ts": workspace.new_ts(),
    }


def callback(workspace: Workspace, app: AppConfig, event: Json) -> Json:
    """Wrap an event as it travels."""
    return {
        "token": app.verification_token,
        "team_id": workspace.team_id,
        "context_team_id": workspace.team_id,
        "api_app_id": app.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": workspace.new_id("Ev"),
        "event_time": int(workspace.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": workspace.team_id,
                "user_id": app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{workspace.new_id('')}",
    }
