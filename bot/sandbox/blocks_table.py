"""Block Kit blocks and views as a table: what each may hold, how much of it, and where it may stand.

Source of the numbers: docs.slack.dev, "Blocks" and "Views". Block types that are not here are refused.
"""

from bot.sandbox.blocks_elements import (
    ELEMENTS,
    ID,
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    SLACK_FILE,
    URL,
)
from bot.sandbox.blocks_rich import RICH_TEXT
from bot.sandbox.blocks_rules import ANY_TEXT, Flag, Items, Rule, Shape, Str, Text, Variant

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TABLE_ROWS = 100
TABLE_COLUMNS = 20
TABLE_CHARACTERS = 10_000

_ID: dict[str, Rule] = {"block_id": ID}
_CONTEXT_TEXT = Shape({"text": Str(3000)}, {"emoji": Flag(), "verbatim": Flag()})
_CONTEXT: dict[str, Shape] = {"image": ELEMENTS["image"], "plain_text": _CONTEXT_TEXT, "mrkdwn": _CONTEXT_TEXT}
_CELL: dict[str, Shape] = {
    "raw_text": Shape({"text": Str(TABLE_CHARACTERS)}),
    "rich_text": RICH_TEXT,
}
_COLUMN = Shape({}, {"align": Str(choices=("left", "center", "right")), "is_wrapped": Flag()})

BLOCKS: dict[str, Shape] = {
    "section": Shape(
        {},
        {
            **_ID,
            "text": Text(3000, ANY_TEXT),
            "fields": Items(Text(2000, ANY_TEXT), 10),
            "accessory": IN_SECTION,
            "expand": Flag(),
        },
        one_of=(("text", "fields"),),
    ),
    "divider": Shape({}, _ID),
    "header": Shape({"text": Text(150)}, _ID),
    "image": Shape(
        {"alt_text": Str(2000)},
        {**_ID, "image_url": URL, "slack_file": SLACK_FILE, "title": Text(2000)},
        one_of=(("image_url", "slack_file"),),
    ),
    "actions": Shape({"elements": Items(IN_ACTIONS, 25)}, _ID),
    "context": Shape({"elements": Items(Variant(_CONTEXT), 10)}, _ID),
    "context_actions": Shape({"elements": Items(IN_CONTEXT_ACTIONS, 5)}, _ID),
    "input": Shape(
        {"label": Text(2000), "element": IN_INPUT},
        {**_ID, "hint": Text(2000), "optional": Flag(), "dispatch_action": Flag()},
    ),
    "markdown": Shape({"text": Str(12_000)}, _ID),
    "rich_text": RICH_TEXT,
    "table": Shape(
        {"rows": Items(Items(Variant(_CELL), TABLE_COLUMNS), TABLE_ROWS)},
        {**_ID, "column_settings": Items(_COLUMN, TABLE_COLUMNS, gaps=True)},
    ),
    "file": Shape({"external_id": Str(255), "source": Str(choices=("remote",))}, _ID),
    "video": Shape(
        {"alt_text": Str(2000), "title": Text(199), "thumbnail_url": URL, "video_url": URL},
        {
            **_ID,
            "author_name": Str(49),
            "description": Text(2000),
            "provider_icon_url": URL,
            "provider_name": Str(200),
            "title_url": URL,
        },
    ),
}

_MESSAGE_ONLY = ("context_actions", "file", "markdown", "table")
IN_MESSAGE = Variant(BLOCKS)
IN_VIEW = Variant(BLOCKS, tuple(name for name in BLOCKS if name not in _MESSAGE_ONLY))

_VIEW: dict[str, Rule] = {
    "callback_id": Str(255, minimum=0),
    "external_id": Str(255, minimum=0),
    "private_metadata": Str(3000, minimum=0),
}
VIEWS: dict[str, Shape] = {
    "modal": Shape(
        {"title": Text(24), "blocks": Items(IN_VIEW, VIEW_BLOCKS)},
        {
            **_VIEW,
            "submit": Text(24),
            "close": Text(24),
            "clear_on_close": Flag(),
            "notify_on_close": Flag(),
            "submit_disabled": Flag(),
        },
    ),
    "home": Shape({"blocks": Items(IN_VIEW, VIEW_BLOCKS)}, _VIEW),
}
