"""What an app answers outside the Web API: the body of an acknowledgement, and posts to a response_url."""

from dataclasses import replace

from aiohttp import web

from bot.sandbox.args import Args, read_args
from bot.sandbox.blocks import with_block_ids
from bot.sandbox.content import Content, read_content, replaced
from bot.sandbox.core import CORE, Core
from bot.sandbox.errors import SlackError
from bot.sandbox.interactions import ResponseUrl
from bot.sandbox.model import AppConfig, Json, Message


class Answers:
    """Posts, replaces and deletes on behalf of an app that was asked something."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._workspace = core.workspace

    def post(self, app: AppConfig, channel: str, user: str, body: Json) -> Message:
        """Post an answer: for the one who asked, or for all with `response_type: in_channel`. Raises SlackError."""
        args = Args(body)
        content = read_content(args)
        return self._core.post(self._message(app, channel, user, args, content))

    def to_url(self, url: ResponseUrl, args: Args) -> None:
        """Do what a post to a response_url asks. Raises SlackError."""
        app = self._workspace.apps[url.app_id]
        original = self._workspace.message(url.channel, url.original_ts) if url.original_ts else None
        if args.flag("delete_original"):
            if original is None:
                raise SlackError("message_not_found")
            self._workspace.delete(original)
            return
        content = read_content(args)
        replaces = args.flag("replace_original", default=original is not None)
        if replaces and original is not None:
            edited = "" if original.ephemeral_for else self._workspace.new_ts()
            self._workspace.change(replace(replaced(original, content), edited=edited))
            return
        self._core.post(self._message(app, url.channel, url.user, args, content))

    def _message(self, app: AppConfig, channel: str, user: str, args: Args, content: Content) -> Message:
        kind = args.text("response_type", "ephemeral")
        if kind not in ("ephemeral", "in_channel"):
            raise SlackError("invalid_response_type", (f"response_type {kind} is neither ephemeral nor in_channel",))
        return Message(
            ts=self._workspace.new_ts(),
            channel=channel,
            text=content.text or "",
            user=app.bot_user_id,
            bot_id=app.bot_id,
            app_id=app.app_id,
            blocks=with_block_ids(content.blocks or ()),
            attachments=content.attachments or (),
            thread_ts=args.text("thread_ts"),
            ephemeral_for=user if kind == "ephemeral" else "",
        )


async def handle(request: web.Request) -> web.Response:
    """Take a post to a response_url; refusals are HTTP errors, as Slack's are."""
    core = request.app[CORE]
    try:
        url = core.interactions.take_url(request.match_info["secret"])
        Answers(core).to_url(url, await read_args(request))
    except SlackError as error:
        core.workspace.record("response_url", error.code, "; ".join(error.messages))
        status = 404 if error.code in ("expired_url", "used_url", "invalid_url") else 400
        return web.json_response(error.to_json(), status=status)
    return web.json_response({"ok": True})
