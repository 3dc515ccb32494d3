"""What people do in channels: write, command, upload, invite, react."""

from dataclasses import dataclass, replace

from bot.sandbox import events, mrkdwn, payloads
from bot.sandbox.answers import Answers
from bot.sandbox.core import Core
from bot.sandbox.delivery import Kind, Outcome, Receipt
from bot.sandbox.errors import SlackError, UiRefusal
from bot.sandbox.model import AppConfig, Channel, Message, Reaction, SlashCommand, User

TEXT_LIMIT = 12_000  # what Slack's own message box takes


@dataclass(frozen=True)
class Said:
    """What became of a line of text: a message, or a command with how its delivery ended."""

    message: Message | None = None
    command: str = ""
    receipt: Receipt | None = None


class People:
    """Acts of people, with what Slack's own client would refuse."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._workspace = core.workspace
        self._answers = Answers(core)

    def user(self, reference: str) -> User:
        """Return a person. Raises UiRefusal."""
        user = self._workspace.find_user(reference)
        if user is None or user.is_bot:
            raise UiRefusal("user_not_found", f"Nobody here is called {reference!r}.")
        return user

    def channel(self, reference: str, user: User) -> Channel:
        """Return a channel the person is in. Raises UiRefusal."""
        channel = self._workspace.find_channel(reference)
        if channel is None or (channel.is_private and user.id not in channel.members):
            raise UiRefusal("channel_not_found", f"There is no channel {reference!r} for {user.real_name}.")
        if user.id not in channel.members:
            raise UiRefusal("not_in_channel", f"{user.real_name} is not in #{channel.name}.")
        return channel

    async def say(self, user: User, channel: Channel, text: str, thread_ts: str = "") -> Said:
        """Write a line: a message, or a slash command when it begins with one."""
        if text.startswith("/"):
            return await self._command(user, channel, text, thread_ts)
        if not text.strip():
            raise UiRefusal("no_text", "Write something first.")
        if len(text) > TEXT_LIMIT:
            raise UiRefusal("msg_too_long", f"A message holds {TEXT_LIMIT:,} characters, this one has {len(text):,}.")
        return Said(self._core.post(self.new_message(user, channel, text, thread_ts)))

    def new_message(self, user: User, channel: Channel, text: str, thread_ts: str = "") -> Message:
        """Return a person's message, not posted yet. Raises UiRefusal when the thread does not exist."""
        if thread_ts and self._workspace.message(channel.id, thread_ts) is None:
            raise UiRefusal("thread_not_found", "The message this thread hangs on is gone.")
        encoded = mrkdwn.encode(self._workspace, text)
        return Message(self._workspace.new_ts(), channel.id, encoded, user=user.id, thread_ts=thread_ts)

    async def _command(self, user: User, channel: Channel, text: str, thread_ts: str) -> Said:
        name, _, rest = text.strip().partition(" ")
        found = self._find_command(name)
        if found is None:
            self._core.post_notice(channel.id, user.id, _UNKNOWN.format(name=name), thread_ts)
            return Said(command=name)
        if thread_ts:
            self._core.post_notice(channel.id, user.id, f"{name} is not supported in threads. Sorry!", thread_ts)
            return Said(command=name)
        return Said(command=name, receipt=await self._deliver(user, channel, *found, rest.strip()))

    async def _deliver(
        self, user: User, channel: Channel, app: AppConfig, command: SlashCommand, text: str
    ) -> Receipt:
        typed = mrkdwn.encode_command(self._workspace, text) if command.should_escape else text
        payload = payloads.slash_command(self._workspace, app, channel, user, command=command.command, text=typed)
        payload["trigger_id"] = self._core.interactions.new_trigger(app.app_id, user.id)
        url = self._core.interactions.new_url("commands", app.app_id, channel.id, user.id)
        receipt = await self._core.delivery.request(app, Kind.SLASH, {**payload, "response_url": url})
        if not receipt.is_acked:
            error = "operation_timeout" if receipt.outcome is Outcome.TIMEOUT else "dispatch_failed"
            sentence = f'{command.command} failed with the error "{error}"'
            self._core.post_notice(channel.id, user.id, sentence)
        elif receipt.payload:
            self._answer(app, channel, user, receipt)
        return receipt

    def _answer(self, app: AppConfig, channel: Channel, user: User, receipt: Receipt) -> None:
        try:
            self._answers.post(app, channel.id, user.id, receipt.payload or {})
        except SlackError as error:
            self._workspace.record(Kind.SLASH.value, error.code, "; ".join(error.messages))

    def _find_command(self, name: str) -> tuple[AppConfig, SlashCommand] | None:
        for app in self._workspace.apps.values():
            for command in app.slash_commands:
                if command.command == name:
                    return app, command
        return None

    def invite(self, channel: Channel, user: User, inviter: User | None) -> Channel:
        """Add someone, a bot too, to a channel."""
        return self._core.join(channel, user.id, inviter.id if inviter else "")

    def react(self, user: User, target: Message, name: str) -> Message:
        """Put an emoji under a message."""
        changed = self._workspace.change(with_reaction(target, name, user.id))
        channel = self._workspace.channels[target.channel]
        event = events.reaction_added(self._workspace, target, user.id, name)
        self._core.raise_event(event, "reaction_added", channel)
        return changed


def with_reaction(target: Message, name: str, user: str) -> Message:
    """Return a message with one more reaction; unchanged when the person had given it before."""
    others = tuple(r for r in target.reactions if r.name != name)
    given = next((r.users for r in target.reactions if r.name == name), ())
    if user in given:
        return target
    return replace(target, reactions=(*others, Reaction(name, (*given, user))))


_UNKNOWN = (
    "`{name}` is not a valid command. In Slack, all messages that start with the “/” character are interpreted as "
    "commands. If you are trying to send a message and not run a command, try preceding the “/” with an empty space."
)
