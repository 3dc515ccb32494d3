"""The page's addresses: what each shows to whom, and what it refuses."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.model import Channel, File, Message, View
from bot.sandbox.page_model import Model, day_label, size_text
from bot.sandbox.server import Sandbox
from bot.sandbox.workspace import Workspace
from tests.browser import gallery


@pytest.fixture
async def paged() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def http(paged: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(paged.url) as session:
        yield session


async def text(http: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with http.get(path) as response:
        assert response.status == status, await response.text()
        return await response.text()


async def test_the_front_door_leads_to_a_channel_as_the_person_asked_for(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        assert str(response.url.relative()) == "/c/C0FLEET?as=U0ADA"
    async with http.get("/?as=cleo") as response:
        assert str(response.url.relative()) == "/c/C0FLEET?as=U0CLEO"


async def test_a_workspace_without_channels_says_so(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    paged.workspace.channels.clear()
    assert "This workspace has no channel yet." in await text(http, "/", 404)


async def test_pages_can_run_no_script_but_their_own(http: aiohttp.ClientSession) -> None:
    async with http.get("/c/fleet?as=ada") as response:
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "script-src" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        page = await response.text()
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert "https://" not in page


@pytest.mark.parametrize("name", ["app.js", "base.css", "blocks.css", "emoji.svg", "icon.svg", "modal.js"])
async def test_static_files_are_served_from_the_templates(http: aiohttp.ClientSession, name: str) -> None:
    assert len(await text(http, f"/static/{name}")) > 100


async def test_no_address_leads_out_of_the_static_files(http: aiohttp.ClientSession) -> None:
    await text(http, "/static/..%2fpage.html.j2", 404)


async def test_a_channel_is_found_by_name_and_by_id(http: aiohttp.ClientSession) -> None:
    for reference in ("fleet", "C0FLEET"):
        assert 'data-channel="C0FLEET"' in await text(http, f"/c/{reference}?as=ben")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/c/nowhere?as=ada", "Ada sees no channel &#x27;nowhere&#x27;"),
        ("/c/fleet?as=mallory", "Nobody called &#x27;mallory&#x27;"),
        ("/c/fleet?as=flsvc", "Nobody called &#x27;flsvc&#x27;"),
        ("/dm/nobody?as=ada", "There is nobody of that name"),
        ("/home/A0?as=ada", "No app &#x27;A0&#x27; is installed"),
        ("/page/file/F0?as=ada", "This file is gone."),
        ("/page/messages?as=ada", "Ada sees no channel"),
        ("/page/home?as=ada&app=A0", "No app"),
    ],
)
async def test_what_is_not_there_is_said(http: aiohttp.ClientSession, path: str, sentence: str) -> None:
    assert sentence in (await text(http, path, 404)).replace("&#39;", "&#x27;")


async def test_a_private_channel_shows_to_its_members_only(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    secret = Channel("C0SECRET", "secret", is_private=True, members=frozenset({"U0BEN"}))
    paged.workspace.add_channel(secret)
    paged.workspace.post(Message(paged.workspace.new_ts(), "C0SECRET", "between us", user="U0BEN"))
    assert "between us" in await text(http, "/c/secret?as=ben")
    await text(http, "/c/secret?as=ada", 404)
    await text(http, "/page/messages?channel=C0SECRET&as=ada", 404)
    assert "secret" not in await text(http, "/page/sidebar?as=ada")


async def test_an_ephemeral_message_shows_to_its_person_only(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    ts = paged.workspace.new_ts()
    paged.workspace.post(Message(ts, "C0FLEET", "for Ada", user="U0FLSVC00", bot_id="B0", ephemeral_for="U0ADA"))
    assert "Only visible to you" in await text(http, f"/page/message?channel=C0FLEET&ts={ts}&as=ada")
    assert await text(http, f"/page/message?channel=C0FLEET&ts={ts}&as=ben", 204) == ""
    assert "for Ada" not in await text(http, "/page/messages?channel=C0FLEET&as=ben")


async def test_messages_fold_under_one_name_and_days_are_parted(http: aiohttp.ClientSession, paged: Sandbox) -> None:
    workspace = paged.workspace
    now = int(workspace.now())
    for seconds, user in ((90_000, "U0ADA"), (300, "U0ADA"), (290, "U0ADA"), (280, "U0BEN")):
        workspace.post(Message(f"{now - seconds}.000000", "C0LAB", "hello", user=user))
    page = await text(http, "/page/messages?channel=C0LAB&as=cleo")
    assert page.count("message compact") >= 1
    assert page.count('class="author"') <= 3
    assert page.count('class="day"') >= 2


async def test_only_the_newest_messages_are_shown_until_one_asks(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    for number in range(5):
        paged.workspace.post(Message(paged.workspace.new_ts(), "C0LAB", f"line {number}", user="U0ADA"))
    page = await text(http, "/c/lab?as=ben&limit=2")
    assert "line 2" not in page
    assert "line 3" in page
    assert "/c/C0LAB?as=U0BEN&amp;limit=8" in page
    assert "very beginning" in await text(http, "/c/lab?as=ben&limit=many")


async def test_a_thread_shows_its_parent_first_and_outlives_it(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    workspace = paged.workspace
    parent = workspace.post(Message(workspace.new_ts(), "C0LAB", "question", user="U0ADA"))
    workspace.post(Message(workspace.new_ts(), "C0LAB", "answer", user="U0BEN", thread_ts=parent.ts))
    page = await text(http, f"/page/thread?channel=C0LAB&ts={parent.ts}&as=ada")
    assert page.index("question") < page.index("1 reply") < page.index("answer")
    listed = await text(http, "/page/messages?channel=C0LAB&as=ada")
    assert "answer" not in listed
    assert 'class="reply-bar"' in listed
    assert "This message was deleted." in await text(http, "/page/thread?channel=C0LAB&ts=1.000000&as=ada")


async def test_unread_marks_count_what_others_wrote(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    workspace = paged.workspace
    for user in ("U0ADA", "U0BEN", "U0BEN"):
        workspace.post(Message(workspace.new_ts(), "C0LAB", "hello", user=user))
    assert 'aria-label="2 unread"' in await text(http, "/page/sidebar?as=ada")
    await text(http, "/c/lab?as=ada")
    assert "unread" not in await text(http, "/page/sidebar?as=ada")
    assert 'aria-label="1 unread"' in await text(http, "/page/sidebar?as=ben")


async def test_a_permanent_link_leads_to_the_message_and_its_thread(http: aiohttp.ClientSession) -> None:
    path = "/archives/C0LAB/p1700000000123456?thread_ts=1700000000.000001&as=ben"
    async with http.get(path, allow_redirects=False) as response:
        place = "/c/C0LAB?as=U0BEN&thread=1700000000.000001#m-1700000000.123456"
        assert response.headers["Location"] == place


async def test_direct_messages_and_the_home_tab(http: aiohttp.ClientSession) -> None:
    assert "direct messages with <b>Ben</b>" in await text(http, "/dm/ben?as=ada")
    page = await text(http, "/dm/flsvc?as=ada")
    assert 'href="/home/A0FLSVC00?as=U0ADA"' in page
    assert "has not published a home tab for you yet" in await text(http, "/home/A0FLSVC00?as=ada")
    assert "has not published" in await text(http, "/page/home?app=A0FLSVC00&as=ada")


async def test_broken_limits_are_shown_when_there_are_any(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    assert "broken" not in await text(http, "/page/status?as=ada&channel=C0LAB")
    paged.workspace.record("chat.postMessage", "<too_long>", "40,001 characters")
    page = await text(http, "/page/status?as=ada&channel=C0LAB")
    assert "1 Slack limit broken" in page
    assert "&lt;too_long&gt;" in page


async def test_files_come_as_downloads_and_only_pictures_show(
    paged: Sandbox, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"<script>")
    file = File("F1", 'ü "x".svg', "t", "U0ADA", 8, "image/svg+xml", "svg", 0, path)
    paged.workspace.files |= {"F1": file, "F2": replace(file, id="F2", mimetype="image/png")}
    async with http.get("/page/file/F1?as=ada") as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%BC%20%22x%22.svg"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert await response.read() == b"<script>"
    async with http.get("/page/file/F2?as=ada") as response:
        assert response.content_type == "image/png"
        assert response.headers["Content-Disposition"].startswith("inline")
    async with http.get("/page/file/F2?as=ada&download=1") as response:
        assert response.headers["Content-Disposition"].startswith("attachment")


async def test_modals_are_painted_and_only_the_top_one_shows(paged: Sandbox, http: aiohttp.ClientSession) -> None:
    assert "<form" not in await text(http, "/page/view?as=ada")
    title, blocks = gallery.plain("First <one>"), tuple(gallery.REGISTER["blocks"])
    first = View("V1", "modal", "U0ADA", "A0FLSVC00", "h1", blocks, title, gallery.plain("Go"))
    for view in (first, replace(first, id="V2", title=gallery.plain("Second"), submit=None)):
        paged.workspace.view_stacks.push(view)
    page = await text(http, "/page/view?as=ada")
    lower, upper = page.split('data-view="V2"')
    assert "First &lt;one&gt;" in lower
    assert 'type="submit"' in lower
    assert " hidden>" in lower.split("<header>")[0]
    assert 'type="submit"' not in upper
    assert " hidden>" not in upper.split("<header>")[0]
    assert "<form" not in await text(http, "/page/view?as=ben")


def test_days_and_sizes_in_words() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert day_label(now, now) == "Today"
    assert day_label(now.replace(day=23), now) == "Yesterday"
    assert day_label(now.replace(day=3), now) == "Tuesday, November 3"
    assert day_label(now.replace(year=2025), now) == "Monday, November 24, 2025"
    assert [size_text(size) for size in (0, 999, 1000, 182_000, 5_400_000, 10**12)] == [
        "0 bytes", "999 bytes", "1.0 kB", "182 kB", "5.4 MB", "1000 GB",
    ]  # fmt: skip


def test_the_reply_bar_says_who_and_when() -> None:
    workspace = Workspace.demo(clock=lambda: 1_764_000_000.0)
    parent = workspace.post(Message(workspace.new_ts(), "C0LAB", "q", user="U0ADA"))
    for user in ("U0BEN", "U0CLEO", "U0BEN"):
        workspace.post(Message(workspace.new_ts(), "C0LAB", "a", user=user, thread_ts=parent.ts))
    item = Model(workspace, workspace.users["U0ADA"], UTC).item(parent, None)
    assert item.reply_count == 3
    assert [user.name for user in item.repliers] == ["ben", "cleo"]
    assert item.last_reply == "today at 16:00"
