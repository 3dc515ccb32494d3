"""The state of one sandbox workspace, held in memory and touched from one event loop only.

Everything here is plain state with a feed of changes. What Slack allows and refuses is decided in `api*.py`,
what people do in `people*.py`, how payloads reach an app in `sockets.py` and `signed.py`.
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bot.sandbox.changes import QUEUE_LIMIT, Feed, Subscription
from bot.sandbox.model import (
    AppConfig,
    Change,
    ChangeKind,
    Channel,
    File,
    Json,
    Message,
    Reaction,
    SlashCommand,
    User,
    Usergroup,
    View,
    Violation,
)
from bot.sandbox.viewstack import ViewStacks

__all__ = [
    "AppConfig",
    "Change",
    "ChangeKind",
    "Channel",
    "File",
    "Json",
    "Message",
    "Reaction",
    "SlashCommand",
    "Subscription",
    "User",
    "Usergroup",
    "View",
    "Violation",
    "Workspace",
]


class Workspace:
    """People, channels, messages, files, views and apps of one team."""

    def __init__(self, *, clock: Callable[[], float] = time.time, team_id: str = "T0SANDBOX") -> None:
        self.now = clock
        self.team_id = team_id
        self.team_name = "Sandbox"
        self.domain = "sandbox"
        self.base_url = ""
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, Usergroup] = {}
        self.apps: dict[str, AppConfig] = {}
        self.files: dict[str, File] = {}
        self.violations: list[Violation] = []
        self.feed = Feed()
        self.view_stacks = ViewStacks(self._publish_view)
        self._messages: dict[str, dict[str, Message]] = {}
        self._threads: dict[tuple[str, str], list[str]] = {}
        self._last_ts_us = 0
        self._counter = 0
        self._directory: Path | None = None

    @classmethod
    def demo(
        cls,
        manifest: Json | None = None,
        *,
        suggestions: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> "Workspace":
        """Make the workspace of the demo and the tests: #fleet, #general, #lab, Ada, Ben, Cleo, and the app flsvc.

        With a manifest the app has exactly the scopes, events and commands it asks for; else everything. The message
        box suggests `suggestions`, each `words` or `words — what it does`, after the command.
        """
        from bot.sandbox.demo import fill

        workspace = cls(clock=clock)
        fill(workspace, manifest, tuple(suggestions))
        return workspace

    @property
    def app(self) -> AppConfig:
        """Return the app, the first one where there are several."""
        return next(iter(self.apps.values()))

    # identifiers and time

    def new_id(self, prefix: str) -> str:
        """Return an identifier that looks like Slack's and was never used."""
        self._counter += 1
        return f"{prefix}0{self._counter:04d}{secrets.token_hex(3).upper()}"

    def new_ts(self) -> str:
        """Return a message timestamp later than every earlier one."""
        self._last_ts_us = max(int(self.now() * 1_000_000), self._last_ts_us + 1)
        return f"{self._last_ts_us // 1_000_000}.{self._last_ts_us % 1_000_000:06d}"

    # people and channels

    def add_user(self, user: User) -> User:
        """Add a person or a bot user."""
        self.users[user.id] = user
        return user

    def find_user(self, reference: str) -> User | None:
        """Find a person by id, or by name with or without `@`."""
        name = reference.removeprefix("@").lower()
        found = self.users.get(reference)
        return found or next((user for user in self.users.values() if user.name.lower() == name), None)

    def add_channel(self, channel: Channel) -> Channel:
        """Add or replace a channel."""
        self.channels[channel.id] = channel
        self._messages.setdefault(channel.id, {})
        self.feed.publish(Change(ChangeKind.CHANNEL, channel=channel.id))
        return channel

    def find_channel(self, reference: str) -> Channel | None:
        """Find a channel by id, or by name with or without `#`."""
        name = reference.removeprefix("#").lower()
        found = self.channels.get(reference)
        return found or next((c for c in self.channels.values() if c.name == name and not c.is_im), None)

    def join(self, channel_id: str, user_id: str) -> Channel:
        """Make someone a member of a channel."""
        channel = self.channels[channel_id]
        return self.add_channel(replace(channel, members=channel.members | {user_id}))

    def open_im(self, first: str, second: str) -> Channel:
        """Return the direct message between two, made when there is none."""
        pair = frozenset({first, second})
        for channel in self.channels.values():
            if channel.is_im and channel.members == pair:
                return channel
        made = Channel(self.new_id("D"), "", is_private=True, is_im=True, members=pair)
        return self.add_channel(replace(made, created_at_s=int(self.now()), creator=first))

    def app_of_bot(self, bot_user_id: str) -> AppConfig | None:
        """Find the app whose bot user this is."""
        return next((app for app in self.apps.values() if app.bot_user_id == bot_user_id), None)

    # messages

    def post(self, message: Message) -> Message:
        """Add a message (its `ts` from `new_ts`) and tell everyone who may see it."""
        self._messages[message.channel][message.ts] = message
        if message.is_reply:
            self._threads.setdefault((message.channel, message.thread_ts), []).append(message.ts)
        self._publish_message(ChangeKind.MESSAGE, message)
        return message

    def message(self, channel: str, ts: str) -> Message | None:
        """Return one message or nothing."""
        return self._messages.get(channel, {}).get(ts)

    def change(self, message: Message) -> Message:
        """Replace a message that exists by its new form."""
        self._messages[message.channel][message.ts] = message
        self._publish_message(ChangeKind.MESSAGE_CHANGED, message)
        return message

    def delete(self, message: Message) -> None:
        """Remove a message."""
        del self._messages[message.channel][message.ts]
        if message.is_reply:
            self._threads[message.channel, message.thread_ts].remove(message.ts)
        self._publish_message(ChangeKind.MESSAGE_DELETED, message)

    def history(self, channel: str) -> list[Message]:
        """Return everything of a channel, oldest first, threads and ephemeral messages included."""
        return list(self._messages.get(channel, {}).values())

    def messages(self, channel: str, viewer: str = "", thread_ts: str = "") -> list[Message]:
        """Return what `viewer` sees in a channel (or in a thread, its parent first), oldest first."""
        if thread_ts:
            parent = self.message(channel, thread_ts)
            return [m for m in (parent, *self._thread(channel, thread_ts)) if m and m.ephemeral_for in ("", viewer)]
        return [m for m in self.history(channel) if m.is_in_channel and m.ephemeral_for in ("", viewer)]

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Return the replies below a message that everyone sees, oldest first."""
        return [message for message in self._thread(channel, ts) if not message.ephemeral_for]

    def _thread(self, channel: str, ts: str) -> list[Message]:
        every = self._messages.get(channel, {})
        return [every[reply] for reply in self._threads.get((channel, ts), ())]

    # files

    def new_file_path(self) -> Path:
        """Return a fresh path in the workspace's own temporary directory."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="flsvc-sandbox-"))
        return self._directory / secrets.token_hex(8)

    # views

    def views(self, user: str) -> list[View]:
        """Return a person's open modals, the one on top last."""
        return self.view_stacks.stack(user)

    def home(self, user: str, app_id: str = "") -> View | None:
        """Return the home tab published for a person by an app (the first app when none is named)."""
        return self.view_stacks.home(app_id or next(iter(self.apps), ""), user)

    # watching

    def subscribe(self, limit: int = QUEUE_LIMIT) -> Subscription:
        """Listen from now on: `async with workspace.subscribe() as changes: async for change in changes`."""
        return self.feed.subscribe(limit)

    def record(self, method: str, rule: str, detail: str) -> None:
        """Keep a violation where a test and the page can read it."""
        self.violations.append(Violation(self.now(), method, rule, detail))
        self.feed.publish(Change(ChangeKind.VIOLATION))

    def close(self) -> None:
        """End every subscription and remove the uploaded files."""
        self.feed.close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _publish_message(self, kind: ChangeKind, message: Message) -> None:
        private_to = message.ephemeral_for
        self.feed.publish(Change(kind, message.channel, message.ts, private_to, message.thread_ts))

    def _publish_view(self, view: View) -> None:
        kind = ChangeKind.HOME if view.type == "home" else ChangeKind.VIEW
        self.feed.publish(Change(kind, user=view.user, view_id=view.id))
