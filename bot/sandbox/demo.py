"""The workspace of the demo and of the tests: three channels, three people, one app with fixed local tokens.

The tokens open nothing but a server on this machine, so they may be known.
"""

from bot.sandbox.manifest import app_of
from bot.sandbox.model import AppConfig, Channel, Json, SlashCommand, User, Usergroup
from bot.sandbox.workspace import Workspace


def local_token(kind: str, app: str = "flsvc") -> str:
    """Return the fixed development token of an app: `xoxb`, `xapp` or `signing`."""
    return f"{kind}-sandbox-local-{app}"


BOT_TOKEN = local_token("xoxb")
APP_TOKEN = local_token("xapp")
SIGNING_SECRET = local_token("signing")

SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
BOT_EVENTS = frozenset(
    {
        "app_home_opened",
        "app_mention",
        "file_shared",
        "member_joined_channel",
        "message.channels",
        "message.groups",
        "message.im",
        "reaction_added",
    }
)
SUGGESTIONS = (
    "help",
    "key show",
    "key create",
    "register",
    "hosts",
    "ping",
    "docker install",
    "docker states",
    "projects",
    "build",
    "deploy",
    "status",
    "logs",
    "stop",
    "history",
    "forget",
)


def demo_app() -> AppConfig:
    """Return the app flsvc as its manifest would install it."""
    return AppConfig(
        app_id="A0FLSVC00",
        name="flsvc",
        bot_id="B0FLSVC00",
        bot_user_id="U0FLSVC00",
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        signing_secret=SIGNING_SECRET,
        scopes=SCOPES,
        bot_events=BOT_EVENTS,
        slash_commands=(
            SlashCommand("/flsvc", "Run federated learning on your Pis", "[command] [target]", SUGGESTIONS),
        ),
    )


def install(workspace: Workspace, app: AppConfig) -> AppConfig:
    """Install an app: its bot user exists from then on."""
    workspace.apps[app.app_id] = app
    workspace.add_user(User(app.bot_user_id, app.name, app.name, is_bot=True, color="#e01e5a", bot_id=app.bot_id))
    return app


def fill(workspace: Workspace, manifest: Json | None = None, suggestions: tuple[str, ...] = ()) -> None:
    """Add the people, channels, group and app of the demo."""
    people = (("ADA", "#2eb67d"), ("BEN", "#36c5f0"), ("CLEO", "#ecb22e"))
    for name, color in people:
        email = f"{name.lower()}@example.org"
        workspace.add_user(User(f"U0{name}", name.lower(), name.capitalize(), color=color, email=email))
    app = demo_app()
    app = install(workspace, app_of(manifest, app, suggestions or SUGGESTIONS) if manifest else app)
    everyone = frozenset(f"U0{name}" for name, _ in people)
    created_at_s = int(workspace.now())
    for name, topic, members in (
        ("fleet", "What the Pis are doing", everyone | {app.bot_user_id}),
        ("general", "Everyone", everyone),
        ("lab", "Experiments", everyone | {app.bot_user_id}),
    ):
        workspace.add_channel(
            Channel(
                f"C0{name.upper()}",
                name,
                topic=topic,
                members=members,
                created_at_s=created_at_s,
                creator="U0ADA",
            )
        )
    workspace.usergroups["S0LABENG"] = Usergroup("S0LABENG", "lab-engineers", "Lab engineers", ("U0ADA",))
