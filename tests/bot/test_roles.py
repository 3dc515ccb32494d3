"""Who may do what, and where."""

import pytest

from bot.registry import Role
from bot.roles import Roles
from ops.errors import NotAllowed
from ops.model import Actor

ADA, BEN, CLEO = (Actor(id, id.lower(), "C1") for id in ("UADA", "UBEN", "UCLEO"))


async def members(group: str) -> frozenset[str]:
    return {"@lab": frozenset({"UADA"}), "S1": frozenset({"UBEN"})}.get(group, frozenset())


async def test_without_rules_everyone_may() -> None:
    roles = Roles((), (), (), members)
    assert await roles.of("UCLEO") == {Role.OPERATOR, Role.VIEWER}
    await roles.check(CLEO, Role.OPERATOR)


async def test_operators_by_group_and_by_name() -> None:
    roles = Roles(("@lab", "UBEN"), (), (), members)
    for actor in (ADA, BEN):
        await roles.check(actor, Role.OPERATOR)
    await roles.check(CLEO, Role.VIEWER)
    with pytest.raises(NotAllowed, match="Ask one of @lab, UBEN"):
        await roles.check(CLEO, Role.OPERATOR)


async def test_viewers_are_a_list_too_and_operators_are_viewers() -> None:
    roles = Roles(("@lab",), ("S1",), (), members)
    for actor in (ADA, BEN):
        await roles.check(actor, Role.VIEWER)
    with pytest.raises(NotAllowed, match="may look at the fleet"):
        await roles.check(CLEO, Role.VIEWER)


async def test_changes_only_where_the_team_sees_them() -> None:
    roles = Roles((), (), ("#fleet", "C9"), members)
    await roles.check(ADA, Role.OPERATOR, channel_name="fleet")
    await roles.check(Actor("UADA", "ada", "C9"), Role.OPERATOR, channel_name="lab")
    await roles.check(ADA, Role.VIEWER, channel_name="lab")
    with pytest.raises(NotAllowed, match="given in #fleet, C9"):
        await roles.check(ADA, Role.OPERATOR, channel_name="lab")


async def test_an_unknown_group_lets_nobody_in() -> None:
    roles = Roles(("@nosuch",), (), (), members)
    with pytest.raises(NotAllowed):
        await roles.check(ADA, Role.OPERATOR)
