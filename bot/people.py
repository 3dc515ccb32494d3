"""Who people are: names, user groups and channels, asked from Slack once and kept for a while."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

T = TypeVar("T")

# somebody added to a user group may act within this time
_KEEP_S = 300.0


@dataclass
class _Cache(Generic[T]):
    """Answers kept for a while, by key."""

    now: Callable[[], float]
    kept: dict[str, tuple[float, T]] = field(default_factory=dict)

    def get(self, key: str) -> T | None:
        at, value = self.kept.get(key, (float("-inf"), None))
        return value if self.now() - at < _KEEP_S else None

    def put(self, key: str, value: T) -> T:
        self.kept[key] = (self.now(), value)
        return value


class People:
    """Looks people, user groups and channels up. When Slack cannot say, nobody is a member, ids stand for names."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], float] = time.monotonic) -> None:
        """Take the client of the bot."""
        self._client = client
        self._names: _Cache[str] = _Cache(now)
        self._channels: _Cache[str] = _Cache(now)
        self._members: _Cache[frozenset[str]] = _Cache(now)
        self._groups: _Cache[dict[str, str]] = _Cache(now)

    async def name(self, user: str) -> str:
        """Return a person's display name."""
        if (known := self._names.get(user)) is not None:
            return known
        try:
            answer = await self._client.users_info(user=user)
        except SlackClientError:
            return user
        found = answer["user"]
        return self._names.put(user, found.get("profile", {}).get("display_name") or found.get("name") or user)

    async def channel(self, id: str) -> str:
        """Return a channel's name without #, or '' where it has none."""
        if (known := self._channels.get(id)) is not None:
            return known
        try:
            answer = await self._client.conversations_info(channel=id)
        except SlackClientError:
            return ""
        return self._channels.put(id, answer["channel"].get("name") or "")

    async def members(self, group: str) -> frozenset[str]:
        """Return who is in a user group, by `@handle` or id."""
        if (known := self._members.get(group)) is not None:
            return known
        try:
            id = group if group.startswith("S") else (await self._handles()).get(group.lstrip("@"), "")
            users = (await self._client.usergroups_users_list(usergroup=id))["users"] if id else []
        except SlackClientError:
            return frozenset()
        return self._members.put(group, frozenset(users))

    async def _handles(self) -> dict[str, str]:
        if (known := self._groups.get("")) is not None:
            return known
        answer = await self._client.usergroups_list()
        return self._groups.put("", {g["handle"]: g["id"] for g in answer["usergroups"]})
