"""The page's interface: who may use it, the stream of changes, faults, and what a person's driver waits for."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.changes import Feed
from bot.sandbox.demo import BOT_TOKEN
from bot.sandbox.model import Change, ChangeKind, Message
from bot.sandbox.person import PersonError
from bot.sandbox.server import Sandbox
from bot.sandbox.ui import is_fixed, is_local

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("remote", "host", "origin", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1:8080", "", True),
        ("127.0.0.1", "localhost:8080", "http://localhost:8080", True),
        ("::1", "[::1]:8080", "", True),
        ("127.0.0.1", "127.0.0.1:8080", "http://evil.example", False),
        ("127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:9090", False),
        ("127.0.0.1", "127.0.0.1:8080", "null", False),
        ("127.0.0.1", "evil.example:8080", "", False),
        ("127.0.0.1", "evil.example:8080", "http://evil.example:8080", False),
        ("192.168.1.7", "127.0.0.1:8080", "", False),
    ],
)
def test_only_this_machines_own_pages_are_let_in(remote: str, host: str, origin: str, allowed: bool) -> None:
    assert (is_fixed(host, origin) and is_local(remote, host)) is allowed


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
async def test_a_page_elsewhere_cannot_act(sandbox: Sandbox, headers: dict[str, str]) -> None:
    body = {"user": "ada", "channel": "fleet", "text": "/flsvc forget all"}
    url = f"{sandbox.url}/ui/message"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 403
    assert sandbox.workspace.history("C0FLEET") == []


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example:80"}])
async def test_a_page_elsewhere_cannot_act_as_the_app(sandbox: Sandbox, headers: dict[str, str]) -> None:
    body = {"token": BOT_TOKEN, "channel": "C0FLEET", "text": "x"}
    url = f"{sandbox.api_url}chat.postMessage"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 403


async def test_what_people_cannot_do_is_said_in_a_sentence(sandbox: Sandbox) -> None:
    ada = sandbox.person("ada")
    said = await ada.say("fleet", "hello")
    for act, words in (
        (sandbox.person("zoe").say("fleet", "x"), "Nobody here is called 'zoe'"),
        (ada.say("nowhere", "x"), "no channel 'nowhere'"),
        (ada.say("fleet", "  "), "Write something first"),
        (ada.say("fleet", "x" * 12_001), "holds 12,000 characters"),
        (ada.say("fleet", "x", thread_ts="1.1"), "is gone"),
        (ada.post("/ui/action", channel="fleet", ts=said.ts, action_id="x"), "nothing to press"),
        (ada.post("/ui/view/submit", view_id="V0"), "is closed"),
        (ada.post("/ui/faults", fault="earthquake"), "fault must be one of"),
        (ada.post("/ui/faults", fault="delay"), "fault delay:"),
    ):
        with pytest.raises(PersonError, match=words):
            await act


async def test_channels_people_and_commands_are_listed(sandbox: Sandbox) -> None:
    known = await sandbox.person("ada").channels()
    assert [channel["name"] for channel in known["channels"]] == ["fleet", "general", "lab"]
    assert [user["letter"] for user in known["users"]] == ["A", "B", "C", "F"]
    assert known["commands"][0]["command"] == "/flsvc"
    assert "ping" in known["commands"][0]["suggestions"]
    assert known["usergroups"][0]["users"] == ["U0ADA"]


async def test_changes_reach_only_those_who_may_see_them(sandbox: Sandbox, client: AsyncWebClient) -> None:
    ben = sandbox.person("ben")
    changes = ben.changes()
    assert (await anext(changes))["kind"] == "hello"
    await client.chat_postEphemeral(channel="C0FLEET", user="U0ADA", text="psst")
    ada = sandbox.person("ada")
    await ada.open_im("flsvc")
    said = await ada.say("fleet", "hello all")
    assert await anext(changes) == {
        "kind": "message",
        "channel": "C0FLEET",
        "ts": said.ts,
        "thread_ts": "",
        "view_id": "",
    }
    await changes.aclose()


async def test_faults_and_violations_over_http(sandbox: Sandbox, client: AsyncWebClient) -> None:
    ada = sandbox.person("ada")
    await ada.post("/ui/faults", fault="fail", method="chat.postMessage", error="internal_error")
    with pytest.raises(SlackApiError, match="internal_error"):
        await client.chat_postMessage(channel="C0FLEET", text="x")
    assert (await ada.get("/ui/violations"))["violations"] == []
    await ada.post("/ui/faults", fault="delay", method="auth.test", seconds=60)
    call = asyncio.ensure_future(client.auth_test())
    done, _ = await asyncio.wait([call], timeout=0.2)
    assert done == set()
    call.cancel()
    await ada.post("/ui/faults", fault="clear")
    await client.auth_test()
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0NOPE", text="x")
    (violation,) = (await ada.get("/ui/violations"))["violations"]
    assert (violation["method"], violation["rule"]) == ("chat.postMessage", "channel_not_found")


async def test_waiting_in_vain_says_what_was_there_instead(sandbox: Sandbox) -> None:
    ada = sandbox.person("ada")
    await ada.say("fleet", "something else")
    with pytest.raises(TimeoutError, match=r"no message with 'pong' in 0\.1 s; last:\nsomething else"):
        await ada.wait_for_message("fleet", "pong", timeout_s=0.1)


async def test_a_slow_reader_gets_one_resync_instead_of_a_long_queue() -> None:
    feed = Feed()
    async with feed.subscribe(limit=3) as subscription:
        for number in range(5):
            feed.publish(Change(ChangeKind.MESSAGE, ts=str(number)))
        kinds = [(await anext(subscription)).kind for _ in range(2)]
        assert kinds == [ChangeKind.RESYNC, ChangeKind.MESSAGE]
    feed.publish(Change(ChangeKind.MESSAGE))
    assert [change async for change in subscription] == []


async def test_tables_and_rich_text_are_read_as_plain_text(sandbox: Sandbox, client: AsyncWebClient) -> None:
    section: Json = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": "ok "}, {"type": "emoji", "name": "tada"}],
    }
    rows = [
        [{"type": "raw_text", "text": "host"}, {"type": "raw_text", "text": "state"}],
        [{"type": "raw_text", "text": "10.0.0.1"}, {"type": "rich_text", "elements": [section]}],
    ]
    fields = [{"type": "mrkdwn", "text": "*a*"}, {"type": "mrkdwn", "text": "b"}]
    blocks: list[Json] = [{"type": "section", "fields": fields}, {"type": "table", "rows": rows}]
    await client.chat_postMessage(channel="C0FLEET", text="fallback", blocks=blocks)
    (message,) = await sandbox.person("ada").messages("fleet")
    assert message.plain == "*a*\nb\nhost | state\n10.0.0.1 | ok :tada:"


async def test_a_hundred_people_and_thousands_of_messages(sandbox: Sandbox) -> None:
    ada = sandbox.person("ada")
    people = [sandbox.person(name) for name in ("ada", "ben", "cleo") * 34]
    waits = [asyncio.ensure_future(p.wait_for_message("fleet", "the last", timeout_s=60)) for p in people[:100]]
    for number in range(3000):
        sandbox.workspace.post(Message(sandbox.workspace.new_ts(), "C0FLEET", str(number), user="U0BEN"))
    await ada.say("fleet", "the last one")
    assert {(await wait).plain for wait in waits} == {"the last one"}
