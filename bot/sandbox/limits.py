"""Rate limits: a token bucket for each app, method and, for new messages, channel.

Sources: docs.slack.dev, "Rate limits": tier 1 to 4 are 1, 20, 50 and 100 calls a minute or more;
chat.postMessage about one a second and channel, with short bursts, and several hundred a minute for the workspace.
A bucket holds one minute's worth, which is the burst the documentation leaves open.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Rate:
    """How many calls a bucket holds and how many a second flow back."""

    burst: int
    per_s: float


class Tier(Enum):
    """The rates of Slack's tiers and of the methods with limits of their own."""

    ONE = Rate(20, 1 / 60)
    TWO = Rate(20, 20 / 60)
    THREE = Rate(50, 50 / 60)
    FOUR = Rate(100, 100 / 60)
    SPECIAL = Rate(300, 300 / 60)


POST_PER_CHANNEL = Rate(10, 1.0)


@dataclass
class _Bucket:
    level: float
    filled_at: float
    closed_until: float = 0.0
    refused_at: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """Come back after so many seconds; `is_ignored` when the client had been told so before and came anyway."""

    retry_after_s: int
    is_ignored: bool


class RateLimiter:
    """Buckets by key; `in_flight_s` forgives calls that were on their way when the first was refused."""

    def __init__(self, now: Callable[[], float], in_flight_s: float) -> None:
        self._now = now
        self._in_flight_s = in_flight_s
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def take(self, key: tuple[str, ...], rate: Rate) -> Refusal | None:
        """Take one call out of a bucket, or say when to come back."""
        bucket = self._bucket(key, rate)
        now = self._now()
        if now < bucket.closed_until:
            is_ignored = now - bucket.refused_at > self._in_flight_s
            return Refusal(math.ceil(bucket.closed_until - now), is_ignored)
        bucket.level = min(float(rate.burst), bucket.level + (now - bucket.filled_at) * rate.per_s)
        bucket.filled_at = now
        if bucket.level < 1:
            return self._close(bucket, math.ceil((1 - bucket.level) / rate.per_s))
        bucket.level -= 1
        return None

    def refuse(self, key: tuple[str, ...], rate: Rate, retry_after_s: int) -> Refusal:
        """Refuse whatever the bucket holds, as a fault asked."""
        return self._close(self._bucket(key, rate), retry_after_s)

    def _bucket(self, key: tuple[str, ...], rate: Rate) -> _Bucket:
        return self._buckets.setdefault(key, _Bucket(float(rate.burst), self._now()))

    def _close(self, bucket: _Bucket, retry_after_s: int) -> Refusal:
        bucket.refused_at = self._now()
        bucket.closed_until = bucket.refused_at + retry_after_s
        return Refusal(retry_after_s, is_ignored=False)
