"""Sends messages, tables and files to Slack, and keeps to its limits. Knows nothing of Bolt and nothing of hosts."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.poster_budget import Budget, Urgency
from bot.poster_calls import Answer, Calls, Client, error_code
from bot.poster_clock import Clock, LoopClock
from bot.views.limits import cut, printable
from bot.views.payload import MessagePayload, Posting, Snippet
from ops.errors import OpsError

log = logging.getLogger(__name__)

_TITLE_CHARS = 150  # the SDK sends titles in the query of a request
_NOT_IN = "not_in_channel"
_BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
_REFUSALS = {
    _NOT_IN: "flsvc is not in this channel: type `/invite @flsvc` there, then give the command again.",
    "channel_not_found": "flsvc cannot see this channel: type `/invite @flsvc` there, then give the command again.",
    "is_archived": "This channel is archived: give the command in another one.",
    "restricted_action": "This workspace does not let apps post in this channel: give the command in another one.",
    "user_not_in_channel": "Only members of a channel can be answered there: join it, then give the command again.",
    "user_not_found": "Slack does not know this person any more.",
    "cannot_dm_bot": "Bots cannot be sent direct messages.",
}
_GONE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived"}
)


class CannotPost(OpsError):
    """Slack does not let the bot answer at this place; the text says what a person can do about it."""


class MessageGone(CannotPost):
    """The message to be edited is not there any more, or not ours."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message is."""

    channel: str
    ts: str


class Poster:
    """Posts and edits. One for all of the process: the budget is shared by every job and every answer."""

    def __init__(self, client: Client, clock: Clock | None = None) -> None:
        """Take a client that does not retry by itself."""
        self._client = client
        self._clock = clock or LoopClock()
        self._budget = Budget(self._clock.now)
        self._calls = Calls(self._clock, self._budget)

    async def post(self, channel: str, posting: Posting, *, thread_ts: str = "") -> Sent:
        """Post an answer whole: its first message, the rest in the thread below it. A user's id is a direct message.

        Raises CannotPost when the bot may not speak there.
        """
        sent = await self.message(channel, posting.first, thread_ts=thread_ts)
        await self.follow_up(sent.channel, thread_ts or sent.ts, posting.thread, posting.files)
        return sent

    async def follow_up(
        self, channel: str, thread_ts: str, messages: Sequence[MessagePayload], files: Sequence[Snippet]
    ) -> None:
        """Add messages, then files, to a thread."""
        for payload in messages:
            await self.message(channel, payload, thread_ts=thread_ts)
        await self._upload(channel, files, thread_ts)

    async def message(self, channel: str, payload: MessagePayload, *, thread_ts: str = "") -> Sent:
        """Post one message; raises CannotPost when the bot may not speak there."""
        args = {"channel": channel, "unfurl_links": False, "unfurl_media": False} | _thread(thread_ts)
        answer = await self._say("chat.postMessage", args, payload, self._budget.post(channel))
        return Sent(answer["channel"], answer["ts"])

    async def ephemeral(self, channel: str, user: str, posting: Posting, *, thread_ts: str = "") -> None:
        """Show an answer to one person; its files, which cannot be shown so, go into a direct message.

        Raises CannotPost when the bot may not speak there, or the person is not in the channel.
        """
        for payload in (posting.first, *posting.thread):
            args = {"channel": channel, "user": user} | _thread(thread_ts)
            await self._say("chat.postEphemeral", args, payload, self._budget.ephemeral())
        if posting.files:
            note = MessagePayload("The files of an answer to you.", ())
            direct = await self.message(user, note)
            await self._upload(direct.channel, posting.files, direct.ts)

    def edit_wait(self, sent: Sent, urgency: Urgency) -> float:
        """Return the seconds until a message may be edited; 0 is now."""
        return self._budget.edit_wait(sent.channel, sent.ts, urgency)

    async def edit(self, sent: Sent, payload: MessagePayload) -> None:
        """Replace a message when its turn comes; raises MessageGone when it is not there any more."""
        args = {"channel": sent.channel, "ts": sent.ts}
        try:
            await self._say("chat.update", args, payload, self._budget.edit(sent.channel, sent.ts))
        except SlackApiError as error:
            if error_code(error) in _GONE:
                raise MessageGone(f"The message cannot be edited: {error_code(error)}.") from None
            raise

    async def permalink(self, sent: Sent) -> str:
        """Return a message's lasting address, '' when Slack does not give one."""
        params = {"channel": sent.channel, "message_ts": sent.ts}
        try:
            answer = await self._calls.send(
                "other",
                "",
                lambda: self._client.api_call("chat.getPermalink", params=params),
                self._budget.other(),
            )
        except SlackClientError as error:
            log.warning("no permalink: %s", type(error).__name__)
            return ""
        return str(answer["permalink"])

    async def _say(self, method: str, args: dict[str, Any], payload: MessagePayload, wait_s: float) -> Answer:
        """Send a message; joins a public channel first, and leaves blocks out that Slack refuses."""
        said = args | {"text": payload.text} | ({"blocks": list(payload.blocks)} if payload.blocks else {})
        try:
            return await self._call(method, said, wait_s)
        except SlackApiError as error:
            code = error_code(error)
            if code == _NOT_IN and await self._join(args["channel"]):
                return await self._call(method, said, 0.0)
            if code in _BAD_BLOCKS:
                log.warning("Slack refuses the blocks of a message (%s); its text is sent instead", error.response)
                return await self._call(method, args | {"text": payload.text}, 0.0)
            if code in _REFUSALS and method != "chat.update":
                raise CannotPost(_REFUSALS[code]) from None
            raise

    async def _call(self, method: str, args: dict[str, Any], wait_s: float) -> Answer:
        kind = {"chat.postMessage": "post", "chat.update": "edit", "chat.postEphemeral": "ephemeral"}[method]
        return await self._calls.send(kind, args["channel"], lambda: self._client.api_call(method, json=args), wait_s)

    async def _join(self, channel: str) -> bool:
        """Join a public channel; False where only an invitation helps."""
        try:
            await self._calls.send(
                "other",
                "",
                lambda: self._client.api_call("conversations.join", json={"channel": channel}),
                self._budget.other(),
            )
        except SlackApiError as error:
            log.info("cannot join %s: %s", channel, error_code(error))
            return False
        return True

    async def _upload(self, channel: str, files: Sequence[Snippet], thread_ts: str) -> None:
        made = [
            {"filename": f.filename, "title": cut(printable(f.title), _TITLE_CHARS), "content": f.content}
            for f in files
            if f.content
        ]
        if made:
            await self._calls.send(
                "other",
                "",
                lambda: self._client.files_upload_v2(file_uploads=made, channel=channel, thread_ts=thread_ts),
                self._budget.other(),
            )


def _thread(thread_ts: str) -> dict[str, str]:
    return {"thread_ts": thread_ts} if thread_ts else {}
