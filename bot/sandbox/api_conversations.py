"""Web API: conversations.*"""

from bot.sandbox import events
from bot.sandbox.api import Call, method
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Tier
from bot.sandbox.model import Channel, Json, Message
from bot.sandbox.paging import page

_PREFIXES = {"channel": "channels", "group": "groups", "im": "im"}
_TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")


def channel_json(call: Call, channel: Channel) -> Json:
    """Return a channel as the Web API shows it to an app."""
    bot = call.app.bot_user_id
    shown: Json = {
        "id": channel.id,
        "created": channel.created_at_s,
        "is_im": channel.is_im,
        "is_archived": False,
        "is_org_shared": False,
        "context_team_id": call.workspace.team_id,
    }
    if channel.is_im:
        return shown | {"user": next(iter(channel.members - {bot}), bot)}
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_member": bot in channel.members,
        "is_general": channel.name == "general",
        "creator": channel.creator,
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created_at_s},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def _need(call: Call, channel: Channel, right: str) -> None:
    call.need(f"{_PREFIXES[events.channel_type(channel)]}:{right}")


def _readable(call: Call) -> Channel:
    channel = call.channel()
    _need(call, channel, "history")
    if call.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


@method("conversations.list", Tier.TWO, *_READ)
async def conversations_list(call: Call) -> Json:
    """List the channels an app may know of."""
    types = call.args.words("types") or ["public_channel"]
    unknown = [name for name in types if name not in _TYPES]
    if unknown:
        raise SlackError("invalid_types", (f"unknown types: {', '.join(unknown)}",))
    kinds = {_TYPES[name] for name in types}
    for kind in kinds & _PREFIXES.keys():
        call.need(f"{_PREFIXES[kind]}:read")
    bot = call.app.bot_user_id
    found = [
        channel
        for channel in call.workspace.channels.values()
        if events.channel_type(channel) in kinds and (not channel.is_private or bot in channel.members)
    ]
    shown, metadata = page(call.args, found)
    return {"channels": [channel_json(call, channel) for channel in shown], **metadata}


@method("conversations.info", Tier.THREE, *_READ)
async def conversations_info(call: Call) -> Json:
    """Describe one channel."""
    channel = call.channel()
    _need(call, channel, "read")
    return {"channel": channel_json(call, channel)}


@method("conversations.members", Tier.FOUR, *_READ)
async def conversations_members(call: Call) -> Json:
    """List who is in a channel."""
    channel = call.channel()
    _need(call, channel, "read")
    members, metadata = page(call.args, sorted(channel.members))
    return {"members": members, **metadata}


@method("conversations.join", Tier.THREE, "channels:join")
async def conversations_join(call: Call) -> Json:
    """Bring the app into a public channel."""
    channel = call.channel()
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if call.app.bot_user_id in channel.members:
        return {"channel": channel_json(call, channel), "warning": "already_in_channel"}
    return {"channel": channel_json(call, call.core.join(channel, call.app.bot_user_id))}


@method("conversations.open", Tier.THREE, "im:write")
async def conversations_open(call: Call) -> Json:
    """Open the direct message with one person."""
    users = call.args.words("users")
    if "channel" in call.args:
        return {"channel": {"id": call.channel().id}}
    if len(users) != 1:
        raise SlackError("method_not_supported_for_channel_type" if users else "users_list_not_supplied")
    if users[0] not in call.workspace.users:
        raise SlackError("user_not_found")
    return {"channel": {"id": call.workspace.open_im(call.app.bot_user_id, users[0]).id}}


@method("conversations.history", Tier.THREE, *_HISTORY)
async def conversations_history(call: Call) -> Json:
    """List a channel's messages, newest first, replies left out."""
    channel = _readable(call)
    found = _in_range(call, call.workspace.messages(channel.id))
    shown, metadata = page(call.args, found[::-1], maximum=999)
    return {"messages": _messages_json(call, shown), "pin_count": 0, **metadata}


@method("conversations.replies", Tier.THREE, *_HISTORY)
async def conversations_replies(call: Call) -> Json:
    """List a thread, its first message first."""
    channel = _readable(call)
    ts = call.args.required("ts")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_for:
        raise SlackError("thread_not_found")
    thread = call.workspace.messages(channel.id, thread_ts=message.thread_ts or ts)
    shown, metadata = page(call.args, _in_range(call, thread))
    return {"messages": _messages_json(call, shown), **metadata}


def _messages_json(call: Call, messages: list[Message]) -> list[Json]:
    return [events.message_json(call.workspace, message) for message in messages]


def _in_range(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = _seconds(call, "oldest", 0.0), _seconds(call, "latest", float("inf"))
    if call.args.flag("inclusive"):
        return [message for message in messages if oldest <= float(message.ts) <= latest]
    return [message for message in messages if oldest < float(message.ts) < latest]


def _seconds(call: Call, name: str, default: float) -> float:
    text = call.args.text(name)
    try:
        return float(text) if text else default
    except ValueError as error:
        raise SlackError(f"invalid_ts_{name}") from error
