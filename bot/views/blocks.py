"""Small builders of Slack's blocks. Each keeps to Slack's limits by construction; what is cut ends with `…`.

`mrkdwn` given to a builder is ours, with parts of unknown origin passed through `limits.escaped` first.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from bot.replies import Button
from bot.views import limits
from bot.views.limits import cut, printable
from bot.views.payload import Block


def plain_text(text: str, limit: int) -> Block:
    """Return a plain_text object, in which nothing is markup."""
    return {"type": "plain_text", "text": cut(printable(text).strip(), limit) or "–", "emoji": True}


def mrkdwn(text: str, limit: int = limits.SECTION_CHARS) -> Block:
    """Return a mrkdwn object."""
    return {"type": "mrkdwn", "text": cut(text, limit) or " "}


def section(text: str, accessory: Block | None = None) -> Block:
    """Return a paragraph of our own mrkdwn."""
    return {"type": "section", "text": mrkdwn(text)} | ({"accessory": accessory} if accessory else {})


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return names and values side by side, ten at most; the values are of unknown origin."""
    texts = [mrkdwn(f"*{name}*\n{limits.escaped(value or '–', 1_800)}", 2_000) for name, value in islice(pairs, 10)]
    return {"type": "section", "fields": texts}


def header(text: str) -> Block:
    """Return a large line."""
    return {"type": "header", "text": plain_text(text, limits.HEADER_CHARS)}


def context(*texts: str) -> Block:
    """Return small print of our own mrkdwn."""
    elements = [mrkdwn(text, limits.CONTEXT_CHARS) for text in texts[: limits.CONTEXT_ELEMENTS]]
    return {"type": "context", "elements": elements}


def divider() -> Block:
    """Return a line."""
    return {"type": "divider"}


def button(label: str, action_id: str, *, value: str = "", style: str = "", confirm: str = "") -> Block:
    """Return a button; raises ValueError when the value is too long for Slack, as a cut one would act wrongly."""
    if limits.size(value) > limits.BUTTON_VALUE_CHARS:
        raise ValueError(f"A button's value may have {limits.BUTTON_VALUE_CHARS} characters, not {len(value)}.")
    block: Block = {
        "type": "button",
        "action_id": action_id,
        "text": plain_text(label, limits.BUTTON_LABEL_CHARS),
    }
    return (
        block
        | ({"value": value} if value else {})
        | ({"style": style} if style else {})
        | ({"confirm": _confirm(confirm, label, style)} if confirm else {})
    )


def _confirm(question: str, label: str, style: str) -> Block:
    return {
        "title": plain_text(label, 100),
        "text": plain_text(question, 300),
        "confirm": plain_text(label, 30),
        "deny": plain_text("Not now", 30),
        "style": "danger" if style == "danger" else "primary",
    }


def fits(pressed: Button) -> bool:
    """Tell whether a button's command is short enough to travel in it."""
    return limits.size(pressed.command) <= limits.BUTTON_VALUE_CHARS


def commands(buttons: Sequence[Button]) -> list[Block]:
    """Return buttons that give commands, as rows of actions; those whose command is too long are left out."""
    made = [
        button(one.label, f"run:{number}", value=one.command, style=one.style, confirm=one.confirm)
        for number, one in enumerate(filter(fits, buttons[: limits.ACTIONS_ELEMENTS]))
    ]
    return [actions(made)] if made else []


def actions(elements: Sequence[Block], block_id: str = "") -> Block:
    """Return a row of buttons and menus."""
    block: Block = {"type": "actions", "elements": list(elements[: limits.ACTIONS_ELEMENTS])}
    return block | ({"block_id": block_id} if block_id else {})


def option(label: str, value: str) -> Block:
    """Return one choice of a menu."""
    return {"text": plain_text(label, limits.OPTION_CHARS), "value": value}


def select(
    action_id: str, choices: Mapping[str, str], *, placeholder: str = "Choose…", initial: str = "", many: bool = False
) -> Block:
    """Return a menu of `value -> label`, the first hundred; `initial` is the value chosen already."""
    options = [option(label, value) for value, label in islice(choices.items(), limits.OPTIONS)]
    block: Block = {
        "type": "multi_static_select" if many else "static_select",
        "action_id": action_id,
        "placeholder": plain_text(placeholder, 150),
        "options": options,
    }
    chosen = next((one for one in options if one["value"] == initial), None)
    if chosen is None:
        return block
    return block | ({"initial_options": [chosen]} if many else {"initial_option": chosen})


def text_input(action_id: str, *, initial: str = "", multiline: bool = False, placeholder: str = "") -> Block:
    """Return a field to type in; Slack has no masked one."""
    block: Block = {"type": "plain_text_input", "action_id": action_id, "multiline": multiline}
    return (
        block
        | ({"initial_value": cut(initial, limits.SECTION_CHARS)} if initial else {})
        | ({"placeholder": plain_text(placeholder, 150)} if placeholder else {})
    )


def field(block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """Return a labelled input of a modal."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, 2_000),
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": plain_text(hint, 2_000)} if hint else {})
