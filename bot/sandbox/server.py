"""The sandbox as a web application, and as something a test or the demo starts and stops."""

from dataclasses import replace
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from bot.sandbox import (
    answers,
    api,
    api_chat,
    api_conversations,
    api_files,
    api_reactions,
    api_team,
    api_users,
    api_views,
    transfer,
    ui,
)
from bot.sandbox.core import CORE, Core
from bot.sandbox.faults import Faults
from bot.sandbox.people import People
from bot.sandbox.person import Person
from bot.sandbox.timings import Timings
from bot.sandbox.ui_request import PEOPLE
from bot.sandbox.workspace import Workspace

BODY_LIMIT_BYTES = 1024**3  # the largest file Slack takes
# Importing them registers their methods.
API_MODULES = (api_chat, api_conversations, api_files, api_reactions, api_team, api_users, api_views)


def create_app(workspace: Workspace, *, with_page: bool = True, timings: Timings | None = None) -> web.Application:
    """Return the application that serves a workspace: the protocols, the page's interface, and the page."""
    app = web.Application(client_max_size=BODY_LIMIT_BYTES, middlewares=[ui.guard])
    core = Core(workspace, timings or Timings())
    app[CORE] = core
    app[PEOPLE] = People(core)
    app.router.add_route("*", "/api/{method}", api.handle)
    app.router.add_get("/link/", core.sockets.handle)
    app.router.add_post("/{kind:commands|actions}/{team}/{secret}", answers.handle)
    ui.add_routes(app)
    transfer.add_routes(app)
    if with_page:
        from bot.sandbox import page

        page.add_routes(app, workspace)
    app.on_shutdown.append(_shut_down)
    return app


async def _shut_down(app: web.Application) -> None:
    await app[CORE].close()


class VerificationFailed(Exception):
    """A Request URL did not answer Slack's handshake; the app stays as it was."""


class Sandbox:
    """A running sandbox: `async with Sandbox() as s:`, then `s.api_url`, `s.workspace`, `s.person("ada")`."""

    def __init__(
        self,
        port: int = 0,
        workspace: Workspace | None = None,
        host: str = "127.0.0.1",
        *,
        with_page: bool = True,
        timings: Timings | None = None,
    ) -> None:
        self.workspace = workspace or Workspace.demo()
        self.app = create_app(self.workspace, with_page=with_page, timings=timings)
        self._host = host
        self._port = port
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=2.0)
        self._people: list[Person] = []

    @property
    def url(self) -> str:
        """Return the address of the page, without a slash at its end."""
        return self.workspace.base_url

    @property
    def api_url(self) -> str:
        """Return the base URL of the Web API, as Slack's SDK takes it."""
        return f"{self.url}/api/"

    @property
    def core(self) -> Core:
        """Return the parts of the running sandbox."""
        return self.app[CORE]

    @property
    def faults(self) -> Faults:
        """Return the fault switch."""
        return self.core.faults

    def person(self, name: str) -> Person:
        """Return a driver that acts as a person."""
        person = Person(self.url, name)
        self._people.append(person)
        return person

    def channel_id(self, name: str) -> str:
        """Return the id of a channel by its name. Raises KeyError."""
        channel = self.workspace.find_channel(name)
        if channel is None:
            raise KeyError(name)
        return channel.id

    async def use_http(self, url: str) -> None:
        """Let the first app receive signed requests at `url` from now on. Raises VerificationFailed."""
        app = self.workspace.app
        changed = replace(app, socket_mode=False, events_url=url)
        try:
            is_verified = await self.core.signed.verify(changed)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise VerificationFailed(f"{url} cannot be reached: {error}") from error
        if not is_verified:
            raise VerificationFailed(f"{url} did not answer the url_verification challenge")
        self.workspace.apps[app.app_id] = changed

    async def connected(self, sockets: int = 1, timeout_s: float = 10.0) -> None:
        """Wait until so many web sockets are open, at least; for 0, until none is. Raises TimeoutError."""
        await self.core.sockets.wait_for(sockets, timeout_s)

    async def start(self) -> None:
        """Listen; a port of 0 becomes a free one."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.workspace.base_url = f"http://{self._host}:{port}"

    async def stop(self) -> None:
        """Close every connection and remove the uploaded files."""
        for person in self._people:
            await person.aclose()
        await self._runner.cleanup()
        self.workspace.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
