"""Forms: initial values, what people fill in, and what Slack's client checks before it sends."""

from typing import Any

import pytest

from bot.sandbox.model import View
from bot.sandbox.viewcheck import REQUIRED, input_errors
from bot.sandbox.viewform import filled_state, initial_state, merged_state, read_view

Json = dict[str, Any]
OPTIONS = [
    {"text": {"type": "plain_text", "text": text}, "value": value}
    for text, value in (("Pi", "arm64"), ("PC", "amd64"))
]
GROUPS = [{"label": {"type": "plain_text", "text": "Arch"}, "options": OPTIONS}]


def form(element: Json, **fields: Any) -> View:
    label = {"type": "plain_text", "text": "L"}
    block = {"type": "input", "block_id": "b", "label": label, "element": {"action_id": "a", **element}, **fields}
    view = View(id="V1", type="modal", user="U0ADA", app_id="A0", hash="")
    return read_view(view, {"type": "modal", "blocks": [block]}, 0.0)


@pytest.mark.parametrize(
    ("element", "given", "value"),
    [
        ({"type": "plain_text_input"}, "x", {"value": "x"}),
        ({"type": "plain_text_input"}, "", {"value": None}),
        ({"type": "number_input"}, 7, {"value": "7"}),
        ({"type": "static_select", "options": OPTIONS}, "arm64", {"selected_option": OPTIONS[0]}),
        ({"type": "static_select", "option_groups": GROUPS}, "amd64", {"selected_option": OPTIONS[1]}),
        ({"type": "static_select", "options": OPTIONS}, None, {"selected_option": None}),
        ({"type": "datepicker"}, {"selected_date": "2026-11-24"}, {"selected_date": "2026-11-24"}),
        ({"type": "radio_buttons", "options": OPTIONS}, "amd64", {"selected_option": OPTIONS[1]}),
        ({"type": "checkboxes", "options": OPTIONS}, ["arm64", "amd64"], {"selected_options": OPTIONS}),
        ({"type": "checkboxes", "options": OPTIONS}, "arm64", {"selected_options": OPTIONS[:1]}),
        ({"type": "multi_static_select", "options": OPTIONS}, [], {"selected_options": []}),
        ({"type": "users_select"}, "U0BEN", {"selected_user": "U0BEN"}),
        ({"type": "multi_users_select"}, ["U0BEN"], {"selected_users": ["U0BEN"]}),
        ({"type": "channels_select"}, "C0FLEET", {"selected_channel": "C0FLEET"}),
        ({"type": "conversations_select"}, "C0FLEET", {"selected_conversation": "C0FLEET"}),
        ({"type": "datepicker"}, "2026-11-24", {"selected_date": "2026-11-24"}),
        ({"type": "timepicker"}, "09:50", {"selected_time": "09:50"}),
        ({"type": "datetimepicker"}, 1795509002, {"selected_date_time": 1795509002}),
        ({"type": "file_input"}, ["F0"], {"files": ["F0"]}),
    ],
)
def test_simple_values_become_slacks_state(element: Json, given: Any, value: Json) -> None:
    state = filled_state(form(element), {"b": {"a": given}})
    assert state == {"b": {"a": {"type": element["type"], **value}}}


def test_an_option_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="'riscv' is no option of a"):
        filled_state(form({"type": "static_select", "options": OPTIONS}), {"b": {"a": "riscv"}})


def test_an_external_select_takes_what_the_app_offered() -> None:
    state = filled_state(form({"type": "external_select"}), {"b": {"a": "10.0.0.1"}})
    assert state["b"]["a"]["selected_option"]["value"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "plain_text_input", "initial_value": "x"}, {"value": "x"}),
        (
            {"type": "static_select", "options": OPTIONS, "initial_option": OPTIONS[0]},
            {"selected_option": OPTIONS[0]},
        ),
        ({"type": "checkboxes", "options": OPTIONS, "initial_options": OPTIONS}, {"selected_options": OPTIONS}),
        ({"type": "users_select", "initial_user": "U0ADA"}, {"selected_user": "U0ADA"}),
        ({"type": "multi_channels_select", "initial_channels": ["C0"]}, {"selected_channels": ["C0"]}),
        ({"type": "datepicker", "initial_date": "2026-11-24"}, {"selected_date": "2026-11-24"}),
        ({"type": "datetimepicker", "initial_date_time": 1795509002}, {"selected_date_time": 1795509002}),
    ],
)
def test_initial_values_are_the_first_state(element: Json, value: Json) -> None:
    assert form(element).state == {"b": {"a": {"type": element["type"], **value}}}


def test_what_was_typed_stays_where_the_input_is_the_same() -> None:
    typed = {"b": {"a": {"type": "plain_text_input", "value": "typed"}}}
    same = initial_state(form({"type": "plain_text_input", "initial_value": "new"}).blocks)
    other = initial_state(form({"type": "number_input"}).blocks)
    assert merged_state(same, typed) == typed
    assert merged_state(other, typed) == {"b": {"a": {"type": "number_input", "value": None}}}


NUMBER = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "10"}


@pytest.mark.parametrize(
    ("element", "given", "error"),
    [
        ({"type": "plain_text_input"}, "", REQUIRED),
        ({"type": "checkboxes", "options": OPTIONS}, [], REQUIRED),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "Please enter at least 3 characters."),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "Please enter at most 3 characters."),
        ({"type": "plain_text_input", "max_length": 3}, "abc", ""),
        (NUMBER, "five", "Please enter a number."),
        (NUMBER, "2.5", "Please enter a whole number."),
        (NUMBER, "0", "Please enter at least 1."),
        (NUMBER, "11", "Please enter at most 10."),
        (NUMBER, "10", ""),
        ({**NUMBER, "is_decimal_allowed": True}, "2.5", ""),
        ({"type": "email_text_input"}, "ada", "Please enter a valid email address."),
        ({"type": "email_text_input"}, "ada@example.org", ""),
        ({"type": "url_text_input"}, "example", "Please enter a valid URL."),
        ({"type": "url_text_input"}, "https://example.org", ""),
        ({"type": "static_select", "options": OPTIONS}, "arm64", ""),
    ],
)
def test_an_input_is_checked_as_slacks_client_does(element: Json, given: Any, error: str) -> None:
    view = form(element)
    assert input_errors(view, filled_state(view, {"b": {"a": given}})) == ({"b": error} if error else {})


def test_an_optional_input_may_stay_empty() -> None:
    view = form({"type": "plain_text_input"}, optional=True)
    assert input_errors(view, view.state) == {}
