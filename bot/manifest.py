"""The Slack app, as the manifest one pastes when creating it; scopes are exactly what the bot uses."""

from typing import Any

BOT_SCOPES = {
    "app_mentions:read": "commands given by mentioning the bot, which works in threads",
    "channels:join": "to answer in a public channel nobody has invited it to",
    "channels:read": "channel names, for FLSVC_CHANNELS",
    "chat:write": "to answer",
    "commands": "/flsvc",
    "files:read": "to fetch project zips",
    "files:write": "long tables and logs as files",
    "groups:read": "the same for private channels it was invited to",
    "im:history": "commands given in a direct message",
    "im:read": "to know a direct message from a channel",
    "usergroups:read": "user groups in FLSVC_OPERATORS and FLSVC_VIEWERS",
    "users:read": "names of people for the history",
}
BOT_EVENTS = ("app_home_opened", "app_mention", "file_shared", "message.im")


def manifest(url: str = "") -> dict[str, Any]:
    """Return the app's manifest: for Socket Mode, or for signed HTTP at `url` (https, without a path)."""
    endpoint = {"request_url": f"{url.rstrip('/')}/slack/events"} if url else {}
    command = {
        "command": "/flsvc",
        "description": "Federated learning on a fleet of Raspberry Pis",
        "usage_hint": "help | register | ping | deploy | status | logs | history",
        "should_escape": False,
    }
    return {
        "display_information": {
            "name": "flsvc",
            "description": "Runs federated learning on a fleet of Raspberry Pis",
            "background_color": "#1d3c34",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "flsvc", "always_online": True},
            "slash_commands": [command | ({"url": endpoint["request_url"]} if url else {})],
        },
        "oauth_config": {"scopes": {"bot": sorted(BOT_SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(BOT_EVENTS)} | endpoint,
            "interactivity": {"is_enabled": True} | endpoint,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }
