"""Check blocks and views as Slack does: the table first, then what no single place can tell.

Pure functions; each returns the problems in Slack's words, none when all is well.
"""

import secrets
from collections.abc import Iterator
from typing import Any

from bot.sandbox.blocks_elements import INTERACTIVE
from bot.sandbox.blocks_rules import Items, Variant, at, problems
from bot.sandbox.blocks_table import IN_MESSAGE, MESSAGE_BLOCKS, TABLE_CHARACTERS, VIEWS
from bot.sandbox.model import Json

PROBLEM_LIMIT = 20


def message_problems(blocks: Any, pointer: str = "/blocks") -> list[str]:
    """Return what is wrong with the blocks of a message."""
    found = list(problems(Items(IN_MESSAGE, MESSAGE_BLOCKS, minimum=0), blocks, pointer))
    if not found:
        found = [*_ids(blocks, pointer), *_choices(blocks, pointer), *_tables(blocks, pointer)]
    return found[:PROBLEM_LIMIT]


def view_problems(view: Any, pointer: str = "/view") -> list[str]:
    """Return what is wrong with a view."""
    found = list(problems(Variant(VIEWS), view, pointer))
    if not found:
        blocks = view["blocks"]
        found = [*_ids(blocks, f"{pointer}/blocks"), *_choices(blocks, f"{pointer}/blocks")]
        found += _modal(view, pointer)
    return found[:PROBLEM_LIMIT]


def elements(block: Json) -> list[Json]:
    """Return the interactive elements of one block."""
    held = [block.get("accessory"), block.get("element")]
    held += block["elements"] if block.get("type") in ("actions", "context_actions") else []
    return [item for item in held if isinstance(item, dict) and item.get("type") in INTERACTIVE]


def with_block_ids(blocks: tuple[Json, ...] | list[Json]) -> tuple[Json, ...]:
    """Return the blocks with the ids Slack gives to those that have none."""
    return tuple(_identified(block) for block in blocks)


def _identified(block: Json) -> Json:
    named = {**block, "block_id": block.get("block_id") or secrets.token_hex(3)}
    for place in ("accessory", "element"):
        if isinstance(named.get(place), dict):
            named[place] = _with_action_id(named[place])
    if named["type"] in ("actions", "context_actions"):
        named["elements"] = [_with_action_id(item) for item in named["elements"]]
    return named


def _with_action_id(element: Json) -> Json:
    if element.get("type") not in INTERACTIVE:
        return element
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)}


def _ids(blocks: list[Json], pointer: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            yield at(f"`block_id` {block_id} already exists", f"{pointer}/{index}/block_id")
        seen.add(block_id or "")
        actions = [element["action_id"] for element in elements(block) if element.get("action_id")]
        for action_id in sorted({name for name in actions if actions.count(name) > 1}):
            yield at(f"`action_id` {action_id} already exists", f"{pointer}/{index}/elements")


def _choices(blocks: list[Json], pointer: str) -> Iterator[str]:
    for index, block in enumerate(blocks):
        for element in elements(block):
            groups = element.get("option_groups") or [{"options": element.get("options") or []}]
            if element.get("options") and element.get("option_groups"):
                yield at("only one of `options` and `option_groups` is allowed", f"{pointer}/{index}")
            if element["type"].endswith("external_select"):
                continue
            values = {option["value"] for group in groups for option in group["options"]}
            chosen = list(element.get("initial_options") or [])
            chosen += [element["initial_option"]] if element.get("initial_option") else []
            for option in chosen:
                if option["value"] not in values:
                    yield at(f"initial option {option['value']} is not an option", f"{pointer}/{index}")


def _tables(blocks: list[Json], pointer: str) -> Iterator[str]:
    tables = [block for block in blocks if block["type"] == "table"]
    if len(tables) > 1:
        yield at("only_one_table_allowed", pointer)
    size = sum(_size(cell) for table in tables for row in table["rows"] for cell in row)
    if size > TABLE_CHARACTERS:
        yield at(f"table cells must be less than {TABLE_CHARACTERS + 1} characters together", pointer)


def _size(node: Any) -> int:
    if isinstance(node, list):
        return sum(_size(item) for item in node)
    if not isinstance(node, dict):
        return 0
    own = len(node["text"]) if isinstance(node.get("text"), str) else 0
    return own + sum(_size(value) for value in node.values())


def _modal(view: Json, pointer: str) -> Iterator[str]:
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    if view["type"] == "modal" and inputs and not view.get("submit"):
        yield at("missing required field: submit (a modal with inputs needs it)", pointer)
    focused = [e for block in view["blocks"] for e in elements(block) if e.get("focus_on_load")]
    if len(focused) > 1:
        yield at("only one element may have focus_on_load", f"{pointer}/blocks")
