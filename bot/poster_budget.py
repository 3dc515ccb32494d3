"""How much may be sent when: Slack's rate limits kept from this side, before Slack has to say no.

Sources: docs.slack.dev, "Rate limits": chat.postMessage about one a second and channel with short bursts, chat.update
50 and chat.postEphemeral 100 a minute for the workspace. The rates here stay below these.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

EDIT_INTERVAL_S = 1.0
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How many may go at once, and how many a second after that."""

    burst: float
    per_s: float


POSTS = Rate(5, 1.0)  # in one channel
EDITS = Rate(15, 45 / 60)
EPHEMERALS = Rate(40, 90 / 60)
OTHERS = Rate(10, 45 / 60)  # joins, uploads, permalinks


class Urgency(IntEnum):
    """How much of the edits' bucket must be left for others: the less urgent, the more."""

    FINAL = 0
    CHANGE = 4
    TICK = 9


@dataclass(slots=True)
class Bucket:
    """A token bucket that may be drawn below zero: what is reserved is waited for, in order."""

    rate: Rate
    level: float
    filled_at: float
    closed_until: float = 0.0

    def wait(self, now: float, keep: float = 0.0) -> float:
        """Return the seconds until one may go and `keep` more are left; 0 is now."""
        missing = 1 + keep - self._level(now)
        return max(missing / self.rate.per_s, self.closed_until - now, 0.0)

    def reserve(self, now: float) -> float:
        """Take one, and return the seconds until it may go."""
        wait = self.wait(now)
        self.level = self._level(now) - 1
        self.filled_at = now
        return wait

    def close(self, now: float, seconds: float) -> None:
        """Let nothing go for a while, as Slack asked."""
        self.closed_until = max(self.closed_until, now + seconds)

    def _level(self, now: float) -> float:
        return min(self.rate.burst, self.level + (now - self.filled_at) * self.rate.per_s)


@dataclass
class Budget:
    """Every bucket, and when each message was edited last. Pure but for the clock it is given."""

    now: Callable[[], float]
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    _edited: dict[tuple[str, str], float] = field(default_factory=dict)

    def post(self, channel: str) -> float:
        """Reserve a new message; returns the seconds to wait before it."""
        return self._bucket("post", channel, POSTS).reserve(self.now())

    def ephemeral(self) -> float:
        """Reserve a message to one person; returns the seconds to wait before it."""
        return self._bucket("ephemeral", "", EPHEMERALS).reserve(self.now())

    def other(self) -> float:
        """Reserve any other call; returns the seconds to wait before it."""
        return self._bucket("other", "", OTHERS).reserve(self.now())

    def edit_wait(self, channel: str, ts: str, urgency: Urgency) -> float:
        """Return the seconds until a message may be edited for a reason this urgent; 0 is now. Reserves nothing."""
        bucket = self._bucket("edit", "", EDITS)
        return max(bucket.wait(self.now(), float(urgency)), self._since_edit(channel, ts))

    def edit(self, channel: str, ts: str) -> float:
        """Reserve an edit, before any that is only waiting; returns the seconds to wait before it."""
        wait = max(self._bucket("edit", "", EDITS).reserve(self.now()), self._since_edit(channel, ts))
        if len(self._edited) > _REMEMBERED:
            self._edited = {key: at for key, at in self._edited.items() if at + EDIT_INTERVAL_S > self.now()}
        self._edited[channel, ts] = self.now() + wait
        return wait

    def close(self, kind: str, channel: str, seconds: float) -> None:
        """Let nothing of a kind go for a while, as Slack asked."""
        rates = {"post": POSTS, "edit": EDITS, "ephemeral": EPHEMERALS}
        where = channel if kind == "post" else ""
        self._bucket(kind, where, rates.get(kind, OTHERS)).close(self.now(), seconds)

    def closed(self, kind: str, channel: str) -> float:
        """Return the seconds until Slack takes this kind again."""
        bucket = self._buckets.get((kind, channel if kind == "post" else ""))
        return max(bucket.closed_until - self.now(), 0.0) if bucket else 0.0

    def _since_edit(self, channel: str, ts: str) -> float:
        last = self._edited.get((channel, ts))
        return max(last + EDIT_INTERVAL_S - self.now(), 0.0) if last is not None else 0.0

    def _bucket(self, kind: str, channel: str, rate: Rate) -> Bucket:
        return self._buckets.setdefault((kind, channel), Bucket(rate, rate.burst, self.now()))
