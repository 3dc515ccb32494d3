"""Reads the page's HTML strictly: what is open must be closed, and nothing but known tags may appear."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from bot.sandbox.model import Json, Message, User
from bot.sandbox.page_model import Model
from bot.sandbox.page_paint import Painter
from bot.sandbox.workspace import Workspace
from ops import render

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
_TEXT = "a b i s u code pre blockquote br div span svg use title time mark ul ol li p hr table tr th td"
_BLOCKS = "article section figure figcaption img button input label small textarea thead tbody path rect circle g"
TEXT_TAGS = frozenset(_TEXT.split())
MESSAGE_TAGS = TEXT_TAGS | frozenset(_BLOCKS.split())
LINKS = ("http://", "https://", "mailto:", "tel:", "/", "#")


@dataclass
class Found:
    """What a piece of HTML holds."""

    text: str = ""
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]


class _Reader(HTMLParser):
    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.allowed = allowed
        self.found = Found()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed, f"<{tag}> must not appear"
        self.found.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{name}= must not appear"
            if name in ("href", "src") and value:
                assert value.lower().startswith(LINKS), f"{name}={value!r} must not appear"
            self.found.attributes.append((tag, name, value or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag, f"</{tag}> is crossed with another tag"

    def handle_data(self, data: str) -> None:
        if "title" not in self.open:
            self.found.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment must not appear: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration must not appear: {decl!r}")


def read(html: str, allowed: frozenset[str] = MESSAGE_TAGS) -> Found:
    """Parse HTML; fail on unknown tags, handlers, unsafe links and tags that cross."""
    reader = _Reader(allowed)
    reader.feed(html)
    reader.close()
    assert not reader.open, f"left open: {reader.open}"
    return reader.found


def paint(workspace: Workspace, message: Message, viewer: str = "ada") -> str:
    """Return the HTML of a message as the page serves it."""
    user = workspace.find_user(viewer)
    assert isinstance(user, User)
    model = Model(workspace, user)
    item = model.item(message, None)
    return render.render("sandbox/one.html.j2", item=item, in_thread=False, model=model, ui=Painter(model))


def paint_blocks(*blocks: Json, viewer: str = "ada") -> str:
    """Return the HTML of a bot's message made of blocks."""
    workspace = Workspace.demo()
    app = next(iter(workspace.apps.values()))
    message = Message(
        workspace.new_ts(), "C0FLEET", user=app.bot_user_id, bot_id=app.bot_id, app_id=app.app_id, blocks=blocks
    )
    return paint(workspace, message, viewer)
