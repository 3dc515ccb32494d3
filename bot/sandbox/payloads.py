"""Payloads of what people do: pure functions (docs.slack.dev, "Interaction payloads", "Slash commands")."""

from bot.sandbox import events
from bot.sandbox.model import AppConfig, Channel, Json, Message, User, View
from bot.sandbox.workspace import Workspace


def channel_name(channel: Channel) -> str:
    """Return a channel's name as payloads give it, which is no name for private ones."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def slash_command(
    workspace: Workspace, app: AppConfig, channel: Channel, user: User, *, command: str, text: str
) -> Json:
    """Return a slash command, without its trigger and response_url."""
    return {
        "token": app.verification_token,
        "team_id": workspace.team_id,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": app.app_id,
        "is_enterprise_install": "false",
    }


def interaction(workspace: Workspace, app: AppConfig, user: User, kind: str) -> Json:
    """Return what every interaction payload starts with."""
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": workspace.team_id},
        "api_app_id": app.app_id,
        "token": app.verification_token,
        "team": {"id": workspace.team_id, "domain": workspace.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def in_message(workspace: Workspace, message: Message, state: Json) -> Json:
    """Return the part of an interaction that says in which message it happened."""
    channel = workspace.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": bool(message.ephemeral_for),
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    place: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": state},
    }
    if not message.ephemeral_for:
        place["message"] = events.message_json(workspace, message)
    return place


def view(workspace: Workspace, app: AppConfig, shown: View) -> Json:
    """Return a view as payloads and the Web API show it."""
    common: Json = {
        "id": shown.id,
        "team_id": workspace.team_id,
        "type": shown.type,
        "blocks": list(shown.blocks),
        "private_metadata": shown.private_metadata,
        "callback_id": shown.callback_id,
        "state": {"values": shown.state},
        "hash": shown.hash,
        "title": shown.title,
        "submit": shown.submit,
        "close": shown.close,
        "clear_on_close": shown.clear_on_close,
        "notify_on_close": shown.notify_on_close,
        "previous_view_id": shown.previous_view_id or None,
        "root_view_id": shown.root_view_id or shown.id,
        "external_id": shown.external_id,
        "app_id": app.app_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": app.bot_id,
    }
    return common


def app_home_opened(workspace: Workspace, app: AppConfig, user: User, channel: Channel, shown: View | None) -> Json:
    """Return the event of a person looking at the app's home tab."""
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": channel.id,
        "tab": "home",
        "event_ts": workspace.new_ts(),
    }
    return event | ({"view": view(workspace, app, shown)} if shown else {})
