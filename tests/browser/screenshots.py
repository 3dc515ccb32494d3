"""Take pictures of the sandbox's page: `python -m tests.browser.screenshots [directory]`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.browser import gallery
from tests.browser.chromium import browser
from tests.browser.sample_app import connected

DESKTOP = (1280, 860)
PHONE = (390, 844)


async def fill(sandbox: Sandbox, client: AsyncWebClient) -> None:
    """Let a short story happen: people talk, the bot answers, a zip arrives."""
    ada, ben = sandbox.person("ada"), sandbox.person("ben")
    await ada.say("fleet", "Morning! Five new Pis are on the bench. Who has the faces data? @ben")
    await ben.say("fleet", "I do: `~/data/faces`, split in four. I drop the project in a minute :eyes:")
    await ada.command("/flsvc status", "fleet")
    archive = Path(sandbox.workspace.new_file_path()).with_name("facefl.zip")
    archive.write_bytes(b"PK\x05\x06" + bytes(18) + bytes(182_000))
    await ben.upload("fleet", archive, "Faces against non-faces, three rounds")
    text = ":hourglass_flowing_sand: *facefl* on `test_model`: deploying to 5 hosts"
    await client.chat_postMessage(
        channel="C0FLEET", text=text, blocks=[gallery.section(text), gallery.PROGRESS, gallery.FOOT]
    )


async def page_of(running: Browser, sandbox: Sandbox, path: str, size: tuple[int, int] = DESKTOP) -> Page:
    """Open a page and wait until it is live."""
    page = await running.new_page(
        viewport={"width": size[0], "height": size[1]}, device_scale_factor=2 if size == PHONE else 1
    )
    await page.goto(sandbox.url + path)
    await page.locator("body[data-live=yes]").wait_for()
    return page


async def shoot(into: Path, *, only: str = "") -> list[Path]:
    """Write all pictures to a directory and return their paths."""
    taken: list[Path] = []
    async with Sandbox() as sandbox, connected(sandbox) as client, browser() as running:
        await fill(sandbox, client)
        for name, scene in SCENES.items():
            if only in name:
                page = await scene(running, sandbox, client)
                path = into / f"{name}.png"
                await page.screenshot(path=path)
                await page.keyboard.press("Escape")
                await expect(page.get_by_role("dialog")).to_be_hidden()
                await page.close()
                taken.append(path)
    return taken


async def channel(running: Browser, sandbox: Sandbox, _: AsyncWebClient) -> Page:
    page = await page_of(running, sandbox, "/c/fleet?as=ada")
    await expect(page.get_by_role("button", name="1 reply")).to_be_visible()
    return page


async def thread(running: Browser, sandbox: Sandbox, _: AsyncWebClient) -> Page:
    page = await page_of(running, sandbox, "/c/fleet?as=ada")
    await page.get_by_role("button", name="1 reply").click()
    await expect(page.get_by_role("complementary", name="Thread").get_by_text("Build for all")).to_be_visible()
    return page


async def suggestions(running: Browser, sandbox: Sandbox, _: AsyncWebClient) -> Page:
    page = await page_of(running, sandbox, "/c/fleet?as=ada")
    await page.get_by_label("Message #fleet").press_sequentially("/flsvc ")
    await expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    return page


async def modal(running: Browser, sandbox: Sandbox, _: AsyncWebClient) -> Page:
    page = await page_of(running, sandbox, "/c/fleet?as=ada")
    await page.get_by_label("Message #fleet").fill("/flsvc register")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Address").fill("raspberry")
    await dialog.get_by_role("combobox", name="Flower type").click()
    await page.get_by_role("option", name="client").click()
    await dialog.get_by_role("button", name="Register").click()
    await expect(dialog.get_by_role("alert").first).to_contain_text("is not an address")
    return page


async def home(running: Browser, sandbox: Sandbox, _: AsyncWebClient) -> Page:
    page = await page_of(running, sandbox, "/home/A0FLSVC00?as=ada")
    await expect(page.get_by_text("Your fleet")).to_be_visible()
    return page


async def gallery_page(running: Browser, sandbox: Sandbox, client: AsyncWebClient) -> Page:
    await client.chat_postMessage(channel="C0LAB", text="One of everything", blocks=gallery.MESSAGE)
    await client.chat_postMessage(channel="C0LAB", text="wide", blocks=[gallery.WIDE])
    page = await page_of(running, sandbox, "/c/lab?as=ben", (1280, 1900))
    await expect(page.get_by_role("table").last).to_be_visible()
    return page


async def phone(running: Browser, sandbox: Sandbox, _: AsyncWebClient) -> Page:
    page = await page_of(running, sandbox, "/c/fleet?as=cleo", PHONE)
    await expect(page.get_by_role("table").last).to_be_visible()
    return page


Scene = Callable[[Browser, Sandbox, AsyncWebClient], Awaitable[Page]]
SCENES: dict[str, Scene] = {
    "channel": channel,
    "thread": thread,
    "suggestions": suggestions,
    "modal": modal,
    "home": home,
    "gallery": gallery_page,
    "phone": phone,
}


def main() -> None:
    """Take all pictures."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("screenshots")
    into.mkdir(parents=True, exist_ok=True)
    for path in asyncio.run(shoot(into)):
        print(path)


if __name__ == "__main__":
    main()
