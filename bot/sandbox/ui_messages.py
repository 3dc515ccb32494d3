"""The page's interface: messages, reactions, invitations, direct messages."""

from aiohttp import web

from bot.sandbox.core import CORE
from bot.sandbox.errors import UiRefusal
from bot.sandbox.model import Json
from bot.sandbox.people import Said
from bot.sandbox.ui_json import channel_json, message_json
from bot.sandbox.ui_request import PEOPLE, body_of, channel_of, message_of, person_of, text


def add_routes(app: web.Application) -> None:
    """Mount the routes."""
    app.router.add_get("/ui/messages", messages)
    app.router.add_post("/ui/message", say)
    app.router.add_post("/ui/reaction", react)
    app.router.add_post("/ui/invite", invite)
    app.router.add_post("/ui/im", open_im)


async def messages(request: web.Request) -> web.Response:
    """List what a person sees in a channel or a thread, later than `after_ts`, the last `limit` of it."""
    workspace = request.app[CORE].workspace
    user = person_of(request)
    channel = channel_of(request, user)
    after_ts, limit = request.query.get("after_ts", ""), request.query.get("limit", "")
    shown = [
        m for m in workspace.messages(channel.id, user.id, request.query.get("thread_ts", "")) if m.ts > after_ts
    ]
    if limit.isascii() and limit.isdigit():
        shown = shown[-int(limit) :] if int(limit) else []
    return web.json_response({"ok": True, "messages": [message_json(workspace, message) for message in shown]})


async def say(request: web.Request) -> web.Response:
    """Write a line, or give a slash command."""
    body = await body_of(request)
    user = person_of(request, body)
    channel = channel_of(request, user, body)
    said = await request.app[PEOPLE].say(user, channel, text(body, "text"), text(body, "thread_ts"))
    return web.json_response({"ok": True, **_said_json(request, said)})


def _said_json(request: web.Request, said: Said) -> Json:
    if said.message:
        return {"message": message_json(request.app[CORE].workspace, said.message)}
    receipt = said.receipt
    if receipt is None:
        return {"command": said.command, "acked": False, "ack_ms": 0.0}
    return {"command": said.command, "acked": receipt.is_acked, "ack_ms": receipt.ack_ms, "outcome": receipt.outcome}


async def react(request: web.Request) -> web.Response:
    """Put an emoji under a message."""
    body = await body_of(request)
    user = person_of(request, body)
    request.app[PEOPLE].react(user, message_of(request, user, body), text(body, "name").strip(":"))
    return web.json_response({"ok": True})


async def invite(request: web.Request) -> web.Response:
    """Make someone, a bot too, a member of a channel."""
    body = await body_of(request)
    workspace = request.app[CORE].workspace
    guest = workspace.find_user(text(body, "guest"))
    channel = workspace.find_channel(text(body, "channel"))
    if guest is None or channel is None:
        raise UiRefusal("not_found", "There is no such person or channel.")
    joined = request.app[PEOPLE].invite(channel, guest, workspace.find_user(text(body, "user")))
    return web.json_response({"ok": True, "channel": channel_json(joined)})


async def open_im(request: web.Request) -> web.Response:
    """Open the direct message between a person and someone else, a bot too."""
    body = await body_of(request)
    user = person_of(request, body)
    workspace = request.app[CORE].workspace
    other = workspace.find_user(text(body, "other"))
    if other is None:
        raise UiRefusal("user_not_found", "There is no such person.")
    return web.json_response({"ok": True, "channel": channel_json(workspace.open_im(user.id, other.id))})
