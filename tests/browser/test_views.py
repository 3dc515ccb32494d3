"""Modals and the home tab in a real browser: errors, stacks, typed text, the keyboard."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import gallery
from tests.browser.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Say = Callable[[Page, str], Awaitable[None]]


async def opened(stage: Stage, say: Say) -> tuple[Page, Locator]:
    page = await stage.open()
    await say(page, "/flsvc register")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="Register a host")).to_be_visible()
    return page, dialog


async def choose_client(page: Page, dialog: Locator) -> None:
    await dialog.get_by_role("combobox", name="Flower type").click()
    await page.get_by_role("option", name="client").click()


async def test_a_form_shows_errors_by_the_field_then_is_accepted(stage: Stage, say: Say) -> None:
    page, dialog = await opened(stage, say)
    address = dialog.get_by_role("textbox", name="Address")
    await expect(address).to_be_focused()
    await dialog.get_by_role("button", name="Register").click()
    await expect(dialog.get_by_text("Please complete this required field.")).to_have_count(2)
    await address.fill("raspberry")
    await choose_client(page, dialog)
    await dialog.get_by_role("button", name="Register").click()
    await expect(dialog.get_by_text("raspberry is not an address. Example: 192.168.1.105")).to_be_visible()
    await expect(address).to_be_focused()
    await expect(address).to_have_attribute("aria-invalid", "true")
    await address.fill("192.168.1.107")
    await address.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("Registered 192.168.1.107 as client")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message #fleet")).to_be_focused()


async def test_text_typed_in_a_form_survives_live_updates(stage: Stage, say: Say) -> None:
    page, dialog = await opened(stage, say)
    note = dialog.get_by_role("textbox", name="Description")
    await note.press_sequentially("on the sh")
    await choose_client(page, dialog)
    [view] = stage.sandbox.workspace.views("U0ADA")
    body = {**gallery.REGISTER, "blocks": [gallery.section("The host answered."), *gallery.REGISTER["blocks"][1:]]}
    await stage.client.views_update(view_id=view.id, view=body)
    await stage.client.chat_postMessage(channel="C0FLEET", text="Something else happened")
    await expect(dialog.get_by_text("The host answered.")).to_be_visible()
    await expect(page.get_by_text("Something else happened")).to_be_attached()
    await expect(note).to_have_value("on the sh")
    await expect(dialog.locator(".picked")).to_have_text("client")
    await note.press_sequentially("elf")
    await expect(note).to_have_value("on the shelf")


async def test_a_pushed_view_comes_on_top_and_going_back_finds_what_was_typed(stage: Stage, say: Say) -> None:
    page, dialog = await opened(stage, say)
    await dialog.get_by_role("textbox", name="Address").fill("192.168.1.107")
    await dialog.get_by_role("textbox", name="Federation").fill("confirm")
    await choose_client(page, dialog)
    await dialog.get_by_role("button", name="Register").click()
    await expect(dialog.get_by_role("heading", name="Is this your host?")).to_be_visible()
    await expect(dialog.get_by_text("SHA256:")).to_be_visible()
    await dialog.get_by_role("button", name="Back").click()
    await expect(dialog.get_by_role("textbox", name="Address")).to_have_value("192.168.1.107")
    await dialog.get_by_role("button", name="Register").click()
    await dialog.get_by_role("button", name="Trust it").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("Host key pinned")).to_be_visible()


async def test_escape_closes_a_list_first_and_then_the_modal(stage: Stage, say: Say) -> None:
    page, dialog = await opened(stage, say)
    await dialog.get_by_role("combobox", name="Flower type").click()
    await expect(page.get_by_role("option", name="server")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("option", name="server")).to_be_hidden()
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Message #fleet")).to_be_focused()


async def test_the_keyboard_alone_fills_a_form_and_stays_in_it(stage: Stage, say: Say) -> None:
    page, dialog = await opened(stage, say)
    await page.keyboard.type("192.168.1.108")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_role("combobox", name="Flower type")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(dialog.locator(".picked")).to_have_text("server")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type("be")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Remove Ben")).to_be_visible()
    await page.keyboard.press("Backspace")
    await expect(dialog.get_by_role("button", name="Remove Ben")).to_have_count(0)
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    await dialog.get_by_role("button", name="Register").press("Enter")
    await expect(page.get_by_text("Registered 192.168.1.108 as server")).to_be_visible()


async def test_a_loading_modal_becomes_a_form_and_every_element_is_read(
    stage: Stage, say: Say, tmp_path: Path
) -> None:
    page = await stage.open()
    await say(page, "/flsvc plan")
    dialog = page.get_by_role("dialog", name="Plan a run")
    await expect(dialog).to_contain_text("Looking at the fleet…")
    stage.loaded.set()
    await expect(dialog.get_by_text("Project")).to_be_visible()
    archive = tmp_path / "facefl.zip"
    archive.write_bytes(b"PK")
    await dialog.locator("input[type=file]").set_input_files(archive)
    await expect(dialog.get_by_role("button", name="Remove facefl.zip")).to_be_visible()
    await dialog.get_by_role("radio", name="fedprox").check()
    for flag in ("keep", "wait"):
        await dialog.get_by_role("checkbox", name=flag).check()
    await dialog.get_by_label("Day").fill("2026-12-01")
    await dialog.get_by_label("Time").fill("07:45")
    archs = dialog.get_by_role("combobox", name="Architectures")
    await archs.click()
    for name in ("amd64", "arm64"):
        await page.get_by_role("option", name=name).click()
    await dialog.get_by_role("combobox", name="Host").click()
    await dialog.get_by_role("combobox", name="Host").press_sequentially("105")
    await page.get_by_role("option", name="192.168.1.105").click()
    await expect(dialog.locator("[data-file]")).to_have_count(1)
    await dialog.get_by_role("button", name="Plan").click()
    await expect(dialog).to_be_hidden()
    for part in (
        "project: facefl.zip",
        "strategy: fedprox",
        "flags: keep, wait",
        "day: 2026-12-01",
        "time: 07:45",
        "archs: amd64, arm64",
        "host: 192.168.1.105",
        "channel: C0FLEET",
    ):
        await expect(page.get_by_role("article", name="flsvc")).to_contain_text(part)


async def test_a_form_that_is_not_acknowledged_stays_with_a_sentence(stage: Stage, say: Say) -> None:
    page, dialog = await opened(stage, say)
    [view] = stage.sandbox.workspace.views("U0ADA")
    await stage.client.views_update(view_id=view.id, view={**gallery.REGISTER, "callback_id": "nobody listens"})
    await dialog.get_by_role("textbox", name="Address").fill("192.168.1.107")
    await choose_client(page, dialog)
    await dialog.get_by_role("button", name="Register").click()
    await expect(dialog.get_by_text("We had some trouble connecting. Try again?")).to_be_visible()
    await expect(dialog.get_by_role("textbox", name="Address")).to_have_value("192.168.1.107")
    stage.sandbox.workspace.violations.clear()


async def test_the_home_tab_is_published_and_its_button_works(stage: Stage) -> None:
    page = await stage.open("/home/A0FLSVC00?as=ada")
    await expect(page.get_by_text("This tab is fresh.")).to_be_visible()
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.get_by_text("This tab is refreshed.")).to_be_visible()
    await page.get_by_role("navigation", name="flsvc").get_by_role("link", name="Messages").click()
    await expect(page.get_by_role("textbox", name="Message flsvc")).to_be_visible()


async def test_everything_a_person_can_use_has_a_name(stage: Stage, say: Say) -> None:
    await stage.client.chat_postMessage(channel="C0FLEET", text="all", blocks=gallery.MESSAGE)
    page, _ = await opened(stage, say)
    nameless = """() => [...document.querySelectorAll("button, a[href], input, textarea, [role=listbox]")].filter(
        (node) => {
            const ids = (node.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
            const by = ids.map((id) => document.getElementById(id)?.textContent ?? "").join("");
            const labels = [...(node.labels ?? [])].map((label) => label.textContent).join("");
            return !(node.getAttribute("aria-label") || by || labels || node.textContent).trim();
        }).map((node) => node.outerHTML)"""
    assert await page.evaluate(nameless) == []
    twice = """() => {
        const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
        return ids.filter((id, at) => ids.indexOf(id) !== at);
    }"""
    assert await page.evaluate(twice) == []
