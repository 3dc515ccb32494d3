"""The fault switch: what the sandbox does wrong on demand, so that a test sees how an app takes it.

Over HTTP, POST /ui/faults takes `{"fault": name, …}` with the same names and arguments as the methods here.
What a fault causes is never counted as a violation by the app.
"""

from collections.abc import Callable
from typing import Protocol

from bot.sandbox.model import Json


class Line(Protocol):
    """What of the sockets a fault may touch."""

    def drop_all(self) -> None:
        """Cut every socket without a word."""
        ...

    def disconnect_all(self, reason: str) -> None:
        """Send `disconnect` with a reason to every socket, and close it."""
        ...


class Faults:
    """Faults that wait to be used up."""

    def __init__(self, now: Callable[[], float], line: Line) -> None:
        self._now = now
        self._line = line
        self._start()

    def _start(self) -> None:
        self._delays_s: dict[str, float] = {}
        self._rate_limits: dict[str, tuple[int, int]] = {}
        self._failures: dict[str, list[str]] = {}
        self._lost_acks = 0
        self._redeliveries = 0
        self._refusing_until = 0.0

    def clear(self) -> None:
        """Forget every fault."""
        self._start()

    def delay(self, method: str, seconds: float) -> None:
        """Answer a Web API method only after `seconds`, until this is called again with 0."""
        self._delays_s[method] = seconds

    def rate_limit(self, method: str, times: int = 1, retry_after: int = 1) -> None:
        """Answer the next `times` calls of a method with 429 and `Retry-After`."""
        self._rate_limits[method] = (times, retry_after)

    def fail(self, method: str, error: str, times: int = 1) -> None:
        """Answer the next `times` calls of a method with an error code."""
        self._failures.setdefault(method, []).extend([error] * times)

    def lose_ack(self, times: int = 1) -> None:
        """Lose the next acknowledgements, as if the line had broken behind the app."""
        self._lost_acks += times

    def redeliver(self, times: int = 1) -> None:
        """Deliver each of the next payloads twice, the second time to another socket where there is one."""
        self._redeliveries += times

    def refuse_connections(self, seconds: float) -> None:
        """Refuse apps.connections.open and new web sockets for a time."""
        self._refusing_until = self._now() + seconds

    def drop_sockets(self) -> None:
        """Cut every socket without a word."""
        self._line.drop_all()

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every socket to reconnect: `warning` only announces it, anything else closes too."""
        self._line.disconnect_all(reason)

    @property
    def is_refusing(self) -> bool:
        """Tell whether new connections are refused now."""
        return self._now() < self._refusing_until

    def delay_s(self, method: str) -> float:
        """Return how long to wait before answering."""
        return self._delays_s.get(method, 0.0)

    def take_rate_limit(self, method: str) -> int:
        """Use up one 429 and return its `Retry-After`, or 0."""
        times, retry_after = self._rate_limits.get(method, (0, 0))
        if times <= 0:
            return 0
        self._rate_limits[method] = (times - 1, retry_after)
        return retry_after

    def take_failure(self, method: str) -> str:
        """Use up one failure and return its code, or nothing."""
        waiting = self._failures.get(method, [])
        return waiting.pop(0) if waiting else ""

    def take_lost_ack(self) -> bool:
        """Use up one lost acknowledgement."""
        self._lost_acks, is_lost = max(0, self._lost_acks - 1), self._lost_acks > 0
        return is_lost

    def take_redelivery(self) -> bool:
        """Use up one redelivery."""
        self._redeliveries, is_twice = max(0, self._redeliveries - 1), self._redeliveries > 0
        return is_twice

    def apply(self, order: Json) -> None:
        """Do what a JSON body asks. Raises ValueError that names what is known."""
        known: dict[str, Callable[..., None]] = {
            "clear": self.clear,
            "delay": self.delay,
            "disconnect": self.disconnect,
            "drop_sockets": self.drop_sockets,
            "fail": self.fail,
            "lose_ack": self.lose_ack,
            "rate_limit": self.rate_limit,
            "redeliver": self.redeliver,
            "refuse_connections": self.refuse_connections,
        }
        name = str(order.get("fault", ""))
        if name not in known:
            raise ValueError(f"fault must be one of: {', '.join(known)}")
        try:
            known[name](**{key: value for key, value in order.items() if key not in ("fault", "user")})
        except TypeError as error:
            raise ValueError(f"fault {name}: {error}") from error
