"""What is sent to Slack: one message, one file, or an answer made of several of both. All of it is plain data."""

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MessagePayload:
    """One message: its blocks, and the text that notifications and screen readers use instead."""

    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text file; its name's ending says what it is."""

    filename: str
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class Posting:
    """An answer: its first message, what follows in that message's thread, and files for the thread."""

    first: MessagePayload
    thread: tuple[MessagePayload, ...] = ()
    files: tuple[Snippet, ...] = ()
