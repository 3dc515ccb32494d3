"""Socket Mode: tickets, web sockets, envelopes, acknowledgements.

Protocol: docs.slack.dev, "Using Socket Mode". At most ten sockets an app; each payload goes to one of them.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.delivery import Envelope, Outcome, Receipt, subject
from bot.sandbox.faults import Faults
from bot.sandbox.model import Json
from bot.sandbox.timings import Timings
from bot.sandbox.workspace import Workspace

SOCKET_LIMIT = 10
_HEARTBEAT_S = 30.0


@dataclass(eq=False)
class Socket:
    """One connection of an app; a retiring one gets no more payloads."""

    app_id: str
    web_socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    is_retiring: bool = False


@dataclass(eq=False)
class _Waiting:
    """A payload that was sent and not acknowledged yet."""

    socket: Socket
    answer: asyncio.Future[Receipt]
    sent_at_s: float
    is_lost: bool = False


class SocketHub:
    """The sockets of every app, and the payloads that wait for an acknowledgement."""

    def __init__(self, workspace: Workspace, timings: Timings) -> None:
        self.faults = Faults(workspace.now, self)
        self._workspace = workspace
        self._timings = timings
        self._tickets: dict[str, tuple[str, float]] = {}
        self._sockets: list[Socket] = []
        self._waiting: dict[str, list[_Waiting]] = {}
        self._overdue: dict[str, float] = {}
        self._answered: set[str] = set()
        self._turn = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    # connections

    def issue_ticket(self, app_id: str) -> str:
        """Return a ticket that opens one web socket, soon."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (app_id, self._workspace.now() + self._timings.ticket_s)
        return ticket

    def count(self, app_id: str = "") -> int:
        """Return how many sockets are open, of one app or of all."""
        return sum(1 for s in self._sockets if app_id in ("", s.app_id) and not s.is_retiring)

    async def wait_for(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until at least `count` sockets are open, or until none is when it is 0. Raises TimeoutError."""

        def is_there() -> bool:
            return self.count() >= count if count else self.count() == 0

        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(is_there)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one web socket from its ticket to its end."""
        app_id = self._take_ticket(request.query.get("ticket", ""))
        if not app_id or self.faults.is_refusing:
            raise web.HTTPForbidden(text="invalid_ticket")
        web_socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S)
        await web_socket.prepare(request)
        if self.count(app_id) >= SOCKET_LIMIT:
            self._workspace.record("socket", "too_many_websockets", f"more than {SOCKET_LIMIT} sockets")
            await web_socket.send_json(_disconnect("too_many_websockets"))
            await web_socket.close()
            return web_socket
        transport = request.transport if isinstance(request.transport, asyncio.Transport) else None
        await self._serve(Socket(app_id, web_socket, transport))
        return web_socket

    async def _serve(self, socket: Socket) -> None:
        self._sockets.append(socket)
        lifetime = asyncio.get_running_loop().create_task(self._lifetime(socket))
        try:
            await socket.web_socket.send_json(self._hello(socket.app_id))
            await self._announce()
            async for message in socket.web_socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
        except ConnectionError:
            return
        finally:
            lifetime.cancel()
            self._sockets.remove(socket)
            self._abandon(socket)
            await self._announce()

    def _take_ticket(self, ticket: str) -> str:
        app_id, expires_at = self._tickets.pop(ticket, ("", 0.0))
        return app_id if self._workspace.now() < expires_at else ""

    def _hello(self, app_id: str) -> Json:
        return {
            "type": "hello",
            "num_connections": self.count(app_id),
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": int(self._timings.connection_s),
            },
            "connection_info": {"app_id": app_id},
        }

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _lifetime(self, socket: Socket) -> None:
        await asyncio.sleep(max(0.0, self._timings.connection_s - self._timings.warning_s))
        await self._disconnect(socket, "warning")
        await asyncio.sleep(self._timings.warning_s)
        self._spawn(self._disconnect(socket, "refresh_requested"))

    async def _disconnect(self, socket: Socket, reason: str) -> None:
        socket.is_retiring = socket.is_retiring or reason != "warning"
        if socket.web_socket.closed:
            return
        await socket.web_socket.send_json(_disconnect(reason))
        if socket.is_retiring:
            await self._announce()
            await asyncio.sleep(self._timings.warning_s)
            await socket.web_socket.close()

    def drop_all(self) -> None:
        """Cut every socket without a word."""
        for socket in list(self._sockets):
            socket.is_retiring = True
            if socket.transport is not None:
                socket.transport.abort()

    def disconnect_all(self, reason: str) -> None:
        """Send `disconnect` with a reason to every socket; but for a warning, close those that stay."""
        for socket in list(self._sockets):
            self._spawn(self._disconnect(socket, reason))

    async def close(self) -> None:
        """End every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self._sockets):
            await socket.web_socket.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # payloads

    async def send(self, envelope: Envelope) -> Receipt:
        """Deliver once to one socket and wait for its acknowledgement."""
        socket = self._choose(envelope.app.app_id)
        if socket is None:
            return Receipt(Outcome.UNREACHABLE)
        waiting = _Waiting(socket, asyncio.get_running_loop().create_future(), time.monotonic())
        self._waiting.setdefault(envelope.id, []).append(waiting)
        try:
            await socket.web_socket.send_str(json.dumps(_frame(envelope)))
            async with asyncio.timeout(self._timings.ack_s):
                return await waiting.answer
        except TimeoutError:
            self._miss(envelope, waiting)
            return Receipt(Outcome.TIMEOUT)
        except ConnectionError:
            return Receipt(Outcome.UNREACHABLE)
        finally:
            self._forget(envelope.id, waiting)

    def _choose(self, app_id: str) -> Socket | None:
        able = [s for s in self._sockets if s.app_id == app_id and not s.is_retiring and not s.web_socket.closed]
        self._turn += 1
        return able[self._turn % len(able)] if able else None

    def _forget(self, envelope_id: str, waiting: _Waiting) -> None:
        others = [other for other in self._waiting.get(envelope_id, []) if other is not waiting]
        if others:
            self._waiting[envelope_id] = others
        else:
            self._waiting.pop(envelope_id, None)

    def _miss(self, envelope: Envelope, waiting: _Waiting) -> None:
        if waiting.is_lost:
            return
        self._overdue[envelope.id] = waiting.sent_at_s
        limit = f"{self._timings.ack_s:g} s"
        self._workspace.record(
            envelope.kind.value, "missing_ack", f"{subject(envelope)}: no acknowledgement in {limit}"
        )

    def _abandon(self, socket: Socket) -> None:
        for waiting in [w for several in self._waiting.values() for w in several if w.socket is socket]:
            if not waiting.answer.done():
                waiting.answer.set_result(Receipt(Outcome.UNREACHABLE))

    def _receive(self, text: str) -> None:
        try:
            message = json.loads(text)
            envelope_id = str(message["envelope_id"])
        except (ValueError, KeyError, TypeError):
            self._workspace.record("socket", "malformed_ack", f"{len(text)} characters without an envelope_id")
            return
        if envelope_id in self._waiting:
            self._acknowledge(envelope_id, message.get("payload"))
        elif envelope_id in self._overdue:
            late_s = time.monotonic() - self._overdue.pop(envelope_id)
            self._answered.add(envelope_id)
            self._workspace.record("socket", "late_ack", f"acknowledged after {late_s:.1f} s")
        elif envelope_id not in self._answered:
            self._workspace.record("socket", "unknown_envelope", f"acknowledges {envelope_id}, which was not sent")

    def _acknowledge(self, envelope_id: str, payload: Any) -> None:
        self._answered.add(envelope_id)
        is_lost = self.faults.take_lost_ack()
        for waiting in self._waiting[envelope_id]:
            waiting.is_lost = is_lost
            if not is_lost and not waiting.answer.done():
                ack_ms = (time.monotonic() - waiting.sent_at_s) * 1000
                body = payload if isinstance(payload, dict) else None
                waiting.answer.set_result(Receipt(Outcome.ACKED, body, ack_ms))


def _frame(envelope: Envelope) -> Json:
    frame: Json = {
        "envelope_id": envelope.id,
        "type": envelope.kind.value,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.accepts_response,
    }
    if envelope.attempt:
        frame |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.reason}
    return frame


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
