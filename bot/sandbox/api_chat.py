"""Web API: chat.*"""

from dataclasses import replace

from bot.sandbox import events
from bot.sandbox.api import Call, method, raise_refusal
from bot.sandbox.blocks import with_block_ids
from bot.sandbox.content import UPDATE_TEXT_LIMIT, read_content, replaced
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import POST_PER_CHANNEL, Tier
from bot.sandbox.model import Channel, Json, Message


def target(call: Call, reference: str) -> Channel:
    """Return where to post: a channel by id or #name, or a person's direct message by user id. Raises SlackError."""
    if reference in call.workspace.users:
        return call.workspace.open_im(call.app.bot_user_id, reference)
    channel = call.workspace.find_channel(reference)
    if channel is None or (channel.is_private and call.app.bot_user_id not in channel.members):
        raise SlackError("channel_not_found")
    if call.app.bot_user_id not in channel.members and "chat:write.public" not in call.app.scopes:
        raise SlackError("not_in_channel")
    return channel


def thread(call: Call, channel: Channel) -> str:
    """Return the thread to post in. Raises SlackError when it is no thread's first message."""
    thread_ts = call.args.text("thread_ts")
    if not thread_ts:
        return ""
    parent = call.workspace.message(channel.id, thread_ts)
    if parent is None or parent.ephemeral_for:
        raise SlackError("thread_not_found", (f"no message {thread_ts} in {channel.name or channel.id}",))
    if parent.is_reply:
        raise SlackError("cannot_reply_to_message", ("thread_ts is the ts of a reply: use its parent's",))
    return thread_ts


def app_message(call: Call, channel: Channel) -> Message:
    """Return the message an app wants to post, checked. Raises SlackError."""
    content = read_content(call.args)
    thread_ts = thread(call, channel)
    is_broadcast = bool(thread_ts) and call.args.flag("reply_broadcast")
    return Message(
        ts=call.workspace.new_ts(),
        channel=channel.id,
        text=content.text or "",
        user=call.app.bot_user_id,
        bot_id=call.app.bot_id,
        app_id=call.app.app_id,
        blocks=with_block_ids(content.blocks or ()),
        attachments=content.attachments or (),
        thread_ts=thread_ts,
        subtype="thread_broadcast" if is_broadcast else "",
        metadata=call.args.json("metadata", "invalid_metadata_format"),
    )


@method("chat.postMessage", Tier.SPECIAL, "chat:write")
async def chat_post_message(call: Call) -> Json:
    """Post a message."""
    channel = target(call, call.args.required("channel", "channel_not_found"))
    message = app_message(call, channel)
    key = (call.app.app_id, call.method, channel.id)
    raise_refusal(call.core, call.method, call.core.limiter.take(key, POST_PER_CHANNEL))
    posted = call.core.post(message)
    return {"channel": channel.id, "ts": posted.ts, "message": events.message_json(call.workspace, posted)}


@method("chat.postEphemeral", Tier.FOUR, "chat:write")
async def chat_post_ephemeral(call: Call) -> Json:
    """Show a message to one person."""
    channel = target(call, call.args.required("channel", "channel_not_found"))
    user = call.args.required("user", "user_not_found")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    posted = call.core.post(replace(app_message(call, channel), ephemeral_for=user))
    return {"message_ts": posted.ts}


@method("chat.update", Tier.THREE, "chat:write")
async def chat_update(call: Call) -> Json:
    """Replace a message's content; `text` without `blocks` removes the blocks."""
    channel = call.channel()
    message = call.message(channel)
    if message.app_id != call.app.app_id:
        raise SlackError("cant_update_message")
    content = read_content(call.args, text_limit=UPDATE_TEXT_LIMIT)
    changed = call.workspace.change(replace(replaced(message, content), edited=call.workspace.new_ts()))
    shown = events.message_json(call.workspace, changed)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": shown}


@method("chat.delete", Tier.THREE, "chat:write")
async def chat_delete(call: Call) -> Json:
    """Delete a message of the app's own."""
    channel = call.channel()
    message = call.message(channel)
    if message.app_id != call.app.app_id:
        raise SlackError("cant_delete_message")
    call.workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink", Tier.SPECIAL)
async def chat_get_permalink(call: Call) -> Json:
    """Return the lasting address of a message."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    link = f"{call.workspace.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}
