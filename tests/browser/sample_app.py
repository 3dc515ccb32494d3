"""A small Bolt app, connected by Socket Mode, that uses the parts of Slack the page has to show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.demo import APP_TOKEN, BOT_TOKEN
from bot.sandbox.server import Sandbox
from tests.browser import gallery
from tests.browser.gallery import Json, button, plain, section


def shown(state: Json) -> str:
    """Return what a person filled in, in words."""
    [element] = state.values()
    [value] = [value for name, value in element.items() if name != "type"]
    values = value if isinstance(value, list) else [value]
    return ", ".join(
        str(item.get("value") or item["name"]) if isinstance(item, dict) else str(item) for item in values
    )


def build(client: AsyncWebClient, loaded: asyncio.Event) -> AsyncApp:
    app = AsyncApp(token=BOT_TOKEN, client=client)

    @app.command("/flsvc")
    async def command(ack: AsyncAck, body: Json, respond: AsyncRespond) -> None:
        word = body["text"].split(" ")[0]
        if word == "silent":
            return
        await ack()
        if word == "status":
            await respond(
                response_type="in_channel",
                text="5 hosts",
                blocks=[*gallery.MESSAGE[:2], gallery.FLEET, gallery.ACTIONS],
            )
        elif word == "register":
            await client.views_open(trigger_id=body["trigger_id"], view=gallery.REGISTER)
        elif word == "plan":
            opened = await client.views_open(trigger_id=body["trigger_id"], view=gallery.LOADING)
            await loaded.wait()
            await client.views_update(view_id=opened["view"]["id"], view=gallery.PLAN)
        elif word == "selects":
            await respond(response_type="in_channel", text="choose", blocks=[gallery.SELECTS, gallery.CHOICES])
        else:
            await respond(text=f"You said *{body['text'] or 'nothing'}*")

    @app.action("deploy")
    async def deploy(ack: AsyncAck, body: Json) -> None:
        await ack()
        place = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await client.chat_update(
            **place, text="Deployed", blocks=[section(f":rocket: Deployed by <@{body['user']['id']}>")]
        )

    @app.action("stop")
    async def stop(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(
            response_type="ephemeral", replace_original=False, text=":black_square_for_stop: Stopped 4 containers"
        )

    @app.action("home-refresh")
    async def refresh(ack: AsyncAck, body: Json) -> None:
        await ack()
        await client.views_publish(user_id=body["user"]["id"], view=home("refreshed"))

    @app.action({"block_id": "selects"})
    async def selected(ack: AsyncAck, action: Json, respond: AsyncRespond) -> None:
        await ack()
        chosen = (
            action.get("selected_option", {}).get("value")
            or action.get("selected_user")
            or action.get("selected_date")
        )
        await respond(
            replace_original=False, response_type="ephemeral", text=f"chosen: {action['action_id']} {chosen}"
        )

    @app.options("host")
    async def hosts(ack: AsyncAck, payload: Json) -> None:
        names = [f"192.168.1.{number}" for number in range(101, 106)]
        await ack(options=[gallery.option(name, name) for name in names if payload["value"] in name])

    @app.view("register")
    async def registered(ack: AsyncAck, body: Json, view: Json) -> None:
        values = view["state"]["values"]
        address = values["address"]["address"]["value"]
        if not address.replace(".", "").isdigit():
            await ack(
                response_action="errors", errors={"address": f"{address} is not an address. Example: 192.168.1.105"}
            )
            return
        if values["federation"]["federation"]["value"] == "confirm":
            await ack(response_action="push", view=fingerprint(address))
            return
        await ack()
        kind = values["type"]["type"]["selected_option"]["value"]
        await client.chat_postMessage(channel="C0FLEET", text=f":white_check_mark: Registered `{address}` as {kind}")

    @app.view("plan")
    async def planned(ack: AsyncAck, view: Json) -> None:
        await ack()
        text = "; ".join(f"{block}: {shown(state)}" for block, state in view["state"]["values"].items())
        await client.chat_postMessage(channel="C0FLEET", text=text)

    @app.view("fingerprint")
    async def confirmed(ack: AsyncAck) -> None:
        await ack(response_action="clear")
        await client.chat_postMessage(channel="C0FLEET", text=":lock: Host key pinned")

    @app.event("app_home_opened")
    async def home_opened(event: Json) -> None:
        await client.views_publish(user_id=event["user"], view=home("fresh"))

    @app.event("message")
    async def message(event: Json) -> None:
        for file in event.get("files", []):
            text = f":package: `{file['name']}` holds a container project for *sklearn*"
            blocks = [
                section(text),
                {"type": "actions", "elements": [button("Build for all", "build", style="primary")]},
            ]
            await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text=text, blocks=blocks)

    @app.event("file_shared")
    async def file_shared() -> None:
        return

    @app.event("app_mention")
    async def mention(event: Json) -> None:
        root = event.get("thread_ts") or event["ts"]
        await client.chat_postMessage(
            channel=event["channel"], thread_ts=root, text=f"Hello <@{event['user']}> :wave:"
        )

    return app


HOSTS = """:large_green_circle: `192.168.1.101` server
:large_green_circle: `192.168.1.102` client
:red_circle: `192.168.1.104` client"""
HOST_KEY = "SHA256:u4kWm0x9Q2hT7mE5xq1cY8yVtB3oL6rZ0dNfJpKsAaE"


def home(word: str) -> Json:
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("Your fleet")},
            section(f"5 hosts, 1 federation. This tab is *{word}*."),
            gallery.FIELDS,
            {"type": "actions", "elements": [button("Refresh", "home-refresh", style="primary")]},
            {"type": "divider"},
            section(HOSTS),
        ],
    }  # fmt: skip


def fingerprint(address: str) -> Json:
    words = f"`{address}` shows this host key:\n```{HOST_KEY}```\nIs it the one you expect?"
    return {
        "type": "modal",
        "callback_id": "fingerprint",
        "title": plain("Is this your host?"),
        "submit": plain("Trust it"),
        "close": plain("Back"),
        "blocks": [section(words)],
    }


@asynccontextmanager
async def connected(sandbox: Sandbox, loaded: asyncio.Event | None = None) -> AsyncIterator[AsyncWebClient]:
    """Run the app until the block ends; a modal that loads is filled once `loaded` is set."""
    client = AsyncWebClient(token=BOT_TOKEN, base_url=sandbox.api_url)
    handler: Any = AsyncSocketModeHandler(
        build(client, loaded or asyncio.Event()), APP_TOKEN, web_client=AsyncWebClient(base_url=sandbox.api_url)
    )
    await handler.connect_async()
    await sandbox.connected()
    try:
        yield client
    finally:
        await handler.close_async()
        await asyncio.sleep(0)
