"""One live message for each job: posted at once, edited as the job goes on, final when it ends. Driven by changes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.poster import CannotPost, MessageGone, Poster, Sent
from bot.poster_budget import Urgency
from bot.poster_clock import Clock, LoopClock
from bot.views.job import ended_message, job_details, job_message
from bot.views.payload import MessagePayload
from ops.services import JobChange, Jobs, Store
from ops.work import Job, JobState

log = logging.getLogger(__name__)

TICK_S = 5.0  # how often the elapsed time of a running job is refreshed
MENTION_AFTER = timedelta(minutes=1)
_GRACE_S = 20.0  # a bot that hears of an end gives the one that follows the job this long to show it
_AWAY_S = 30.0  # the pause before another try, after the poster has given up
_RECENT = timedelta(hours=1)
_RESUMED = 200
_EDITING = "messages"
_FAILURES = (SlackClientError, CannotPost, aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)


@dataclass(slots=True)
class Live:
    """A message being kept up to date."""

    job_id: str
    sent: Sent
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    shown: MessagePayload | None = None


class Progress:
    """Follows jobs from one event loop; what it is told comes from any thread."""

    def __init__(
        self,
        jobs: Jobs,
        store: Store,
        poster: Poster,
        *,
        clock: Clock | None = None,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the runner that tells of changes, the store to read them from, and what posts."""
        self._jobs, self._store, self._poster = jobs, store, poster
        self._clock = clock or LoopClock()
        self._today = today
        self._lives: dict[str, Live] = {}
        self._announcing: set[str] = set()
        self._looking: set[str] = set()  # jobs that changed, and that this bot does not follow
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Listen for changes, and take up the messages of jobs that went on while no bot was running."""
        loop = asyncio.get_running_loop()
        self._unsubscribe = self._jobs.subscribe(lambda change: _tell(loop, self._changed, change))
        await self.resume()

    async def close(self) -> None:
        """Stop following; the messages stay as they are until the next start."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def announce(self, job: Job, channel: str, *, thread_ts: str = "") -> str:
        """Post a job's message and follow it from now on; returns the message's ts.

        Where the bot may not speak, the message goes to the person who asked. A job that has its message keeps it.
        Raises CannotPost when Slack takes the message nowhere; the job goes on.
        """
        if job.message_ts or job.id in self._announcing:
            self._follow(job)
            return job.message_ts
        self._announcing.add(job.id)
        try:
            sent = await self._first(job, channel, thread_ts)
            link = await self._poster.permalink(sent)
            await asyncio.to_thread(
                self._store.set_job_message,
                job.id,
                channel=sent.channel,
                message_ts=sent.ts,
                thread_ts=thread_ts if sent.channel == channel else "",
                permalink=link,
            )
        finally:
            self._announcing.discard(job.id)
        self._watch(Live(job.id, sent))
        return sent.ts

    async def resume(self) -> None:
        """Follow the jobs that are not ended, and show the end of those that ended unseen."""
        states = [state for state in JobState if not state.ended]
        for job in await asyncio.to_thread(lambda: self._store.jobs(states=states, last=_RESUMED)):
            self._follow(job)
            self._spawn(partial(self._look, job.id))
        ended = [state for state in JobState if state.ended]
        for job in await asyncio.to_thread(lambda: self._store.jobs(states=ended, last=_RESUMED)):
            if job.ended_at and self._today() - job.ended_at < _RECENT:
                self._spawn(partial(self._rescue if job.message_ts else self._look, job.id))

    async def _first(self, job: Job, channel: str, thread_ts: str) -> Sent:
        payload = job_message(job, self._today())
        try:
            return await self._poster.message(channel, payload, thread_ts=thread_ts)
        except CannotPost as error:
            if channel == job.actor.id or not job.actor.mention.startswith("<@"):
                raise
            log.info("job %s is shown to the person who asked: %s", job.id, error)
            return await self._poster.message(job.actor.id, payload)

    def _follow(self, job: Job) -> None:
        if job.message_ts and job.id not in self._lives:
            self._watch(Live(job.id, Sent(job.channel, job.message_ts)))

    def _watch(self, live: Live) -> None:
        self._lives[live.job_id] = live
        self._spawn(partial(self._keep, live))

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _changed(self, change: JobChange) -> None:
        live = self._lives.get(change.job_id)
        if live is not None:
            live.changed.set()
            if change.ended:
                live.ended.set()
        elif change.job_id not in self._announcing:
            self._unknown(change)

    def _unknown(self, change: JobChange) -> None:
        if change.job_id not in self._looking:
            self._looking.add(change.job_id)
            self._spawn(partial(self._look, change.job_id))
        if change.ended:
            self._spawn(partial(self._rescue, change.job_id, _GRACE_S))

    async def _look(self, job_id: str) -> None:
        """Follow a job that another bot announced; announce one that nobody asked for just now, where it says.

        The latter happens once over all bots and restarts.
        """
        try:
            job = await asyncio.to_thread(self._store.job, job_id)
        finally:
            self._looking.discard(job_id)
        if job is not None and not job.state.ended:
            self._follow(job)
        place = job.args.get("announce") if job else None
        if job is None or job.message_ts or not isinstance(place, Mapping) or not place.get("channel"):
            return
        if not await asyncio.to_thread(self._store.first_time, f"announced:{job_id}"):
            return
        while True:
            try:
                await self.announce(job, str(place["channel"]), thread_ts=str(place.get("thread_ts") or ""))
            except CannotPost:
                raise
            except _FAILURES as error:
                log.warning("job %s is not announced yet: %s", job_id, type(error).__name__)
                await self._clock.wait(None, _AWAY_S)
            else:
                return

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except _FAILURES as error:
            log.warning("a job's message was not brought up to date: %s", type(error).__name__)
        except Exception:
            log.exception("following a job broke")

    async def _keep(self, live: Live) -> None:
        """Bring the message up to date until it shows the end, however long Slack is away."""
        try:
            while True:
                try:
                    await self._until_ended(live)
                except _FAILURES as error:
                    log.warning("job %s is not shown as it stands: %s", live.job_id, type(error).__name__)
                    await self._clock.wait(None, _AWAY_S)
                else:
                    return
        finally:
            self._lives.pop(live.job_id, None)

    async def _until_ended(self, live: Live) -> None:
        """Edit the message as the job changes, at last to its end; of several bots, only one does."""
        urgency = Urgency.CHANGE
        while True:
            live.changed.clear()
            if not await asyncio.to_thread(self._jobs.lead, _EDITING):
                await self._clock.wait(None, TICK_S)
                if await self._is_shown(live):
                    return
                continue
            job = await asyncio.to_thread(self._store.job, live.job_id)
            if job is None:
                return
            if job.state.ended:
                await self._finish(job, live)
                return
            wait_s = self._poster.edit_wait(live.sent, urgency)
            if wait_s > 0 and urgency is Urgency.CHANGE:
                await self._clock.wait(live.ended, wait_s)  # an end does not wait behind a change
                continue
            if wait_s == 0:
                await self._edit(live, job)
            await self._clock.wait(live.changed, TICK_S)
            urgency = Urgency.CHANGE if live.changed.is_set() else Urgency.TICK

    async def _is_shown(self, live: Live) -> bool:
        """Tell whether the bot that leads has shown the end, or the job is gone."""
        job = await asyncio.to_thread(self._store.job, live.job_id)
        return job is None or (job.state.ended and await asyncio.to_thread(self._store.seen, f"shown:{job.id}"))

    async def _edit(self, live: Live, job: Job) -> None:
        payload = job_message(job, self._today())
        if payload != live.shown:
            with suppress(MessageGone):
                await self._poster.edit(live.sent, payload)
            live.shown = payload

    async def _finish(self, job: Job, live: Live) -> None:
        """Show the end, then, once over all bots and restarts, tell the thread what a person wants to know."""
        with suppress(MessageGone):
            await self._poster.edit(live.sent, job_message(job, self._today()))
        if await asyncio.to_thread(self._store.first_time, f"shown:{job.id}"):
            await self._tell_thread(job, live.sent)

    async def _tell_thread(self, job: Job, sent: Sent) -> None:
        messages, files = job_details(job, self._today())
        told = [*([ended_message(job)] if job.took and job.took > MENTION_AFTER else []), *messages]
        await self._poster.follow_up(sent.channel, job.thread_ts or sent.ts, told, files)

    async def _rescue(self, job_id: str, grace_s: float = 0.0) -> None:
        """Show an end that nobody else showed: the bot that followed the job may be gone."""
        await self._clock.wait(None, grace_s)
        job = await asyncio.to_thread(self._store.job, job_id)
        if job is None or not job.message_ts or job_id in self._lives:
            return
        if await asyncio.to_thread(self._store.first_time, f"shown:{job_id}"):
            sent = Sent(job.channel, job.message_ts)
            with suppress(MessageGone):
                await self._poster.edit(sent, job_message(job, self._today()))
            await self._tell_thread(job, sent)


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[JobChange], None], change: JobChange) -> None:
    """Hand a change over to the loop, from whatever thread; a loop that has closed needs none."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, change)
