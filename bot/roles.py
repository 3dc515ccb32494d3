"""Who may do what, and where: a first role model of viewers and operators."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.registry import Role
from ops.errors import NotAllowed
from ops.model import Actor

Members = Callable[[str], Awaitable[frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Roles:
    """The rules, from the settings; `members` looks a user group up by its `@handle` or id.

    An operator is a viewer too. An empty list means everyone.
    """

    operators: Sequence[str]
    viewers: Sequence[str]
    channels: Sequence[str]
    members: Members

    async def of(self, user: str) -> frozenset[Role]:
        """Return the roles a person has."""
        operator = await self._in(user, self.operators)
        viewer = operator or await self._in(user, self.viewers)
        return frozenset(role for role, has in ((Role.OPERATOR, operator), (Role.VIEWER, viewer)) if has)

    async def check(self, actor: Actor, role: Role, *, channel_name: str = "") -> None:
        """Pass, or raise NotAllowed with a sentence that says whom to ask."""
        if role not in await self.of(actor.id):
            raise NotAllowed(self._refusal(role))
        here = {actor.channel, f"#{channel_name}", channel_name}
        if role is Role.OPERATOR and self.channels and not here & set(self.channels):
            raise NotAllowed(
                f"Commands that change something are given in {_names(self.channels)}, so that the team sees them. "
                "Nothing was changed. Try it again there."
            )

    async def _in(self, user: str, allowed: Sequence[str]) -> bool:
        if not allowed or user in allowed:
            return True
        groups = [name for name in allowed if name.startswith(("@", "S"))]
        return any([user in await self.members(group) for group in groups])

    def _refusal(self, role: Role) -> str:
        ask = self.operators or self.viewers
        may = self.operators if role is Role.OPERATOR else [*self.operators, *self.viewers]
        does = "change something" if role is Role.OPERATOR else "look at the fleet"
        return (
            f"Only {_names(may)} may {does}. "
            f"Nothing was changed. Ask one of {_names(ask)} to do it, or to have you added."
        )


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
