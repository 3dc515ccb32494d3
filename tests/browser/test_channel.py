"""The channel in a real browser: writing, commands, live answers, buttons, threads, files, several people."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Say = Callable[[Page, str], Awaitable[None]]


async def test_a_slash_command_is_answered_live_for_the_one_who_asked(stage: Stage, say: Say) -> None:
    ada, ben = await stage.open(), await stage.open("/c/fleet?as=ben")
    await say(ada, "/flsvc hello _you_")
    answer = ada.get_by_role("article", name="flsvc")
    await expect(answer).to_contain_text("You said hello you")
    await expect(answer).to_contain_text("Only visible to you")
    await say(ada, "/flsvc status")
    await expect(ben.get_by_role("table")).to_contain_text("192.168.1.104")
    await expect(ben.get_by_text("You said")).to_have_count(0)


async def test_a_button_changes_the_message_for_everyone(stage: Stage, say: Say) -> None:
    ada, ben = await stage.open(), await stage.open("/c/fleet?as=ben")
    await say(ada, "/flsvc status")
    await ben.get_by_role("button", name="Deploy").click()
    for page in (ada, ben):
        await expect(page.get_by_text("Deployed by @Ben")).to_be_visible()
        await expect(page.get_by_role("table")).to_have_count(0)


async def test_a_dangerous_button_asks_first(stage: Stage, say: Say) -> None:
    page = await stage.open()
    await say(page, "/flsvc status")
    stop = page.get_by_role("button", name="Stop")
    dialog = page.get_by_role("dialog", name="Stop the run?")
    await stop.click()
    await expect(dialog).to_contain_text("The containers on 4 hosts stop.")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await stop.click()
    await dialog.get_by_role("button", name="Keep running").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("Stopped 4 containers")).to_have_count(0)
    await stop.click()
    await dialog.get_by_role("button", name="Stop it").click()
    await expect(page.get_by_text("Stopped 4 containers")).to_be_visible()


async def test_selects_pickers_and_menus_in_a_message(stage: Stage, say: Say) -> None:
    page = await stage.open()
    await say(page, "/flsvc selects")
    platform = page.get_by_role("combobox", name="Platform")
    await platform.click()
    await platform.press_sequentially("torch")
    await page.get_by_role("option", name="pytorch").click()
    await expect(page.get_by_text("chosen: platform pytorch")).to_be_visible()
    host = page.get_by_role("combobox", name="Find a host")
    await host.click()
    await host.press_sequentially("104")
    await expect(page.get_by_role("option", name="192.168.1.104")).to_be_visible()
    await host.press("Enter")
    await expect(page.get_by_text("chosen: host 192.168.1.104")).to_be_visible()
    await page.get_by_role("combobox", name="Owner").press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("chosen: owner U0ADA")).to_be_visible()
    await page.get_by_label("Day").fill("2026-12-01")
    await expect(page.get_by_text("chosen: day 2026-12-01")).to_be_visible()
    await page.get_by_role("button", name="More actions").click()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("chosen: more rollback")).to_be_visible()


async def test_a_person_replies_in_a_thread_and_others_see_the_count(stage: Stage, say: Say) -> None:
    ada, ben = await stage.open(), await stage.open("/c/fleet?as=ben")
    await say(ada, "Who has the data?")
    question = ben.get_by_role("article", name="Ada")
    await question.hover()
    await question.get_by_role("button", name="Reply in thread").click()
    thread = ben.get_by_role("complementary", name="Thread")
    await thread.get_by_role("textbox", name="Reply").fill("I do")
    await thread.get_by_role("textbox", name="Reply").press("Enter")
    await expect(thread.get_by_role("article", name="Ben")).to_contain_text("I do")
    await expect(ben.locator("#messages").get_by_text("I do")).to_have_count(0)
    await ada.get_by_role("button", name="1 reply").click()
    await expect(ada.get_by_role("complementary", name="Thread")).to_contain_text("I do")
    await ada.keyboard.press("Escape")
    await expect(ada.get_by_role("complementary", name="Thread")).to_be_hidden()


async def test_slash_commands_are_refused_in_threads_with_a_sentence(stage: Stage, say: Say) -> None:
    page = await stage.open()
    await say(page, "A question")
    await page.get_by_role("article", name="Ada").hover()
    await page.get_by_role("button", name="Reply in thread").click()
    thread = page.get_by_role("complementary", name="Thread")
    await thread.get_by_role("textbox", name="Reply").fill("/flsvc status")
    await thread.get_by_role("textbox", name="Reply").press("Enter")
    await expect(thread).to_contain_text("/flsvc is not supported in threads. Sorry!")


async def test_mentioning_the_app_is_answered_in_a_thread(stage: Stage) -> None:
    page = await stage.open()
    box = page.get_by_role("textbox", name="Message #fleet")
    await box.press_sequentially("hi @fl")
    await expect(page.get_by_role("option", name="@flsvc")).to_be_visible()
    await box.press("Tab")
    await expect(box).to_have_value("hi @flsvc ")
    await box.press("Enter")
    await page.get_by_role("button", name="1 reply").click()
    await expect(page.get_by_role("complementary", name="Thread")).to_contain_text("Hello @Ada")


async def test_a_file_is_dropped_with_a_comment_and_can_be_downloaded(stage: Stage, tmp_path: Path) -> None:
    page = await stage.open()
    drop = """() => {
        const data = new DataTransfer();
        data.items.add(new File(["round,accuracy\\n1,0.84\\n"], "rounds.csv", {type: "text/csv"}));
        for (const kind of ["dragenter", "dragover", "drop"]) {
            document.querySelector("#messages").dispatchEvent(
                new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }
    }"""
    await page.evaluate(drop)
    await expect(page.locator(".drop-zone")).to_be_hidden()
    await expect(page.get_by_role("button", name="Remove rounds.csv")).to_be_visible()
    await page.get_by_role("textbox", name="Message #fleet").fill("The first round")
    await page.keyboard.press("Enter")
    message = page.get_by_role("article", name="Ada")
    await expect(message).to_contain_text("The first round")
    await expect(message.get_by_label("Preview of rounds.csv")).to_contain_text("1,0.84")
    await expect(message.get_by_role("button", name="1 reply")).to_be_visible()
    async with page.expect_download() as download:
        await message.get_by_role("link", name="Download rounds.csv").click()
    saved = tmp_path / "rounds.csv"
    await (await download.value).save_as(saved)
    assert saved.read_text(encoding="utf-8") == "round,accuracy\n1,0.84\n"


async def test_a_zip_is_picked_with_the_button_and_the_app_answers_in_its_thread(
    stage: Stage, tmp_path: Path
) -> None:
    page = await stage.open()
    archive = tmp_path / "facefl.zip"
    archive.write_bytes(b"PK\x05\x06" + bytes(18))
    await page.locator("#composer").get_by_label("Attach a file").set_input_files(archive)
    await page.get_by_role("button", name="Send now").click()
    await page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread).to_contain_text("facefl.zip holds a container project")
    await expect(thread.get_by_role("button", name="Build for all")).to_be_visible()


async def test_another_person_sees_unread_marks_and_the_switch_keeps_the_place(stage: Stage, say: Say) -> None:
    ada, ben = await stage.open("/c/lab?as=ada"), await stage.open()
    await say(ada, "An experiment")
    lab = ben.get_by_role("navigation", name="Channels and messages").get_by_role("link", name="lab")
    await expect(lab).not_to_contain_text("1")
    await ben.get_by_role("navigation", name="Act as").get_by_role("link", name="Ben").click()
    await expect(ben).to_have_url(f"{stage.sandbox.url}/c/C0FLEET?as=U0BEN")
    await expect(lab).to_contain_text("1")
    await lab.click()
    await expect(ben.get_by_text("An experiment")).to_be_visible()
    await expect(lab).not_to_contain_text("1")


async def test_direct_messages_arrive_live(stage: Stage, say: Say) -> None:
    ada = await stage.open("/dm/ben?as=ada")
    ben = await stage.open("/dm/ada?as=ben")
    cleo = await stage.open("/c/fleet?as=cleo")
    await say(ada, "psst")
    await expect(ben.get_by_text("psst")).to_be_visible()
    await expect(cleo.get_by_text("psst")).to_have_count(0)


async def test_suggestions_complete_a_command_and_history_brings_it_back(stage: Stage) -> None:
    page = await stage.open()
    box = page.get_by_role("textbox", name="Message #fleet")
    await box.press_sequentially("/fl")
    await box.press("Enter")
    await expect(box).to_have_value("/flsvc ")
    await box.press_sequentially("doc")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    await expect(options).to_have_text(["/flsvc docker install", "/flsvc docker states"])
    await box.press("ArrowDown")
    await box.press("ArrowDown")
    await box.press("Tab")
    await expect(box).to_have_value("/flsvc docker states ")
    await box.press("Enter")
    await expect(page.get_by_text("You said docker states")).to_be_visible()
    await expect(box).to_have_value("")
    await box.press("ArrowUp")
    await expect(box).to_have_value("/flsvc docker states")
    await box.press("ArrowDown")
    await expect(box).to_have_value("")


async def test_an_app_is_invited_to_a_channel(stage: Stage, say: Say) -> None:
    page = await stage.open("/c/general?as=ada")
    await say(page, "/invite @flsvc")
    await expect(page.get_by_role("status").get_by_text("flsvc is in this channel now.")).to_be_visible()
    await expect(page.locator(".members")).to_contain_text("4 members")
    assert "U0FLSVC00" in stage.sandbox.workspace.channels["C0GENERAL"].members
    await say(page, "/invite @nobody")
    await expect(page.get_by_role("alert")).to_contain_text("There is no such person or channel.")


async def test_drafts_belong_to_their_thread(stage: Stage, say: Say) -> None:
    page = await stage.open()
    thread = page.get_by_role("complementary", name="Thread")
    for text in ("first", "second"):
        await say(page, text)
        message = page.locator(".message", has_text=text)
        await message.hover()
        await message.get_by_role("button", name="Reply in thread").click()
        await expect(thread.get_by_role("textbox")).to_have_value("")
        await thread.get_by_role("textbox").fill(f"about the {text}")
    await page.locator(".message", has_text="first").first.hover()
    await page.locator("#messages .message", has_text="first").get_by_role("button", name="Reply in thread").click()
    await expect(thread.get_by_role("textbox")).to_have_value("about the first")


async def test_shift_enter_makes_a_new_line_and_hostile_text_stays_text(stage: Stage) -> None:
    page = await stage.open()
    box = page.get_by_role("textbox", name="Message #fleet")
    await box.press_sequentially("<img src=x onerror=alert(1)>")
    await box.press("Shift+Enter")
    await box.press_sequentially("*second*")
    await box.press("Enter")
    text = page.get_by_role("article", name="Ada").locator(".text")
    await expect(text).to_have_text("<img src=x onerror=alert(1)>second", use_inner_text=False)
    await expect(text.locator("b")).to_have_text("second")
    await expect(text.locator("img")).to_have_count(0)
