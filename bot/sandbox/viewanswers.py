"""What an app answers to a submitted modal: nothing, errors, update, push, clear."""

from typing import Any

from bot.sandbox.api_views import new_view
from bot.sandbox.core import Core
from bot.sandbox.errors import SlackError
from bot.sandbox.model import AppConfig, Json, View
from bot.sandbox.viewform import check_view, read_view


class ViewAnswers:
    """Carries out a response_action."""

    def __init__(self, core: Core) -> None:
        self._workspace = core.workspace

    def take(self, app: AppConfig, view: View, body: Json) -> dict[str, str]:
        """Do what the app answered and return the errors it wants shown. Raises SlackError for a wrong answer."""
        stacks = self._workspace.view_stacks
        current = stacks.find(view.id)
        match body.get("response_action"):
            case None:
                if current:
                    stacks.pop(current)
            case "errors":
                return _errors(view, body.get("errors"))
            case "clear":
                stacks.clear(view.user)
            case "update":
                stacks.put(read_view(current or view, _modal(body), self._workspace.now()))
            case "push":
                above = new_view(self._workspace, app, view.user, _modal(body), current)
                if stacks.is_full(view.user):
                    raise SlackError("push_limit_reached")
                stacks.push(above)
            case other:
                raise SlackError("invalid_response_action", (f"unknown response_action: {other}",))
        return {}


def _modal(body: Json) -> Json:
    view: Any = body.get("view")
    check_view(view)
    if view["type"] != "modal":
        raise SlackError("invalid_arguments", ("a response_action needs a modal",))
    return dict(view)


def _errors(view: View, errors: Any) -> dict[str, str]:
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_errors", ("errors must be an object of block_id: text, and not empty",))
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    unknown = sorted(str(block_id) for block_id in errors if block_id not in inputs)
    if unknown:
        raise SlackError("invalid_errors", (f"no input block has the block_id {', '.join(unknown)}",))
    return {str(block_id): str(text) for block_id, text in errors.items()}
