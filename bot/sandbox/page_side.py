"""The sidebar: channels, people and apps with what is unread in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.model import Channel, Message, User
from bot.sandbox.page_model import Model


@dataclass(frozen=True)
class Entry:
    """One line of the sidebar."""

    href: str
    name: str
    kind: str
    unread: int
    is_current: bool
    user: User | None = None


class Read:
    """Up to where each person has read each channel."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], str] = {}

    def mark(self, model: Model, channel: Channel, seen: Sequence[Message]) -> None:
        """Note that the viewer has seen these messages, the newest last."""
        if seen:
            self._until[(model.viewer.id, channel.id)] = seen[-1].ts

    def unread(self, model: Model, channel: Channel) -> int:
        """Count what others wrote since."""
        since = self._until.get((model.viewer.id, channel.id), "")
        listed = model.workspace.messages(channel.id, model.viewer.id)
        return sum(message.ts > since and message.user != model.viewer.id for message in listed)


def side(model: Model, read: Read, current: str, app_id: str) -> dict[str, object]:
    """Return the lists of the sidebar; `current` is the channel and `app_id` the app that is open."""
    bots = [model.workspace.users[app.bot_user_id] for app in model.workspace.apps.values()]
    return {
        "channels": [_channel(model, read, channel, current) for channel in model.channels()],
        "people": [_person(model, read, user, current, app_id) for user in model.people()],
        "apps": [_person(model, read, user, current, app_id) for user in bots],
    }


def _channel(model: Model, read: Read, channel: Channel, current: str) -> Entry:
    kind = "private" if channel.is_private else "public"
    href = f"/c/{channel.id}?as={model.viewer.id}"
    return Entry(href, channel.name, kind, read.unread(model, channel), channel.id == current)


def _person(model: Model, read: Read, user: User, current: str, app_id: str) -> Entry:
    direct, app = model.direct(user), model.workspace.app_of_bot(user.id)
    is_current = bool(direct and direct.id == current) or bool(app and app.app_id == app_id)
    place = f"/home/{app.app_id}" if app and app.home_tab else f"/dm/{user.id}"
    kind = "you" if user.id == model.viewer.id else "user"
    unread = read.unread(model, direct) if direct else 0
    return Entry(f"{place}?as={model.viewer.id}", user.real_name, kind, unread, is_current, user)
