"""Rich text as a table (docs.slack.dev, "Rich text block")."""

from bot.sandbox.blocks_elements import URL
from bot.sandbox.blocks_rules import Flag, Items, Rule, Shape, Str, Variant, Whole

_MANY = 1000
_STYLE = Shape(
    {},
    {
        name: Flag()
        for name in ("bold", "italic", "strike", "underline", "code", "highlight", "client_highlight", "unlink")
    },
)
_STYLED: dict[str, Rule] = {"style": _STYLE}

INLINE: dict[str, Shape] = {
    "text": Shape({"text": Str(12_000)}, _STYLED),
    "link": Shape({"url": URL}, {**_STYLED, "text": Str(12_000), "unsafe": Flag()}),
    "emoji": Shape({"name": Str(100)}, {**_STYLED, "unicode": Str(100), "skin_tone": Whole(1, 6)}),
    "user": Shape({"user_id": Str(255)}, _STYLED),
    "usergroup": Shape({"usergroup_id": Str(255)}, _STYLED),
    "channel": Shape({"channel_id": Str(255)}, _STYLED),
    "team": Shape({"team_id": Str(255)}, _STYLED),
    "broadcast": Shape({"range": Str(choices=("here", "channel", "everyone"))}, _STYLED),
    "color": Shape({"value": Str(20)}, _STYLED),
    "date": Shape({"timestamp": Whole(), "format": Str(300)}, {**_STYLED, "url": URL, "fallback": Str(300)}),
}
_RUN = Items(Variant(INLINE), _MANY, minimum=0)
_SECTION = Shape({"elements": _RUN})
_BORDER: dict[str, Rule] = {"border": Whole(0, 1)}

PARTS: dict[str, Shape] = {
    "rich_text_section": _SECTION,
    "rich_text_preformatted": Shape(
        {"elements": Items(Variant(INLINE, ("text", "link")), _MANY, minimum=0)}, {**_BORDER, "language": Str(40)}
    ),
    "rich_text_quote": Shape({"elements": _RUN}, _BORDER),
    "rich_text_list": Shape(
        {
            "style": Str(choices=("bullet", "ordered")),
            "elements": Items(Variant({"rich_text_section": _SECTION}), _MANY),
        },
        {**_BORDER, "indent": Whole(0, 8), "offset": Whole()},
    ),
}
RICH_TEXT = Shape({"elements": Items(Variant(PARTS), _MANY)}, {"block_id": Str(255)})
