"""Install an app as its manifest says: commands, scopes, events, Socket Mode or addresses."""

from dataclasses import replace

from bot.sandbox.model import AppConfig, Json, SlashCommand


def app_of(manifest: Json, base: AppConfig, suggestions: tuple[str, ...] = ()) -> AppConfig:
    """Return `base` (identifiers and tokens) with everything else as the manifest says.

    A call that needs a scope the manifest does not ask for is then refused, as it would be in Slack.
    """
    settings = manifest.get("settings", {})
    events = settings.get("event_subscriptions", {})
    features = manifest.get("features", {})
    return replace(
        base,
        name=str(manifest.get("display_information", {}).get("name", base.name)),
        scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
        bot_events=frozenset(events.get("bot_events", ())),
        slash_commands=tuple(_command(entry, suggestions) for entry in features.get("slash_commands", ())),
        socket_mode=bool(settings.get("socket_mode_enabled", True)),
        events_url=str(events.get("request_url", "")),
        interactivity_url=str(settings.get("interactivity", {}).get("request_url", "")),
        home_tab=bool(features.get("app_home", {}).get("home_tab_enabled", False)),
    )


def _command(entry: Json, suggestions: tuple[str, ...]) -> SlashCommand:
    return SlashCommand(
        command=str(entry["command"]),
        description=str(entry.get("description", "")),
        usage_hint=str(entry.get("usage_hint", "")),
        suggestions=suggestions,
        url=str(entry.get("url", "")),
        should_escape=bool(entry.get("should_escape", False)),
    )
