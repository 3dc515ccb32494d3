"""The bot and the worker as processes: started, stopped by a signal, everything closed in order."""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot import registry, wiring
from bot.app import Background, listen, make_app, serve
from bot.dispatch import Dispatcher
from bot.front import Front
from bot.people import People
from bot.poster import Poster
from bot.progress import Progress
from bot.roles import Roles
from bot.settings import Settings
from ops.errors import OpsError
from ops.services import Jobs, Services

log = logging.getLogger(__name__)


async def run_bot(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises OpsError when it cannot start."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    with ExitStack() as stack:
        # the job runner may not be opened, nor closed, in a thread with an event loop
        services = await asyncio.to_thread(stack.enter_context, wiring.services(settings))
        jobs = await asyncio.to_thread(partial(wiring.open_jobs, services, executes=settings.executes))
        try:
            async with bot(settings, services, jobs):
                log.info("ready")
                await stop.wait()
                log.info("stopping: running steps are finished, the rest goes on at the next start")
        finally:
            await asyncio.to_thread(jobs.close)


def run_worker(settings: Settings) -> None:
    """Execute jobs until SIGTERM or SIGINT."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    with wiring.services(settings) as services, wiring.jobs(services):
        log.info("ready")
        stop.wait()


@asynccontextmanager
async def bot(settings: Settings, services: Services, jobs: Jobs) -> AsyncIterator[None]:
    """Connect to Slack and answer while the context is open; raises OpsError when Slack refuses the token."""
    registry.load()
    client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
    await _log_in(client)
    people = People(client)
    roles = Roles(settings.operators, settings.viewers, settings.channels, people.members)
    dispatch = Dispatcher(services, jobs, roles)
    # the poster keeps Slack's rate limits itself: a retry beneath it would be counted twice
    poster = Poster(AsyncWebClient(token=settings.bot_token, base_url=settings.api_url))
    progress = Progress(jobs, services.store, poster)
    app, background = make_app(settings, client), Background()
    listen(app, Front(client, dispatch, people, poster, progress), background)
    await progress.start()
    try:
        async with serve(app, settings):
            yield
        await background.finish()
    finally:
        await progress.close()
        dispatch.close()


async def _log_in(client: AsyncWebClient) -> None:
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        raise OpsError(
            f"Slack refuses the bot token ({error.response['error']}). Copy it from the app's page again."
        ) from None
    log.info("logged in as %s in %s", answer.get("user"), answer.get("team"))
