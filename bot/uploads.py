"""A zip in a channel becomes a project, and a message in its thread says what was found."""

import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.dispatch import Dispatcher, Given, broke
from bot.people import People
from bot.poster import Poster
from bot.registry import Role
from bot.replies import failure
from bot.views.payload import Posting
from bot.views.project import project_posting
from bot.views.reply import messages
from ops import projects
from ops.errors import OpsError, UserError
from ops.model import Actor, Project

_CHUNK_BYTES = 256 * 1024
_DOWNLOAD_S = 300.0


class Uploads:
    """Fetches what people drop into channels."""

    def __init__(self, client: AsyncWebClient, dispatch: Dispatcher, people: People, poster: Poster) -> None:
        """Take the bot's client, what runs operations, and what posts."""
        self._client, self._dispatch, self._people, self._poster = client, dispatch, people, poster

    async def shared(self, file_id: str, channel: str, user: str) -> None:
        """Take one shared file; anything that is not a zip is not ours. The same file again is not taken twice."""
        info = (await self._client.files_info(file=file_id))["file"]
        if info.get("file_access") == "check_file_info":  # a stub of Slack Connect, to be asked for again
            info = (await self._client.files_info(file=file_id))["file"]
        name = info.get("name") or ""
        store = self._dispatch.services.store
        if not name.lower().endswith(".zip") or user == await self._me():
            return
        if not await self._dispatch.in_thread(lambda: store.first_time(f"file:{file_id}:{channel}")):
            return
        actor = Actor(user or info.get("user", ""), await self._people.name(user), channel)
        given = Given(("upload", name), actor, file_id, channel_name=await self._people.channel(channel))
        posting = await self._take(info, given)
        thread_ts = _thread(info, channel) or _thread((await self._client.files_info(file=file_id))["file"], channel)
        await self._poster.post(channel, posting, thread_ts=thread_ts)

    async def _me(self) -> str:
        return str((await self._client.auth_test())["user_id"])

    async def _take(self, info: dict[str, Any], given: Given) -> Posting:
        try:
            await self._dispatch.check(given, Role.OPERATOR)
            project = await self._fetch(info, given)
        except OpsError as error:
            sentence = f"{info['name']} was not kept. {self._dispatch.with_prefix(str(error))}"
            return messages(failure(sentence), self._dispatch.prefix)
        except Exception:
            return messages(failure(broke(f"taking {info['name']}")), self._dispatch.prefix)
        hosts = await self._dispatch.in_thread(self._dispatch.services.store.hosts)
        return project_posting(project, hosts)

    async def _fetch(self, info: dict[str, Any], given: Given) -> Project:
        most = self._dispatch.services.config.max_zip_bytes
        if info.get("size", 0) > most:
            raise UserError(f"It has {info['size'] / 2**20:.0f} MiB; at most {most // 2**20} MiB are taken.")
        with tempfile.TemporaryDirectory(prefix="flsvc-") as folder:
            path = Path(folder) / "upload.zip"
            await self._download(info["url_private_download"], path, most)
            services = self._dispatch.services
            project = await self._dispatch.in_thread(
                lambda: projects.receive(services, path, info["name"], given.actor)
            )
        await self._dispatch.note(given, outcome="kept", detail=project.id)
        return project

    async def _download(self, url: str, path: Path, most_bytes: int) -> None:
        headers = {"Authorization": f"Bearer {self._client.token}"}
        timeout = aiohttp.ClientTimeout(total=_DOWNLOAD_S, sock_connect=10)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, headers=headers) as answer:
                if answer.status != 200 or answer.content_type == "text/html":  # Slack's login page, when not allowed
                    raise UserError(
                        f"Slack does not hand it over (HTTP {answer.status}); invite the bot to the channel."
                    )
                with path.open("wb") as file:
                    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                        file.write(chunk)
                        if file.tell() > most_bytes:
                            raise UserError(f"It is larger than {most_bytes // 2**20} MiB.")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UserError(f"The download from Slack broke off ({type(error).__name__}); drop it again.") from None


def _thread(info: dict[str, Any], channel: str) -> str:
    """Return the message that shares the file in this channel, '' when Slack does not say."""
    shares = info.get("shares") or {}
    found = (shares.get("public") or {}).get(channel) or (shares.get("private") or {}).get(channel) or []
    return str(found[0].get("thread_ts") or found[0]["ts"]) if found else ""
