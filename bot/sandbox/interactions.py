"""Trigger ids and response URLs: what an app gets to answer a person with, and how long it lasts."""

import secrets
from dataclasses import dataclass

from bot.sandbox.errors import SlackError
from bot.sandbox.timings import Timings
from bot.sandbox.workspace import Workspace


@dataclass
class Trigger:
    """The right of an app to open one view for a person, for three seconds."""

    app_id: str
    user: str
    expires_at: float
    view_id: str = ""
    is_used: bool = False


@dataclass
class ResponseUrl:
    """The right of an app to answer in a channel five times; `original_ts` is the message a person acted on."""

    app_id: str
    channel: str
    user: str
    expires_at: float
    uses_left: int
    original_ts: str = ""


class Interactions:
    """Hands out trigger ids and response URLs and takes them back."""

    def __init__(self, workspace: Workspace, timings: Timings) -> None:
        self._workspace = workspace
        self._timings = timings
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def new_trigger(self, app_id: str, user: str, view_id: str = "") -> str:
        """Return a trigger id for what a person just did; `view_id` when it was done in a modal."""
        now = self._workspace.now()
        trigger_id = f"{int(now * 1000)}.{self._workspace.team_id}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(app_id, user, now + self._timings.trigger_s, view_id)
        return trigger_id

    def take_trigger(self, trigger_id: str, app_id: str) -> Trigger:
        """Use up a trigger id. Raises SlackError `invalid_…`, `exchanged_…` or `expired_trigger_id`."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None or trigger.app_id != app_id:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._workspace.now() > trigger.expires_at:
            raise SlackError("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def new_url(self, kind: str, app_id: str, channel: str, user: str, original_ts: str = "") -> str:
        """Return the address to answer at; `kind` is `commands` or `actions`."""
        secret = secrets.token_urlsafe(18)
        expires_at = self._workspace.now() + self._timings.response_url_s
        self._urls[secret] = ResponseUrl(
            app_id, channel, user, expires_at, self._timings.response_url_uses, original_ts
        )
        return f"{self._workspace.base_url}/{kind}/{self._workspace.team_id}/{secret}"

    def take_url(self, secret: str) -> ResponseUrl:
        """Use one of the five answers. Raises SlackError `invalid_url`, `expired_url` or `used_url`."""
        url = self._urls.get(secret)
        if url is None:
            raise SlackError("invalid_url")
        if self._workspace.now() > url.expires_at:
            raise SlackError("expired_url")
        if url.uses_left <= 0:
            raise SlackError("used_url")
        url.uses_left -= 1
        return url
