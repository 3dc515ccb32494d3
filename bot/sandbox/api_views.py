"""Web API: views.*"""

from dataclasses import replace
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.api import Call, method
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import Tier
from bot.sandbox.model import AppConfig, Json, View
from bot.sandbox.viewform import check_view, read_view
from bot.sandbox.workspace import Workspace


def _view_argument(call: Call, *types: str) -> Json:
    view: Any = call.args.json("view", "invalid_arguments")
    if view is None:
        raise SlackError("invalid_arguments", ("missing required field: view",))
    check_view(view)
    if view["type"] not in types:
        raise SlackError("invalid_arguments", (f"unsupported type: {view['type']} [json-pointer:/view/type]",))
    return dict(view)


def _shown(call: Call, view: View) -> Json:
    return {"view": payloads.view(call.workspace, call.app, view)}


def new_view(workspace: Workspace, app: AppConfig, user: str, body: Json, below: View | None = None) -> View:
    """Return a new modal on top of another one, or a new home tab. Raises SlackError `duplicate_external_id`."""
    external_id = body.get("external_id") or ""
    if external_id and workspace.view_stacks.find("", external_id):
        raise SlackError("duplicate_external_id")
    view_id = workspace.new_id("V")
    blank = View(
        id=view_id,
        type=body["type"],
        user=user,
        app_id=app.app_id,
        hash="",
        root_view_id=below.root_view_id if below else view_id,
        previous_view_id=below.id if below else "",
    )
    return read_view(blank, body, workspace.now())


@method("views.open", Tier.FOUR)
async def views_open(call: Call) -> Json:
    """Open a modal for the person who just did something; it takes the place of any other modals."""
    body = _view_argument(call, "modal")
    trigger = call.core.interactions.take_trigger(call.args.required("trigger_id"), call.app.app_id)
    view = new_view(call.workspace, call.app, trigger.user, body)
    call.workspace.view_stacks.clear(trigger.user)
    return _shown(call, call.workspace.view_stacks.push(view))


@method("views.push", Tier.FOUR)
async def views_push(call: Call) -> Json:
    """Put a modal on top of the one the person just used."""
    body = _view_argument(call, "modal")
    trigger = call.core.interactions.take_trigger(call.args.required("trigger_id"), call.app.app_id)
    stacks = call.workspace.view_stacks
    if not stacks.stack(trigger.user) or not trigger.view_id:
        raise SlackError("not_found")
    if stacks.is_full(trigger.user):
        raise SlackError("push_limit_reached")
    view = new_view(call.workspace, call.app, trigger.user, body, stacks.stack(trigger.user)[-1])
    return _shown(call, stacks.push(view))


@method("views.update", Tier.FOUR)
async def views_update(call: Call) -> Json:
    """Replace an open view, found by its id or the app's own id for it."""
    body = _view_argument(call, "modal", "home")
    view_id, external_id = call.args.text("view_id"), call.args.text("external_id")
    if not view_id and not external_id:
        raise SlackError("invalid_arguments", ("missing required field: view_id",))
    stacks = call.workspace.view_stacks
    old = stacks.find(view_id, external_id)
    if old is None or old.app_id != call.app.app_id:
        raise SlackError("not_found", is_expected=stacks.was_closed(view_id))
    _check_hash(call, old)
    return _shown(call, stacks.put(read_view(old, body, call.workspace.now())))


@method("views.publish", Tier.FOUR)
async def views_publish(call: Call) -> Json:
    """Show a home tab to a person."""
    body = _view_argument(call, "home")
    user = call.args.required("user_id")
    if user not in call.workspace.users:
        raise SlackError("invalid_arguments", ("user_id: nobody has this id",))
    if not call.app.home_tab:
        raise SlackError("not_enabled")
    old = call.workspace.home(user, call.app.app_id)
    if old:
        _check_hash(call, old)
    view = new_view(call.workspace, call.app, user, body)
    return _shown(call, call.workspace.view_stacks.publish_home(replace(view, id=old.id if old else view.id)))


def _check_hash(call: Call, old: View) -> None:
    wanted = call.args.text("hash")
    if wanted and wanted != old.hash:
        raise SlackError("hash_conflict")
