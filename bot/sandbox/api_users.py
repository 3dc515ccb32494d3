"""Web API: users.* and usergroups.*"""

from bot.sandbox.api import Call, method
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Tier
from bot.sandbox.model import Json, User, Usergroup
from bot.sandbox.paging import page


def user_json(call: Call, user: User) -> Json:
    """Return a person as the Web API shows them; the address only with `users:read.email`."""
    profile: Json = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "status_text": "",
        "team": call.workspace.team_id,
    }
    if user.email and "users:read.email" in call.app.scopes:
        profile["email"] = user.email
    if user.bot_id:
        profile |= {"bot_id": user.bot_id, "api_app_id": getattr(call.workspace.app_of_bot(user.id), "app_id", "")}
    return {
        "id": user.id,
        "team_id": call.workspace.team_id,
        "name": user.name,
        "deleted": False,
        "color": user.color.removeprefix("#"),
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "updated": 0,
    }


@method("users.info", Tier.FOUR, "users:read")
async def users_info(call: Call) -> Json:
    """Describe one person."""
    user = call.workspace.users.get(call.args.required("user", "user_not_found"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_json(call, user)}


@method("users.list", Tier.TWO, "users:read")
async def users_list(call: Call) -> Json:
    """List everyone."""
    shown, metadata = page(call.args, list(call.workspace.users.values()))
    return {"members": [user_json(call, user) for user in shown], "cache_ts": int(call.workspace.now()), **metadata}


@method("users.lookupByEmail", Tier.THREE, "users:read.email")
async def users_lookup_by_email(call: Call) -> Json:
    """Find a person by address."""
    email = call.args.required("email", "users_not_found").lower()
    for user in call.workspace.users.values():
        if user.email.lower() == email:
            return {"user": user_json(call, user)}
    raise SlackError("users_not_found")


@method("usergroups.list", Tier.TWO, "usergroups:read")
async def usergroups_list(call: Call) -> Json:
    """List the groups of people."""
    with_users = call.args.flag("include_users")
    groups = [_group_json(call, group, with_users=with_users) for group in call.workspace.usergroups.values()]
    return {"usergroups": groups}


@method("usergroups.users.list", Tier.TWO, "usergroups:read")
async def usergroups_users_list(call: Call) -> Json:
    """List who is in a group."""
    group = call.workspace.usergroups.get(call.args.required("usergroup", "no_such_subteam"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def _group_json(call: Call, group: Usergroup, *, with_users: bool) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": call.workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_delete": 0,
        "user_count": len(group.users),
    }
    return shown | ({"users": list(group.users)} if with_users else {})
