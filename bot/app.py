"""Bolt in, Bolt out: acknowledge, see who asks and where, hand over. The only importer of slack_bolt."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.dispatch import broke
from bot.front import Front, Place
from bot.settings import Settings
from bot.typed import words
from ops.model import Actor

Body = dict[str, Any]


def make_app(settings: Settings, client: AsyncWebClient) -> AsyncApp:
    """Make the Bolt app; listeners are added by `listen`."""
    return AsyncApp(
        client=client,
        signing_secret=settings.signing_secret or "unused in Socket Mode",
        request_verification_enabled=settings.mode == "http",
        logger=logging.getLogger("slack_bolt"),  # stays at WARNING: below it, views with passwords are logged
        ignoring_self_events_enabled=True,
    )


class Background:
    """Tasks that go on after the acknowledgement, kept so that none is collected half way."""

    def __init__(self) -> None:
        """Start with none."""
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run on; what it raises is logged under a reference."""
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for all that was begun."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    @staticmethod
    async def _guard(work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            broke("an answer")


def listen(app: AsyncApp, front: Front, background: Background) -> None:
    """Add every listener. Each acknowledges first; nothing before that waits for anything."""
    _commands(app, front, background)
    _views(app, front, background)
    _events(app, front, background)


def _commands(app: AsyncApp, front: Front, background: Background) -> None:
    @app.command(re.compile(".*"))  # an unknown command gets no acknowledgement from Bolt at all
    async def on_command(ack: AsyncAck, body: Body) -> None:
        await ack()
        place = Place(
            body["channel_id"],
            channel_name=body.get("channel_name", ""),
            trigger_id=body["trigger_id"],
            response_url=body.get("response_url", ""),
        )
        given = words(body.get("text", ""))
        background.spawn(front.command(given, _actor(body, body["channel_id"]), place, body["trigger_id"]))

    @app.action(re.compile("^run:"))
    async def on_button(ack: AsyncAck, body: Body) -> None:
        await ack()
        action = body["actions"][0]
        value = action.get("value") or (action.get("selected_option") or {}).get("value", "")
        place = _place_of_click(body)
        actor = _actor(body["user"], place.channel)
        background.spawn(front.command(words(value), actor, place, f"{body['trigger_id']}:{action['action_id']}"))

    @app.action(re.compile("^(?!run:)"))
    async def on_other(ack: AsyncAck) -> None:
        await ack()


def _views(app: AsyncApp, front: Front, background: Background) -> None:
    @app.view("register")
    async def on_register(ack: AsyncAck, body: Body) -> None:
        view = body["view"]
        answer, work = front.registering.submitted(view, _actor(body["user"], ""))
        await (ack(**answer) if answer else ack())
        if work is not None:
            background.spawn(front.once(f"form:{view['id']}:{view['hash']}", work))

    @app.view("fingerprints")
    async def on_fingerprints(ack: AsyncAck, body: Body) -> None:
        await ack()
        background.spawn(front.confirmed(body["view"], _actor(body["user"], "")))

    @app.view_closed(re.compile(".*"))
    async def on_closed(ack: AsyncAck, body: Body) -> None:
        await ack()
        background.spawn(front.registering.closed(body["view"]))


def _events(app: AsyncApp, front: Front, background: Background) -> None:
    @app.event("file_shared")
    async def on_file(body: Body) -> None:
        event = body["event"]
        background.spawn(front.uploads.shared(event["file_id"], event["channel_id"], event.get("user_id", "")))

    @app.event("app_mention")
    async def on_mention(body: Body) -> None:
        background.spawn(_said(front, body["event"], body["event_id"]))

    @app.event("message")
    async def on_message(body: Body) -> None:
        event = body["event"]
        if event.get("channel_type") == "im" and not event.get("subtype") and not event.get("bot_id"):
            background.spawn(_said(front, event, body["event_id"]))

    @app.event("app_home_opened")
    async def on_home(body: Body) -> None:
        if body["event"].get("tab") == "home":
            background.spawn(front.homes.publish(body["event"]["user"]))


async def _said(front: Front, event: Body, event_id: str) -> None:
    text = re.sub(r"^\s*<@[UW]\w+(?:\|[^>]*)?>\s*", "", event.get("text", ""))
    text = re.sub(r"^/flsvc\b", "", text.strip())
    in_thread = event.get("thread_ts") or ("" if event.get("channel_type") == "im" else event["ts"])
    place = Place(event["channel"], thread_ts=in_thread)
    await front.command(words(text), Actor(event["user"], "", event["channel"]), place, event_id)


def _actor(source: Body, channel: str) -> Actor:
    """Read who asks from a slash command's fields or an interaction's user."""
    name = source.get("user_name") or source.get("username") or source.get("name") or ""
    return Actor(source.get("user_id") or source.get("id") or "", name, channel)


def _place_of_click(body: Body) -> Place:
    channel = (body.get("channel") or {}).get("id", "")
    message = body.get("message") or {}
    # A message of the channel names itself as its thread once somebody answered it; the next job still goes below it.
    thread_ts = message.get("thread_ts", "")
    return Place(
        channel,
        channel_name=(body.get("channel") or {}).get("name", ""),
        thread_ts=thread_ts if thread_ts != message.get("ts") else "",
        trigger_id=body["trigger_id"],
        response_url=body.get("response_url", ""),
    )


@asynccontextmanager
async def serve(app: AsyncApp, settings: Settings) -> AsyncIterator[None]:
    """Receive requests while the context is open: over Socket Mode, or as signed HTTP on `/slack/events`."""
    if settings.mode == "socket":
        handler: Any = AsyncSocketModeHandler(app, settings.app_token)
        await handler.connect_async()
        try:
            yield
        finally:
            await handler.close_async()
        return
    runner = web.AppRunner(_web(app), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.http_host, settings.http_port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _web(app: AsyncApp) -> web.Application:
    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    server = web.Application()
    server.router.add_post("/slack/events", events)
    server.router.add_get("/healthz", healthz)
    return server
