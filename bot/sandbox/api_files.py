"""Web API: files.*"""

from typing import Any

from bot.sandbox import events, uploads
from bot.sandbox.api import Call, method
from bot.sandbox.api_chat import target, thread
from bot.sandbox.content import BLOCKS_TEXT_LIMIT, Content, check_blocks
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Tier
from bot.sandbox.model import Channel, File, Json, Message

FILE_LIMIT_BYTES = 1024**3  # files.getUploadURLExternal: file_upload_size_restricted


@method("files.getUploadURLExternal", Tier.FOUR, "files:write")
async def files_get_upload_url(call: Call) -> Json:
    """Return an address that takes the bytes of one file."""
    name = call.args.required("filename")
    length = call.args.required("length")
    if not length.isascii() or not length.isdigit() or int(length) == 0:
        raise SlackError("invalid_arguments", ("length must be the number of bytes, more than 0",))
    if int(length) > FILE_LIMIT_BYTES:
        raise SlackError("file_upload_size_restricted")
    file = uploads.new_file(call.workspace, name, call.app.bot_user_id)
    secret = call.core.pending_uploads.add(file, int(length))
    return {"upload_url": f"{call.workspace.base_url}/upload/v1/{secret}", "file_id": file.id}


@method("files.completeUploadExternal", Tier.FOUR, "files:write")
async def files_complete_upload(call: Call) -> Json:
    """Finish uploads and share them into channels, as one message each."""
    wanted: Any = call.args.json("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(item, dict) for item in wanted):
        raise SlackError("invalid_arguments", ("files must be an array of objects with an id",))
    channels = [target(call, name) for name in _channel_arguments(call)]
    files = [_finished(call, item) for item in wanted]
    thread_of = {channel.id: thread(call, channel) for channel in channels}
    for channel in channels:
        uploads.share(call.core, files, _message(call, channel, thread_of[channel.id]))
    shown = [events.file_json(call.workspace, call.workspace.files[file.id]) for file in files]
    return {"files": shown}


@method("files.info", Tier.FOUR, "files:read")
async def files_info(call: Call) -> Json:
    """Describe a file, with the addresses of its bytes."""
    file = call.workspace.files.get(call.args.required("file", "file_not_found"))
    if file is None or not uploads.may_read(file, call.app.bot_user_id, call.workspace.channels):
        raise SlackError("file_not_found")
    return {"file": events.file_json(call.workspace, file), "comments": [], "response_metadata": {"next_cursor": ""}}


def _channel_arguments(call: Call) -> list[str]:
    single = call.args.text("channel_id")
    several = call.args.words("channels")
    if call.args.text("thread_ts") and len(several) > 1:
        raise SlackError("invalid_arguments", ("thread_ts needs exactly one channel",))
    return [single] if single else several


def _finished(call: Call, item: Json) -> File:
    file = call.core.pending_uploads.finish(str(item.get("id", "")), str(item.get("title") or ""))
    if file is None or file.user != call.app.bot_user_id:
        raise SlackError("file_not_found", (f"no bytes were uploaded for {item.get('id')}",))
    call.workspace.files[file.id] = file
    return file


def _message(call: Call, channel: Channel, thread_ts: str) -> Message:
    comment = call.args.text("initial_comment")
    blocks = () if comment else tuple(call.args.json("blocks", "invalid_blocks_format") or ())
    if len(comment) > BLOCKS_TEXT_LIMIT:
        raise SlackError("msg_too_long")
    check_blocks(Content(comment, blocks, None))
    return Message(
        ts=call.workspace.new_ts(),
        channel=channel.id,
        text=comment,
        user=call.app.bot_user_id,
        bot_id=call.app.bot_id,
        app_id=call.app.app_id,
        blocks=blocks,
        thread_ts=thread_ts,
    )
