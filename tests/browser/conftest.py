"""A browser for all tests; for each a fresh sandbox, the sample app, and pages that must not report errors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from bot.sandbox.timings import Timings
from tests.browser.chromium import browser as running_browser
from tests.browser.sample_app import connected

PATIENCE_MS = 15_000  # two slow cores; nothing waits this long when all is well

Open = Callable[..., Awaitable[Page]]


@dataclass
class Stage:
    """What a test acts on."""

    sandbox: Sandbox
    client: AsyncWebClient
    open: Open
    complaints: list[str] = field(default_factory=list)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with running_browser() as browser:
        yield browser


@pytest.fixture
def timings() -> Timings:
    return Timings()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(chromium: Browser, timings: Timings) -> AsyncIterator[Stage]:
    loaded = asyncio.Event()
    async with Sandbox(timings=timings) as sandbox, connected(sandbox, loaded) as client:
        complaints: list[str] = []
        context = await chromium.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(PATIENCE_MS)

        async def open_page(path: str = "/c/fleet?as=ada") -> Page:
            page = await context.new_page()
            page.on("console", lambda message: complaints.extend(_complaint(message)))
            page.on("pageerror", lambda error: complaints.append(_words(error)))
            await page.goto(sandbox.url + path)
            await page.locator("body[data-live=yes]").wait_for()
            return page

        yield Stage(sandbox, client, open_page, complaints, loaded)
        await context.close()
        assert complaints == []
        assert sandbox.workspace.violations == []


def _complaint(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in ("error", "warning") else []


def _words(error: Error) -> str:
    return error.stack or error.message


@pytest.fixture
def say() -> Callable[[Page, str], Awaitable[None]]:
    async def write(page: Page, text: str) -> None:
        box = page.locator("#composer .text-box")
        await box.fill(text)
        await box.press("Enter")

    return write
