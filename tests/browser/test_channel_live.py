"""What others do shows at once, and takes nothing away from who is typing."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from bot.sandbox.timings import Timings
from tests.browser import gallery
from tests.browser.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Say = Callable[[Page, str], Awaitable[None]]


async def test_half_typed_text_and_the_place_survive_what_others_do(stage: Stage, say: Say) -> None:
    for number in range(60):
        await stage.sandbox.person("ben").say("fleet", f"line {number}")
    page = await stage.open()
    await expect(page.get_by_text("line 59", exact=True)).to_be_in_viewport()
    box = page.get_by_role("textbox", name="Message #fleet")
    await box.press_sequentially("half a thou")
    await page.get_by_text("line 20", exact=True).scroll_into_view_if_needed()
    await stage.sandbox.person("ben").say("fleet", "one more")
    jump = page.get_by_role("button", name="New messages")
    await expect(jump).to_be_visible()
    await expect(page.get_by_text("line 20", exact=True)).to_be_in_viewport()
    await expect(box).to_have_value("half a thou")
    await jump.click()
    await expect(page.get_by_text("one more", exact=True)).to_be_in_viewport()
    await page.reload()
    await expect(box).to_have_value("half a thou")


async def test_a_message_that_is_edited_keeps_its_nodes_so_that_a_click_hits(stage: Stage) -> None:
    before = [gallery.section("0 s"), gallery.ACTIONS]
    posted = await stage.client.chat_postMessage(channel="C0FLEET", text="0 s", blocks=before)
    page = await stage.open()
    button = page.get_by_role("button", name="Logs")
    await button.focus()
    await button.evaluate("node => { node.marked = true; }")
    after = [gallery.section("1 s"), gallery.FLEET, gallery.ACTIONS]
    await stage.client.chat_update(channel="C0FLEET", ts=str(posted["ts"]), text="1 s", blocks=after)
    await expect(page.get_by_text("1 s", exact=True)).to_be_visible()
    await expect(page.get_by_text("(edited)")).to_be_visible()
    await expect(page.get_by_role("table")).to_be_visible()
    await expect(button).to_be_focused()
    assert await button.evaluate("node => node.marked")


async def test_deleted_messages_go(stage: Stage) -> None:
    posted = await stage.client.chat_postMessage(channel="C0FLEET", text="a mistake")
    page = await stage.open()
    await expect(page.get_by_text("a mistake")).to_be_visible()
    await stage.client.chat_delete(channel="C0FLEET", ts=str(posted["ts"]))
    await expect(page.get_by_text("a mistake")).to_have_count(0)


async def test_a_reply_sent_to_the_channel_too_shows_there_and_opens_its_thread(stage: Stage, say: Say) -> None:
    page = await stage.open()
    await say(page, "How did it go?")
    await expect(page.get_by_text("How did it go?")).to_be_visible()
    [question] = stage.sandbox.workspace.messages("C0FLEET")
    await stage.client.chat_postMessage(
        channel="C0FLEET", thread_ts=question.ts, reply_broadcast=True, text="0.91 after three rounds"
    )
    await expect(page.locator("#messages").get_by_text("0.91 after three rounds")).to_be_visible()
    await page.get_by_role("button", name="thread", exact=True).click()
    await expect(page.get_by_role("complementary", name="Thread")).to_contain_text("How did it go?")


async def test_what_was_missed_while_the_stream_was_down_comes_when_it_is_back(stage: Stage, say: Say) -> None:
    page = await stage.open()
    await say(page, "before")
    await expect(page.get_by_role("article", name="Ada")).to_be_visible()
    stage.sandbox.workspace.feed.close()
    await expect(page.locator("body[data-live=no]")).to_be_attached()
    await expect(page.get_by_text("Reconnecting…")).to_be_visible()
    await stage.client.chat_postMessage(channel="C0FLEET", text="meanwhile")
    await expect(page.get_by_text("meanwhile")).to_be_visible()
    await expect(page.get_by_text("Reconnecting…")).to_be_hidden()


async def test_a_tab_out_of_sight_lets_its_connection_go_and_catches_up(stage: Stage) -> None:
    page = await stage.open()
    await page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    turn = """(hidden) => {
        Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await page.evaluate(turn, True)
    await page.clock.fast_forward(6000)
    await stage.client.chat_postMessage(channel="C0FLEET", text="while you were away")
    await page.evaluate(turn, False)
    await expect(page.get_by_text("while you were away")).to_be_visible()
    assert [url for url in asked if "/ui/changes" in url]


async def test_reactions_show_and_can_be_joined(stage: Stage, say: Say) -> None:
    ada, ben = await stage.open(), await stage.open("/c/fleet?as=ben")
    await say(ada, "Done")
    message = ada.get_by_role("article", name="Ada")
    await message.hover()
    await message.get_by_role("button", name="React with eyes").click()
    await ben.get_by_role("button", name="eyes, 1").click()
    await expect(ada.get_by_role("button", name="eyes, 2")).to_be_visible()


async def test_two_hundred_messages_open_at_the_newest_and_stay_quick(stage: Stage, say: Say) -> None:
    ben = stage.sandbox.person("ben")
    for number in range(230):
        await ben.say("fleet", f"line {number} of a long day")
    page = await stage.open()
    await expect(page.locator("#messages > .item")).to_have_count(200)
    await expect(page.get_by_text("line 229 of a long day")).to_be_in_viewport()
    await say(page, "the last word")
    await expect(page.get_by_text("the last word")).to_be_in_viewport()
    await page.get_by_role("link", name="Show earlier messages").click()
    await expect(page.get_by_text("line 0 of a long day")).to_be_attached()


class TestAnAppThatDoesNotAnswer:
    """With less patience than Slack's three seconds, so that the test need not have it."""

    @pytest.fixture
    def timings(self) -> Timings:
        return Timings(ack_s=0.4)

    async def test_a_command_without_acknowledgement_says_so(self, stage: Stage, say: Say) -> None:
        page = await stage.open()
        await say(page, "/flsvc silent")
        await expect(page.get_by_text('/flsvc failed with the error "operation_timeout"')).to_be_visible()
        await expect(page.get_by_text("1 Slack limit broken")).to_be_visible()
        assert [found.rule for found in stage.sandbox.workspace.violations] == ["missing_ack"]
        stage.sandbox.workspace.violations.clear()


async def test_broken_limits_are_counted_and_explained(stage: Stage) -> None:
    page = await stage.open()
    stage.sandbox.workspace.record("chat.postMessage", "too_long", "the text has 40,001 characters")
    summary = page.get_by_text("1 Slack limit broken")
    await expect(summary).to_be_visible()
    await summary.click()
    await expect(page.get_by_text("the text has 40,001 characters")).to_be_visible()
    stage.sandbox.workspace.violations.clear()


async def test_the_page_works_on_a_phone(stage: Stage, say: Say) -> None:
    page = await stage.open("/c/fleet?as=ben")
    await page.set_viewport_size({"width": 360, "height": 700})
    await say(page, "/flsvc status")
    await expect(page.get_by_role("table")).to_be_visible()
    stage.sandbox.workspace.record("chat.postMessage", "msg_too_long", "40,001 characters")
    await expect(page.get_by_text("1 Slack limit broken")).to_be_visible()
    wide = """() => [...document.querySelectorAll("body *:not(.table-wrap *)")]
        .filter((node) => node.getBoundingClientRect().right > innerWidth).map((node) => node.outerHTML)"""
    assert await page.evaluate(wide) == []
    stage.sandbox.workspace.violations.clear()
    await expect(page.get_by_role("link", name="lab")).to_be_hidden()
    await page.get_by_role("button", name="Channels").click()
    await page.get_by_role("link", name="lab").click()
    await expect(page.get_by_role("heading", name="lab").first).to_be_visible()
