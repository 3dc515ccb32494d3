"""The page's interface: changes as server-sent events."""

import asyncio
import json

from aiohttp import web

from bot.sandbox.core import CORE
from bot.sandbox.model import Change, Json
from bot.sandbox.ui_request import person_of
from bot.sandbox.workspace import Workspace

_KEEP_ALIVE_S = 15.0


def add_routes(app: web.Application) -> None:
    """Mount the route."""
    app.router.add_get("/ui/changes", changes)


async def changes(request: web.Request) -> web.StreamResponse:
    """Stream what changes for a person, until they leave or the workspace closes."""
    workspace = request.app[CORE].workspace
    user = person_of(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    async with workspace.subscribe() as subscription:
        await response.prepare(request)
        try:
            await response.write(_event({"kind": "hello"}))
            while True:
                try:
                    change = await asyncio.wait_for(anext(subscription), _KEEP_ALIVE_S)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                except StopAsyncIteration:
                    return response
                if is_for(workspace, change, user.id):
                    await response.write(_event(_change_json(change)))
        except ConnectionError:
            return response


def is_for(workspace: Workspace, change: Change, user: str) -> bool:
    """Tell whether a person may know of a change."""
    if change.user:
        return change.user == user
    channel = workspace.channels.get(change.channel)
    return channel is None or not channel.is_private or user in channel.members


def _change_json(change: Change) -> Json:
    return {
        "kind": change.kind.value,
        "channel": change.channel,
        "ts": change.ts,
        "thread_ts": change.thread_ts,
        "view_id": change.view_id,
    }


def _event(data: Json) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
