"""Rate limits: where they begin, what Retry-After says, and who breaks a rule."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.demo import BOT_TOKEN
from bot.sandbox.limits import POST_PER_CHANNEL, RateLimiter, Tier
from bot.sandbox.server import Sandbox
from tests.sandbox.clock import Clock


async def refused_after(client: AsyncWebClient, method: str, arguments: dict[str, str]) -> tuple[int, int]:
    """Call until it is refused; return how many calls passed and what Retry-After said."""
    for passed in range(1000):
        try:
            await client.api_call(method, params=arguments)
        except SlackApiError as error:
            assert error.response.status_code == 429
            assert error.response["error"] == "ratelimited"
            return passed, int(error.response.headers["Retry-After"])
    raise AssertionError("never refused")


async def test_messages_in_one_channel_are_limited_and_other_channels_are_not(
    sandbox: Sandbox, client: AsyncWebClient, clock: Clock
) -> None:
    to_fleet = {"channel": "C0FLEET", "text": "x"}
    assert await refused_after(client, "chat.postMessage", to_fleet) == (POST_PER_CHANNEL.burst, 1)
    await client.chat_postMessage(channel="C0LAB", text="x")
    clock.advance(1)
    await client.chat_postMessage(channel="C0FLEET", text="x")
    assert sandbox.workspace.violations == []


async def test_updates_are_limited_by_their_tier(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C0FLEET", text="x")
    update = {"channel": "C0FLEET", "ts": posted["ts"], "text": "y"}
    passed, retry_after_s = await refused_after(client, "chat.update", update)
    assert passed == Tier.THREE.value.burst
    assert retry_after_s == 2


async def test_coming_back_too_early_is_a_violation_but_what_was_on_its_way_is_not(
    sandbox: Sandbox, client: AsyncWebClient, clock: Clock
) -> None:
    sandbox.faults.rate_limit("auth.test", times=1, retry_after=30)
    await refused_after(client, "auth.test", {})
    await refused_after(client, "auth.test", {})
    assert sandbox.workspace.violations == []
    clock.advance(10)
    assert await refused_after(client, "auth.test", {}) == (0, 20)
    assert [v.rule for v in sandbox.workspace.violations] == ["retry_after_ignored"]
    clock.advance(20)
    await client.auth_test()


@pytest.mark.slow
async def test_slacks_own_retry_handler_gets_through() -> None:
    async with Sandbox(with_page=False) as sandbox:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=sandbox.api_url)
        client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
        sandbox.faults.rate_limit("auth.test", times=1, retry_after=1)
        await client.auth_test()
        assert sandbox.workspace.violations == []


def test_a_bucket_fills_up_to_its_burst_and_no_further(clock: Clock) -> None:
    limiter = RateLimiter(clock, in_flight_s=0.5)
    clock.advance(3600)
    taken = [limiter.take(("a",), POST_PER_CHANNEL) for _ in range(POST_PER_CHANNEL.burst + 1)]
    assert [refusal is None for refusal in taken] == [True] * POST_PER_CHANNEL.burst + [False]
