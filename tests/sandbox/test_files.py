"""Files: from a person to the bot, from the bot to a channel, and who may read them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.demo import BOT_TOKEN
from bot.sandbox.person import PersonError
from bot.sandbox.server import Sandbox

Json = dict[str, Any]


async def get(url: str, token: str = "") -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "my project.zip"
    path.write_bytes(b"PK" + bytes(range(256)) * 4096)
    return path


async def test_a_dropped_file_reaches_the_bot_whole(
    sandbox: Sandbox, bolt: AsyncApp, client: AsyncWebClient, connected: AsyncSocketModeHandler, project: Path
) -> None:
    came: list[Json] = []

    @bolt.event("file_shared")
    async def shared(event: Json) -> None:
        came.append(event)
        info = await client.files_info(file=event["file_id"])
        file = info["file"]
        _, _, data = await get(file["url_private_download"], BOT_TOKEN)
        words = f"{file['name']} {file['size']} {len(data)} {data == project.read_bytes()}"
        await client.chat_postMessage(channel=event["channel_id"], text=words)

    @bolt.event({"type": "message", "subtype": "file_share"})
    async def embedded(event: Json) -> None:
        came.append(event)

    ada = sandbox.person("ada")
    message = await ada.upload("fleet", project, "for @ben")
    assert message.plain == "for <@U0BEN>"
    assert [f["name"] for f in message.files] == ["my project.zip"]
    size = project.stat().st_size
    await ada.wait_for_message("fleet", f"my project.zip {size} {size} True")
    ids = {event["type"]: event for event in came}
    assert ids["message"]["files"][0]["id"] == ids["file_shared"]["file_id"]
    assert set(ids["file_shared"]) == {"type", "file_id", "user_id", "file", "channel_id", "event_ts"}
    assert await ada.read(message.files[0]["url"]) == project.read_bytes()
    assert sandbox.workspace.violations == []


async def test_the_bot_posts_a_snippet_into_a_thread(sandbox: Sandbox, client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel="C0FLEET", text="logs")
    answer = await client.files_upload_v2(
        content="round 3: accuracy 0.91\n" * 500,
        filename="logs.txt",
        channel="C0FLEET",
        thread_ts=parent["ts"],
        initial_comment="all of it",
    )
    assert answer["file"]["mimetype"] == "text/plain"
    reply = (await sandbox.person("ada").messages("fleet", parent["ts"]))[-1]
    assert (reply.plain, reply.files[0]["size"]) == ("all of it", 23 * 500)
    assert sandbox.workspace.violations == []


@pytest.mark.parametrize("token", ["", "xoxb-wrong", "no-scope", "other-channel"])
async def test_without_the_right_to_read_there_is_a_sign_in_page(sandbox: Sandbox, project: Path, token: str) -> None:
    channel = "general" if token == "other-channel" else "fleet"
    message = await sandbox.person("ada").upload(channel, project)
    (app,) = sandbox.workspace.apps.values()
    if token == "no-scope":
        sandbox.workspace.apps[app.app_id] = replace(app, scopes=frozenset())
    sent = BOT_TOKEN if token in ("no-scope", "other-channel") else token
    url = f"{sandbox.url}/files-pri/T0SANDBOX-{message.files[0]['id']}/download/x.zip"
    status, kind, _ = await get(url, sent)
    assert (status, kind) == (200, "text/html")
    assert [v.method for v in sandbox.workspace.violations] == ["url_private"]


async def test_the_bytes_must_be_as_many_as_were_announced(sandbox: Sandbox, client: AsyncWebClient) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.txt", length=5)
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"123") as answer:
            assert answer.status == 500
        async with session.post(announced["upload_url"], data=b"12345") as answer:
            assert answer.status == 404
    assert [v.rule for v in sandbox.workspace.violations] == ["length_mismatch", "file_not_found"]


async def test_an_upload_may_come_as_a_form(sandbox: Sandbox, client: AsyncWebClient) -> None:
    announced = await client.files_getUploadURLExternal(filename="../../etc/a.txt", length=5)
    form = aiohttp.FormData()
    form.add_field("file", b"12345", filename="a.txt")
    async with aiohttp.ClientSession() as session, session.post(announced["upload_url"], data=form) as answer:
        assert await answer.text() == "OK - 5"
    done = await client.files_completeUploadExternal(files=[{"id": announced["file_id"], "title": "A"}])
    assert [(f["name"], f["title"], f["channels"]) for f in done["files"]] == [("a.txt", "A", [])]


async def test_an_upload_without_a_file_is_refused(sandbox: Sandbox) -> None:
    ada = sandbox.person("ada")
    form = aiohttp.FormData()
    form.add_field("user", "ada", content_type="text/plain")
    with pytest.raises(PersonError, match="no file"):
        await ada.post_form("/ui/upload", form)


async def test_uploaded_files_go_away_with_the_workspace(project: Path) -> None:
    async with Sandbox(with_page=False) as sandbox:
        await sandbox.person("ada").upload("fleet", project)
        (file,) = sandbox.workspace.files.values()
        assert file.path is not None
        assert file.path.read_bytes() == project.read_bytes()
    assert not file.path.parent.exists()
