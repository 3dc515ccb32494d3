"""Bring payloads to an app and wait for the acknowledgement: once for what a person does, again for events."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from bot.sandbox.faults import Faults
from bot.sandbox.model import AppConfig, Json
from bot.sandbox.timings import Timings


class Kind(StrEnum):
    """The three kinds of payload, by their names in Socket Mode."""

    SLASH = "slash_commands"
    EVENT = "events_api"
    INTERACTIVE = "interactive"


class Outcome(StrEnum):
    """How a delivery ended; the last two by the names Slack gives them in retry_reason and to people."""

    ACKED = "acked"
    TIMEOUT = "timeout"
    UNREACHABLE = "connection_failed"
    REFUSED = "http_error"


@dataclass(frozen=True)
class Envelope:
    """One payload on its way to an app."""

    id: str
    app: AppConfig
    kind: Kind
    payload: Json
    accepts_response: bool = False
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Receipt:
    """How a delivery ended, what came back, and how long it took; `retry` is false when the app asked for none."""

    outcome: Outcome
    payload: Json | None = None
    ack_ms: float = 0.0
    retry: bool = True

    @property
    def is_acked(self) -> bool:
        """Tell whether the app acknowledged in time."""
        return self.outcome is Outcome.ACKED


class Transport(Protocol):
    """One way to an app."""

    async def send(self, envelope: Envelope) -> Receipt:
        """Deliver once and wait for the acknowledgement."""
        ...


class Delivery:
    """Chooses the way to the app, applies the faults, repeats events as Slack does."""

    def __init__(self, sockets: Transport, signed: Transport, faults: Faults, timings: Timings) -> None:
        self._sockets = sockets
        self._signed = signed
        self._faults = faults
        self._timings = timings
        self._tasks: set[asyncio.Task[Any]] = set()

    async def request(self, app: AppConfig, kind: Kind, payload: Json) -> Receipt:
        """Deliver something a person did: once, the app's answer comes back in the receipt."""
        return await self._send(Envelope(str(uuid.uuid4()), app, kind, payload, accepts_response=True))

    def raise_event(self, app: AppConfig, payload: Json) -> None:
        """Deliver an event in the background, with Slack's retries."""
        self.spawn(self._repeat(Envelope(str(uuid.uuid4()), app, Kind.EVENT, payload)))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background until it ends or the sandbox does."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop everything in the background."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, envelope: Envelope) -> None:
        receipt = await self._send(envelope)
        for attempt, delay_s in enumerate(self._timings.retry_delays_s, start=1):
            if receipt.is_acked or not receipt.retry:
                return
            await asyncio.sleep(delay_s)
            receipt = await self._send(replace(envelope, attempt=attempt, reason=receipt.outcome.value))

    async def _send(self, envelope: Envelope) -> Receipt:
        way = self._sockets if envelope.app.socket_mode else self._signed
        if self._faults.take_redelivery():
            again = replace(envelope, attempt=envelope.attempt + 1, reason=Outcome.TIMEOUT.value)
            first, _ = await asyncio.gather(way.send(envelope), way.send(again))
            return first
        return await way.send(envelope)


def subject(envelope: Envelope) -> str:
    """Say in a few words what an envelope holds, without the text that people typed."""
    payload = envelope.payload
    if envelope.kind is Kind.SLASH:
        return str(payload.get("command", ""))
    if envelope.kind is Kind.EVENT:
        return str(payload.get("event", {}).get("type", ""))
    actions = payload.get("actions") or [{}]
    callback = payload.get("view", {}).get("callback_id", "")
    return " ".join(
        str(word) for word in (payload.get("type", ""), actions[0].get("action_id", ""), callback) if word
    )
