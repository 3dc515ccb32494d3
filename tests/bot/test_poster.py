import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.poster import CannotPost, MessageGone, Poster, Sent
from bot.views.payload import MessagePayload, Posting, Snippet
from bot.views.rich import text
from tests.bot.slack import FakeSlack, HandClock, Refusal


@dataclass
class Desk:
    clock: HandClock
    slack: FakeSlack
    poster: Poster

    async def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await self.clock.settle(asyncio.create_task(work))


@pytest.fixture
def desk() -> Desk:
    clock = HandClock()
    slack = FakeSlack(clock)
    return Desk(clock, slack, Poster(slack, clock))


def payload(words: str) -> MessagePayload:
    return MessagePayload(words, (text(words),))


HELLO = Posting(payload("hello"))


async def test_an_answer_is_posted_whole(desk: Desk) -> None:
    files = (Snippet("hosts.csv", "Hosts", "a,b\n"), Snippet("empty.txt", "Empty", ""))
    sent = await desk.do(desk.poster.post("C0FLEET", Posting(payload("first"), (payload("more"),), files)))
    assert desk.slack.texts() == ["first"]
    assert desk.slack.texts(thread_ts=sent.ts) == ["more"]
    assert desk.slack.files == [
        {"filename": "hosts.csv", "title": "Hosts", "content": "a,b\n", "channel": "C0FLEET", "thread_ts": sent.ts}
    ]
    assert desk.slack.messages["C0FLEET", sent.ts]["unfurl_links"] is False


async def test_an_answer_in_a_thread_stays_there(desk: Desk) -> None:
    await desk.do(desk.poster.post("C0FLEET", Posting(payload("first"), (payload("more"),)), thread_ts="9.0"))
    assert desk.slack.texts(thread_ts="9.0") == ["first", "more"]


async def test_many_posts_keep_to_one_a_second(desk: Desk) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(desk.poster.post("C0FLEET", HELLO) for _ in range(12)))

    await desk.do(all_of_them())
    assert desk.slack.times("chat.postMessage") == [0.0] * 5 + [float(n) for n in range(1, 8)]


async def test_retry_after_is_waited_for(desk: Desk) -> None:
    desk.slack.refusals["chat.postMessage"] = [Refusal("ratelimited", 429, 30), Refusal("ratelimited", 429, 5)]
    await desk.do(desk.poster.post("C0FLEET", HELLO))
    assert desk.slack.times("chat.postMessage") == [0.0, 30.0, 35.0]


async def test_a_refusal_holds_the_others_back_too(desk: Desk) -> None:
    desk.slack.refusals["chat.postMessage"] = [Refusal("ratelimited", 429, 30)]
    await desk.do(desk.poster.post("C0FLEET", HELLO))
    before = len(desk.slack.calls)
    desk.slack.refusals["chat.update"] = [Refusal("ratelimited", 429, 10)]

    async def three() -> None:
        await asyncio.gather(*(desk.poster.edit(Sent("C0FLEET", "1.000000"), payload(f"{n}")) for n in range(3)))

    await desk.do(three())
    times = [at - 1_000.0 for at, _, _ in desk.slack.calls[before:]]
    assert times[0] == 30.0
    assert all(at >= 40.0 for at in times[1:])


async def test_a_minute_without_slack_is_bridged(desk: Desk) -> None:
    away = aiohttp.ClientConnectionError("away")
    desk.slack.refusals["chat.postMessage"] = [away, away, Refusal("internal_error", 500), TimeoutError(), away, away]
    await desk.do(desk.poster.post("C0FLEET", HELLO))
    assert desk.slack.times("chat.postMessage") == [0.0, 1.0, 3.0, 7.0, 15.0, 30.0, 60.0]


async def test_slack_away_for_longer_is_given_up(desk: Desk) -> None:
    desk.slack.refusals["chat.postMessage"] = [aiohttp.ClientConnectionError("away") for _ in range(7)]
    with pytest.raises(aiohttp.ClientConnectionError):
        await desk.do(desk.poster.post("C0FLEET", HELLO))


async def test_a_public_channel_is_joined(desk: Desk) -> None:
    desk.slack.joinable.add("C0LAB")
    sent = await desk.do(desk.poster.post("C0LAB", HELLO))
    assert sent.channel == "C0LAB"
    assert [method for _, method, _ in desk.slack.calls] == [
        "chat.postMessage",
        "conversations.join",
        "chat.postMessage",
    ]


async def test_elsewhere_the_invitation_is_said(desk: Desk) -> None:
    with pytest.raises(CannotPost, match="/invite @flsvc"):
        await desk.do(desk.poster.post("C0SECRET", HELLO))
    with pytest.raises(CannotPost, match="/invite @flsvc"):
        await desk.do(desk.poster.ephemeral("C0SECRET", "U0ADA", HELLO))


async def test_other_refusals_are_bugs_and_raised(desk: Desk) -> None:
    desk.slack.refusals["chat.postMessage"] = [Refusal("invalid_auth")]
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await desk.do(desk.poster.post("C0FLEET", HELLO))


async def test_blocks_that_slack_refuses_leave_the_text(desk: Desk) -> None:
    bad = MessagePayload("what it says", ({"type": "nonsense"},))
    sent = await desk.do(desk.poster.post("C0FLEET", Posting(bad)))
    assert desk.slack.messages["C0FLEET", sent.ts]["text"] == "what it says"
    assert "blocks" not in desk.slack.messages["C0FLEET", sent.ts]


async def test_a_private_answer_is_ephemeral_and_its_files_are_sent_directly(desk: Desk) -> None:
    posting = Posting(payload("first"), (payload("more"),), (Snippet("a.txt", "A", "a"),))
    await desk.do(desk.poster.ephemeral("C0FLEET", "U0ADA", posting, thread_ts="9.0"))
    shown = [args for _, method, args in desk.slack.calls if method == "chat.postEphemeral"]
    assert [(args["text"], args["user"], args["thread_ts"]) for args in shown] == [
        ("first", "U0ADA", "9.0"),
        ("more", "U0ADA", "9.0"),
    ]
    assert desk.slack.texts() == []
    assert desk.slack.files[0]["channel"] == "D0ADA"


async def test_a_direct_message_by_user_id(desk: Desk) -> None:
    assert (await desk.do(desk.poster.post("U0ADA", HELLO))).channel == "D0ADA"


async def test_a_message_is_edited_with_its_blocks(desk: Desk) -> None:
    sent = await desk.do(desk.poster.post("C0FLEET", HELLO))
    await desk.do(desk.poster.edit(sent, payload("changed")))
    shown = desk.slack.messages["C0FLEET", sent.ts]
    assert (shown["text"], shown["blocks"]) == ("changed", [text("changed")])


async def test_a_message_that_is_gone_is_said(desk: Desk) -> None:
    with pytest.raises(MessageGone):
        await desk.do(desk.poster.edit(Sent("C0FLEET", "77.0"), payload("changed")))


async def test_permalinks_and_none_where_there_is_none(desk: Desk) -> None:
    assert await desk.do(desk.poster.permalink(Sent("C0FLEET", "1.0"))) == "https://x.example/1.0"
    desk.slack.refusals["chat.getPermalink"] = [Refusal("message_not_found")]
    assert await desk.do(desk.poster.permalink(Sent("C0FLEET", "2.0"))) == ""
