"""The page's interface: modals, the home tab, buttons and selects."""

from aiohttp import web

from bot.sandbox.core import CORE
from bot.sandbox.ui_json import view_json
from bot.sandbox.ui_request import person_of


def add_routes(app: web.Application) -> None:
    """Mount the routes."""
    app.router.add_get("/ui/views", views)


async def views(request: web.Request) -> web.Response:
    """List a person's open modals, the one on top last, and the home tab."""
    workspace = request.app[CORE].workspace
    user = person_of(request)
    home = workspace.home(user.id, request.query.get("app_id", ""))
    shown = [view_json(view) for view in workspace.views(user.id)]
    return web.json_response({"ok": True, "views": shown, "home": view_json(home) if home else None})
