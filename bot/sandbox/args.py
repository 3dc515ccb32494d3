"""The arguments of a Web API call: query, form and JSON bodies read alike."""

import json
from typing import Any

from aiohttp import web

from bot.sandbox.errors import SlackError
from bot.sandbox.model import Json

_TRUE = frozenset({"1", "true", "yes", "on"})
_DIGITS = "0123456789"


class Args:
    """Arguments by name; forms and queries hold text, JSON bodies hold anything."""

    def __init__(self, values: Json) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self._values.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def required(self, name: str, code: str = "invalid_arguments") -> str:
        """Return an argument as text. Raises SlackError with `code` when it is missing or empty."""
        value = self.text(name)
        if not value:
            raise SlackError(code, (f"missing required field: {name}",))
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an argument as a truth value."""
        return self.text(name, str(default)).lower() in _TRUE

    def number(self, name: str, default: int, *, maximum: int) -> int:
        """Return a whole number from 1 to `maximum`. Raises SlackError `invalid_limit`."""
        value = self.text(name, str(default))
        if not value or any(letter not in _DIGITS for letter in value) or not 1 <= int(value) <= maximum:
            raise SlackError("invalid_limit", (f"{name} must be from 1 to {maximum}",))
        return int(value)

    def json(self, name: str, code: str) -> Any:
        """Return an argument that is JSON, as an object or as text. Raises SlackError with `code` when it is not."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else None
        except ValueError as error:
            raise SlackError(code, (f"{name} is not valid JSON: {error}",)) from error

    def words(self, name: str) -> list[str]:
        """Return a list given as JSON or as words between commas."""
        value = self._values.get(name)
        if isinstance(value, list):
            return [str(item) for item in value]
        return [word.strip() for word in self.text(name).split(",") if word.strip()]


async def read_args(request: web.Request) -> Args:
    """Read the arguments of a request. Raises SlackError `invalid_json`, `json_not_object`, `invalid_form_data`."""
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        values.update(await _json_body(request))
    elif request.method == "POST":
        try:
            values.update(await request.post())
        except ValueError as error:
            raise SlackError("invalid_form_data") from error
    return Args(values)


async def _json_body(request: web.Request) -> Json:
    text = await request.text()
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body
