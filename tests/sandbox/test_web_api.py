"""The Web API through Slack's own client: who may call what, in which form, and how it refuses."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.api import METHODS
from bot.sandbox.demo import APP_TOKEN, BOT_TOKEN
from bot.sandbox.errors import EXPECTED
from bot.sandbox.model import Channel
from bot.sandbox.server import Sandbox
from tests.sandbox.clock import Clock

Json = dict[str, Any]


async def error_of(call: Awaitable[Any]) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_auth_test_says_whose_token_it_is(client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0FLSVC00", "B0FLSVC00", "T0SANDBOX")


async def test_headers_name_the_scopes(sandbox: Sandbox, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert "files:read" in answer.headers["x-oauth-scopes"].split(",")
    posted = await client.chat_postMessage(channel="C0FLEET", text="x")
    assert posted.headers["x-accepted-oauth-scopes"] == "chat:write"


@pytest.mark.parametrize(
    ("send", "where"),
    [
        ({"params": {"channel": "C0FLEET", "text": "hi", "token": BOT_TOKEN}}, "query"),
        ({"data": {"channel": "C0FLEET", "text": "hi", "token": BOT_TOKEN}}, "form"),
        ({"json": {"channel": "C0FLEET", "text": "hi", "token": BOT_TOKEN}}, "json"),
        (
            {"json": {"channel": "C0FLEET", "text": "hi"}, "headers": {"Authorization": f"Bearer {BOT_TOKEN}"}},
            "header",
        ),
    ],
)
async def test_arguments_come_in_any_form(sandbox: Sandbox, send: Json, where: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.api_url}chat.postMessage", **send) as answer,
    ):
        assert (await answer.json())["message"]["text"] == "hi", where


async def test_a_read_works_as_get_and_as_post(sandbox: Sandbox) -> None:
    for verb in ("GET", "POST"):
        async with aiohttp.ClientSession() as session:
            query = {"channel": "C0FLEET", "token": BOT_TOKEN}
            async with session.request(verb, f"{sandbox.api_url}conversations.info", params=query) as answer:
                assert (await answer.json())["channel"]["name"] == "fleet"


@pytest.mark.parametrize(
    ("body", "error"), [(b"{", "invalid_json"), (b"[1]", "json_not_object"), (b"", "not_authed")]
)
async def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, body: bytes, error: str) -> None:
    headers = {"Content-Type": "application/json"}
    url = f"{sandbox.api_url}auth.test"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == error


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-wrong", "auth.test", "invalid_auth"),
        (APP_TOKEN, "chat.postMessage", "not_allowed_token_type"),
        (BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
        (BOT_TOKEN, "chat.postMassage", "unknown_method"),
    ],
)
async def test_a_wrong_token_or_method_is_refused(sandbox: Sandbox, token: str, method: str, error: str) -> None:
    client = AsyncWebClient(token=token, base_url=sandbox.api_url)
    assert await error_of(client.api_call(method)) == error
    expected = [] if error in EXPECTED else [(method, error)]
    assert [(v.method, v.rule) for v in sandbox.workspace.violations] == expected


@pytest.mark.parametrize("name", [m.name for m in METHODS.values() if m.scopes and not m.app_token])
async def test_a_method_needs_its_scope(sandbox: Sandbox, name: str) -> None:
    (app,) = sandbox.workspace.apps.values()
    sandbox.workspace.apps[app.app_id] = replace(app, scopes=frozenset())
    client = AsyncWebClient(token=BOT_TOKEN, base_url=sandbox.api_url)
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(name)
    assert caught.value.response["error"] == "missing_scope"
    assert caught.value.response["needed"] in METHODS[name].scopes


PLAIN = {"type": "plain_text", "text": "x"}
RULE = {"type": "divider"}
REFUSALS: list[tuple[str, Json, str]] = [
    ("chat.postMessage", {"channel": "C0NOPE", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": "C0SECRET", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": "C0GENERAL", "text": "x"}, "not_in_channel"),
    ("chat.postMessage", {"channel": "C0FLEET"}, "no_text"),
    ("chat.postMessage", {"channel": "C0FLEET", "text": "x" * 40_001}, "msg_too_long"),
    ("chat.postMessage", {"channel": "C0FLEET", "blocks": "{"}, "invalid_blocks_format"),
    ("chat.postMessage", {"channel": "C0FLEET", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
    (
        "chat.postMessage",
        {"channel": "C0FLEET", "blocks": [{"type": "markdown", "text": "x" * 6_601}] * 2},
        "msg_blocks_too_long",
    ),
    ("chat.postMessage", {"channel": "C0FLEET", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
    (
        "chat.postMessage",
        {"channel": "C0FLEET", "attachments": [{"blocks": [{"type": "no"}]}]},
        "invalid_attachments",
    ),
    ("chat.postEphemeral", {"channel": "C0FLEET", "user": "U0NOPE", "text": "x"}, "user_not_in_channel"),
    ("chat.update", {"channel": "C0FLEET", "ts": "1.000001", "text": "x"}, "message_not_found"),
    ("chat.delete", {"channel": "C0FLEET", "ts": "1.000001"}, "message_not_found"),
    ("chat.getPermalink", {"channel": "C0FLEET", "message_ts": "1.000001"}, "message_not_found"),
    (
        "views.open",
        {"trigger_id": "1.2.3", "view": {"type": "modal", "title": {}, "blocks": []}},
        "invalid_arguments",
    ),
    ("views.open", {"trigger_id": "1.2.3"}, "invalid_arguments"),
    ("views.update", {"view_id": "V0", "view": {"type": "home", "blocks": [{"type": "divider"}]}}, "not_found"),
    (
        "views.publish",
        {"user_id": "U0NOPE", "view": {"type": "home", "blocks": [{"type": "divider"}]}},
        "invalid_arguments",
    ),
    ("views.publish", {"user_id": "U0ADA", "view": {"type": "home", "blocks": ["x" * 250_001]}}, "view_too_large"),
    ("chat.postMessage", {"channel": "C0FLEET", "blocks": "{}"}, "invalid_blocks_format"),
    ("chat.postMessage", {"channel": "C0FLEET", "attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
    (
        "views.push",
        {"trigger_id": "1.2.3", "view": {"type": "modal", "title": PLAIN, "blocks": [RULE]}},
        "invalid_trigger_id",
    ),
    ("views.update", {"view": {"type": "home", "blocks": [RULE]}}, "invalid_arguments"),
    (
        "views.publish",
        {"user_id": "U0ADA", "view": {"type": "modal", "title": PLAIN, "blocks": [RULE]}},
        "invalid_arguments",
    ),
    ("files.completeUploadExternal", {"files": "F0"}, "invalid_arguments"),
    (
        "files.completeUploadExternal",
        {"files": [{"id": "F"}], "channels": "C0FLEET,C0LAB", "thread_ts": "1.1"},
        "invalid_arguments",
    ),
    ("conversations.open", {"users": "U0ADA,U0BEN"}, "method_not_supported_for_channel_type"),
    ("conversations.open", {}, "users_list_not_supplied"),
    ("conversations.history", {"channel": "C0FLEET", "oldest": "yesterday"}, "invalid_ts_oldest"),
    ("users.list", {"limit": "many"}, "invalid_limit"),
    ("users.list", {"cursor": "YWZ0ZXI6OTk5"}, "invalid_cursor"),
    ("files.info", {"file": "F0NOPE"}, "file_not_found"),
    ("files.getUploadURLExternal", {"filename": "a.zip", "length": 0}, "invalid_arguments"),
    ("files.getUploadURLExternal", {"filename": "a.zip", "length": 1024**3 + 1}, "file_upload_size_restricted"),
    ("files.completeUploadExternal", {"files": [{"id": "F0NOPE"}]}, "file_not_found"),
    ("conversations.info", {"channel": "C0NOPE"}, "channel_not_found"),
    ("conversations.history", {"channel": "C0GENERAL"}, "not_in_channel"),
    ("conversations.history", {"channel": "C0FLEET", "limit": 1000}, "invalid_limit"),
    ("conversations.history", {"channel": "C0FLEET", "cursor": "nonsense"}, "invalid_cursor"),
    ("conversations.replies", {"channel": "C0FLEET", "ts": "1.000001"}, "thread_not_found"),
    ("conversations.list", {"types": "secret"}, "invalid_types"),
    ("conversations.open", {"users": "U0NOPE"}, "user_not_found"),
    ("conversations.join", {"channel": "C0NOPE"}, "channel_not_found"),
    ("users.info", {"user": "U0NOPE"}, "user_not_found"),
    ("usergroups.users.list", {"usergroup": "S0NOPE"}, "no_such_subteam"),
    ("bots.info", {"bot": "B0NOPE"}, "bot_not_found"),
    ("reactions.add", {"name": "eyes"}, "no_item_specified"),
    ("reactions.add", {"channel": "C0FLEET", "timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
    ("reactions.add", {"channel": "C0FLEET", "timestamp": "1.000001", "name": "No Emoji"}, "invalid_name"),
    ("pins.add", {"channel": "C0FLEET", "timestamp": "1.000001"}, "message_not_found"),
]


@pytest.mark.parametrize(("method", "arguments", "error"), REFUSALS)
async def test_a_refused_call_has_slacks_code_and_is_a_violation(
    sandbox: Sandbox, client: AsyncWebClient, method: str, arguments: Json, error: str
) -> None:
    sandbox.workspace.add_channel(Channel("C0SECRET", "secret", is_private=True, members=frozenset({"U0ADA"})))
    assert await error_of(client.api_call(method, json=arguments)) == error
    expected = [] if error in EXPECTED else [(method, error)]
    assert [(v.method, v.rule) for v in sandbox.workspace.violations] == expected


async def test_an_expected_refusal_is_no_violation(sandbox: Sandbox, client: AsyncWebClient) -> None:
    assert await error_of(client.users_lookupByEmail(email="zoe@example.org")) == "users_not_found"
    assert await error_of(client.api_test(error="my_error")) == "my_error"
    assert (await client.api_test())["ok"]
    assert sandbox.workspace.violations == []


async def test_an_app_without_home_tab_or_sockets_is_told(sandbox: Sandbox, client: AsyncWebClient) -> None:
    app = sandbox.workspace.app
    sandbox.workspace.apps[app.app_id] = replace(app, home_tab=False, socket_mode=False)
    view = {"type": "home", "blocks": [RULE]}
    assert await error_of(client.views_publish(user_id="U0ADA", view=view)) == "not_enabled"
    assert await error_of(client.apps_connections_open(app_token=APP_TOKEN)) == "socket_mode_not_enabled"


async def test_invalid_blocks_come_with_their_places(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0FLEET", text="x", blocks=[{"type": "header", "text": "x"}])
    words = "must provide an object [json-pointer:/blocks/0/text]"
    assert caught.value.response["errors"] == [words]
    assert caught.value.response["response_metadata"]["messages"] == [f"[ERROR] {words}"]


async def test_update_with_text_alone_removes_the_blocks(sandbox: Sandbox, client: AsyncWebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*busy*"}}]
    posted = await client.chat_postMessage(channel="C0FLEET", text="busy", blocks=blocks)
    await client.chat_update(channel="C0FLEET", ts=posted["ts"], text="still busy", blocks=blocks)
    ada = sandbox.person("ada")
    assert (await ada.messages("fleet"))[0].plain == "*busy*"
    await client.chat_update(channel="C0FLEET", ts=posted["ts"], text="done")
    (message,) = await ada.messages("fleet")
    assert (message.blocks, message.plain, message.raw["edited"]) == ([], "done", True)


async def test_only_the_apps_own_messages_can_be_changed(sandbox: Sandbox, client: AsyncWebClient) -> None:
    hers = await sandbox.person("ada").say("fleet", "mine")
    assert await error_of(client.chat_update(channel="C0FLEET", ts=hers.ts, text="x")) == "cant_update_message"
    assert await error_of(client.chat_delete(channel="C0FLEET", ts=hers.ts)) == "cant_delete_message"


async def test_an_ephemeral_message_is_for_one_and_cannot_be_updated(
    sandbox: Sandbox, client: AsyncWebClient
) -> None:
    shown = await client.chat_postEphemeral(channel="C0FLEET", user="U0ADA", text="psst")
    assert [m.plain for m in await sandbox.person("ada").messages("fleet")] == ["psst"]
    assert await sandbox.person("ben").messages("fleet") == []
    call = client.chat_update(channel="C0FLEET", ts=shown["message_ts"], text="x")
    assert await error_of(call) == "message_not_found"


async def test_a_thread_hangs_on_a_message_and_not_on_a_reply(sandbox: Sandbox, client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel="C0FLEET", text="install")
    reply = await client.chat_postMessage(channel="C0FLEET", text="host 1 done", thread_ts=parent["ts"])
    call = client.chat_postMessage(channel="C0FLEET", text="x", thread_ts=reply["ts"])
    assert await error_of(call) == "cannot_reply_to_message"
    history = await client.conversations_history(channel="C0FLEET")
    assert [(m["text"], m["reply_count"]) for m in history["messages"]] == [("install", 1)]
    replies = await client.conversations_replies(channel="C0FLEET", ts=parent["ts"])
    assert [m["text"] for m in replies["messages"]] == ["install", "host 1 done"]
    link = await client.chat_getPermalink(channel="C0FLEET", message_ts=reply["ts"])
    assert f"/archives/C0FLEET/p{reply['ts'].replace('.', '')}?thread_ts={parent['ts']}" in link["permalink"]
    assert [m.plain for m in await sandbox.person("ada").messages("fleet")] == ["install"]


async def test_a_reply_may_be_shown_in_the_channel_too(sandbox: Sandbox, client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel="C0FLEET", text="build")
    await client.chat_postMessage(channel="C0FLEET", text="built", thread_ts=parent["ts"], reply_broadcast=True)
    ada = sandbox.person("ada")
    assert [m.plain for m in await ada.messages("fleet")] == ["build", "built"]
    assert [m.plain for m in await ada.messages("fleet", parent["ts"])] == ["build", "built"]


async def test_an_update_of_one_part_leaves_the_other_parts(client: AsyncWebClient) -> None:
    attachments = [{"text": "old", "blocks": [{"type": "divider"}]}]
    posted = await client.chat_postMessage(channel="C0FLEET", text="a", attachments=attachments)
    assert posted["message"]["attachments"][0]["blocks"][0]["block_id"]
    ts = posted["ts"]
    words = await client.chat_update(channel="C0FLEET", ts=ts, text="b")
    assert words["message"]["attachments"][0]["text"] == "old"
    more = await client.api_call(
        "chat.update", json={"channel": "C0FLEET", "ts": ts, "attachments": [{"text": "new"}]}
    )
    assert (more["text"], more["message"]["attachments"]) == ("b", [{"text": "new"}])
    await client.chat_delete(channel="C0FLEET", ts=ts)
    assert (await client.conversations_history(channel="C0FLEET"))["messages"] == []


async def test_a_private_channel_needs_its_own_scopes(sandbox: Sandbox, client: AsyncWebClient) -> None:
    app = sandbox.workspace.app
    members = frozenset({"U0ADA", app.bot_user_id})
    sandbox.workspace.add_channel(Channel("C0PRIV", "private", is_private=True, members=members))
    assert (await client.conversations_info(channel="C0PRIV"))["channel"]["is_private"]
    assert await error_of(client.conversations_join(channel="C0PRIV")) == "method_not_supported_for_channel_type"
    sandbox.workspace.apps[app.app_id] = replace(app, scopes=app.scopes - {"groups:read", "groups:history"})
    assert await error_of(client.conversations_info(channel="C0PRIV")) == "missing_scope"
    assert await error_of(client.conversations_history(channel="C0PRIV")) == "missing_scope"
    assert await error_of(client.conversations_list(types="private_channel")) == "missing_scope"


async def test_history_comes_in_pages_newest_first(client: AsyncWebClient, clock: Clock) -> None:
    for number in range(7):
        clock.advance(2)
        await client.chat_postMessage(channel="C0FLEET", text=str(number))
    pages = [page["messages"] async for page in await client.conversations_history(channel="C0FLEET", limit=3)]
    assert [[m["text"] for m in page] for page in pages] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    oldest = pages[1][0]["ts"]
    newer = await client.conversations_history(channel="C0FLEET", oldest=oldest)
    same = await client.conversations_history(channel="C0FLEET", oldest=oldest, inclusive=True)
    assert [len(newer["messages"]), len(same["messages"])] == [3, 4]


async def test_lists_describe_channels_people_and_groups(client: AsyncWebClient) -> None:
    channels = await client.conversations_list(types="public_channel,private_channel,im")
    assert {c["name"]: c["is_member"] for c in channels["channels"]} == {"fleet": True, "general": False, "lab": True}
    members = await client.conversations_members(channel="C0GENERAL")
    assert members["members"] == ["U0ADA", "U0BEN", "U0CLEO"]
    people = await client.users_list()
    assert [user["name"] for user in people["members"]] == ["ada", "ben", "cleo", "flsvc"]
    assert (await client.users_info(user="U0ADA"))["user"]["profile"]["email"] == "ada@example.org"
    assert (await client.users_lookupByEmail(email="BEN@example.org"))["user"]["id"] == "U0BEN"
    groups = await client.usergroups_list(include_users=True)
    assert [(g["handle"], g["users"]) for g in groups["usergroups"]] == [("lab-engineers", ["U0ADA"])]
    assert (await client.usergroups_users_list(usergroup="S0LABENG"))["users"] == ["U0ADA"]
    assert (await client.bots_info(bot="B0FLSVC00"))["bot"]["user_id"] == "U0FLSVC00"
    assert (await client.team_info())["team"]["id"] == "T0SANDBOX"


async def test_a_bot_joins_a_public_channel_and_may_then_post(client: AsyncWebClient) -> None:
    joined = await client.conversations_join(channel="C0GENERAL")
    assert joined["channel"]["is_member"]
    assert (await client.conversations_join(channel="C0GENERAL"))["warning"] == "already_in_channel"
    assert (await client.chat_postMessage(channel="#general", text="hello"))["channel"] == "C0GENERAL"


async def test_a_direct_message_goes_to_one_person(sandbox: Sandbox, client: AsyncWebClient) -> None:
    opened = await client.conversations_open(users=["U0ADA"])
    posted = await client.chat_postMessage(channel="U0ADA", text="done")
    assert posted["channel"] == opened["channel"]["id"]
    ada = sandbox.person("ada")
    assert [m.plain for m in await ada.messages(await ada.open_im("flsvc"))] == ["done"]


async def test_reactions_and_pins_count_once(sandbox: Sandbox, client: AsyncWebClient) -> None:
    hers = await sandbox.person("ada").say("fleet", "look")
    await client.reactions_add(channel="C0FLEET", timestamp=hers.ts, name="eyes")
    again = client.reactions_add(channel="C0FLEET", timestamp=hers.ts, name="eyes")
    assert await error_of(again) == "already_reacted"
    await client.pins_add(channel="C0FLEET", timestamp=hers.ts)
    assert await error_of(client.pins_add(channel="C0FLEET", timestamp=hers.ts)) == "already_pinned"
    message = (await client.reactions_get(channel="C0FLEET", timestamp=hers.ts))["message"]
    assert message["reactions"] == [{"name": "eyes", "users": ["U0FLSVC00"], "count": 1}]
    assert message["pinned_to"] == ["C0FLEET"]
    assert sandbox.workspace.violations == []
