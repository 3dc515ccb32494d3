"""How a person's driver talks to the sandbox: one HTTP session, JSON there and back, a stream of changes."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.sandbox.model import Json


class PersonError(Exception):
    """The workspace refused what a person tried; `code` as the interface named it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


class News:
    """Tells that something changed since one last asked; many changes at once are told once."""

    def __init__(self, changes: AsyncGenerator[Json, None]) -> None:
        self._changes = changes
        self._is_new = asyncio.Event()
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])

    async def next(self) -> bool:
        """Wait for news; false once the stream has ended. Raises what broke it."""
        await self._is_new.wait()
        self._is_new.clear()
        if self._reader.done():
            self._reader.result()
            return False
        return True

    async def _read(self) -> None:
        async with aclosing(self._changes) as changes:
            try:
                async for _ in changes:
                    self._is_new.set()
            finally:
                self._is_new.set()


class PersonHttp:
    """The connection of one person; opens with the first call."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def changes(self) -> AsyncGenerator[Json, None]:
        """Yield what changes from now on, first a `hello`."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        request = self._open().get(f"{self._url}/ui/changes", params={"user": self.name}, timeout=timeout)
        async with request as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def get(self, path: str, **query: str | None) -> Json:
        """Read something. Raises PersonError."""
        params = {key: value for key, value in query.items() if value is not None}
        async with self._open().get(self._url + path, params={"user": self.name, **params}) as response:
            return _checked(await response.json())

    async def post(self, path: str, **body: Any) -> Json:
        """Do something as this person. Raises PersonError."""
        return _checked(await self.post_raw(path, **body))

    async def post_raw(self, path: str, **body: Any) -> Json:
        """Do something as this person and return the answer, refusals too."""
        async with self._open().post(self._url + path, json={"user": self.name, **body}) as response:
            answer: Json = await response.json()
            return answer

    async def post_form(self, path: str, form: aiohttp.FormData) -> Json:
        """Send a form with files. Raises PersonError."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._open().post(self._url + path, data=form, timeout=timeout) as response:
            return _checked(await response.json())

    async def read(self, path: str) -> bytes:
        """Download something."""
        async with self._open().get(self._url + path) as response:
            response.raise_for_status()
            return await response.read()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def _checked(answer: Json) -> Json:
    if not answer.get("ok"):
        raise PersonError(str(answer.get("error", "")), str(answer.get("message", "")))
    return answer
