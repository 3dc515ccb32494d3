"""Read what the page and the test driver send."""

from typing import Any

from aiohttp import web

from bot.sandbox.core import CORE
from bot.sandbox.errors import UiRefusal
from bot.sandbox.model import Channel, Json, Message, User
from bot.sandbox.people import People

PEOPLE: web.AppKey[People] = web.AppKey("people", People)


async def body_of(request: web.Request) -> Json:
    """Return the JSON object in a request. Raises UiRefusal."""
    try:
        body = await request.json()
    except ValueError as error:
        raise UiRefusal("invalid_json", "The request is no JSON.") from error
    if not isinstance(body, dict):
        raise UiRefusal("invalid_json", "The request is no JSON object.")
    return body


def person_of(request: web.Request, body: Json | None = None) -> User:
    """Return who acts: `user` of the query or of the body. Raises UiRefusal."""
    return request.app[PEOPLE].user(text(body, "user") if body is not None else request.query.get("user", ""))


def channel_of(request: web.Request, user: User, body: Json | None = None) -> Channel:
    """Return the channel of the query or of the body. Raises UiRefusal."""
    reference = text(body, "channel") if body is not None else request.query.get("channel", "")
    return request.app[PEOPLE].channel(reference, user)


def message_of(request: web.Request, user: User, body: Json) -> Message:
    """Return the message a body names by `channel` and `ts`, if the person sees it. Raises UiRefusal."""
    channel = channel_of(request, user, body)
    message = request.app[CORE].workspace.message(channel.id, text(body, "ts"))
    if message is None or message.ephemeral_for not in ("", user.id):
        raise UiRefusal("message_not_found", "This message is gone.")
    return message


def text(body: Json | None, name: str) -> str:
    """Return a text field, empty when it is missing. Raises UiRefusal when it is no text."""
    value: Any = (body or {}).get(name) or ""
    if not isinstance(value, str):
        raise UiRefusal("invalid_json", f"{name} must be text.")
    return value
