"""Signed HTTP: the same app behind a Request URL, served by Bolt's own web application."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.demo import SIGNING_SECRET
from bot.sandbox.server import Sandbox, VerificationFailed
from bot.sandbox.signed import signature
from tests.sandbox.conftest import impatient

Json = dict[str, Any]


class Host:
    """A web server on a free port that passes what comes to Bolt, or answers as told; keeps the headers."""

    def __init__(self, bolt_app: web.Application | None) -> None:
        self.headers: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.answers: list[web.Response] = []
        self._app = bolt_app or web.Application()
        self._app.middlewares.append(self._watch)
        self._runner = web.AppRunner(self._app)
        self.url = ""

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> Any:
        await self.headers.put(dict(request.headers))
        return self.answers.pop(0) if self.answers else await handler(request)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/slack/events"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def next_headers(self) -> dict[str, str]:
        async with asyncio.timeout(5):
            return await self.headers.get()


@pytest.fixture
def bolt(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client, signing_secret=SIGNING_SECRET)


@pytest.fixture
async def host(sandbox: Sandbox, bolt: AsyncApp) -> AsyncIterator[Host]:
    running = Host(bolt.web_app())
    await running.start()
    await sandbox.use_http(running.url)
    await running.next_headers()
    yield running
    await running.stop()


def test_the_signature_is_what_slacks_own_verifier_expects() -> None:
    signed = signature("secret", "1531420618", "a=b")
    verifier = SignatureVerifier("secret")
    assert verifier.generate_signature(timestamp="1531420618", body="a=b") == signed


async def test_commands_actions_and_events_come_signed(sandbox: Sandbox, bolt: AsyncApp, host: Host) -> None:
    @bolt.command("/flsvc")
    async def ping(ack: AsyncAck, command: Json) -> None:
        button = {"type": "button", "action_id": "again", "text": {"type": "plain_text", "text": "Again"}}
        await ack(text=f"pong {command['text']}", blocks=[{"type": "actions", "elements": [button]}])

    @bolt.action("again")
    async def again(ack: AsyncAck, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(channel="C0FLEET", text="pong again")

    @bolt.event("app_mention")
    async def mention(event: Json, client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel="C0FLEET", text="you called")

    @bolt.event("message")
    async def message_event(event: Json) -> None:
        return

    ada = sandbox.person("ada")
    assert (await ada.command("/flsvc all & sundry", "fleet")).acked
    (message,) = await ada.messages("fleet")
    assert message.raw["text"] == "pong all &amp; sundry"
    await ada.click(message, "Again")
    await ada.wait_for_message("fleet", "pong again")
    await ada.say("fleet", "@flsvc?")
    await ada.wait_for_message("fleet", "you called")
    assert sandbox.workspace.violations == []


async def test_a_plain_text_answer_is_the_message(sandbox: Sandbox, bolt: AsyncApp, host: Host) -> None:
    @bolt.command("/flsvc")
    async def ping(ack: AsyncAck) -> None:
        await ack("just words")

    ada = sandbox.person("ada")
    await ada.command("/flsvc", "fleet")
    assert [(m.plain, m.is_ephemeral) for m in await ada.messages("fleet")] == [("just words", True)]


async def test_an_event_is_repeated_with_its_number_and_reason(sandbox: Sandbox, bolt: AsyncApp, host: Host) -> None:
    @bolt.event("message")
    async def take(event: Json) -> None:
        return

    host.answers += [web.Response(status=500), web.Response(status=503)]
    await sandbox.person("ada").say("fleet", "hello")
    came = [await host.next_headers() for _ in range(3)]
    retries = [(h.get("X-Slack-Retry-Num"), h.get("X-Slack-Retry-Reason")) for h in came]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert [v.rule for v in sandbox.workspace.violations] == ["http_error", "http_error"]


async def test_no_retry_means_none(sandbox: Sandbox, bolt: AsyncApp, host: Host) -> None:
    host.answers.append(web.Response(status=500, headers={"X-Slack-No-Retry": "1"}))
    ada = sandbox.person("ada")
    await ada.say("fleet", "hello")
    assert "X-Slack-Retry-Num" not in await host.next_headers()
    await ada.command("/flsvc", "fleet")
    assert "X-Slack-Retry-Num" not in await host.next_headers()
    assert host.headers.empty()


@impatient
async def test_a_slow_app_is_a_missing_acknowledgement(sandbox: Sandbox, bolt: AsyncApp, host: Host) -> None:
    @bolt.command("/flsvc")
    async def slow(ack: AsyncAck) -> None:
        await asyncio.sleep(1)
        await ack()

    ada = sandbox.person("ada")
    assert not (await ada.command("/flsvc", "fleet")).acked
    assert "operation_timeout" in (await ada.messages("fleet"))[-1].plain
    assert [v.rule for v in sandbox.workspace.violations] == ["missing_ack"]


async def test_an_app_that_is_down_is_reported_to_the_person(sandbox: Sandbox, host: Host) -> None:
    await host.stop()
    ada = sandbox.person("ada")
    assert not (await ada.command("/flsvc", "fleet")).acked
    assert "dispatch_failed" in (await ada.messages("fleet"))[-1].plain


async def test_a_request_url_must_answer_the_challenge(sandbox: Sandbox) -> None:
    app = web.Application()
    app.router.add_post("/slack/events", _wrong)
    host = Host(app)
    await host.start()
    with pytest.raises(VerificationFailed):
        await sandbox.use_http(host.url)
    await host.stop()
    with pytest.raises(VerificationFailed):
        await sandbox.use_http(host.url)
    assert next(iter(sandbox.workspace.apps.values())).socket_mode


async def _wrong(_request: web.Request) -> web.Response:
    return web.Response(text="hello")
