"""Web API: reactions.* and pins.*"""

import re
from dataclasses import replace

from bot.sandbox import events
from bot.sandbox.api import Call, method
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Tier
from bot.sandbox.model import Json, Message
from bot.sandbox.people import with_reaction


def _target(call: Call) -> Message:
    if not call.args.text("channel") or not call.args.text("timestamp"):
        raise SlackError("no_item_specified")
    return call.message(call.member_channel(), "timestamp")


@method("reactions.add", Tier.THREE, "reactions:write")
async def reactions_add(call: Call) -> Json:
    """Put an emoji under a message."""
    name = call.args.required("name", "invalid_name")
    if re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name) is None:
        raise SlackError("invalid_name", (f"{name} is no emoji name",))
    target = _target(call)
    changed = with_reaction(target, name, call.app.bot_user_id)
    if changed == target:
        raise SlackError("already_reacted")
    call.workspace.change(changed)
    event = events.reaction_added(call.workspace, target, call.app.bot_user_id, name)
    call.core.raise_event(event, "reaction_added", call.workspace.channels[target.channel])
    return {}


@method("reactions.get", Tier.THREE, "reactions:read")
async def reactions_get(call: Call) -> Json:
    """Return a message with its reactions."""
    target = _target(call)
    return {"type": "message", "channel": target.channel, "message": events.message_json(call.workspace, target)}


@method("pins.add", Tier.TWO, "pins:write")
async def pins_add(call: Call) -> Json:
    """Pin a message to its channel."""
    target = _target(call)
    if target.pinned:
        raise SlackError("already_pinned")
    call.workspace.change(replace(target, pinned=True))
    return {}
