"""What a person sees, and how they find a button by its words or an input by its label."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.sandbox.model import Json
from bot.sandbox.plain import blocks_text


@dataclass(frozen=True)
class Seen:
    """A message as a person sees it; `plain` is all of its text, `raw` everything the interface says about it."""

    ts: str
    channel: str
    plain: str
    raw: Json = field(repr=False)

    @property
    def blocks(self) -> list[Json]:
        """Return its blocks, those of attachments last."""
        nested = [block for attachment in self.raw["attachments"] for block in attachment.get("blocks") or ()]
        return [*self.raw["blocks"], *nested]

    @property
    def thread_ts(self) -> str:
        """Return the thread it is in, or nothing."""
        return str(self.raw["thread_ts"])

    @property
    def is_ephemeral(self) -> bool:
        """Tell whether only this person sees it."""
        return bool(self.raw["ephemeral"])

    @property
    def author(self) -> str:
        """Return the name of who wrote it."""
        return str(self.raw["user"]["name"])

    @property
    def files(self) -> list[Json]:
        """Return the files it shows."""
        return list(self.raw["files"])

    @property
    def place(self) -> Json:
        """Return how the interface names it."""
        return {"channel": self.channel, "ts": self.ts}


@dataclass(frozen=True)
class SeenView:
    """A modal or home tab as a person sees it."""

    id: str
    title: str
    plain: str
    raw: Json = field(repr=False)

    @property
    def blocks(self) -> list[Json]:
        """Return its blocks."""
        return list(self.raw["blocks"])

    @property
    def place(self) -> Json:
        """Return how the interface names it."""
        return {"view_id": self.id}


Target: TypeAlias = Seen | SeenView


@dataclass(frozen=True)
class Given:
    """How a slash command ended: acknowledged or not, and after how many milliseconds."""

    command: str
    acked: bool
    ack_ms: float


def seen(raw: Json) -> Seen:
    """Read a message."""
    return Seen(raw["ts"], raw["channel"], raw["plain"], raw)


def seen_view(raw: Json) -> SeenView:
    """Read a view."""
    title = str((raw["title"] or {}).get("text", ""))
    return SeenView(raw["id"], title, f"{title}\n{blocks_text(raw['blocks'])}", raw)


def find_element(target: Target, what: str) -> tuple[str, Json]:
    """Find an element by action_id, or by the words on it; return its block_id too. Raises LookupError."""
    every = list(elements(target.blocks))
    for block, element in every:
        if what in (element.get("action_id"), _words(element)):
            return str(block["block_id"]), element
    for block, element in every:
        if what in (block["block_id"], _words(block)):
            return str(block["block_id"]), element
    known = [f"{_words(e) or e['type']} ({e.get('action_id')})" for _, e in every]
    raise LookupError(f"there is no {what!r} here, but: {', '.join(known) or 'nothing to act on'}")


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each interactive element with its block."""
    for block in blocks:
        held = [block.get("accessory"), block.get("element")]
        held += block["elements"] if block["type"] in ("actions", "context_actions") else []
        for element in held:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def option_value(element: Json, wanted: str) -> str:
    """Return the value of the option with this value or these words; the words themselves when there is none."""
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    options = [option for group in groups for option in group["options"]]
    for option in options:
        if wanted in (option["value"], option["text"]["text"]):
            return str(option["value"])
    if options:
        texts = ", ".join(option["text"]["text"] for option in options)
        raise LookupError(f"there is no option {wanted!r} here, but: {texts}")
    return wanted


def _words(holder: Json) -> str:
    for name in ("text", "label", "placeholder"):
        value = holder.get(name)
        if isinstance(value, dict):
            return str(value.get("text", ""))
    return ""
