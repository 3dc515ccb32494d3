"""Web API: tokens, sockets, the team and its bots."""

from bot.sandbox.api import Call, method
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Tier
from bot.sandbox.model import Json


@method("api.test", Tier.FOUR)
async def api_test(call: Call) -> Json:
    """Answer, so that a client knows the server is there."""
    if "error" in call.args:
        raise SlackError(call.args.text("error"), is_expected=True)
    return {"args": {}}


@method("auth.test", Tier.SPECIAL)
async def auth_test(call: Call) -> Json:
    """Say whose token it is."""
    workspace = call.workspace
    return {
        "url": f"{workspace.base_url}/",
        "team": workspace.team_name,
        "user": workspace.users[call.app.bot_user_id].name,
        "team_id": workspace.team_id,
        "user_id": call.app.bot_user_id,
        "bot_id": call.app.bot_id,
        "app_id": call.app.app_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", Tier.ONE, "connections:write", app_token=True)
async def apps_connections_open(call: Call) -> Json:
    """Return the address of one web socket, good for one use."""
    if not call.app.socket_mode:
        raise SlackError("socket_mode_not_enabled")
    if call.core.faults.is_refusing:
        raise SlackError("internal_error", is_expected=True)
    ticket = call.core.sockets.issue_ticket(call.app.app_id)
    base = call.workspace.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/link/?ticket={ticket}&app_id={call.app.app_id}"}


@method("team.info", Tier.THREE, "team:read")
async def team_info(call: Call) -> Json:
    """Describe the workspace."""
    workspace = call.workspace
    team = {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.domain, "email_domain": ""}
    return {"team": {**team, "url": f"{workspace.base_url}/", "icon": {}}}


@method("bots.info", Tier.THREE, "users:read")
async def bots_info(call: Call) -> Json:
    """Describe a bot by its bot id."""
    bot_id = call.args.required("bot", "bot_not_found")
    for app in call.workspace.apps.values():
        if app.bot_id == bot_id:
            return {
                "bot": {
                    "id": app.bot_id,
                    "deleted": False,
                    "name": app.name,
                    "updated": 0,
                    "app_id": app.app_id,
                    "user_id": app.bot_user_id,
                    "icons": {},
                }
            }
    raise SlackError("bot_not_found")
