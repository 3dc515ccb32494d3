"""What the page shows of a workspace, ready to be painted: pure functions from its state to plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise

from bot.sandbox.model import AppConfig, Channel, File, Message, User
from bot.sandbox.workspace import Workspace

COMPACT_S = 300  # Slack folds messages of one author within five minutes under one name
PREVIEW_BYTES = 4000
_TEXT_TYPES = ("text/", "application/json", "application/x-yaml", "application/yaml", "application/toml")
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_UNITS = ("bytes", "kB", "MB", "GB")


@dataclass(frozen=True)
class FileItem:
    """One file below a message."""

    id: str
    name: str
    title: str
    kind: str
    size: str
    is_image: bool
    preview: str
    is_cut: bool


@dataclass(frozen=True)
class Item:
    """One message of the list with all that surrounds its blocks."""

    message: Message
    author: User
    app: AppConfig | None
    time: str
    moment: str
    stamp: str
    day: str
    is_compact: bool
    files: tuple[FileItem, ...]
    reply_count: int
    repliers: tuple[User, ...]
    last_reply: str


SLACKBOT = User("USLACKBOT", "slackbot", "Slackbot", is_bot=True, color="#611f69")


def local(ts: str, zone: tzinfo | None) -> datetime:
    """Return the moment of a message timestamp in a zone (the machine's when None)."""
    return datetime.fromtimestamp(float(ts), zone) if zone else datetime.fromtimestamp(float(ts)).astimezone()


def day_label(moment: datetime, now: datetime) -> str:
    """Return what stands on the line between two days."""
    near = {0: "Today", 1: "Yesterday"}.get((now.date() - moment.date()).days)
    return near or f"{moment:%A}, {moment:%B} {moment.day}" + (f", {moment.year}" if moment.year != now.year else "")


def size_text(size_bytes: int) -> str:
    """Return a size for people, in steps of a thousand as Slack shows it."""
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 or size >= 10 else f"{size:.1f} {_UNITS[unit]}"


def file_item(file: File) -> FileItem:
    """Describe a file; a text file is read for its first lines."""
    preview, is_cut = "", False
    if file.mimetype.startswith(_TEXT_TYPES) and file.path and file.path.is_file():
        with file.path.open("rb") as stream:
            data = stream.read(PREVIEW_BYTES + 1)
        preview, is_cut = data[:PREVIEW_BYTES].decode("utf-8", "replace"), len(data) > PREVIEW_BYTES
    return FileItem(
        file.id,
        file.name,
        file.title or file.name,
        (file.filetype or file.name.rpartition(".")[2] or "file").upper()[:12],
        size_text(file.size_bytes),
        file.mimetype in _IMAGE_TYPES,
        preview,
        is_cut,
    )


class Model:
    """Reads a workspace for one viewer."""

    def __init__(self, workspace: Workspace, viewer: User, zone: tzinfo | None = None) -> None:
        self.workspace = workspace
        self.viewer = viewer
        self.zone = zone

    def user(self, user_id: str) -> User:
        """Return who wrote something; Slackbot for what nobody did."""
        return self.workspace.users.get(user_id, SLACKBOT)

    def items(self, messages: Iterable[Message], *, days: bool = True) -> list[Item]:
        """Describe messages in their order, folding those that follow each other."""
        listed = list(messages)
        pairs = pairwise([None, *listed])
        return [self.item(message, before, days=days) for before, message in pairs if message]

    def item(self, message: Message, before: Message | None, *, days: bool = True) -> Item:
        """Describe one message, given the one above it."""
        moment = local(message.ts, self.zone)
        is_new_day = before is None or local(before.ts, self.zone).date() != moment.date()
        replies = [] if message.is_reply else self.workspace.replies(message.channel, message.ts)
        repliers = dict.fromkeys(reply.user for reply in replies)
        return Item(
            message=message,
            author=self.user(message.user),
            app=self.workspace.apps.get(message.app_id) if message.bot_id else None,
            time=f"{moment:%H:%M}",
            moment=moment.isoformat(timespec="seconds"),
            stamp=f"{moment:%b} {moment.day} at {moment:%H:%M:%S}",
            day=day_label(moment, self.now()) if days and is_new_day else "",
            is_compact=before is not None and not is_new_day and _folds(before, message),
            files=tuple(file_item(f) for f in map(self.workspace.files.get, message.files) if f),
            reply_count=len(replies),
            repliers=tuple(self.user(user_id) for user_id in repliers)[:4],
            last_reply=self.ago(replies[-1].ts) if replies else "",
        )

    def now(self) -> datetime:
        """Return the workspace's time in the viewer's zone."""
        return local(str(self.workspace.now()), self.zone)

    def ago(self, ts: str) -> str:
        """Return when something was, as the reply bar says it."""
        moment, now = local(ts, self.zone), self.now()
        day = day_label(moment, now)
        return f"{day.lower() if moment.date() == now.date() else day} at {moment:%H:%M}"

    def channels(self) -> list[Channel]:
        """Return the channels the viewer sees, by name."""
        seen = [
            channel
            for channel in self.workspace.channels.values()
            if not channel.is_im and (not channel.is_private or self.viewer.id in channel.members)
        ]
        return sorted(seen, key=lambda channel: channel.name)

    def may_see(self, channel: Channel) -> bool:
        """Tell whether the viewer may read a channel."""
        return not channel.is_private or self.viewer.id in channel.members

    def partner(self, channel: Channel) -> User:
        """Return the other side of a direct message (the viewer's own notes are with themselves)."""
        others = sorted(channel.members - {self.viewer.id})
        return self.user(others[0]) if others else self.viewer

    def title(self, channel: Channel) -> str:
        """Return what a channel is called for the viewer."""
        return self.partner(channel).real_name if channel.is_im else channel.name

    def people(self) -> list[User]:
        """Return the people one can act as, in the order they were added."""
        return [user for user in self.workspace.users.values() if not user.is_bot]

    def direct(self, user: User) -> Channel | None:
        """Return the direct message with someone when it was opened before."""
        pair = frozenset({self.viewer.id, user.id})
        return next((c for c in self.workspace.channels.values() if c.is_im and c.members == pair), None)

    def visible(self, channel: str, limit: int) -> tuple[list[Message], bool]:
        """Return the newest messages the viewer sees, oldest first, and whether there are earlier ones."""
        every = self.workspace.messages(channel, self.viewer.id)
        return every[-limit:], len(every) > limit


def _folds(before: Message, message: Message) -> bool:
    """Tell whether a message shows under the name above it."""
    same = (before.user, before.bot_id, bool(before.ephemeral_for)) == (
        message.user,
        message.bot_id,
        bool(message.ephemeral_for),
    )
    near = float(message.ts) - float(before.ts) < COMPACT_S
    return same and near and not message.pinned and message.is_reply == before.is_reply
