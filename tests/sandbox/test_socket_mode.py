"""Socket Mode with an unmodified Bolt app: commands, acknowledgements, redelivery, reconnection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.demo import APP_TOKEN
from bot.sandbox.server import Sandbox
from bot.sandbox.timings import Timings
from tests.sandbox.clock import Clock
from tests.sandbox.conftest import Act, impatient

Json = dict[str, Any]


class RawApp:
    """Slack's own socket client, with one list of what came; acknowledges what `acknowledge` says."""

    def __init__(self, sandbox: Sandbox) -> None:
        web = AsyncWebClient(base_url=sandbox.api_url)
        self.client = SocketModeClient(app_token=APP_TOKEN, web_client=web, ping_interval=0.2)
        self.client.socket_mode_request_listeners.append(self._take)
        self.came: asyncio.Queue[SocketModeRequest] = asyncio.Queue()
        self.acknowledge = True
        self._connect: Act = self.client.connect
        self.close: Act = self.client.close

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if self.acknowledge:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        await self.came.put(request)

    async def next(self) -> SocketModeRequest:
        async with asyncio.timeout(5):
            return await self.came.get()


@pytest.fixture
async def raw(sandbox: Sandbox) -> AsyncIterator[RawApp]:
    async with RawApp(sandbox) as app:
        await sandbox.connected(1)
        yield app


async def until_violations(sandbox: Sandbox, *rules: str) -> None:
    """Wait until exactly these rules are recorded."""
    async with asyncio.timeout(5), sandbox.workspace.subscribe() as changes:
        while [v.rule for v in sandbox.workspace.violations] != list(rules):
            await anext(changes)


async def test_a_command_is_acknowledged_and_answered(
    sandbox: Sandbox, bolt: AsyncApp, connected: AsyncSocketModeHandler
) -> None:
    @bolt.command("/flsvc")
    async def ping(ack: AsyncAck, command: Json, say: AsyncSay, respond: AsyncRespond) -> None:
        await ack()
        await say(f"pong {command['text']}")
        await respond("only for you")

    ada = sandbox.person("ada")
    given = await ada.command("/flsvc ping 192.168.1.5", "fleet")
    assert given.acked
    assert (await ada.wait_for_message("fleet", "pong ping 192.168.1.5")).author == "flsvc"
    assert (await ada.wait_for_message("fleet", "only for you")).is_ephemeral
    assert [m.plain for m in await sandbox.person("ben").messages("fleet")] == ["pong ping 192.168.1.5"]
    assert sandbox.workspace.violations == []


async def test_an_acknowledgement_may_carry_the_answer(
    sandbox: Sandbox, bolt: AsyncApp, connected: AsyncSocketModeHandler
) -> None:
    @bolt.command("/flsvc")
    async def ping(ack: AsyncAck, command: Json) -> None:
        kind = "in_channel" if command["text"] == "all" else "ephemeral"
        await ack(text=f"pong {kind}", response_type=kind)

    ada = sandbox.person("ada")
    await ada.command("/flsvc", "fleet")
    await ada.command("/flsvc all", "fleet")
    assert [(m.plain, m.is_ephemeral) for m in await ada.messages("fleet")] == [
        ("pong ephemeral", True),
        ("pong in_channel", False),
    ]


async def test_command_text_names_people_channels_and_groups(sandbox: Sandbox, raw: RawApp) -> None:
    text = "/flsvc history --by @ada in #fleet for @lab-engineers <now> & then"
    await sandbox.person("ada").command(text, "fleet")
    payload = (await raw.next()).payload
    assert payload["text"] == (
        "history --by <@U0ADA|ada> in <#C0FLEET|fleet> for <!subteam^S0LABENG|@lab-engineers> &lt;now&gt; &amp; then"
    )
    assert (payload["user_id"], payload["channel_name"], payload["command"]) == ("U0ADA", "fleet", "/flsvc")


async def test_an_unknown_command_is_answered_by_slackbot(sandbox: Sandbox) -> None:
    ada = sandbox.person("ada")
    assert not (await ada.command("/flsvcc ping", "fleet")).acked
    (notice,) = await ada.messages("fleet")
    assert notice.is_ephemeral
    assert "`/flsvcc` is not a valid command" in notice.plain


async def test_a_command_in_a_thread_is_refused(sandbox: Sandbox, raw: RawApp) -> None:
    ada = sandbox.person("ada")
    parent = await ada.say("fleet", "hello")
    assert not (await ada.command("/flsvc ping all", "fleet", thread_ts=parent.ts)).acked
    assert "not supported in threads" in (await ada.messages("fleet", parent.ts))[-1].plain


async def test_without_a_socket_the_person_is_told(sandbox: Sandbox) -> None:
    ada = sandbox.person("ada")
    assert not (await ada.command("/flsvc ping all", "fleet")).acked
    assert 'failed with the error "dispatch_failed"' in (await ada.messages("fleet"))[-1].plain
    assert sandbox.workspace.violations == []


@impatient
async def test_a_missing_acknowledgement_is_a_violation_and_the_person_is_told(sandbox: Sandbox, raw: RawApp) -> None:
    raw.acknowledge = False
    ada = sandbox.person("ada")
    assert not (await ada.command("/flsvc ping all", "fleet")).acked
    assert 'failed with the error "operation_timeout"' in (await ada.messages("fleet"))[-1].plain
    assert [(v.method, v.rule) for v in sandbox.workspace.violations] == [("slash_commands", "missing_ack")]


@impatient
async def test_a_late_acknowledgement_is_a_violation(sandbox: Sandbox, raw: RawApp) -> None:
    raw.acknowledge = False
    await sandbox.person("ada").command("/flsvc ping all", "fleet")
    request = await raw.next()
    await raw.client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
    await until_violations(sandbox, "missing_ack", "late_ack")


@pytest.mark.parametrize(
    ("text", "rule"),
    [('{"envelope_id": "nope"}', "unknown_envelope"), ("hello", "malformed_ack"), ("1", "malformed_ack")],
)
async def test_what_is_no_acknowledgement_is_a_violation(sandbox: Sandbox, raw: RawApp, text: str, rule: str) -> None:
    await raw.client.send_message(text)
    await until_violations(sandbox, rule)


@impatient
async def test_an_event_without_acknowledgement_comes_again(sandbox: Sandbox, raw: RawApp) -> None:
    raw.acknowledge = False
    await sandbox.person("ada").say("fleet", "hello")
    came = [await raw.next() for _ in range(4)]
    assert [(r.retry_attempt, r.retry_reason) for r in came] == [
        (None, None),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert len({r.payload["event_id"] for r in came}) == len({r.envelope_id for r in came}) == 1
    await until_violations(sandbox, *["missing_ack"] * 4)


@impatient
async def test_a_lost_acknowledgement_brings_an_event_again_and_is_nobodys_fault(
    sandbox: Sandbox, raw: RawApp
) -> None:
    sandbox.faults.lose_ack()
    await sandbox.person("ada").say("fleet", "hello")
    first, again = await raw.next(), await raw.next()
    assert first.payload["event_id"] == again.payload["event_id"]
    assert again.retry_attempt == 1
    assert sandbox.workspace.violations == []


async def test_a_redelivery_goes_to_another_socket(sandbox: Sandbox, raw: RawApp) -> None:
    async with RawApp(sandbox) as other:
        await sandbox.connected(2)
        sandbox.faults.redeliver()
        assert (await sandbox.person("ada").command("/flsvc build demo", "fleet")).acked
        first, second = await raw.next(), await other.next()
    assert first.envelope_id == second.envelope_id
    assert {first.retry_attempt, second.retry_attempt} == {None, 1}
    assert sandbox.workspace.violations == []


async def test_each_payload_goes_to_one_of_several_sockets(sandbox: Sandbox, raw: RawApp) -> None:
    async with RawApp(sandbox) as other:
        await sandbox.connected(2)
        ada = sandbox.person("ada")
        for number in range(6):
            await ada.command(f"/flsvc ping {number}", "fleet")
        assert raw.came.qsize() == other.came.qsize() == 3


async def test_a_dropped_socket_is_opened_again(
    sandbox: Sandbox, bolt: AsyncApp, connected: AsyncSocketModeHandler
) -> None:
    @bolt.command("/flsvc")
    async def ping(ack: AsyncAck) -> None:
        await ack("pong")

    sandbox.faults.drop_sockets()
    await sandbox.connected(0)
    await sandbox.connected(1)
    assert (await sandbox.person("ada").command("/flsvc", "fleet")).acked


async def test_an_event_cut_off_with_its_socket_comes_again_at_another(sandbox: Sandbox, raw: RawApp) -> None:
    raw.acknowledge = False
    await sandbox.person("ada").say("fleet", "hello")
    await raw.next()
    async with RawApp(sandbox) as other:
        await sandbox.connected(2)
        await raw.close()
        again = await other.next()
    assert (again.retry_attempt, again.retry_reason) == (1, "connection_failed")
    assert sandbox.workspace.violations == []


@pytest.mark.parametrize("reason", ["refresh_requested", "link_disabled"])
async def test_a_disconnect_moves_the_app_to_a_new_socket(sandbox: Sandbox, raw: RawApp, reason: str) -> None:
    before = raw.client.current_session
    sandbox.faults.disconnect(reason)
    await sandbox.connected(0)
    await sandbox.connected(1)
    assert (await sandbox.person("ada").command("/flsvc", "fleet")).acked
    assert raw.client.current_session is not before
    assert sandbox.workspace.violations == []


async def test_a_connection_ends_after_its_time() -> None:
    timings = Timings(connection_s=0.3, warning_s=0.1)
    async with Sandbox(with_page=False, timings=timings) as sandbox, aiohttp.ClientSession() as session:
        url = (await AsyncWebClient(base_url=sandbox.api_url).apps_connections_open(app_token=APP_TOKEN))["url"]
        async with session.ws_connect(url) as socket:
            came = [message.json() async for message in socket]
    assert [(m["type"], m.get("reason")) for m in came] == [
        ("hello", None),
        ("disconnect", "warning"),
        ("disconnect", "refresh_requested"),
    ]
    assert came[0]["connection_info"] == {"app_id": "A0FLSVC00"}
    assert came[0]["num_connections"] == 1


async def test_a_ticket_opens_one_socket_within_its_time(sandbox: Sandbox, clock: Clock) -> None:
    web = AsyncWebClient(base_url=sandbox.api_url)
    async with aiohttp.ClientSession() as session:
        url = (await web.apps_connections_open(app_token=APP_TOKEN))["url"]
        async with session.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)
        late = (await web.apps_connections_open(app_token=APP_TOKEN))["url"]
        clock.advance(31)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(late)


async def test_an_eleventh_socket_is_turned_away(sandbox: Sandbox) -> None:
    web = AsyncWebClient(base_url=sandbox.api_url)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(11):
            url = (await web.apps_connections_open(app_token=APP_TOKEN))["url"]
            sockets.append(await session.ws_connect(url))
        assert [(await socket.receive_json())["type"] for socket in sockets] == ["hello"] * 10 + ["disconnect"]
        for socket in sockets:
            await socket.close()
    assert [v.rule for v in sandbox.workspace.violations] == ["too_many_websockets"]


async def test_connections_can_be_refused_for_a_time(sandbox: Sandbox, clock: Clock) -> None:
    web = AsyncWebClient(base_url=sandbox.api_url)
    sandbox.faults.refuse_connections(5)
    with pytest.raises(SlackApiError):
        await web.apps_connections_open(app_token=APP_TOKEN)
    clock.advance(6)
    assert (await web.apps_connections_open(app_token=APP_TOKEN))["ok"]
    assert sandbox.workspace.violations == []
