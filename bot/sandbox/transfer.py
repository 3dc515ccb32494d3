"""The bytes of files over HTTP: an app uploads and downloads, the page uploads and shows."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import BodyPartReader, web

from bot.sandbox import uploads
from bot.sandbox.core import CORE
from bot.sandbox.errors import SlackError, UiRefusal
from bot.sandbox.model import AppConfig, File, Json
from bot.sandbox.ui_json import file_json, message_json
from bot.sandbox.ui_request import PEOPLE
from bot.sandbox.workspace import Workspace

_CHUNK_BYTES = 256 * 1024
_SIGN_IN = "<!DOCTYPE html><title>Sign in | Sandbox</title><p>Sign in to see this file.</p>"


def add_routes(app: web.Application) -> None:
    """Mount the routes."""
    app.router.add_post("/upload/v1/{secret}", receive)
    app.router.add_get("/files-pri/{file}/{name}", download)
    app.router.add_get("/files-pri/{file}/download/{name}", download)
    app.router.add_get("/signin", sign_in)
    app.router.add_post("/ui/upload", upload)
    app.router.add_get("/ui/files/{id}", show)


async def receive(request: web.Request) -> web.Response:
    """Take the bytes an app announced, raw or as a form."""
    core = request.app[CORE]
    pending = core.pending_uploads.by_secret(request.match_info["secret"])
    if pending is None:
        core.workspace.record("upload", "file_not_found", "this upload address is unknown or used")
        return web.Response(status=404, text="file_not_found")
    stored = await uploads.store(core.workspace, pending.file, _body(request))
    if stored.size_bytes != pending.length_bytes:
        detail = f"{stored.size_bytes} bytes came, {pending.length_bytes} were announced"
        core.workspace.record("upload", "length_mismatch", detail)
        return web.Response(status=500, text="length_mismatch")
    core.pending_uploads.arrived(stored)
    return web.Response(text=f"OK - {stored.size_bytes}")


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    if not request.content_type.startswith("multipart/"):
        async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
            yield chunk
        return
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader):
            async for chunk in _part(part):
                yield chunk


async def _part(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        yield chunk


async def download(request: web.Request) -> web.StreamResponse:
    """Hand an app the bytes of a file; without the right token it gets a page to sign in, as Slack does it."""
    workspace = request.app[CORE].workspace
    try:
        file = _readable(workspace, request)
    except SlackError as error:
        workspace.record("url_private", error.code, f"download of {request.match_info['file']}")
        raise web.HTTPFound(f"/signin?redir={request.path}") from error
    return _bytes(file)


def _readable(workspace: Workspace, request: web.Request) -> File:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    app = _app(workspace, token)
    if "files:read" not in app.scopes:
        raise SlackError("missing_scope")
    file = workspace.files.get(request.match_info["file"].partition("-")[2])
    if file is None or not uploads.may_read(file, app.bot_user_id, workspace.channels):
        raise SlackError("file_not_found")
    return file


def _app(workspace: Workspace, token: str) -> AppConfig:
    for app in workspace.apps.values():
        if token and token == app.bot_token:
            return app
    raise SlackError("invalid_auth" if token else "not_authed")


async def sign_in(_request: web.Request) -> web.Response:
    """Show what an app without the right token gets instead of a file: a page, with status 200."""
    return web.Response(text=_SIGN_IN, content_type="text/html")


async def upload(request: web.Request) -> web.Response:
    """Take files a person drops into a channel: fields first, then the files."""
    core = request.app[CORE]
    fields: dict[str, str] = {}
    parts: list[File] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.filename:
            user = request.app[PEOPLE].user(fields.get("user", ""))
            file = uploads.new_file(core.workspace, part.filename, user.id)
            parts.append(await uploads.store(core.workspace, file, _part(part)))
        else:
            fields[part.name or ""] = await part.text()
    return web.json_response({"ok": True, **_share(request, fields, parts)})


def _share(request: web.Request, fields: dict[str, str], files: list[File]) -> Json:
    core, people = request.app[CORE], request.app[PEOPLE]
    if not files:
        raise UiRefusal("no_file", "There is no file in this upload.")
    user = people.user(fields.get("user", ""))
    if "channel" not in fields:  # a file_input of a modal: the files travel with the form
        return {"files": [file_json(core.workspace.files[file.id]) for file in files]}
    channel = people.channel(fields.get("channel", ""), user)
    comment, thread_ts = fields.get("initial_comment", ""), fields.get("thread_ts", "")
    posted = uploads.share(core, files, people.new_message(user, channel, comment, thread_ts))
    shown = [file_json(core.workspace.files[file.id]) for file in files]
    return {"message": message_json(core.workspace, posted), "files": shown}


async def show(request: web.Request) -> web.StreamResponse:
    """Hand the page the bytes of a file; never as something a browser would run."""
    file = request.app[CORE].workspace.files.get(request.match_info["id"])
    if file is None:
        raise web.HTTPNotFound(text="There is no such file.")
    return _bytes(file)


def _bytes(file: File) -> web.FileResponse:
    is_image = file.mimetype.startswith("image/") and "svg" not in file.mimetype
    kind = file.mimetype if is_image else "application/octet-stream"
    headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff"}
    if not is_image:
        quoted = file.name.encode("ascii", "replace").decode().replace('"', "'")
        headers["Content-Disposition"] = f'attachment; filename="{quoted}"'
    return web.FileResponse(file.path or Path(), headers=headers)
