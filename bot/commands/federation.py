"""Federations: for now, keeping everybody from changing one."""

import click

from bot.registry import Role, command
from bot.replies import Answer, Button, Call, Reply, Text
from ops import federation_lock


@command("lock", role=Role.OPERATOR, example="lock test_model measuring until noon")
@click.argument("federation")
@click.argument("reason", nargs=-1, required=True)
def lock(call: Call, federation: str, reason: tuple[str, ...]) -> Answer:
    """Keep everybody from changing what runs on a federation's hosts; who tries is told the reason.

    deploy, rollback, restart and stop are refused, to whoever locked it as well, until somebody gives `unlock`. A job
    that has begun goes on to its end. `status` names the lock.
    """
    held = federation_lock.lock(call.services, federation, " ".join(reason), call.actor)
    refused = f"deploy, rollback, restart and stop are refused until `unlock {federation}`"
    said = f"*{held.federation}* is locked: {held.reason}. From now on {refused}."
    data = {"federation": held.federation, "reason": held.reason, "by": held.by_name, "at": held.at.isoformat()}
    return Reply((Text(said),), data=data, buttons=(Button("Unlock", f"unlock {federation}"),))


@command("unlock", role=Role.OPERATOR, example="unlock test_model")
@click.argument("federation")
def unlock(call: Call, federation: str) -> Answer:
    """Let a locked federation be changed again."""
    held = federation_lock.unlock(call.services, federation)
    said = f"*{held.federation}* is unlocked. {held.by_name} had locked it: {held.reason}."
    return Reply((Text(said),), data={"federation": held.federation})
