"""Check what an app wants to say: text, blocks and attachments of a message."""

from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox.args import Args
from bot.sandbox.blocks import message_problems, with_block_ids
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Json, Message

TEXT_LIMIT = 40_000  # chat.postMessage: longer text is cut; the sandbox refuses it
UPDATE_TEXT_LIMIT = 4_000  # chat.update: msg_too_long
BLOCKS_TEXT_LIMIT = 13_200  # undocumented: Slack answers msg_blocks_too_long near this sum
ATTACHMENT_LIMIT = 100


@dataclass(frozen=True)
class Content:
    """What a message says; `None` means the argument was not given."""

    text: str | None
    blocks: tuple[Json, ...] | None
    attachments: tuple[Json, ...] | None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to show."""
        return not (self.text or self.blocks or self.attachments)


def read_content(args: Args, *, text_limit: int = TEXT_LIMIT) -> Content:
    """Read and check the content of a message. Raises SlackError by Slack's codes."""
    text = args.text("text") if "text" in args else None
    if text is not None and len(text) > text_limit:
        raise SlackError("msg_too_long", (f"text has {len(text)} characters, the limit is {text_limit}",))
    blocks = _list(args.json("blocks", "invalid_blocks_format"), "invalid_blocks_format")
    attachments = _list(args.json("attachments", "invalid_attachments"), "invalid_attachments")
    content = Content(text, blocks, attachments)
    if content.is_empty:
        raise SlackError("no_text")
    check_blocks(content)
    named = None if attachments is None else tuple(_named(attachment) for attachment in attachments)
    return replace(content, attachments=named)


def _named(attachment: Json) -> Json:
    blocks = attachment.get("blocks")
    return {**attachment, "blocks": list(with_block_ids(blocks))} if blocks else attachment


def replaced(message: Message, content: Content) -> Message:
    """Return a message with new content: `text` without `blocks` removes the blocks."""
    keeps_blocks = content.blocks is None and content.text is None
    return replace(
        message,
        text=message.text if keeps_blocks else content.text or "",
        blocks=message.blocks if keeps_blocks else with_block_ids(content.blocks or ()),
        attachments=message.attachments if content.attachments is None else content.attachments,
    )


def check_blocks(content: Content) -> None:
    """Raise SlackError `invalid_blocks` with every problem, or `msg_blocks_too_long`."""
    blocks = list(content.blocks or ())
    problems = message_problems(blocks)
    if problems:
        raise SlackError("invalid_blocks", tuple(problems))
    if len(content.attachments or ()) > ATTACHMENT_LIMIT:
        raise SlackError("too_many_attachments")
    for index, attachment in enumerate(content.attachments or ()):
        nested = attachment.get("blocks") or []
        problems = message_problems(nested, pointer=f"/attachments/{index}/blocks")
        if problems:
            raise SlackError("invalid_attachments", tuple(problems))
        blocks += nested
    total = text_size(blocks)
    if total > BLOCKS_TEXT_LIMIT:
        raise SlackError(
            "msg_blocks_too_long", (f"{total} characters in all blocks, the limit is {BLOCKS_TEXT_LIMIT}",)
        )


def text_size(node: Any) -> int:
    """Count the characters of every `text` in a tree of blocks."""
    if isinstance(node, list):
        return sum(text_size(item) for item in node)
    if not isinstance(node, dict):
        return 0
    own = len(node["text"]) if isinstance(node.get("text"), str) else 0
    return own + sum(text_size(value) for value in node.values())


def _list(value: Any, code: str) -> tuple[Json, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SlackError(code, ("must provide an array of objects",))
    return tuple(value)
