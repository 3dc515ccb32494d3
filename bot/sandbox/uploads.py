"""Files in and out: streamed to the workspace's directory, shared into channels, read again."""

import mimetypes
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import PurePosixPath

from bot.sandbox.core import Core
from bot.sandbox.model import Channel, File, Message
from bot.sandbox.workspace import Workspace


def new_file(workspace: Workspace, name: str, user: str, title: str = "") -> File:
    """Return a file that has no bytes yet; a path in its name is cut off."""
    base = PurePosixPath(name.replace("\\", "/")).name or "file"
    return File(
        id=workspace.new_id("F"),
        name=base,
        title=title or base,
        user=user,
        size_bytes=0,
        mimetype=mimetypes.guess_type(base)[0] or "application/octet-stream",
        filetype=PurePosixPath(base).suffix.removeprefix(".").lower() or "binary",
        created_at_s=int(workspace.now()),
    )


async def store(workspace: Workspace, file: File, chunks: AsyncIterator[bytes]) -> File:
    """Write a file's bytes as they come and return it with its size; keeps nothing in memory."""
    path = workspace.new_file_path()
    size_bytes = 0
    with path.open("wb") as stream:
        async for chunk in chunks:
            stream.write(chunk)
            size_bytes += len(chunk)
    stored = replace(file, path=path, size_bytes=size_bytes, is_uploaded=True)
    workspace.files[file.id] = stored
    return stored


def share(core: Core, files: list[File], message: Message) -> Message:
    """Post a message that shows files, and raise file_shared for each."""
    workspace = core.workspace
    for file in files:
        known = workspace.files[file.id]
        channels = tuple(dict.fromkeys((*known.channels, message.channel)))
        workspace.files[file.id] = replace(known, channels=channels)
    shown = replace(message, files=tuple(file.id for file in files), subtype="file_share")
    posted = core.post(shown)
    for file in files:
        core.share_file(file.id, workspace.channels[message.channel], file.user)
    return posted


def may_read(file: File, bot_user_id: str, channels: dict[str, Channel]) -> bool:
    """Tell whether a bot may download a file: its own, or one shared into a channel it is in."""
    return file.user == bot_user_id or any(bot_user_id in channels[c].members for c in file.channels)
