"""A person of the workspace as tests and the story drive one: writes, clicks, fills in, waits for what appears.

Speaks the JSON interface of `bot.sandbox.ui` over HTTP and waits on its stream of changes; nothing polls.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from bot.sandbox.model import Json
from bot.sandbox.person_http import News, PersonError, PersonHttp
from bot.sandbox.seen import Given, Seen, SeenView, Target, find_element, option_value, seen, seen_view

__all__ = ["Given", "Person", "PersonError", "Seen", "SeenView"]

T = TypeVar("T")
SCREEN = 200  # how many messages someone looks through while waiting for one


class Person(PersonHttp):
    """One person, by name; all methods raise PersonError when the workspace refuses."""

    # doing

    async def say(self, channel: str, text: str, thread_ts: str | None = None) -> Seen:
        """Write a message and return it."""
        body = await self.post("/ui/message", channel=channel, text=text, thread_ts=thread_ts)
        return seen(body["message"])

    async def command(self, text: str, channel: str, thread_ts: str | None = None) -> Given:
        """Give a slash command; returns once it is acknowledged, or refused, or three seconds are over."""
        body = await self.post("/ui/message", channel=channel, text=text, thread_ts=thread_ts)
        return Given(str(body["command"]), bool(body["acked"]), float(body["ack_ms"]))

    async def upload(self, channel: str, path: Path, comment: str = "", thread_ts: str = "") -> Seen:
        """Drop a file into a channel and return the message that shows it."""
        form = aiohttp.FormData(quote_fields=False)  # as browsers send names
        fields = {"user": self.name, "channel": channel, "initial_comment": comment, "thread_ts": thread_ts}
        for name, value in fields.items():
            form.add_field(name, value)
        with path.open("rb") as stream:
            form.add_field("file", stream, filename=path.name)
            return seen((await self.post_form("/ui/upload", form))["message"])

    async def click(self, target: Target, what: str, filled: dict[str, Any] | None = None) -> Json:
        """Press a button, found by its words or its action_id; `filled` is what a modal's inputs hold by then."""
        block_id, element = find_element(target, what)
        values = await self._state(target, filled or {})
        return await self._act(target, block_id, element, element.get("value", ""), values)

    async def choose(self, target: Target, what: str, value: str | list[str]) -> Json:
        """Choose options by their words or values, a person or a channel by name, in a select or a menu."""
        block_id, element = find_element(target, what)
        return await self._act(target, block_id, element, await self._value(element, value))

    async def submit(self, view: SeenView, values: dict[str, Any] | None = None) -> dict[str, str]:
        """Fill in a modal, inputs named by block_id, action_id or label, and submit it; return the errors shown."""
        answer = await self.post_raw("/ui/view/submit", view_id=view.id, values=await self._state(view, values or {}))
        if "errors" in answer:
            return {str(key): str(text) for key, text in answer["errors"].items()}
        if not answer["ok"]:
            raise PersonError(str(answer["error"]), str(answer.get("message", "")))
        return {}

    async def close(self, view: SeenView) -> None:
        """Close a modal without submitting it."""
        await self.post("/ui/view/close", view_id=view.id)

    async def open_home(self) -> SeenView | None:
        """Look at the app's home tab; returns what is published at this moment."""
        body = await self.post("/ui/home")
        return seen_view(body["home"]) if body["home"] else None

    async def options(self, target: Target, what: str, query: str) -> list[str]:
        """Type into a select whose options the app provides; return the words of the options."""
        block_id, element = find_element(target, what)
        names = {"block_id": block_id, "action_id": element["action_id"], "value": query}
        body = await self.post("/ui/options", **target.place, **names)
        return [str(option["text"]["text"]) for option in body["options"]]

    async def invite(self, who: str, channel: str) -> None:
        """Bring someone, a bot too, into a channel."""
        await self.post("/ui/invite", guest=who, channel=channel)

    async def react(self, message: Seen, emoji: str) -> None:
        """Put an emoji under a message."""
        await self.post("/ui/reaction", channel=message.channel, ts=message.ts, name=emoji)

    async def open_im(self, other: str) -> str:
        """Open the direct message with someone, a bot too, and return its channel id."""
        body = await self.post("/ui/im", other=other)
        return str(body["channel"]["id"])

    # seeing

    async def messages(
        self,
        channel: str,
        thread_ts: str | None = None,
        after_ts: str | None = None,
        *,
        limit: int | None = None,
    ) -> list[Seen]:
        """Return what the person sees in a channel, or in a thread with its parent, oldest first."""
        last = str(limit) if limit else None
        body = await self.get("/ui/messages", channel=channel, thread_ts=thread_ts, after_ts=after_ts, limit=last)
        return [seen(raw) for raw in body["messages"]]

    async def views(self) -> list[SeenView]:
        """Return the open modals, the one on top last."""
        return [seen_view(raw) for raw in (await self.get("/ui/views"))["views"]]

    async def home(self) -> SeenView | None:
        """Return the home tab as it is now."""
        raw = (await self.get("/ui/views"))["home"]
        return seen_view(raw) if raw else None

    async def channels(self) -> Json:
        """Return channels, people, groups, commands and apps."""
        return await self.get("/ui/channels")

    # waiting

    async def wait_for(self, look: Callable[[], Awaitable[T | None]], timeout_s: float = 10.0) -> T:
        """Look now and after each change until there is something; return it. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s), News(self.changes()) as news:
            while await news.next():
                found = await look()
                if found:
                    return found
        raise TimeoutError("the workspace closed while waiting")

    async def wait_for_message(
        self,
        channel: str,
        containing: str,
        thread_ts: str | None = None,
        after_ts: str | None = None,
        *,
        timeout_s: float = 10.0,
    ) -> Seen:
        """Wait for a message with these words among the last ones, later than `after_ts`.

        Returns the newest such message; raises TimeoutError that shows what was there instead.
        """
        last: list[Seen] = []

        async def look() -> Seen | None:
            last[:] = await self.messages(channel, thread_ts, after_ts, limit=SCREEN)
            return next((message for message in reversed(last) if containing in message.plain), None)

        try:
            return await self.wait_for(look, timeout_s)
        except TimeoutError as error:
            shown = "\n".join(message.plain for message in last[-5:])
            raise TimeoutError(f"no message with {containing!r} in {timeout_s:g} s; last:\n{shown}") from error

    async def wait_for_view(self, title: str, containing: str = "", *, timeout_s: float = 10.0) -> SeenView:
        """Wait until the modal on top has this title, and these words. Raises TimeoutError."""

        async def look() -> SeenView | None:
            top = (await self.views())[-1:]
            return next((view for view in top if view.title == title and containing in view.plain), None)

        return await self.wait_for(look, timeout_s)

    # parts

    async def _act(
        self, target: Target, block_id: str, element: Json, value: Any, values: Json | None = None
    ) -> Json:
        names = {"block_id": block_id, "action_id": element["action_id"], "value": value, "values": values or {}}
        return await self.post("/ui/action", **target.place, **names)

    async def _state(self, target: Target, values: dict[str, Any]) -> Json:
        state: Json = {}
        for what, value in values.items():
            block_id, element = find_element(target, what)
            state.setdefault(block_id, {})[element["action_id"]] = await self._value(element, value)
        return state

    async def _value(self, element: Json, value: Any) -> Any:
        if isinstance(value, list):
            return [await self._value(element, item) for item in value]
        kind = element["type"]
        if kind.endswith(("users_select", "channels_select", "conversations_select")):
            return await self._id_of(str(value))
        return option_value(element, value) if isinstance(value, str) else value

    async def _id_of(self, name: str) -> str:
        known = await self.channels()
        for thing in [*known["users"], *known["channels"]]:
            if name.removeprefix("@").removeprefix("#") in (thing["id"], thing["name"]):
                return str(thing["id"])
        return name
