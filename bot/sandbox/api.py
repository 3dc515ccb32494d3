"""The Web API: who calls, may they, are they too fast; then the method itself.

The methods live in `api_*.py` and register themselves with their scopes and rate tier.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.args import Args, read_args
from bot.sandbox.core import CORE, Core
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Refusal, Tier
from bot.sandbox.model import AppConfig, Channel, Json, Message
from bot.sandbox.workspace import Workspace


@dataclass(frozen=True)
class Call:
    """One call of a method by an app."""

    core: Core
    app: AppConfig
    args: Args
    method: str

    @property
    def workspace(self) -> Workspace:
        """Return the workspace called upon."""
        return self.core.workspace

    def need(self, scope: str) -> None:
        """Raise SlackError `missing_scope` unless the app has the scope."""
        require_scopes(self.app, (scope,))

    def channel(self, *, argument: str = "channel") -> Channel:
        """Return the channel an argument names by id. Raises SlackError `channel_not_found`.

        A private channel or a direct message the app is not in does not exist for it.
        """
        channel = self.workspace.channels.get(self.args.text(argument))
        if channel is None or (channel.is_private and self.app.bot_user_id not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def member_channel(self, *, argument: str = "channel") -> Channel:
        """Return the channel an argument names. Raises also SlackError `not_in_channel`."""
        channel = self.channel(argument=argument)
        if self.app.bot_user_id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def message(self, channel: Channel, argument: str = "ts") -> Message:
        """Return the message an argument names. Raises SlackError `message_not_found`, for ephemeral ones too."""
        message = self.workspace.message(channel.id, self.args.required(argument))
        if message is None or message.ephemeral_for:
            raise SlackError("message_not_found")
        return message


Handler = Callable[[Call], Awaitable[Json]]


@dataclass(frozen=True)
class Method:
    """A method, any one of its scopes, its rate and the kind of token it takes."""

    name: str
    handler: Handler
    scopes: tuple[str, ...]
    tier: Tier
    app_token: bool = False


METHODS: dict[str, Method] = {}


def method(name: str, tier: Tier, *scopes: str, app_token: bool = False) -> Callable[[Handler], Handler]:
    """Register a Web API method; having one of `scopes` is enough to call it."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, scopes, tier, app_token)
        return handler

    return register


def require_scopes(app: AppConfig, scopes: tuple[str, ...]) -> None:
    """Raise SlackError `missing_scope` unless the app has one of the scopes."""
    granted = app.scopes | app.app_scopes
    if scopes and not any(scope in granted for scope in scopes):
        names = {"needed": scopes[0], "provided": ",".join(sorted(app.scopes))}
        raise SlackError("missing_scope", extra=names)


async def handle(request: web.Request) -> web.Response:
    """Answer one call of `/api/{method}`; the headers name the scopes the app has and the method needs."""
    core = request.app[CORE]
    name = request.match_info["method"]
    headers: dict[str, str] = {}
    await asyncio.sleep(core.faults.delay_s(name))
    try:
        body = await _call(core, name, request, headers)
    except SlackError as error:
        return _refused(core, name, error, headers)
    return web.json_response({"ok": True, **body}, headers=headers)


async def _call(core: Core, name: str, request: web.Request, headers: dict[str, str]) -> Json:
    known = METHODS.get(name)
    if known is None:
        raise SlackError("unknown_method", extra={"req_method": name})
    args = await read_args(request)
    app = _authenticate(core.workspace, known, _token(request, args))
    headers["x-oauth-scopes"] = ",".join(sorted(app.app_scopes if known.app_token else app.scopes))
    headers["x-accepted-oauth-scopes"] = ",".join(known.scopes)
    _check_faults(core, app, known)
    _check_rate(core, app, known)
    require_scopes(app, known.scopes)
    return await known.handler(Call(core, app, args, name))


def _token(request: web.Request, args: Args) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() if header else args.text("token")


def _authenticate(workspace: Workspace, known: Method, token: str) -> AppConfig:
    if not token:
        raise SlackError("not_authed")
    for app in workspace.apps.values():
        if token in (app.bot_token, app.app_token):
            if known.name != "api.test" and known.app_token != (token == app.app_token):
                raise SlackError("not_allowed_token_type")
            return app
    raise SlackError("invalid_auth")


def _check_faults(core: Core, app: AppConfig, known: Method) -> None:
    failure = core.faults.take_failure(known.name)
    if failure:
        raise SlackError(failure, is_expected=True)
    retry_after_s = core.faults.take_rate_limit(known.name)
    if retry_after_s:
        core.limiter.refuse((app.app_id, known.name), known.tier.value, retry_after_s)
        raise SlackError("ratelimited", retry_after_s=retry_after_s)


def _check_rate(core: Core, app: AppConfig, known: Method) -> None:
    refusal = core.limiter.take((app.app_id, known.name), known.tier.value)
    raise_refusal(core, known.name, refusal)


def raise_refusal(core: Core, name: str, refusal: Refusal | None) -> None:
    """Raise SlackError `ratelimited` for a refusal; a client that came back too early has broken a rule."""
    if refusal is None:
        return
    if refusal.is_ignored:
        core.workspace.record(name, "retry_after_ignored", f"called again {refusal.retry_after_s} s too early")
    raise SlackError("ratelimited", retry_after_s=refusal.retry_after_s)


def _refused(core: Core, name: str, error: SlackError, headers: dict[str, str]) -> web.Response:
    if not error.is_expected:
        detail = "; ".join(error.messages) or ", ".join(f"{k}: {v}" for k, v in error.extra.items())
        core.workspace.record(name, error.code, detail)
    if error.retry_after_s:
        headers["Retry-After"] = str(error.retry_after_s)
        return web.json_response(error.to_json(), status=429, headers=headers)
    return web.json_response(error.to_json(), headers=headers)
