"""One call of Slack's Web API at a time: within the budget, and again when Slack is busy or away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.poster_budget import Budget
from bot.poster_clock import Clock

log = logging.getLogger(__name__)

# a minute without Slack is bridged; after that the answer is given up and said in the log
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_BUSY_TRIES = 10
_AWAY = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)
_RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
_SERVER_ERRORS = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})


class Answer(Protocol):
    """What a method of the Web API returned."""

    def __getitem__(self, key: str) -> Any: ...


class Client(Protocol):
    """What is needed of `slack_sdk.web.async_client.AsyncWebClient`."""

    async def api_call(
        self, api_method: str, *, json: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> Answer:
        """Call a method; raises SlackApiError when Slack refuses."""
        ...

    async def files_upload_v2(
        self, *, file_uploads: list[dict[str, Any]], channel: str, thread_ts: str | None
    ) -> Answer:
        """Upload files and share them as one message."""
        ...


class Calls:
    """Sends calls and waits where Slack wants it; every refusal that waiting does not mend is raised."""

    def __init__(self, clock: Clock, budget: Budget) -> None:
        self._clock = clock
        self._budget = budget

    async def send(self, kind: str, channel: str, call: Callable[[], Awaitable[Answer]], wait_s: float) -> Answer:
        """Wait for the reserved turn, then call until it works.

        Raises SlackApiError when Slack refuses, and what the network raised when it stays away for a minute.
        """
        await self._sleep(wait_s)
        away = iter(_PAUSES_S)
        for left in reversed(range(_BUSY_TRIES)):
            await self._sleep(self._budget.closed(kind, channel))
            try:
                return await call()
            except SlackApiError as error:
                pause_s = self._pause(kind, channel, error, away)
                if pause_s is None or not left:
                    raise
            except (*_AWAY, SlackRequestError) as error:
                pause_s = next(away, None)
                if pause_s is None:
                    raise
                log.warning("Slack is away (%s), trying again in %g s", type(error).__name__, pause_s)
            await self._sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    def _pause(self, kind: str, channel: str, error: SlackApiError, away: "Pauses") -> float | None:
        """Return how long to wait before trying again, or None when that would not help."""
        code, status = error_code(error), getattr(error.response, "status_code", 200)
        if status == 429 or code in _RATE_LIMITED:
            seconds = _retry_after(error)
            log.info("Slack takes no more of %s for %g s", kind, seconds)
            self._budget.close(kind, channel, seconds)
            return 0.0
        if status >= 500 or code in _SERVER_ERRORS:
            return next(away, None)
        return None

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.wait(None, seconds)


class Pauses(Protocol):
    """An iterator of seconds."""

    def __next__(self) -> float: ...


def error_code(error: SlackApiError) -> str:
    """Return Slack's word for a refusal, such as `channel_not_found`."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _retry_after(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    try:
        return max(float(value if isinstance(value, str) else value[0]), 0.0)
    except ValueError:
        return 1.0
