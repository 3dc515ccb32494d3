"""Starts headless Chromium: the system's own, or the one playwright installed."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

SYSTEM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def executable() -> str | None:
    """Return the browser of the system; None leaves the choice to playwright."""
    return next((path for path in SYSTEM if Path(path).exists()), None)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run a browser until the block ends; root needs --no-sandbox."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=executable(), args=flags)
        try:
            yield running
        finally:
            await running.close()
