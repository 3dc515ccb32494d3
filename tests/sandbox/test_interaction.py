"""Buttons, menus, modals, the home tab and response URLs, with an unmodified Bolt app."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.api_views import new_view
from bot.sandbox.errors import SlackError
from bot.sandbox.person import Person, PersonError
from bot.sandbox.server import Sandbox
from bot.sandbox.viewanswers import ViewAnswers
from tests.sandbox.clock import Clock
from tests.sandbox.conftest import impatient

Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("connected")


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> Json:
    return {"text": plain(text), "value": value}


def text_input(label: str, block_id: str, **fields: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": f"{block_id}_in", **fields}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element}


def modal(title: str, *blocks: Json, **fields: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": title.lower(),
        "title": plain(title),
        "submit": plain("Go"),
        "blocks": list(blocks) or [{"type": "divider"}],
        **fields,
    }


BUTTONS: list[Json] = [
    {"type": "section", "text": plain("Project demo")},
    {
        "type": "actions",
        "block_id": "do",
        "elements": [
            {"type": "button", "action_id": "build", "text": plain("Build"), "value": "demo"},
            {
                "type": "static_select",
                "action_id": "arch",
                "options": [option("Pi", "arm64"), option("PC", "amd64")],
            },
            {"type": "overflow", "action_id": "more", "options": [option("Forget", "forget")]},
            {"type": "users_select", "action_id": "owner"},
        ],
    },
]


@pytest.fixture
def ada(sandbox: Sandbox) -> Person:
    return sandbox.person("ada")


@pytest.fixture
def came(bolt: AsyncApp) -> list[Json]:
    """Every interaction payload, acknowledged with nothing."""
    payloads: list[Json] = []

    async def take(ack: AsyncAck, body: Json) -> None:
        await ack()
        payloads.append(body)

    bolt.action({"block_id": "do", "action_id": "build"})(take)
    for name in ("arch", "more", "owner"):
        bolt.action(name)(take)
    return payloads


async def post_buttons(client: AsyncWebClient, ada: Person) -> Any:
    await client.chat_postMessage(channel="C0FLEET", text="demo", blocks=BUTTONS)
    return (await ada.messages("fleet"))[-1]


async def test_a_button_brings_the_message_the_person_and_its_value(
    client: AsyncWebClient, ada: Person, came: list[Json]
) -> None:
    message = await post_buttons(client, ada)
    assert (await ada.click(message, "Build"))["acked"]
    (payload,) = came
    assert payload["user"]["id"] == "U0ADA"
    assert payload["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "C0FLEET",
        "is_ephemeral": False,
    }
    assert payload["message"]["ts"] == message.ts
    (action,) = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("build", "do", "demo")


async def test_menus_send_what_was_chosen_and_the_state_so_far(
    client: AsyncWebClient, ada: Person, came: list[Json]
) -> None:
    message = await post_buttons(client, ada)
    await ada.choose(message, "arch", "Pi")
    await ada.choose(message, "owner", "ben")
    await ada.choose(message, "more", "Forget")
    assert came[0]["actions"][0]["selected_option"]["value"] == "arm64"
    assert came[1]["actions"][0]["selected_user"] == "U0BEN"
    assert came[2]["actions"][0]["selected_option"]["value"] == "forget"
    assert came[2]["state"]["values"]["do"]["arch"]["selected_option"]["value"] == "arm64"
    with pytest.raises(LookupError, match="there is no option 'Mac' here, but: Pi, PC"):
        await ada.choose(message, "arch", "Mac")


async def test_a_button_that_is_gone_cannot_be_pressed(client: AsyncWebClient, ada: Person, came: list[Json]) -> None:
    message = await post_buttons(client, ada)
    await client.chat_update(channel="C0FLEET", ts=message.ts, text="built")
    with pytest.raises(PersonError, match="not there any more"):
        await ada.click(message, "Build")
    assert came == []


def open_on_command(bolt: AsyncApp, view: Json) -> list[str]:
    triggers: list[str] = []

    @bolt.command("/flsvc")
    async def register(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        triggers.append(body["trigger_id"])
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    return triggers


REGISTER = modal(
    "Register",
    text_input("Address", "ip", min_length=7),
    {**text_input("Contact", "contact"), "optional": True},
    {
        "type": "input",
        "block_id": "kind",
        "label": plain("Flower type"),
        "element": {
            "type": "static_select",
            "action_id": "kind_in",
            "options": [option("Client", "client"), option("Server", "server")],
            "initial_option": option("Client", "client"),
        },
    },
    private_metadata="C0FLEET",
    notify_on_close=True,
)


async def test_a_modal_is_filled_in_and_submitted(bolt: AsyncApp, ada: Person) -> None:
    submitted: list[Json] = []

    @bolt.view("register")
    async def take(ack: AsyncAck, view: Json) -> None:
        await ack()
        submitted.append(view)

    open_on_command(bolt, REGISTER)
    await ada.command("/flsvc register", "fleet")
    view = await ada.wait_for_view("Register")
    assert await ada.submit(view, {"Address": "192.168.1.5"}) == {}
    assert await ada.views() == []
    (got,) = submitted
    assert got["private_metadata"] == "C0FLEET"
    values = got["state"]["values"]
    assert values["ip"]["ip_in"] == {"type": "plain_text_input", "value": "192.168.1.5"}
    assert values["contact"]["contact_in"] == {"type": "plain_text_input", "value": None}
    assert values["kind"]["kind_in"]["selected_option"]["value"] == "client"


async def test_required_inputs_and_lengths_are_checked_before_the_app_hears_of_it(
    bolt: AsyncApp, ada: Person
) -> None:
    open_on_command(bolt, REGISTER)
    await ada.command("/flsvc register", "fleet")
    view = await ada.wait_for_view("Register")
    assert await ada.submit(view, {}) == {"ip": "Please complete this required field."}
    assert await ada.submit(view, {"ip": "1.2.3"}) == {"ip": "Please enter at least 7 characters."}


async def test_the_app_may_answer_with_errors(bolt: AsyncApp, ada: Person, sandbox: Sandbox) -> None:
    @bolt.view("register")
    async def take(ack: AsyncAck, view: Json) -> None:
        value = view["state"]["values"]["ip"]["ip_in"]["value"]
        block = "ip" if value == "not.an.address" else "nowhere"
        await ack(response_action="errors", errors={block: "This is no address."})

    open_on_command(bolt, REGISTER)
    await ada.command("/flsvc register", "fleet")
    view = await ada.wait_for_view("Register")
    assert await ada.submit(view, {"ip": "not.an.address"}) == {"ip": "This is no address."}
    assert [v.title for v in await ada.views()] == ["Register"]
    assert sandbox.workspace.violations == []
    with pytest.raises(PersonError, match="trouble connecting"):
        await ada.submit(view, {"ip": "192.168.1.5"})
    assert [v.rule for v in sandbox.workspace.violations] == ["invalid_errors"]


async def test_a_submission_may_update_push_and_clear(bolt: AsyncApp, ada: Person) -> None:
    answers: dict[str, Json] = {
        "one": {"response_action": "update", "view": modal("Two")},
        "two": {"response_action": "push", "view": modal("Three")},
        "three": {"response_action": "clear"},
    }

    async def take(ack: AsyncAck, view: Json) -> None:
        await ack(**answers[view["callback_id"]])

    for name in answers:
        bolt.view(name)(take)
    open_on_command(bolt, modal("One"))
    await ada.command("/flsvc", "fleet")
    await ada.submit(await ada.wait_for_view("One"))
    await ada.submit(await ada.wait_for_view("Two"))
    assert [view.title for view in await ada.views()] == ["Two", "Three"]
    await ada.submit(await ada.wait_for_view("Three"))
    assert await ada.views() == []


@impatient
async def test_a_submission_without_answer_shows_trouble(bolt: AsyncApp, ada: Person, sandbox: Sandbox) -> None:
    open_on_command(bolt, modal("Register"))
    await ada.command("/flsvc", "fleet")
    with pytest.raises(PersonError, match="trouble connecting"):
        await ada.submit(await ada.wait_for_view("Register"))
    assert [v.rule for v in sandbox.workspace.violations] == ["missing_ack"]


async def test_closing_a_modal_is_told_when_asked_for(bolt: AsyncApp, ada: Person) -> None:
    closed: list[str] = []

    @bolt.view_closed("register")
    async def take(ack: AsyncAck, body: Json) -> None:
        await ack()
        closed.append(body["type"])

    open_on_command(bolt, REGISTER)
    await ada.command("/flsvc register", "fleet")
    await ada.close(await ada.wait_for_view("Register"))
    assert closed == ["view_closed"]


async def test_a_loading_modal_is_filled_by_an_update_and_keeps_what_was_typed(
    bolt: AsyncApp, ada: Person, client: AsyncWebClient, sandbox: Sandbox
) -> None:
    look = {"type": "button", "action_id": "look", "text": plain("Look")}
    blocks = [text_input("Address", "ip"), {"type": "actions", "elements": [look]}]

    @bolt.action("look")
    async def take(ack: AsyncAck, body: Json) -> None:
        await ack()
        found = body["view"]["state"]["values"]["ip"]["ip_in"]["value"]
        fuller = modal("Host", *blocks, {"type": "section", "text": plain(f"SHA256 of {found}")})
        await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=fuller)

    fuller = modal("Host", *blocks)
    open_on_command(bolt, fuller)
    await ada.command("/flsvc", "fleet")
    view = await ada.wait_for_view("Host")
    await ada.click(view, "Look", {"Address": "10.0.0.1"})
    updated = await ada.wait_for_view("Host", "SHA256 of 10.0.0.1")
    assert updated.raw["state"]["ip"]["ip_in"]["value"] == "10.0.0.1"
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=view.id, hash=view.raw["hash"], view=fuller)
    await ada.close(view)
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_update(view_id=view.id, view=fuller)
    assert sandbox.workspace.violations == []


async def test_a_trigger_works_once_and_for_three_seconds(
    bolt: AsyncApp, ada: Person, client: AsyncWebClient, sandbox: Sandbox, clock: Clock
) -> None:
    triggers: list[str] = []

    @bolt.command("/flsvc")
    async def take(ack: AsyncAck, body: Json) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    await ada.command("/flsvc", "fleet")
    await ada.command("/flsvc", "fleet")
    await client.views_open(trigger_id=triggers[0], view=modal("Host"))
    for trigger, wait_s, error in (
        (triggers[0], 0, "exchanged_trigger_id"),
        (triggers[1], 3.1, "expired_trigger_id"),
        ("1.2.3", 0, "invalid_trigger_id"),
    ):
        clock.advance(wait_s)
        with pytest.raises(SlackApiError, match=error):
            await client.views_open(trigger_id=trigger, view=modal("Host"))
    assert len(sandbox.workspace.violations) == 3


async def test_three_modals_lie_on_top_of_each_other_and_no_fourth(
    bolt: AsyncApp, ada: Person, client: AsyncWebClient
) -> None:
    triggers: list[str] = []

    @bolt.action("more")
    async def take(ack: AsyncAck, body: Json) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    button = {"type": "button", "action_id": "more", "text": plain("More")}
    deeper = [{"type": "actions", "elements": [button]}]
    open_on_command(bolt, modal("1", *deeper))
    await ada.command("/flsvc", "fleet")
    for title in ("2", "3"):
        await ada.click((await ada.views())[-1], "More")
        await client.views_push(trigger_id=triggers[-1], view=modal(title, *deeper))
    assert [view.title for view in await ada.views()] == ["1", "2", "3"]
    await ada.click((await ada.views())[-1], "More")
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await client.views_push(trigger_id=triggers[-1], view=modal("4"))
    await ada.close((await ada.views())[-1])
    assert [view.title for view in await ada.views()] == ["1", "2"]


async def test_the_home_tab_is_published_when_it_is_opened(bolt: AsyncApp, ada: Person) -> None:
    @bolt.event("app_home_opened")
    async def publish(event: Json, client: AsyncWebClient) -> None:
        blocks = [{"type": "header", "text": plain("Five hosts")}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    assert await ada.open_home() is None
    shown = await ada.wait_for(ada.home)
    assert shown.plain.strip() == "Five hosts"
    again = await ada.open_home()
    assert again is not None
    assert again.id == shown.id


async def test_an_external_select_asks_the_app(bolt: AsyncApp, ada: Person, client: AsyncWebClient) -> None:
    @bolt.options("host")
    async def hosts(ack: AsyncAck, body: Json) -> None:
        await ack(options=[option(f"{body['value']}.{n}", str(n)) for n in (1, 2)])

    element = {"type": "external_select", "action_id": "host", "min_query_length": 1}
    block = {"type": "actions", "elements": [element]}
    await client.chat_postMessage(channel="C0FLEET", text="choose", blocks=[block])
    (message,) = await ada.messages("fleet")
    assert await ada.options(message, "host", "10.0.0") == ["10.0.0.1", "10.0.0.2"]


async def test_a_response_url_replaces_deletes_and_adds(bolt: AsyncApp, client: AsyncWebClient, ada: Person) -> None:
    @bolt.action("build")
    async def build(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("for you", replace_original=False)
        await respond("for all", replace_original=False, response_type="in_channel")
        await respond("building")

    message = await post_buttons(client, ada)
    await ada.click(message, "Build")
    await ada.wait_for_message("fleet", "building")
    assert [(m.plain, m.is_ephemeral) for m in await ada.messages("fleet")] == [
        ("building", False),
        ("for you", True),
        ("for all", False),
    ]


async def test_a_response_url_is_good_for_five_uses_and_thirty_minutes(
    sandbox: Sandbox, bolt: AsyncApp, ada: Person, clock: Clock
) -> None:
    urls: list[str] = []

    @bolt.command("/flsvc")
    async def take(ack: AsyncAck, body: Json) -> None:
        await ack()
        urls.append(body["response_url"])

    await ada.command("/flsvc", "fleet")
    await ada.command("/flsvc", "fleet")
    hook = AsyncWebhookClient(urls[0])
    answers = [await hook.send(text=str(number)) for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5].body
    clock.advance(1801)
    late = await AsyncWebhookClient(urls[1]).send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)
    assert [v.rule for v in sandbox.workspace.violations] == ["used_url", "expired_url"]


async def test_a_response_url_checks_blocks_too(sandbox: Sandbox, bolt: AsyncApp, ada: Person) -> None:
    @bolt.command("/flsvc")
    async def take(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        answer = await respond(blocks=[{"type": "sektion"}])
        await respond(f"status {answer.status_code}")

    await ada.command("/flsvc", "fleet")
    await ada.wait_for_message("fleet", "status 400")
    assert [v.rule for v in sandbox.workspace.violations] == ["invalid_blocks"]


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ({"response_action": "shout"}, "invalid_response_action"),
        ({"response_action": "errors", "errors": {}}, "invalid_errors"),
        ({"response_action": "update", "view": {"type": "modal"}}, "invalid_arguments"),
        ({"response_action": "push", "view": {"type": "home", "blocks": [{"type": "divider"}]}}, "invalid_arguments"),
        ({"response_action": "push", "view": modal("4")}, "push_limit_reached"),
    ],
)
async def test_a_wrong_answer_to_a_submission_is_a_violation(sandbox: Sandbox, answer: Json, rule: str) -> None:
    core, workspace = sandbox.core, sandbox.workspace
    for title in ("1", "2", "3"):
        workspace.view_stacks.push(new_view(workspace, workspace.app, "U0ADA", modal(title)))
    with pytest.raises(SlackError, match=rule):
        ViewAnswers(core).take(workspace.app, workspace.views("U0ADA")[-1], answer)


async def test_a_button_in_an_attachment_and_one_that_deletes(
    bolt: AsyncApp, ada: Person, client: AsyncWebClient
) -> None:
    @bolt.action("build")
    async def build(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(delete_original=True)

    await client.chat_postMessage(channel="C0FLEET", text="demo", attachments=[{"blocks": BUTTONS}])
    (message,) = await ada.messages("fleet")
    await ada.click(message, "Build")

    async def is_gone() -> bool:
        return not await ada.messages("fleet")

    assert await ada.wait_for(is_gone)


async def test_an_answer_of_an_unknown_kind_is_a_violation(sandbox: Sandbox, bolt: AsyncApp, ada: Person) -> None:
    @bolt.command("/flsvc")
    async def take(ack: AsyncAck) -> None:
        await ack(text="x", response_type="loud")

    await ada.command("/flsvc", "fleet")
    assert [(v.method, v.rule) for v in sandbox.workspace.violations] == [("slash_commands", "invalid_response_type")]


async def test_options_that_are_none_are_a_violation(
    sandbox: Sandbox, bolt: AsyncApp, ada: Person, client: AsyncWebClient
) -> None:
    @bolt.options("host")
    async def hosts(ack: AsyncAck) -> None:
        await ack(options=[{"text": plain("x" * 76), "value": "1"}])

    block = {"type": "actions", "elements": [{"type": "external_select", "action_id": "host"}]}
    await client.chat_postMessage(channel="C0FLEET", text="choose", blocks=[block])
    (message,) = await ada.messages("fleet")
    with pytest.raises(PersonError, match="no options"):
        await ada.options(message, "host", "x")
    assert [v.rule for v in sandbox.workspace.violations] == ["invalid_options"]
