"""A sandbox with short timings and a clock turned by hand, an unmodified Bolt app connected to it, and the people."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.demo import APP_TOKEN, BOT_TOKEN
from bot.sandbox.server import Sandbox
from bot.sandbox.timings import Timings
from bot.sandbox.workspace import Workspace
from tests.sandbox.clock import Clock

Act = Callable[[], Awaitable[None]]  # Bolt's own methods carry no types
PATIENT = Timings(ack_s=10.0, retry_delays_s=(0.0, 0.05, 0.1), warning_s=0.2)
IMPATIENT = Timings(ack_s=0.3, retry_delays_s=(0.0, 0.05, 0.1), warning_s=0.2)
impatient = pytest.mark.parametrize("timings", [IMPATIENT], ids=["impatient"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timings() -> Timings:
    """Time enough for an acknowledgement on a busy machine; tests that wait for none are marked `impatient`."""
    return PATIENT


@pytest.fixture
async def sandbox(clock: Clock, timings: Timings) -> AsyncIterator[Sandbox]:
    async with Sandbox(workspace=Workspace.demo(clock=clock), with_page=False, timings=timings) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=sandbox.api_url)


@pytest.fixture
def bolt(client: AsyncWebClient) -> AsyncApp:
    """A Bolt app without listeners; tests add theirs before the payload comes."""
    return AsyncApp(client=client, raise_error_for_unhandled_request=False)


@pytest.fixture
async def connected(sandbox: Sandbox, bolt: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(bolt, APP_TOKEN, ping_interval=0.2)
    connect: Act = handler.connect_async
    close: Act = handler.close_async
    await connect()
    await sandbox.connected(1)
    yield handler
    await close()
