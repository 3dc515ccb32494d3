"""Tell those who watch a workspace what changed, without making anyone wait for a slow reader."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from bot.sandbox.model import Change, ChangeKind

QUEUE_LIMIT = 1000


class Subscription:
    """An async iterator of changes; `async with` it so that it ends.

    A reader that falls more than `limit` changes behind loses them and gets one `resync` instead.
    """

    def __init__(self, feed: "Feed", limit: int) -> None:
        self._feed = feed
        self._limit = limit
        self._waiting: deque[Change] = deque()
        self._news = asyncio.Event()
        self._is_closed = False

    def put(self, change: Change) -> None:
        """Add a change; never blocks."""
        if len(self._waiting) >= self._limit:
            self._waiting.clear()
            change = Change(ChangeKind.RESYNC)
        self._waiting.append(change)
        self._news.set()

    def close(self) -> None:
        """Stop: the iterator ends after what already waits."""
        self._feed.remove(self)
        self._is_closed = True
        self._news.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Feed:
    """Hands every change to every subscriber."""

    def __init__(self) -> None:
        self._subscribers: list[Subscription] = []

    def subscribe(self, limit: int = QUEUE_LIMIT) -> Subscription:
        """Start listening from now on."""
        subscription = Subscription(self, limit)
        self._subscribers.append(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Forget a subscriber; harmless when it is gone already."""
        if subscription in self._subscribers:
            self._subscribers.remove(subscription)

    def publish(self, change: Change) -> None:
        """Hand one change to everyone who listens now."""
        for subscription in list(self._subscribers):
            subscription.put(change)

    def close(self) -> None:
        """End every subscription."""
        for subscription in list(self._subscribers):
            subscription.close()
