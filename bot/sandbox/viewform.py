"""What is in a view: checks, initial values, and the state a person's input makes.

A state value is what Slack sends in `view.state.values`: `{"type": …, "value": …}`, `{"type": …,
"selected_option": …}` and so on, by the type of the element.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bot.sandbox.blocks import elements, view_problems, with_block_ids
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Json, View

VIEW_LIMIT_BYTES = 250_000  # views.open: view_too_large

_TEXTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
_SINGLE = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_MANY = {
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "file_input": "files",
}
STATEFUL = frozenset({*_TEXTS, *_SINGLE, *_MANY})


def check_view(view: Any) -> None:
    """Raise SlackError `view_too_large` or `invalid_arguments` with every problem."""
    if len(json.dumps(view)) > VIEW_LIMIT_BYTES:
        raise SlackError("view_too_large")
    problems = view_problems(view)
    if problems:
        raise SlackError("invalid_arguments", tuple(problems))


def read_view(view: View, body: Json, now_s: float) -> View:
    """Return a view with a new body; what was filled in stays where block_id and action_id are the same."""
    blocks = with_block_ids(body["blocks"])
    return replace(
        view,
        type=body["type"],
        hash=new_hash(now_s),
        blocks=blocks,
        title=body.get("title"),
        submit=body.get("submit"),
        close=body.get("close"),
        callback_id=body.get("callback_id") or "",
        external_id=body.get("external_id") or "",
        private_metadata=body.get("private_metadata") or "",
        clear_on_close=bool(body.get("clear_on_close")),
        notify_on_close=bool(body.get("notify_on_close")),
        state=merged_state(initial_state(blocks), view.state),
    )


def new_hash(now_s: float) -> str:
    """Return a view's hash, which changes with each update."""
    return f"{int(now_s)}.{secrets.token_hex(4)}"


def stateful(blocks: tuple[Json, ...]) -> Iterator[tuple[Json, Json]]:
    """Yield each element that holds a value, with its block."""
    for block in blocks:
        for element in elements(block):
            if element["type"] in STATEFUL:
                yield block, element


def initial_state(blocks: tuple[Json, ...]) -> Json:
    """Return the state of a view nobody has touched."""
    state: Json = {}
    for block, element in stateful(blocks):
        state.setdefault(block["block_id"], {})[element["action_id"]] = _initial(element)
    return state


def merged_state(initial: Json, earlier: Json) -> Json:
    """Return the initial state with what was filled in before, where type and place are still the same."""
    return {
        block_id: {
            action_id: _kept(value, earlier.get(block_id, {}).get(action_id)) for action_id, value in actions.items()
        }
        for block_id, actions in initial.items()
    }


def filled_state(view: View, values: Json) -> Json:
    """Return a view's state with simple values put in: text, an option's value, ids, dates, lists of these."""
    state = {block_id: dict(actions) for block_id, actions in view.state.items()}
    for block, element in stateful(view.blocks):
        given = values.get(block["block_id"])
        if isinstance(given, dict) and element["action_id"] in given:
            value = state_value(element, given[element["action_id"]])
            state.setdefault(block["block_id"], {})[element["action_id"]] = value
    return state


def state_value(element: Json, value: Any) -> Json:
    """Return the state value of one element for a simple value. Raises ValueError for an option it has not."""
    kind = element["type"]
    if isinstance(value, dict):
        return {**value, "type": kind}
    if kind in _SINGLE:
        chosen = option_of(element, value) if _SINGLE[kind] == "selected_option" and value else value or None
        return {"type": kind, _SINGLE[kind]: chosen}
    if kind in _MANY:
        several = value if isinstance(value, list) else [value] if value else []
        is_options = _MANY[kind] == "selected_options"
        return {"type": kind, _MANY[kind]: [option_of(element, v) if is_options else v for v in several]}
    return {"type": kind, "value": str(value) if value not in (None, "") else None}


def option_of(element: Json, value: Any) -> Json:
    """Return the option with a value. Raises ValueError when the element has options but not this one."""
    if isinstance(value, dict):
        return value
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    options = [option for group in groups for option in group["options"]]
    found = next((option for option in options if option["value"] == value), None)
    if found:
        return dict(found)
    if options:
        raise ValueError(f"{value!r} is no option of {element.get('action_id')}")
    return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": str(value)}


def is_filled(value: Json) -> bool:
    """Tell whether a state value holds anything."""
    return any(part not in (None, "", []) for name, part in value.items() if name != "type")


def _kept(fresh: Json, earlier: Json | None) -> Json:
    return earlier if earlier and earlier.get("type") == fresh["type"] and is_filled(earlier) else fresh


def _initial(element: Json) -> Json:
    kind = element["type"]
    if kind in _SINGLE:
        name = _SINGLE[kind].replace("selected", "initial")
        return {"type": kind, _SINGLE[kind]: element.get(name)}
    if kind in _MANY:
        name = _MANY[kind].replace("selected", "initial")
        return {"type": kind, _MANY[kind]: element.get(name) or []}
    return {"type": kind, "value": element.get("initial_value") or None}
