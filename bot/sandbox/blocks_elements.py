"""Block Kit elements and composition objects as a table (docs.slack.dev, "Block elements", "Composition objects")."""

from bot.sandbox.blocks_rules import ANY_TEXT, Flag, Items, Rule, Shape, Str, Text, Variant, Whole

ID = Str(255)
URL = Str(3000, pattern=r"(?s)(https?|mailto|slack|tel)://?.+|mailto:.+")
DATE = Str(10, pattern=r"\d{4}-\d{2}-\d{2}")
TIME = Str(5, pattern=r"([01]\d|2[0-3]):[0-5]\d")
NUMBER = Str(40, pattern=r"-?\d+(\.\d+)?")
STYLE = Str(choices=("primary", "danger"))

CONFIRM = Shape(
    {"title": Text(100), "text": Text(300, ANY_TEXT), "confirm": Text(30), "deny": Text(30)}, {"style": STYLE}
)
SLACK_FILE = Shape({}, {"id": Str(255), "url": URL}, one_of=(("id", "url"),))
FILTER = Shape(
    {},
    {
        "include": Items(Str(choices=("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": Flag(),
        "exclude_bot_users": Flag(),
    },
)


def _option(*kinds: str, **more: Rule) -> Shape:
    required: dict[str, Rule] = {"text": Text(75, kinds or ("plain_text",)), "value": Str(150)}
    return Shape(required, {"description": Text(75, kinds or ("plain_text",)), **more})


OPTION = _option()
CHOICE = _option(*ANY_TEXT)
OVERFLOW_OPTION = _option(url=URL)
GROUP = Shape({"label": Text(75), "options": Items(OPTION, 100)})

_COMMON: dict[str, Rule] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": Flag()}
_SELECT: dict[str, Rule] = {**_COMMON, "placeholder": Text(150)}
_MULTI: dict[str, Rule] = {**_SELECT, "max_selected_items": Whole(1, 100)}
_DISPATCH = Shape({}, {"trigger_actions_on": Items(Str(choices=("on_enter_pressed", "on_character_entered")), 2)})
_INPUT: dict[str, Rule] = {
    "action_id": ID,
    "focus_on_load": Flag(),
    "placeholder": Text(150),
    "dispatch_action_config": _DISPATCH,
}
_OPTIONS: dict[str, Rule] = {"options": Items(OPTION, 100), "option_groups": Items(GROUP, 100)}
_EITHER = (("options", "option_groups"),)
_FEEDBACK = Shape({"text": Text(75), "value": Str(2000)}, {"accessibility_label": Str(75)})

ELEMENTS: dict[str, Shape] = {
    "button": Shape(
        {"text": Text(75)},
        {
            "action_id": ID,
            "url": URL,
            "value": Str(2000),
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": Str(75),
        },
    ),
    "checkboxes": Shape({"options": Items(CHOICE, 10)}, {**_COMMON, "initial_options": Items(CHOICE, 10)}),
    "radio_buttons": Shape({"options": Items(CHOICE, 10)}, {**_COMMON, "initial_option": CHOICE}),
    "overflow": Shape({"options": Items(OVERFLOW_OPTION, 5)}, {"action_id": ID, "confirm": CONFIRM}),
    "datepicker": Shape({}, {**_SELECT, "initial_date": DATE}),
    "timepicker": Shape({}, {**_SELECT, "initial_time": TIME, "timezone": Str(100)}),
    "datetimepicker": Shape({}, {**_COMMON, "initial_date_time": Whole(10**9, 10**10 - 1)}),
    "static_select": Shape({}, {**_SELECT, **_OPTIONS, "initial_option": OPTION}, _EITHER),
    "multi_static_select": Shape({}, {**_MULTI, **_OPTIONS, "initial_options": Items(OPTION, 100)}, _EITHER),
    "external_select": Shape({}, {**_SELECT, "initial_option": OPTION, "min_query_length": Whole(0, 150)}),
    "multi_external_select": Shape(
        {}, {**_MULTI, "initial_options": Items(OPTION, 100), "min_query_length": Whole(0, 150)}
    ),
    "users_select": Shape({}, {**_SELECT, "initial_user": ID}),
    "multi_users_select": Shape({}, {**_MULTI, "initial_users": Items(ID, 100)}),
    "conversations_select": Shape(
        {},
        {
            **_SELECT,
            "initial_conversation": ID,
            "default_to_current_conversation": Flag(),
            "response_url_enabled": Flag(),
            "filter": FILTER,
        },
    ),
    "multi_conversations_select": Shape(
        {},
        {
            **_MULTI,
            "initial_conversations": Items(ID, 100),
            "default_to_current_conversation": Flag(),
            "filter": FILTER,
        },
    ),
    "channels_select": Shape({}, {**_SELECT, "initial_channel": ID, "response_url_enabled": Flag()}),
    "multi_channels_select": Shape({}, {**_MULTI, "initial_channels": Items(ID, 100)}),
    "plain_text_input": Shape(
        {},
        {
            **_INPUT,
            "initial_value": Str(3000, minimum=0),
            "multiline": Flag(),
            "min_length": Whole(0, 3000),
            "max_length": Whole(1, 3000),
        },
    ),
    "email_text_input": Shape({}, {**_INPUT, "initial_value": Str(3000)}),
    "url_text_input": Shape({}, {**_INPUT, "initial_value": Str(3000)}),
    "number_input": Shape(
        {"is_decimal_allowed": Flag()},
        {**_INPUT, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
    "file_input": Shape({}, {"action_id": ID, "filetypes": Items(Str(40), 100), "max_files": Whole(1, 10)}),
    "feedback_buttons": Shape({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": ID}),
    "icon_button": Shape(
        {"icon": Str(choices=("trash",)), "text": Text(75)},
        {
            "action_id": ID,
            "value": Str(2000),
            "confirm": CONFIRM,
            "accessibility_label": Str(75),
            "visible_to_user_ids": Items(ID, 100),
        },
    ),
    "image": Shape(
        {"alt_text": Str(2000)},
        {"image_url": URL, "slack_file": SLACK_FILE},
        one_of=(("image_url", "slack_file"),),
    ),
}

SELECTS = tuple(name for name in ELEMENTS if name.endswith("_select"))
PICKERS = ("datepicker", "timepicker", "datetimepicker")
CHOICES = ("checkboxes", "radio_buttons")
TEXT_INPUTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
SINGLE_SELECTS = tuple(name for name in SELECTS if not name.startswith("multi_"))
INTERACTIVE = tuple(name for name in ELEMENTS if name != "image")

IN_ACTIONS = Variant(ELEMENTS, ("button", "overflow", *CHOICES, *SELECTS, *PICKERS))
IN_SECTION = Variant(ELEMENTS, ("button", "overflow", "image", *CHOICES, *SELECTS, *PICKERS))
IN_INPUT = Variant(ELEMENTS, (*TEXT_INPUTS, *CHOICES, *SELECTS, *PICKERS, "file_input"))
IN_CONTEXT_ACTIONS = Variant(ELEMENTS, ("feedback_buttons", "icon_button"))
