"""Time as the poster and the progress see it, so that a test can turn the hands."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, and a way to let them pass."""

    def now(self) -> float:
        """Return the time in seconds, from any beginning."""
        ...

    async def wait(self, event: asyncio.Event | None, timeout_s: float) -> None:
        """Return when the event is set or the time is over, whichever comes first."""
        ...


class LoopClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return the time in seconds."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event | None, timeout_s: float) -> None:
        """Return when the event is set or the time is over, whichever comes first."""
        if event is None:
            await asyncio.sleep(max(timeout_s, 0.0))
            return
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            return
