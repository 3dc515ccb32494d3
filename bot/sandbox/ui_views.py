"""The page's interface: modals, the home tab, buttons and selects."""

from typing import Any

from aiohttp import web

from bot.sandbox.core import CORE
from bot.sandbox.errors import UiRefusal
from bot.sandbox.model import Json, User
from bot.sandbox.people_views import Place, ViewPeople
from bot.sandbox.ui_json import view_json
from bot.sandbox.ui_request import body_of, message_of, person_of, text

VIEW_PEOPLE: web.AppKey[ViewPeople] = web.AppKey("view_people", ViewPeople)


def add_routes(app: web.Application) -> None:
    """Mount the routes."""
    app[VIEW_PEOPLE] = ViewPeople(app[CORE])
    app.router.add_get("/ui/views", views)
    app.router.add_post("/ui/action", act)
    app.router.add_post("/ui/options", options)
    app.router.add_post("/ui/view/submit", submit)
    app.router.add_post("/ui/view/close", close)
    app.router.add_post("/ui/home", home)


async def views(request: web.Request) -> web.Response:
    """List a person's open modals, the one on top last, and the home tab."""
    workspace = request.app[CORE].workspace
    user = person_of(request)
    shown = workspace.home(user.id, request.query.get("app_id", ""))
    modals = [view_json(view) for view in workspace.views(user.id)]
    return web.json_response({"ok": True, "views": modals, "home": view_json(shown) if shown else None})


async def act(request: web.Request) -> web.Response:
    """Press a button or choose something."""
    body = await body_of(request)
    user = person_of(request, body)
    place = _place(request, user, body)
    receipt = await request.app[VIEW_PEOPLE].act(
        user, place, text(body, "block_id"), text(body, "action_id"), body.get("value")
    )
    answer = {"ok": True, "acked": receipt.is_acked, "ack_ms": receipt.ack_ms, "outcome": receipt.outcome.value}
    return web.json_response(answer)


async def options(request: web.Request) -> web.Response:
    """Ask the app for the options of an external select."""
    body = await body_of(request)
    user = person_of(request, body)
    place = _place(request, user, body)
    found = await request.app[VIEW_PEOPLE].options(
        user, place, text(body, "block_id"), text(body, "action_id"), text(body, "value")
    )
    return web.json_response({"ok": True, **found})


async def submit(request: web.Request) -> web.Response:
    """Submit a modal."""
    body = await body_of(request)
    user = person_of(request, body)
    people = request.app[VIEW_PEOPLE]
    view = people.view(user, text(body, "view_id"))
    submitted = await people.submit(user, view, _values(body))
    if submitted.errors:
        return web.json_response({"ok": False, "error": "invalid_input", "errors": submitted.errors})
    return web.json_response({"ok": True})


async def close(request: web.Request) -> web.Response:
    """Close a modal without submitting it."""
    body = await body_of(request)
    user = person_of(request, body)
    people = request.app[VIEW_PEOPLE]
    await people.close(user, people.view(user, text(body, "view_id")))
    return web.json_response({"ok": True})


async def home(request: web.Request) -> web.Response:
    """Look at an app's home tab."""
    body = await body_of(request)
    shown = request.app[VIEW_PEOPLE].open_home(person_of(request, body), text(body, "app_id"))
    return web.json_response({"ok": True, "home": view_json(shown) if shown else None})


def _place(request: web.Request, user: User, body: Json) -> Place:
    if body.get("view_id"):
        people = request.app[VIEW_PEOPLE]
        return Place(view=people.fill(people.view(user, text(body, "view_id")), _values(body)))
    message = message_of(request, user, body)
    if not message.app_id:
        raise UiRefusal("action_not_found", "There is nothing to press in this message.")
    return Place(message=message)


def _values(body: Json) -> Json:
    values: Any = body.get("values") or {}
    if not isinstance(values, dict):
        raise UiRefusal("invalid_json", "values must be an object.")
    return values
