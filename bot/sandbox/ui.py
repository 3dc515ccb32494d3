"""The JSON interface of the page and of the test driver, on loopback only.

| route | body or query | answer |
|---|---|---|
| GET /ui/channels | user | `channels` (those the person sees), `users`, `usergroups`, `commands`, `apps` |
| GET /ui/messages | channel, user, thread_ts?, after_ts?, limit? | `messages`, oldest first, or a whole thread |
| GET /ui/views | user | `views` (open modals, top last), `home` |
| POST /ui/message | user, channel, text, thread_ts? | `message`; for a slash command `command`, `acked`, `ack_ms` |
| POST /ui/upload | multipart: user, channel?, thread_ts?, initial_comment?, then files | `message`, `files` |
| POST /ui/action | user, action_id, block_id?, value?, values?, and channel + ts, or view_id | `acked`, `ack_ms` |
| POST /ui/options | user, action_id, block_id?, value, and channel + ts, or view_id | `options`, `option_groups` |
| POST /ui/view/submit | user, view_id, values | `ok`; else `errors` by block_id, or `error` + `message` |
| POST /ui/view/close | user, view_id | |
| POST /ui/home | user, app_id? | raises app_home_opened; `home` is what is published now |
| POST /ui/reaction | user, channel, ts, name | adds a reaction |
| POST /ui/invite | user, channel, guest | makes someone, a bot too, a member |
| POST /ui/im | user, other | `channel`: their direct message |
| GET /ui/files/{id} | | the bytes |
| GET /ui/changes | user | server-sent events: `{kind, channel, ts, thread_ts, view_id}`, first `{"kind": "hello"}` |
| GET /ui/violations | | `violations` |
| POST /ui/faults | see `bot.sandbox.faults` | |

Every answer has `ok`; a refusal has `error` and, where there is one, a `message` for the person.
`values` is `{block_id: {action_id: value}}`: text for inputs, the option's value (or a list of them) for selects,
checkboxes and radio buttons, an id (or a list) for users and channels, `YYYY-MM-DD` and `HH:MM` for pickers.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox import ui_messages, ui_stream, ui_views
from bot.sandbox.core import CORE
from bot.sandbox.errors import UiRefusal
from bot.sandbox.model import Json
from bot.sandbox.ui_json import channel_json, commands_json, people_json
from bot.sandbox.ui_request import body_of, person_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_APP_PATHS = ("/api/", "/link/", "/upload/", "/files-pri/", "/commands/", "/actions/")


def add_routes(app: web.Application) -> None:
    """Mount the interface."""
    app.router.add_get("/ui/channels", channels)
    app.router.add_get("/ui/violations", violations)
    app.router.add_post("/ui/faults", faults)
    ui_messages.add_routes(app)
    ui_views.add_routes(app)
    ui_stream.add_routes(app)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only this machine's own pages drive the workspace, and phrase refusals.

    A page elsewhere is told by its Origin, a rebound name by its Host, another machine by its address. Apps may
    come from other machines, but no web page of another origin may act as one.
    """
    workspace = request.app[CORE].workspace
    workspace.base_url = workspace.base_url or f"{request.scheme}://{request.host}"
    origin = request.headers.get("Origin", "")
    is_app = request.path.startswith(_APP_PATHS)
    if not (is_fixed(request.host, origin) and (is_app or is_local(request.remote or "", request.host))):
        refusal = {"ok": False, "error": "forbidden", "message": "Only pages of this server, on this machine."}
        return web.json_response(refusal, status=403)
    try:
        return await handler(request)
    except UiRefusal as error:
        return web.json_response({"ok": False, "error": error.code, "message": error.sentence})


def is_fixed(host: str, origin: str) -> bool:
    """Tell whether a request comes from no page or our own, by a name that nobody else can point at us.

    That is an address, or a name without dots, such as `localhost` or a container's.
    """
    if origin and urlsplit(origin).netloc != host:
        return False
    name = urlsplit(f"//{host}").hostname or ""
    return "." not in name or _address(name) is not None


def is_local(remote: str, host: str) -> bool:
    """Tell whether a request comes from this machine, by a loopback name."""
    name = urlsplit(f"//{host}").hostname or ""
    return _is_loopback(remote) and (name == "localhost" or _is_loopback(name))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_loopback(text: str) -> bool:
    address = _address(text)
    return address is not None and address.is_loopback


async def channels(request: web.Request) -> web.Response:
    """List the channels a person sees, and who and what there is to mention."""
    core = request.app[CORE]
    user = person_of(request)
    workspace = core.workspace
    seen = [c for c in workspace.channels.values() if not c.is_private or user.id in c.members]
    groups = [
        {"id": g.id, "handle": g.handle, "name": g.name, "users": list(g.users)}
        for g in workspace.usergroups.values()
    ]
    apps = [
        {"app_id": a.app_id, "name": a.name, "bot_user_id": a.bot_user_id, "home_tab": a.home_tab}
        for a in workspace.apps.values()
    ]
    return web.json_response(
        {
            "ok": True,
            "channels": [channel_json(channel) for channel in seen],
            "users": people_json(workspace),
            "usergroups": groups,
            "commands": commands_json(workspace),
            "apps": apps,
        }
    )


async def violations(request: web.Request) -> web.Response:
    """List the rules that apps broke."""
    found: list[Json] = [
        {"at": v.at, "method": v.method, "rule": v.rule, "detail": v.detail}
        for v in request.app[CORE].workspace.violations
    ]
    return web.json_response({"ok": True, "violations": found})


async def faults(request: web.Request) -> web.Response:
    """Set a fault."""
    try:
        request.app[CORE].faults.apply(await body_of(request))
    except ValueError as error:
        raise UiRefusal("invalid_fault", str(error)) from error
    return web.json_response({"ok": True})
