"""Signed HTTP: the same payloads as requests to an app's own address.

Signature `v0=HMAC-SHA256(secret, "v0:timestamp:body")` and the retry headers as in docs.slack.dev, "Verifying
requests from Slack" and "Events API". An answer with `X-Slack-No-Retry: 1` ends the retries.
"""

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.delivery import Envelope, Kind, Outcome, Receipt, subject
from bot.sandbox.faults import Faults
from bot.sandbox.model import AppConfig, Json
from bot.sandbox.timings import Timings
from bot.sandbox.workspace import Workspace

_REASONS = {
    Outcome.TIMEOUT.value: "http_timeout",
    Outcome.UNREACHABLE.value: "connection_failed",
    Outcome.REFUSED.value: "http_error",
}


def signature(secret: str, timestamp: str, body: str) -> str:
    """Return the value of `X-Slack-Signature`."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def encode(kind: Kind, payload: Json) -> tuple[str, str]:
    """Return content type and body of a payload: JSON for events, forms for what people do."""
    if kind is Kind.EVENT:
        return "application/json", json.dumps(payload)
    form = payload if kind is Kind.SLASH else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form)


def address(envelope: Envelope) -> str:
    """Return where a payload goes: the command's own address, the interactivity address, or the events address."""
    app = envelope.app
    if envelope.kind is Kind.SLASH:
        own = [c.url for c in app.slash_commands if c.command == envelope.payload.get("command")]
        return (own[0] if own else "") or app.events_url
    if envelope.kind is Kind.INTERACTIVE:
        return app.interactivity_url or app.events_url
    return app.events_url


class SignedSender:
    """Sends signed requests; the connection pool opens with the first."""

    def __init__(self, workspace: Workspace, faults: Faults, timings: Timings) -> None:
        self._workspace = workspace
        self._faults = faults
        self._timings = timings
        self._session: aiohttp.ClientSession | None = None

    async def send(self, envelope: Envelope) -> Receipt:
        """Deliver once and wait for the answer."""
        url = address(envelope)
        if not url:
            return Receipt(Outcome.UNREACHABLE)
        content_type, body = encode(envelope.kind, envelope.payload)
        headers = self._headers(envelope.app, content_type, body) | _retry_headers(envelope)
        started_at_s = time.monotonic()
        try:
            async with (
                asyncio.timeout(self._timings.ack_s),
                self._open().post(url, data=body, headers=headers) as answer,
            ):
                text = await answer.text()
        except TimeoutError:
            detail = f"{subject(envelope)}: no answer in {self._timings.ack_s:g} s"
            self._workspace.record(envelope.kind.value, "missing_ack", detail)
            return Receipt(Outcome.TIMEOUT)
        except aiohttp.ClientError:
            return Receipt(Outcome.UNREACHABLE)
        retry = answer.headers.get("X-Slack-No-Retry") != "1"
        if self._faults.take_lost_ack():
            return Receipt(Outcome.TIMEOUT, retry=retry)
        if answer.status != 200:
            detail = f"{subject(envelope)}: the app answered HTTP {answer.status}"
            self._workspace.record(envelope.kind.value, "http_error", detail)
            return Receipt(Outcome.REFUSED, retry=retry)
        ack_ms = (time.monotonic() - started_at_s) * 1000
        return Receipt(Outcome.ACKED, _answer_payload(text, answer.content_type), ack_ms)

    async def verify(self, app: AppConfig) -> bool:
        """Send the url_verification handshake; tell whether the app answered the challenge."""
        challenge = hashlib.sha256(str(time.time_ns()).encode()).hexdigest()
        body = json.dumps({"type": "url_verification", "token": app.verification_token, "challenge": challenge})
        headers = self._headers(app, "application/json", body)
        async with self._open().post(app.events_url, data=body, headers=headers) as answer:
            return answer.status == 200 and challenge in await answer.text()

    async def close(self) -> None:
        """Close the connection pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    def _headers(self, app: AppConfig, content_type: str, body: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (sandbox)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(app.signing_secret, timestamp, body),
        }


def _retry_headers(envelope: Envelope) -> dict[str, str]:
    if not envelope.attempt:
        return {}
    reason = _REASONS.get(envelope.reason, "unknown_error")
    return {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": reason}


def _answer_payload(text: str, content_type: str) -> Json | None:
    if not text.strip():
        return None
    if content_type == "application/json":
        try:
            payload = json.loads(text)
        except ValueError:
            return None
        return payload if isinstance(payload, dict) else None
    return {"text": text}
