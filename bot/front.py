"""The way from something given in Slack to its answer there; knows Slack's places, nothing of Bolt."""

import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.dispatch import Dispatcher, Given
from bot.homes import Homes
from bot.people import People
from bot.poster import CannotPost, Poster
from bot.progress import Progress
from bot.registering import Registering, given_in
from bot.replies import Button, OpenForm, Reply, text
from bot.uploads import Uploads
from bot.views.limits import escaped
from bot.views.payload import Posting
from bot.views.reply import messages
from ops.errors import OpsError
from ops.model import Actor
from ops.work import Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was given, and so where its answer goes."""

    channel: str
    channel_name: str = ""
    thread_ts: str = ""
    trigger_id: str = ""
    response_url: str = ""


class Front:
    """Answers commands, clicks, submissions, uploads and the home tab."""

    def __init__(
        self, client: AsyncWebClient, dispatch: Dispatcher, people: People, poster: Poster, progress: Progress
    ) -> None:
        """Take the parts; those that need only these are made here."""
        self._client, self._dispatch, self._people = client, dispatch, people
        self._poster, self._progress = poster, progress
        self.registering = Registering(client, dispatch)
        self.uploads = Uploads(client, dispatch, people, poster)
        self.homes = Homes(client, dispatch)

    async def command(self, words: list[str], actor: Actor, place: Place, request_id: str) -> None:
        """Run one command and post its answer; the same request again is dropped."""
        if not await self._first(request_id):
            return
        name = place.channel_name or await self._people.channel(place.channel)
        actor = replace(actor, name=actor.name or await self._people.name(actor.id), channel=place.channel)
        given = Given(words, actor, request_id, channel_name=name)
        await self._show(await self._dispatch.run(given), given, place)

    async def confirmed(self, view: dict[str, object], actor: Actor) -> None:
        """Start the registration of hosts whose fingerprints were confirmed, once."""
        given = given_in(view, actor)
        if not await self._first(given.request_id):
            return
        try:
            request = await self.registering.confirmed(view, given)
        except OpsError as error:
            await self._tell(actor.id, self._dispatch.phrase(error))
            return
        job = await self._dispatch.submit(request, given)
        await self._show(job, given, Place(given.actor.channel or actor.id))

    async def once(self, request_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Do something unless this very request was seen before."""
        if await self._first(request_id):
            await work
        else:
            work.close()

    async def _first(self, request_id: str) -> bool:
        store = self._dispatch.services.store
        return await self._dispatch.in_thread(lambda: store.first_time(request_id))

    async def _show(self, answer: Reply | Job | OpenForm, given: Given, place: Place) -> None:
        if isinstance(answer, Job):
            await self._progress.announce(answer, place.channel, thread_ts=place.thread_ts)
        elif isinstance(answer, OpenForm):
            await self._open(answer, given, place)
        else:
            await self._post(answer, given, place)

    async def _open(self, form: OpenForm, given: Given, place: Place) -> None:
        if place.trigger_id:
            await self.registering.open(place.trigger_id, form.initial, place.channel, given.channel_name)
            return
        command = " ".join(["register", *form.initial.get("addresses", "").split()])
        open_it = (Button("Open the form", command, "primary"),)
        sentence = "Registering needs a form, so that no password is typed into the channel."
        await self._post(text(sentence, buttons=open_it), given, place)

    async def _post(self, reply: Reply, given: Given, place: Place) -> None:
        posting = messages(reply, self._dispatch.prefix)
        try:
            if reply.private:
                await self._poster.ephemeral(place.channel, given.actor.id, posting, thread_ts=place.thread_ts)
            else:
                await self._poster.post(place.channel, asked(posting, given), thread_ts=place.thread_ts)
        except CannotPost as error:
            await self._respond(place, given, posting, str(error))

    async def _respond(self, place: Place, given: Given, posting: Posting, why: str) -> None:
        """Answer where the bot is not a member, by the URL Slack gave with the request."""
        if not place.response_url:
            log.warning("no answer to %s in %s: %s", given.words[:1], place.channel, why)
            return
        first, kind = posting.first, "ephemeral"
        client = AsyncWebhookClient(place.response_url)
        answer = await client.send(text=first.text, blocks=list(first.blocks), response_type=kind)
        if answer.status_code != 200:
            log.warning("response_url answered %s for %s in %s", answer.status_code, given.words[:1], place.channel)

    async def _tell(self, user: str, reply: Reply) -> None:
        """Send a direct message, for what happened in a modal that has closed."""
        try:
            await self._poster.post(user, messages(reply, self._dispatch.prefix))
        except (CannotPost, SlackClientError) as error:
            log.warning("could not tell %s: %s", user, error)


def asked(posting: Posting, given: Given) -> Posting:
    """Say below an answer who asked for it: a slash command itself is shown to nobody."""
    words = escaped(" ".join(given.words) or "help", 200).replace("`", "'")
    line = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"{given.actor.mention} asked `{words}`"}]}
    return replace(posting, first=replace(posting.first, blocks=(*posting.first.blocks, line)))
