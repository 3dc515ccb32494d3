"""What a workspace is made of: people, channels, messages, files, views, apps.

All of it is frozen: a change replaces the object in `bot.sandbox.workspace.Workspace`. Identifiers look like Slack's
(`U…`, `C…`, `D…`, `F…`, `V…`, `S…`, `A…`, `B…`, `T…`); a timestamp `ts` is a string of seconds with six digits.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class ChangeKind(StrEnum):
    """What a subscriber may be told."""

    MESSAGE = "message"
    MESSAGE_CHANGED = "message_changed"
    MESSAGE_DELETED = "message_deleted"
    VIEW = "view"
    HOME = "home"
    CHANNEL = "channel"
    VIOLATION = "violation"
    RESYNC = "resync"


@dataclass(frozen=True)
class User:
    """A person, or the bot user of an app."""

    id: str
    name: str
    real_name: str
    is_bot: bool = False
    color: str = "#4a154b"
    email: str = ""
    bot_id: str = ""

    @property
    def letter(self) -> str:
        """Return the letter of the avatar."""
        return self.real_name[:1].upper()


@dataclass(frozen=True)
class Channel:
    """A public or private channel, or a direct message between two."""

    id: str
    name: str
    is_private: bool = False
    is_im: bool = False
    topic: str = ""
    members: frozenset[str] = frozenset()
    created_at_s: int = 0
    creator: str = ""


@dataclass(frozen=True)
class Reaction:
    """One emoji under a message and who chose it."""

    name: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class Message:
    """One message; `user` is who wrote it, `bot_id` is set when an app did."""

    ts: str
    channel: str
    text: str = ""
    user: str = ""
    bot_id: str = ""
    app_id: str = ""
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str = ""
    files: tuple[str, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    ephemeral_for: str = ""
    edited: str = ""
    pinned: bool = False
    subtype: str = ""
    metadata: Json | None = None

    @property
    def is_reply(self) -> bool:
        """Tell whether the message sits in a thread below another one."""
        return bool(self.thread_ts) and self.thread_ts != self.ts

    @property
    def is_in_channel(self) -> bool:
        """Tell whether the channel itself shows the message: all but replies that were not sent there too."""
        return not self.is_reply or self.subtype == "thread_broadcast"


@dataclass(frozen=True)
class File:
    """One uploaded file; its bytes are at `path`."""

    id: str
    name: str
    title: str
    user: str
    size_bytes: int
    mimetype: str
    filetype: str
    created_at_s: int
    path: Path | None = None
    channels: tuple[str, ...] = ()
    is_uploaded: bool = False
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class View:
    """One modal of one person's stack, or the home tab an app published for a person."""

    id: str
    type: str
    user: str
    app_id: str
    hash: str
    blocks: tuple[Json, ...] = ()
    title: Json | None = None
    submit: Json | None = None
    close: Json | None = None
    callback_id: str = ""
    external_id: str = ""
    private_metadata: str = ""
    clear_on_close: bool = False
    notify_on_close: bool = False
    root_view_id: str = ""
    previous_view_id: str = ""
    state: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Usergroup:
    """A group of people that can be mentioned by its handle."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class SlashCommand:
    """A command an app registered, and what the message box suggests while it is typed."""

    command: str
    description: str = ""
    usage_hint: str = ""
    suggestions: tuple[str, ...] = ()
    url: str = ""
    should_escape: bool = True


@dataclass(frozen=True)
class AppConfig:
    """An installed app: its tokens, scopes, commands and how payloads reach it.

    With `socket_mode` payloads go to the app's web sockets; else they are signed and sent to `events_url`,
    `interactivity_url` (which falls back to `events_url`) and the command's own `url` (likewise).
    """

    app_id: str
    name: str
    bot_id: str
    bot_user_id: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    verification_token: str = field(default="sandbox-verification", repr=False)
    scopes: frozenset[str] = frozenset()
    app_scopes: frozenset[str] = frozenset({"connections:write"})
    bot_events: frozenset[str] = frozenset()
    slash_commands: tuple[SlashCommand, ...] = ()
    socket_mode: bool = True
    events_url: str = ""
    interactivity_url: str = ""
    home_tab: bool = True


@dataclass(frozen=True)
class Violation:
    """A rule of Slack's that an app broke: when (epoch seconds), in which method, which rule, and what exactly."""

    at: float
    method: str
    rule: str
    detail: str


@dataclass(frozen=True)
class Change:
    """One thing that happened, for those who watch; `user` is set when only that person may see it."""

    kind: ChangeKind
    channel: str = ""
    ts: str = ""
    user: str = ""
    thread_ts: str = ""
    view_id: str = ""
