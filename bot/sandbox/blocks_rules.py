"""The small language in which the Block Kit tables are written, and its one checker.

A rule says what a JSON value must be; `problems` yields what is wrong with one, in Slack's words, each with the
json-pointer of the place. Nothing here raises, whatever the value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

PLAIN = ("plain_text",)
ANY_TEXT = ("plain_text", "mrkdwn")


@dataclass(frozen=True)
class Text:
    """A text object of at most `limit` characters."""

    limit: int
    kinds: tuple[str, ...] = PLAIN
    minimum: int = 1


@dataclass(frozen=True)
class Str:
    """A string of `minimum` to `limit` characters; one of `choices`, or like `pattern`, where they are given."""

    limit: int = 3000
    minimum: int = 1
    choices: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    minimum: int = 0
    maximum: int = 2**53


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Items:
    """An array of `minimum` to `limit` items; some of them null where `gaps` are allowed."""

    of: "Rule"
    limit: int
    minimum: int = 1
    gaps: bool = False


@dataclass(frozen=True)
class Shape:
    """An object with these fields and no others; of each group in `one_of` at least one field must be there."""

    required: "Mapping[str, Rule]" = field(default_factory=dict)
    optional: "Mapping[str, Rule]" = field(default_factory=dict)
    one_of: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Variant:
    """An object whose `type` chooses its shape; only the types in `allowed` (all when empty)."""

    table: "Mapping[str, Shape]"
    allowed: tuple[str, ...] = ()


Rule: TypeAlias = "Text | Str | Whole | Flag | Items | Shape | Variant"


def problems(rule: Rule, value: Any, pointer: str) -> Iterator[str]:
    """Yield what is wrong with a value."""
    match rule:
        case Text():
            yield from _text(rule, value, pointer)
        case Str():
            yield from _string(rule, value, pointer)
        case Whole():
            yield from _whole(rule, value, pointer)
        case Flag():
            if not isinstance(value, bool):
                yield at("must provide a boolean", pointer)
        case Items():
            yield from _items(rule, value, pointer)
        case Shape():
            yield from _shape(rule, value, pointer)
        case Variant():
            yield from _variant(rule, value, pointer)


def at(problem: str, pointer: str) -> str:
    """Return a problem with its place, as Slack writes it."""
    return f"{problem} [json-pointer:{pointer}]"


def _text(rule: Text, value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield at("must provide an object", pointer)
        return
    kind = value.get("type")
    if kind not in rule.kinds:
        yield at(f"unsupported type: {kind}; must be {' or '.join(rule.kinds)}", f"{pointer}/type")
        return
    extra = "emoji" if kind == "plain_text" else "verbatim"
    shape = Shape({"text": Str(rule.limit, rule.minimum)}, {extra: Flag()})
    yield from _shape(shape, value, pointer)


def _string(rule: Str, value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield at("must provide a string", pointer)
    elif len(value) < rule.minimum:
        yield at(f"must be more than {rule.minimum - 1} characters", pointer)
    elif len(value) > rule.limit:
        yield at(f"must be less than {rule.limit + 1} characters", pointer)
    elif rule.choices and value not in rule.choices:
        yield at(f"must be one of: {', '.join(rule.choices)}", pointer)
    elif rule.pattern and re.fullmatch(rule.pattern, value) is None:
        yield at(f"must match {rule.pattern}", pointer)


def _whole(rule: Whole, value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield at("must provide an integer", pointer)
    elif not rule.minimum <= value <= rule.maximum:
        yield at(f"must be from {rule.minimum} to {rule.maximum}", pointer)


def _items(rule: Items, value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield at("must provide an array", pointer)
        return
    if len(value) > rule.limit:
        yield at(f"no more than {rule.limit} items allowed", pointer)
        return
    if len(value) < rule.minimum:
        yield at(f"no fewer than {rule.minimum} items allowed", pointer)
    for index, item in enumerate(value):
        if item is not None or not rule.gaps:
            yield from problems(rule.of, item, f"{pointer}/{index}")


def _shape(rule: Shape, value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield at("must provide an object", pointer)
        return
    for name in rule.required:
        if value.get(name) is None:
            yield at(f"missing required field: {name}", pointer)
    for group in rule.one_of:
        if all(value.get(name) is None for name in group):
            yield at(f"must define either `{'` or `'.join(group)}`", pointer)
    known = {**rule.required, **rule.optional}
    for name, item in value.items():
        if name == "type":
            continue
        if name not in known:
            yield at(f"invalid additional property: {name}", pointer)
        elif item is not None:
            yield from problems(known[name], item, f"{pointer}/{name}")


def _variant(rule: Variant, value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield at("must provide an object", pointer)
        return
    kind = value.get("type")
    if not isinstance(kind, str):
        yield at("missing required field: type", pointer)
    elif kind not in rule.table or (rule.allowed and kind not in rule.allowed):
        yield at(f"unsupported type: {kind}", f"{pointer}/type")
    else:
        yield from _shape(rule.table[kind], value, pointer)
