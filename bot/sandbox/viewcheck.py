"""What Slack's own client checks before it sends a modal: required inputs, lengths, numbers, addresses."""

import re
from decimal import Decimal, InvalidOperation

from bot.sandbox.model import Json, View
from bot.sandbox.viewform import is_filled, stateful

REQUIRED = "Please complete this required field."


def input_errors(view: View, state: Json) -> dict[str, str]:
    """Return what the client shows under each input that is not filled in right, by block_id."""
    errors: dict[str, str] = {}
    for block, element in stateful(view.blocks):
        if block["type"] != "input":
            continue
        value = state.get(block["block_id"], {}).get(element["action_id"], {"type": element["type"]})
        error = _error(block, element, value)
        if error:
            errors[block["block_id"]] = error
    return errors


def _error(block: Json, element: Json, value: Json) -> str:
    if not is_filled(value):
        return "" if block.get("optional") else REQUIRED
    text = str(value.get("value", ""))
    match element["type"]:
        case "plain_text_input":
            return _length_error(element, text)
        case "number_input":
            return _number_error(element, text)
        case "email_text_input":
            return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) else "Please enter a valid email address."
        case "url_text_input":
            return "" if re.fullmatch(r"https?://\S+", text) else "Please enter a valid URL."
    return ""


def _length_error(element: Json, text: str) -> str:
    shortest, longest = element.get("min_length") or 0, element.get("max_length") or 3000
    if len(text) < shortest:
        return f"Please enter at least {shortest} characters."
    return f"Please enter at most {longest} characters." if len(text) > longest else ""


def _number_error(element: Json, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and number != number.to_integral_value():
        return "Please enter a whole number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and number < Decimal(least):
        return f"Please enter at least {least}."
    return f"Please enter at most {most}." if most is not None and number > Decimal(most) else ""
