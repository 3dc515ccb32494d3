"""What a command answers, before it is phrased for Slack (`bot.views`) or for a terminal (`bot.terminal`).

Texts use only what both faces can show: `code` in backticks and *bold*; everything else is shown as it stands,
so a text from a host or a file can never become markup.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ops.model import Actor
from ops.services import Jobs, Services
from ops.work import JobRequest, StepState


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads somewhere."""

    text: str
    url: str


Cell = str | StepState | Link


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column; numbers are aligned right."""

    title: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `empty` is the sentence shown instead of a table without rows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Preformatted lines, such as a host's logs; `title` says whose."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button that gives a command, as if it had been typed by whoever presses it."""

    label: str
    command: str
    style: Literal["", "primary", "danger"] = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `data` is the same as plain values for `--json`, `private` is shown to the asker alone."""

    parts: tuple[Text | Table | Code, ...]
    data: object = None
    buttons: tuple[Button, ...] = ()
    private: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class OpenForm:
    """Ask for more in a modal (Slack) or by prompts (terminal); `form` names it, `initial` fills it in."""

    form: str
    initial: Mapping[str, str] = field(default_factory=dict)


Answer = Reply | JobRequest | OpenForm


@dataclass(frozen=True)
class Call:
    """One command being given: by whom, through which face, with what at hand.

    `request_id` is Slack's id of the request, the job's id if it starts one.
    """

    services: Services
    jobs: Jobs
    actor: Actor
    request_id: str
    face: Literal["slack", "terminal"]
    prefix: str  # "/flsvc" or "flsvc", for sentences that say what to type
    may: Callable[[str], bool] = lambda _role: True  # does the asker hold a role: "viewer", "operator"
    permalink: str = ""


def text(sentence: str, *, private: bool = False, data: object = None, buttons: Sequence[Button] = ()) -> Reply:
    """Answer with one paragraph."""
    return Reply(
        (Text(sentence),),
        data=data if data is not None else {"text": sentence},
        private=private,
        buttons=tuple(buttons),
    )


def failure(sentence: str, output: str = "") -> Reply:
    """Answer the asker alone with what went wrong."""
    parts: tuple[Text | Code, ...] = (Text(sentence), Code("Last lines", output)) if output else (Text(sentence),)
    return Reply(parts, data={"error": sentence, "output": output}, private=True, failed=True)
