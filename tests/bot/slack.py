"""A Slack that lives in memory and a clock whose hands the test turns, for what posts and what follows jobs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.sandbox.blocks import message_problems

_REAL_PATIENCE_S = 10.0


class HandClock:
    """A clock that stands until it is turned. Waits end in virtual time."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self._waits: list[tuple[float, asyncio.Event]] = []  # when each wait that has not ended is over

    def now(self) -> float:
        return self.time

    async def wait(self, event: asyncio.Event | None, timeout_s: float) -> None:
        wait = (self.time + timeout_s, asyncio.Event())
        self._waits.append(wait)
        reasons = {asyncio.create_task(one.wait()) for one in (wait[1], event) if one is not None}
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waits.remove(wait)
            for reason in reasons:
                reason.cancel()

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
        for end, over in self._waits:
            if end <= self.time:
                over.set()

    async def settle(self, work: "asyncio.Task[Any]") -> Any:
        """Turn the hands to the end of each wait until the work is done."""
        async with asyncio.timeout(_REAL_PATIENCE_S):
            while not work.done():
                await calm()
                if not work.done() and self._waits:
                    self.turn(max(min(end for end, _ in self._waits) - self.time, 0.0))
        return work.result()


async def calm() -> None:
    """Let everything run that can, what goes through a thread included."""
    for _ in range(20):
        await asyncio.to_thread(lambda: None)
        await asyncio.sleep(0)


@dataclass
class Refusal:
    """What the fake answers instead of doing it: an error code, and a status with Retry-After for 429."""

    error: str
    status: int = 200
    retry_after_s: int | None = None


@dataclass
class FakeSlack:
    """Implements `bot.poster_calls.Client`; refuses what Slack would refuse, and what the test lines up."""

    clock: HandClock
    calls: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, list[Refusal | Exception]] = field(default_factory=dict)
    joined: set[str] = field(default_factory=lambda: {"C0FLEET"})
    joinable: set[str] = field(default_factory=set)

    async def api_call(
        self, api_method: str, *, json: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> AsyncSlackResponse:
        args = json or params or {}
        self.calls.append((self.clock.now(), api_method, args))
        self._refuse(api_method)
        if message_problems(args.get("blocks", [])):
            self._raise(api_method, Refusal("invalid_blocks"))
        return self._answer(api_method, self._methods()[api_method](args))

    async def files_upload_v2(
        self, *, file_uploads: list[dict[str, Any]], channel: str, thread_ts: str | None
    ) -> AsyncSlackResponse:
        self.calls.append((self.clock.now(), "files_upload_v2", {"channel": channel, "thread_ts": thread_ts}))
        self._refuse("files_upload_v2")
        self.files += [one | {"channel": channel, "thread_ts": thread_ts} for one in file_uploads]
        return self._answer("files.completeUploadExternal", {})

    def times(self, method: str) -> list[float]:
        """Return when a method was called, in seconds since the beginning."""
        return [round(at - 1_000.0, 3) for at, name, _ in self.calls if name == method]

    def texts(self, channel: str = "C0FLEET", thread_ts: str = "") -> list[str]:
        """Return the texts of a channel, or of a thread, in order."""
        return [
            str(one["text"])
            for (where, _), one in self.messages.items()
            if where == channel and one.get("thread_ts", "") == thread_ts
        ]

    def _methods(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._ephemeral,
            "chat.update": self._update,
            "chat.getPermalink": lambda args: {"permalink": f"https://x.example/{args['message_ts']}"},
            "conversations.join": self._join,
        }

    def _post(self, args: dict[str, Any]) -> dict[str, Any]:
        channel = args["channel"]
        if channel.startswith("U"):
            channel = f"D{channel[1:]}"
        elif channel not in self.joined:
            self._raise("chat.postMessage", Refusal("not_in_channel"))
        ts = f"{len(self.messages) + 1}.000000"
        self.messages[channel, ts] = dict(args)
        return {"channel": channel, "ts": ts}

    def _ephemeral(self, args: dict[str, Any]) -> dict[str, Any]:
        if args["channel"] not in self.joined:
            self._raise("chat.postEphemeral", Refusal("channel_not_found"))
        return {"message_ts": "0"}

    def _update(self, args: dict[str, Any]) -> dict[str, Any]:
        key = (args["channel"], args["ts"])
        if key not in self.messages:
            self._raise("chat.update", Refusal("message_not_found"))
        self.messages[key] |= args
        return {"channel": key[0], "ts": key[1]}

    def _join(self, args: dict[str, Any]) -> dict[str, Any]:
        if args["channel"] not in self.joinable:
            self._raise("conversations.join", Refusal("method_not_supported_for_channel_type"))
        self.joined.add(args["channel"])
        return {}

    def _refuse(self, method: str) -> None:
        if lined_up := self.refusals.get(method):
            refusal = lined_up.pop(0)
            if isinstance(refusal, Exception):
                raise refusal
            self._raise(method, refusal)

    def _raise(self, method: str, refusal: Refusal) -> None:
        headers = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
        validate: Callable[[], object] = self._response(
            method, {"ok": False, "error": refusal.error}, headers, refusal.status
        ).validate
        validate()  # raises SlackApiError, as the real client does

    def _answer(self, method: str, data: Mapping[str, Any]) -> AsyncSlackResponse:
        return self._response(method, {"ok": True, **data}, {}, 200)

    @staticmethod
    def _response(method: str, data: dict[str, Any], headers: dict[str, str], status: int) -> AsyncSlackResponse:
        return AsyncSlackResponse(
            client=AsyncWebClient(),
            http_verb="POST",
            api_url=method,
            req_args={},
            data=data,
            headers=headers,
            status_code=status,
        )
