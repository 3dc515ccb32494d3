"""The home tab: what one person may do, and how the fleet stands."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.dispatch import Dispatcher
from bot.views.home import home_view


class Homes:
    """Publishes the home tab when somebody opens it."""

    def __init__(self, client: AsyncWebClient, dispatch: Dispatcher) -> None:
        """Take the bot's client and what runs operations."""
        self._client, self._dispatch = client, dispatch

    async def publish(self, user: str) -> None:
        """Show one person the home tab as things stand now."""
        roles = await self._dispatch.roles.of(user)
        store, now = self._dispatch.services.store, self._dispatch.services.now()
        view = await self._dispatch.in_thread(lambda: home_view(store, roles, now))
        await self._client.views_publish(user_id=user, view=view)
