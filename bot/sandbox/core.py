"""One running sandbox: the state and everything that acts on it, wired together."""

from aiohttp import web

from bot.sandbox import events
from bot.sandbox.delivery import Delivery
from bot.sandbox.interactions import Interactions
from bot.sandbox.limits import RateLimiter
from bot.sandbox.model import AppConfig, Channel, Json, Message
from bot.sandbox.pending import PendingUploads
from bot.sandbox.signed import SignedSender
from bot.sandbox.sockets import SocketHub
from bot.sandbox.timings import Timings
from bot.sandbox.workspace import Workspace

EVENT_SCOPES = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "file_shared": "files:read",
    "member_joined_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
}


class Core:
    """The workspace with its sockets, deliveries, limits and faults."""

    def __init__(self, workspace: Workspace, timings: Timings) -> None:
        self.workspace = workspace
        self.timings = timings
        self.sockets = SocketHub(workspace, timings)
        self.faults = self.sockets.faults
        self.signed = SignedSender(workspace, self.faults, timings)
        self.delivery = Delivery(self.sockets, self.signed, self.faults, timings)
        self.interactions = Interactions(workspace, timings)
        self.pending_uploads = PendingUploads()
        self.limiter = RateLimiter(workspace.now, timings.in_flight_s)

    def post(self, message: Message) -> Message:
        """Add a message and raise its events: message, and app_mention for an app that is named in it."""
        posted = self.workspace.post(message)
        if posted.ephemeral_for:
            return posted
        channel = self.workspace.channels[posted.channel]
        self.raise_event(events.message(self.workspace, posted), events.subscription(channel), channel)
        for app in self.workspace.apps.values():
            if f"<@{app.bot_user_id}" in posted.text and posted.app_id != app.app_id and not channel.is_im:
                self.raise_event(events.mention(self.workspace, posted), "app_mention", channel, only=app)
        return posted

    def join(self, channel: Channel, user: str, inviter: str = "") -> Channel:
        """Make someone a member and raise member_joined_channel."""
        if user in channel.members:
            return channel
        joined = self.workspace.join(channel.id, user)
        event = events.member_joined(self.workspace, joined, user, inviter)
        self.raise_event(event, "member_joined_channel", joined)
        return joined

    def share_file(self, file_id: str, channel: Channel, user: str) -> None:
        """Raise file_shared."""
        event = events.file_shared(self.workspace, file_id, channel.id, user)
        self.raise_event(event, "file_shared", channel)

    def raise_event(
        self, event: Json, subscription: str, channel: Channel | None = None, *, only: AppConfig | None = None
    ) -> None:
        """Deliver an event to every app that subscribed to it, has its scope, and is in the channel."""
        for app in self.workspace.apps.values() if only is None else [only]:
            scope = EVENT_SCOPES[subscription]
            is_present = channel is None or app.bot_user_id in channel.members
            if subscription in app.bot_events and is_present and (not scope or scope in app.scopes):
                self.delivery.raise_event(app, events.callback(self.workspace, app, event))

    def post_notice(self, channel: str, user: str, text: str, thread_ts: str = "") -> Message:
        """Show one person a sentence of Slackbot's."""
        notice = Message(
            self.workspace.new_ts(), channel, text, user="USLACKBOT", ephemeral_for=user, thread_ts=thread_ts
        )
        return self.workspace.post(notice)

    async def close(self) -> None:
        """Stop everything."""
        self.workspace.feed.close()
        await self.delivery.close()
        await self.sockets.close()
        await self.signed.close()


CORE: web.AppKey[Core] = web.AppKey("core", Core)
