"""The web page of the sandbox: channels, threads, modals and the home tab, painted on the server.

The script in `templates/sandbox/static` swaps the fragments below in when the workspace changes; what people do goes
to the JSON interface of `bot.sandbox.ui`. Every address takes `?as=`, the person one acts as.

| route | shows |
|---|---|
| / | redirects to the first channel |
| /c/{channel} | a channel or direct message; `thread` opens one, `limit` shows more |
| /dm/{user}, /home/{app} | a direct message with someone; an app's home tab |
| /archives/{channel}/p{ts} | redirects: Slack's form of a permanent link |
| /page/messages, /page/message, /page/thread, /page/view, /page/home, /page/sidebar, /page/status | fragments |
| /page/file/{id} | a file's bytes |
| /static/… | styles, script, drawings |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import tzinfo
from urllib.parse import quote

from aiohttp import web

from bot.sandbox.model import AppConfig, Channel, User
from bot.sandbox.page_model import Model
from bot.sandbox.page_paint import Painter
from bot.sandbox.page_side import Read, side
from bot.sandbox.ui_json import commands_json
from bot.sandbox.workspace import Workspace
from ops import render

LIMIT = 200
POLICY = (
    "default-src 'self'; img-src 'self' data: http: https:; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""Content-Security-Policy: no script but the page's own can run, whatever a message holds."""


def add_routes(app: web.Application, workspace: Workspace, zone: tzinfo | None = None) -> None:
    """Mount the page on an application; times are shown in `zone`, the machine's own when None."""
    page = Page(workspace, zone)
    app.router.add_static("/static", render.template_path() / "sandbox" / "static")
    for path, handler in (
        ("/", page.root),
        ("/c/{channel}", page.channel),
        ("/dm/{user}", page.direct),
        ("/home/{app}", page.home),
        ("/archives/{channel}/p{ts:[0-9]+}", page.archive),
        ("/page/messages", page.messages),
        ("/page/message", page.message),
        ("/page/thread", page.thread),
        ("/page/view", page.view),
        ("/page/home", page.home_fragment),
        ("/page/sidebar", page.sidebar),
        ("/page/status", page.status),
        ("/page/file/{file}", page.file),
    ):
        app.router.add_get(path, _guarded(handler))


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _guarded(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPNotFound as missing:
            response = _missing(missing.text or "")
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return handle


def _missing(sentence: str) -> web.Response:
    html = render.render("sandbox/missing.html.j2", sentence=sentence)
    return web.Response(text=html, status=404, content_type="text/html")


class Page:
    """The handlers; they keep nothing but up to where each person has read each channel."""

    def __init__(self, workspace: Workspace, zone: tzinfo | None) -> None:
        self.workspace = workspace
        self.zone = zone
        self._read = Read()

    # whole pages

    async def root(self, request: web.Request) -> web.StreamResponse:
        """Go to the first channel the person is in."""
        model = self._model(request)
        channels = model.channels()
        mine = [channel for channel in channels if model.viewer.id in channel.members] or channels
        if not mine:
            raise web.HTTPNotFound(text="This workspace has no channel yet.")
        raise web.HTTPFound(f"/c/{mine[0].id}?as={model.viewer.id}")

    async def channel(self, request: web.Request) -> web.StreamResponse:
        """Show a channel."""
        model = self._model(request)
        channel = self._channel(model, request.match_info["channel"])
        partner = model.partner(channel) if channel.is_im else None
        app = self.workspace.app_of_bot(partner.id) if partner else None
        return self._page(model, channel=channel, app=app, limit=self._limit(request))

    async def direct(self, request: web.Request) -> web.StreamResponse:
        """Open a direct message."""
        model = self._model(request)
        user = self.workspace.find_user(request.match_info["user"])
        if user is None:
            raise web.HTTPNotFound(text="There is nobody of that name in this workspace.")
        channel = self.workspace.open_im(model.viewer.id, user.id)
        raise web.HTTPFound(f"/c/{channel.id}?as={model.viewer.id}")

    async def home(self, request: web.Request) -> web.StreamResponse:
        """Show the home tab of an app."""
        return self._page(self._model(request), app=self._app(request.match_info["app"]), tab="home")

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """Follow a permanent link to a message or a reply."""
        digits, channel = request.match_info["ts"], request.match_info["channel"]
        ts = f"{digits[:-6]}.{digits[-6:]}"
        thread = request.query.get("thread_ts", "")
        extra = f"&thread={quote(thread)}" if thread else ""
        raise web.HTTPFound(f"/c/{channel}?as={self._model(request).viewer.id}{extra}#m-{ts}")

    # fragments

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Paint the messages of a channel."""
        model = self._model(request)
        channel = self._channel(model, request.query.get("channel", ""))
        return self._fragment("messages", model, self._listed(model, channel, self._limit(request)))

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Paint one message; 204 when it is gone or not for this person."""
        model = self._model(request)
        channel = self._channel(model, request.query.get("channel", ""))
        listed = self.workspace.messages(channel.id, model.viewer.id)
        at = next((i for i, m in enumerate(listed) if m.ts == request.query.get("ts")), None)
        if at is None:
            return web.Response(status=204)
        self._read.mark(model, channel, listed)
        item = model.item(listed[at], listed[at - 1] if at else None)
        return self._fragment("one", model, {"item": item, "in_thread": False})

    async def thread(self, request: web.Request) -> web.StreamResponse:
        """Paint a thread: the message and its replies."""
        model = self._model(request)
        channel = self._channel(model, request.query.get("channel", ""))
        ts = request.query.get("ts", "")
        items = model.items(self.workspace.messages(channel.id, model.viewer.id, ts), days=False)
        return self._fragment("thread", model, {"items": items, "ts": ts})

    async def view(self, request: web.Request) -> web.StreamResponse:
        """Paint the person's open modals, the one on top last."""
        model = self._model(request)
        return self._fragment("view", model, {"views": self.workspace.views(model.viewer.id)})

    async def home_fragment(self, request: web.Request) -> web.StreamResponse:
        """Paint what an app has published for the person."""
        model, app = self._model(request), self._app(request.query.get("app", ""))
        view = self.workspace.home(model.viewer.id, app.app_id)
        return self._fragment("home", model, {"view": view, "app": app})

    async def sidebar(self, request: web.Request) -> web.StreamResponse:
        """Paint the sidebar's lists."""
        model = self._model(request)
        channel, app = request.query.get("channel", ""), request.query.get("app", "")
        return self._fragment("sidebar", model, side(model, self._read, channel, app))

    async def status(self, request: web.Request) -> web.StreamResponse:
        """Paint who is in a channel, and how often an app broke one of Slack's limits."""
        model, name = self._model(request), request.query.get("channel", "")
        channel = self._channel(model, name) if name else None
        return self._fragment("status", model, {"violations": self.workspace.violations, "channel": channel})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Send a file's bytes; nothing but an image is ever shown by the browser itself."""
        self._model(request)
        file = self.workspace.files.get(request.match_info["file"])
        if file is None or file.path is None or not file.path.is_file():
            raise web.HTTPNotFound(text="This file is gone.")
        is_image = file.mimetype in ("image/png", "image/jpeg", "image/gif", "image/webp")
        how = "inline" if is_image and "download" not in request.query else "attachment"
        return web.FileResponse(
            file.path,
            headers={
                "Content-Type": file.mimetype if is_image else "application/octet-stream",
                "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name, safe='')}",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    # parts

    def _model(self, request: web.Request) -> Model:
        people = [user for user in self.workspace.users.values() if not user.is_bot]
        wanted = request.query.get("as", "")
        viewer = self.workspace.find_user(wanted) if wanted else next(iter(people), None)
        if viewer is None or viewer.is_bot:
            raise web.HTTPNotFound(text=f"Nobody called {wanted!r} can be acted as in this workspace.")
        return Model(self.workspace, viewer, self.zone)

    def _channel(self, model: Model, reference: str) -> Channel:
        channel = self.workspace.find_channel(reference)
        if channel is None or not model.may_see(channel):
            raise web.HTTPNotFound(text=f"{model.viewer.real_name} sees no channel {reference!r}.")
        return channel

    def _app(self, reference: str) -> AppConfig:
        app = self.workspace.apps.get(reference)
        if app is None:
            raise web.HTTPNotFound(text=f"No app {reference!r} is installed in this workspace.")
        return app

    def _limit(self, request: web.Request) -> int:
        asked = request.query.get("limit", "")
        return min(max(int(asked), 1), 100_000) if asked.isdecimal() else LIMIT

    def _listed(self, model: Model, channel: Channel, limit: int) -> dict[str, object]:
        shown, has_earlier = model.visible(channel.id, limit)
        self._read.mark(model, channel, shown)
        return {"channel": channel, "items": model.items(shown), "has_earlier": has_earlier, "limit": limit}

    def _page(
        self,
        model: Model,
        *,
        channel: Channel | None = None,
        app: AppConfig | None = None,
        tab: str = "messages",
        limit: int = LIMIT,
    ) -> web.Response:
        partner = model.partner(channel) if channel and channel.is_im else None
        values: dict[str, object] = {
            "channel": channel,
            "app": app,
            "tab": tab,
            "limit": limit,
            "partner": None if app else partner,
            "title": model.title(channel) if channel else app.name if app else "",
            "path": self._path(channel, partner, app, tab),
            "violations": self.workspace.violations,
            "view": self.workspace.home(model.viewer.id, app.app_id) if app else None,
            "facts": self._facts(model),
        }
        if channel:
            values |= self._listed(model, channel, limit)
        values |= side(model, self._read, channel.id if channel else "", app.app_id if app else "")
        return self._fragment("page", model, values)

    def _path(self, channel: Channel | None, partner: User | None, app: AppConfig | None, tab: str) -> str:
        """Return the address another person would use for the same place."""
        if channel is None or (app and tab == "home"):
            return f"/home/{app.app_id}" if app else "/"
        return f"/dm/{partner.id}" if partner else f"/c/{channel.id}"

    def _facts(self, model: Model) -> dict[str, object]:
        """Return what the script needs to know: commands to suggest and people to mention."""
        names = [
            {"id": user.id, "name": user.name, "real_name": user.real_name} for user in model.workspace.users.values()
        ]
        return {"commands": commands_json(self.workspace), "people": names}

    def _fragment(self, name: str, model: Model, values: dict[str, object]) -> web.Response:
        html = render.render(
            f"sandbox/{name}.html.j2",
            workspace=self.workspace,
            model=model,
            ui=Painter(model),
            **values,
        )
        return web.Response(text=html, content_type="text/html")
