"""What templates ask for while they paint blocks: texts as HTML, options, table cells, ids for labels."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from bot.sandbox import page_rich, richtext
from bot.sandbox.model import Channel, User
from bot.sandbox.page_markdown import markdown
from bot.sandbox.page_model import Model
from bot.sandbox.richtext import Html, Reader

Json = Mapping[str, Any]

_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\Z")
_NAMED_COLOURS = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
_ALIGN = frozenset({"left", "center", "right"})


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    html: Html
    align: str
    is_wrapped: bool


@dataclass(frozen=True)
class Option:
    """One choice of a select, an overflow menu, checkboxes or radio buttons."""

    value: str
    label: Html
    text: str
    description: Html
    url: str
    is_chosen: bool


class Names:
    """The names of a workspace, for mentions."""

    def __init__(self, model: Model) -> None:
        self._workspace = model.workspace

    def user_name(self, user_id: str) -> str | None:
        """Return what a person is called."""
        user = self._workspace.users.get(user_id)
        return (user.real_name or user.name) if user else None

    def channel_name(self, channel_id: str) -> str | None:
        """Return what a channel is called."""
        channel = self._workspace.channels.get(channel_id)
        return channel.name if channel else None

    def group_name(self, group_id: str) -> str | None:
        """Return the handle of a group."""
        found = self._workspace.usergroups.get(group_id)
        return found.handle if found else None


class Painter:
    """Paints for one viewer; templates know it as `ui`."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.viewer = model.viewer
        self.query = f"?as={model.viewer.id}"
        zone: tzinfo | None = model.zone or datetime.now().astimezone().tzinfo
        assert zone
        self._reader = Reader(Names(model), model.viewer.id, zone, self.query)

    def mrkdwn(self, text: str) -> Html:
        """Render a message text."""
        return richtext.mrkdwn(text, self._reader)

    def text(self, obj: Json | None) -> Html:
        """Render a text object: plain_text or mrkdwn; nothing when there is none."""
        if not obj:
            return Html()
        text = str(obj.get("text", ""))
        if obj.get("type") == "mrkdwn":
            return richtext.mrkdwn(text, self._reader)
        return richtext.plain_text(text, emoji=bool(obj.get("emoji", True)))

    def plain(self, obj: Json | None) -> str:
        """Return the bare words of a text object, for labels that are read aloud."""
        return str(obj.get("text", "")) if obj else ""

    def rich(self, block: Json) -> Html:
        """Render a rich_text block."""
        return page_rich.rich_text(block, self._reader)

    def markdown(self, text: str) -> Html:
        """Render a markdown block's text."""
        return markdown(text)

    def emoji(self, name: str) -> Html:
        """Render one short code."""
        return richtext.plain_text(f":{name}:")

    def ids(self, scope: str, block_id: str, action_id: str = "") -> str:
        """Return an HTML id that stays the same when a message or view is painted again."""
        return f"{scope}-{zlib.crc32(f'{block_id}|{action_id}'.encode('utf-8', 'replace')):08x}"

    def keyed(self, blocks: Sequence[Json], in_view: bool) -> list[tuple[str, str, Json]]:
        """Return blocks with their ids and the keys by which the script finds them again when they are repainted.

        In a view what was typed belongs to a block_id. In a message the key is the kind and its ordinal: an app that
        edits its message rarely names blocks, and the button under the pointer should stay the same button.
        """
        seen: Counter[str] = Counter()
        keyed = []
        for at, block in enumerate(blocks, 1):
            kind, block_id = str(block.get("type", "")), str(block.get("block_id") or at)
            seen[kind] += 1
            keyed.append((f"{block_id}|{kind}" if in_view else f"{kind}-{seen[kind]}", block_id, block))
        return keyed

    def table(self, block: Json) -> list[list[Cell]]:
        """Return the cells of a table block, row by row."""
        settings = list(block.get("column_settings") or ())
        return [
            [self._cell(cell, settings[at] if at < len(settings) else None) for at, cell in enumerate(row)]
            for row in block.get("rows", ())
        ]

    def _cell(self, cell: Json, setting: Json | None) -> Cell:
        align = str((setting or {}).get("align", "left"))
        return Cell(
            self._cell_html(cell),
            align if align in _ALIGN else "left",
            bool((setting or {}).get("is_wrapped", False)),
        )

    def _cell_html(self, cell: Json) -> Html:
        if cell.get("type") == "rich_text":
            return self.rich(cell)
        text = cell.get("text") if cell.get("text") is not None else cell.get("value", "")
        return richtext.plain_text(str(text))

    def groups(self, element: Json) -> list[tuple[str, list[Option]]]:
        """Return the choices of a static or workspace-backed select, grouped; a label only where groups have one."""
        kind = str(element.get("type", ""))
        chosen = self._chosen(element)
        if "users" in kind:
            return [("", [self._person(user, chosen) for user in self.model.workspace.users.values()])]
        if "channels" in kind:
            return [("", [self._channel(channel, chosen) for channel in self.model.channels()])]
        if "conversations" in kind:
            people = [self._person(user, chosen) for user in self.model.workspace.users.values()]
            return [("Channels", [self._channel(c, chosen) for c in self.model.channels()]), ("People", people)]
        return self.option_groups(element, chosen)

    def option_groups(self, source: Json, chosen: frozenset[str] = frozenset()) -> list[tuple[str, list[Option]]]:
        """Return choices given as `option_groups` or `options`."""
        if source.get("option_groups"):
            return [
                (self.plain(group.get("label")), [self._option(o, chosen) for o in group.get("options", ())])
                for group in source["option_groups"]
            ]
        return [("", [self._option(option, chosen) for option in source.get("options") or ()])]

    def options(self, element: Json) -> list[Option]:
        """Return the choices of checkboxes, radio buttons and overflow menus."""
        return [self._option(option, self._chosen(element)) for option in element.get("options") or ()]

    def chosen(self, element: Json) -> list[Option]:
        """Return what a select shows as chosen before anyone touched it."""
        external = [*(element.get("initial_options") or ()), element.get("initial_option")]
        if "external" in str(element.get("type")):
            return [self._option(option, self._chosen(element)) for option in external if option]
        return [option for _, options in self.groups(element) for option in options if option.is_chosen]

    def _chosen(self, element: Json) -> frozenset[str]:
        values: list[Any] = [*(element.get("initial_options") or ()), element.get("initial_option")]
        chosen = {str(option.get("value", "")) for option in values if option}
        for key in ("user", "channel", "conversation"):
            chosen |= {*(element.get(f"initial_{key}s") or ()), element.get(f"initial_{key}") or ""}
        return frozenset(chosen - {""})

    def _option(self, option: Json, chosen: frozenset[str]) -> Option:
        value, text = str(option.get("value", "")), option.get("text")
        return Option(
            value,
            self.text(text),
            self.plain(text),
            self.text(option.get("description")),
            str(option.get("url") or ""),
            value in chosen,
        )

    def _person(self, user: User, chosen: frozenset[str]) -> Option:
        name = user.real_name or user.name
        return Option(user.id, richtext.plain_text(name), name, Html(), "", user.id in chosen)

    def _channel(self, channel: Channel, chosen: frozenset[str]) -> Option:
        name = f"#{channel.name}"
        return Option(channel.id, richtext.plain_text(name), name, Html(), "", channel.id in chosen)

    def confirm(self, element: Json) -> str:
        """Return the words of an element's confirmation dialog for the script; empty when it asks for none."""
        asked = element.get("confirm")
        if not asked:
            return ""
        parts = {name: self.text(asked.get(name)) for name in ("title", "text", "confirm", "deny")}
        return json.dumps({**parts, "style": asked.get("style", "primary")})

    def link(self, url: object) -> str:
        """Return an address that may be followed, or nothing."""
        return str(url) if richtext.is_safe_link(str(url or "")) else ""

    def image(self, block: Json) -> str:
        """Return the address of an image: one of the web, or a file of the workspace."""
        file = block.get("slack_file") or {}
        file_id = str(file.get("id") or "")
        if not file_id and file.get("url"):
            file_id = next((part for part in str(file["url"]).split("/") if part in self.model.workspace.files), "")
        if file_id in self.model.workspace.files:
            return f"/page/file/{file_id}?as={self.viewer.id}"
        url = str(block.get("image_url") or "")
        return url if url.startswith(("http://", "https://", "/")) and richtext.is_safe_link(url) else ""

    def colour(self, value: object) -> str:
        """Return an attachment's colour, or the grey Slack uses for none."""
        text = str(value or "")
        if text in _NAMED_COLOURS:
            return _NAMED_COLOURS[text]
        match = _COLOUR.match(text)
        return f"#{match[1]}" if match else "#dddddd"

    def ink(self, color: str) -> str:
        """Return a letter colour that can be read on an avatar's colour (WCAG relative luminance)."""
        match = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", color)
        red, green, blue = (int(part, 16) / 255 for part in match.groups()) if match else (0.3, 0.1, 0.3)
        luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
        return "#1d1c1d" if luminance > 0.3 else "#ffffff"

    def moment(self, value: object) -> str:
        """Return a picker's initial value as HTML's date and time inputs take it."""
        if isinstance(value, int):
            return f"{datetime.fromtimestamp(value, self._reader.zone):%Y-%m-%dT%H:%M}"
        return str(value or "")
