"""Whatever an app sends, a method answers or refuses by Slack's codes; it never breaks."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.api import METHODS, Call
from bot.sandbox.args import Args
from bot.sandbox.core import Core
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Message
from bot.sandbox.server import API_MODULES
from bot.sandbox.timings import Timings
from bot.sandbox.workspace import Workspace
from tests.sandbox.clock import Clock
from tests.sandbox.test_blocks import ANYTHING

assert API_MODULES
NAMES = [
    "attachments", "blocks", "bot", "channel", "channel_id", "channels", "cursor", "email", "error", "external_id",
    "file", "filename", "files", "hash", "inclusive", "initial_comment", "latest", "length", "limit", "message_ts",
    "metadata", "name", "oldest", "reply_broadcast", "text", "thread_ts", "timestamp", "trigger_id", "ts", "types",
    "user", "user_id", "usergroup", "users", "view", "view_id",
]  # fmt: skip
DIVIDER = {"type": "divider"}
HOME = {"type": "home", "blocks": [DIVIDER]}
LIKELY = st.sampled_from(
    [
        "C0FLEET",
        "#lab",
        "U0ADA",
        "B0FLSVC00",
        "F0",
        "1800000000.000001",
        "yes",
        "5",
        "eyes",
        "im",
        "{",
        [DIVIDER],
        HOME,
    ]
)
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES), LIKELY | ANYTHING, max_size=12)


async def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    workspace = Workspace.demo(clock=Clock())
    core = Core(workspace, Timings(retry_delays_s=()))
    app = workspace.app
    workspace.post(Message("1800000000.000001", "C0FLEET", "x", user=app.bot_user_id, app_id=app.app_id))
    try:
        return await METHODS[name].handler(Call(core, app, Args(arguments), name))
    except SlackError as error:
        return error.to_json()
    finally:
        await core.close()
        workspace.close()


@pytest.mark.parametrize("name", sorted(METHODS))
@settings(max_examples=40, deadline=None)
@given(arguments=ARGUMENTS)
def test_a_method_takes_anything(name: str, arguments: dict[str, Any]) -> None:
    answer = asyncio.run(call(name, arguments))
    assert answer.get("ok", True) or answer["error"]
