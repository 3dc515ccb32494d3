"""What people do in views and to buttons: press, choose, submit, close, open the home tab."""

from dataclasses import dataclass, field, replace
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.blocks import elements
from bot.sandbox.blocks_elements import GROUP, OPTION
from bot.sandbox.blocks_rules import Items, problems
from bot.sandbox.core import Core
from bot.sandbox.delivery import Kind, Receipt
from bot.sandbox.errors import SlackError, UiRefusal
from bot.sandbox.model import AppConfig, Json, Message, User, View
from bot.sandbox.viewanswers import ViewAnswers
from bot.sandbox.viewcheck import input_errors
from bot.sandbox.viewform import STATEFUL, filled_state, option_of, state_value

TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True)
class Place:
    """Where a person acts: a message, or a view with what is filled in."""

    message: Message | None = None
    view: View | None = None

    @property
    def blocks(self) -> tuple[Json, ...]:
        """Return the blocks there, those in attachments too."""
        if self.message:
            nested = [block for attachment in self.message.attachments for block in attachment.get("blocks") or ()]
            return (*self.message.blocks, *nested)
        return self.view.blocks if self.view else ()

    @property
    def app_id(self) -> str:
        """Return whose message or view it is."""
        held = self.message or self.view
        return held.app_id if held else ""


@dataclass(frozen=True)
class Submitted:
    """How a submission ended: errors by block_id, or nothing wrong."""

    errors: dict[str, str] = field(default_factory=dict)


class ViewPeople:
    """Acts of people on buttons, selects and modals."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._workspace = core.workspace
        self._answers = ViewAnswers(core)
        self._states: dict[tuple[str, str, str], Json] = {}

    def view(self, user: User, view_id: str) -> View:
        """Return a view the person has before them. Raises UiRefusal."""
        view = self._workspace.view_stacks.find(view_id)
        if view is None or view.user != user.id:
            raise UiRefusal("view_not_found", "This view is closed.")
        return view

    def fill(self, view: View, values: Json) -> View:
        """Remember what is filled in. Raises UiRefusal for a value an element cannot have."""
        try:
            state = filled_state(view, values)
        except ValueError as error:
            raise UiRefusal("invalid_value", str(error)) from error
        return self._workspace.view_stacks.set_state(replace(view, state=state))

    async def act(self, user: User, place: Place, block_id: str, action_id: str, value: Any) -> Receipt:
        """Press a button or choose something. Raises UiRefusal when it is not there any more."""
        block, element = self._find(place, block_id, action_id)
        app = self._app(place)
        try:
            action = self._action(block, element, value)
        except ValueError as error:
            raise UiRefusal("invalid_value", str(error)) from error
        if element["type"] in STATEFUL:
            place = self._remember(user, place, block, element, value)
        payload = payloads.interaction(self._workspace, app, user, "block_actions")
        payload |= self._where(user, app, place, action_url=True)
        return await self._core.delivery.request(app, Kind.INTERACTIVE, {**payload, "actions": [action]})

    async def options(self, user: User, place: Place, block_id: str, action_id: str, query: str) -> Json:
        """Ask the app for the options of an external select. Raises UiRefusal when it gives none."""
        block, element = self._find(place, block_id, action_id)
        app = self._app(place)
        payload = payloads.interaction(self._workspace, app, user, "block_suggestion")
        payload |= self._where(user, app, place, action_url=False)
        names = {"block_id": block["block_id"], "action_id": element["action_id"], "value": query}
        receipt = await self._core.delivery.request(app, Kind.INTERACTIVE, {**payload, **names})
        answer = receipt.payload or {}
        found = [*_suggestion_problems(answer)]
        if found:
            self._workspace.record(Kind.INTERACTIVE.value, "invalid_options", "; ".join(found))
        if not receipt.is_acked or found:
            raise UiRefusal("no_options", "There are no options at the moment.")
        return {"options": answer.get("options", []), "option_groups": answer.get("option_groups", [])}

    async def submit(self, user: User, view: View, values: Json) -> Submitted:
        """Submit a modal. Raises UiRefusal when the app does not answer."""
        filled = self.fill(view, values)
        errors = input_errors(filled, filled.state)
        if errors:
            return Submitted(errors)
        app = self._workspace.apps[filled.app_id]
        receipt = await self._send_view(user, app, filled, "view_submission", {"response_urls": []})
        if not receipt.is_acked:
            raise UiRefusal("operation_timeout", TROUBLE)
        try:
            return Submitted(self._answers.take(app, filled, receipt.payload or {}))
        except SlackError as error:
            self._workspace.record(Kind.INTERACTIVE.value, error.code, "; ".join(error.messages))
            raise UiRefusal("invalid_response", TROUBLE) from error

    async def close(self, user: User, view: View) -> None:
        """Close a modal (all of them when it says clear_on_close); the app hears of it when it asked to."""
        stacks = self._workspace.view_stacks
        closed = stacks.clear(user.id) if view.clear_on_close else stacks.pop(view)
        for gone in closed:
            if gone.notify_on_close:
                app = self._workspace.apps[gone.app_id]
                await self._send_view(user, app, gone, "view_closed", {"is_cleared": view.clear_on_close})

    def open_home(self, user: User, app_id: str) -> View | None:
        """Look at an app's home tab; the app hears of it."""
        app = self._workspace.apps.get(app_id) or next(iter(self._workspace.apps.values()))
        channel = self._workspace.open_im(app.bot_user_id, user.id)
        shown = self._workspace.home(user.id, app.app_id)
        event = payloads.app_home_opened(self._workspace, app, user, channel, shown)
        self._core.raise_event(event, "app_home_opened", only=app)
        return shown

    async def _send_view(self, user: User, app: AppConfig, view: View, kind: str, more: Json) -> Receipt:
        payload = payloads.interaction(self._workspace, app, user, kind)
        payload["trigger_id"] = self._core.interactions.new_trigger(app.app_id, user.id, view.id)
        payload["view"] = payloads.view(self._workspace, app, view)
        return await self._core.delivery.request(app, Kind.INTERACTIVE, {**payload, **more})

    def _app(self, place: Place) -> AppConfig:
        return self._workspace.apps[place.app_id]

    def _find(self, place: Place, block_id: str, action_id: str) -> tuple[Json, Json]:
        for block in place.blocks:
            for element in elements(block):
                if element.get("action_id") == action_id and block_id in ("", block["block_id"]):
                    return block, element
        raise UiRefusal("action_not_found", "This button or menu is not there any more.")

    def _action(self, block: Json, element: Json, value: Any) -> Json:
        kind = element["type"]
        action: Json = {"action_id": element["action_id"], "block_id": block["block_id"], "type": kind}
        action["action_ts"] = self._workspace.new_ts()
        if kind == "overflow":
            action["selected_option"] = option_of(element, value)
        elif kind in STATEFUL:
            action |= state_value(element, value)
        else:
            action |= {name: element[name] for name in ("text", "value", "style", "url") if element.get(name)}
        return action

    def _remember(self, user: User, place: Place, block: Json, element: Json, value: Any) -> Place:
        if place.view:
            return Place(view=self.fill(place.view, {block["block_id"]: {element["action_id"]: value}}))
        message = place.message
        if message:
            state = self._states.setdefault((message.channel, message.ts, user.id), {})
            state.setdefault(block["block_id"], {})[element["action_id"]] = state_value(element, value)
        return place

    def _where(self, user: User, app: AppConfig, place: Place, *, action_url: bool) -> Json:
        interactions = self._core.interactions
        if place.view:
            where: Json = {"container": {"type": "view", "view_id": place.view.id}}
            where["view"] = payloads.view(self._workspace, app, place.view)
            if action_url:
                where["trigger_id"] = interactions.new_trigger(app.app_id, user.id, place.view.id)
            return where
        message = place.message
        if message is None:
            return {}
        state = self._states.get((message.channel, message.ts, user.id), {})
        where = payloads.in_message(self._workspace, message, state)
        if action_url:
            where["trigger_id"] = interactions.new_trigger(app.app_id, user.id)
            where["response_url"] = interactions.new_url("actions", app.app_id, message.channel, user.id, message.ts)
        return where


def _suggestion_problems(answer: Json) -> list[str]:
    if "option_groups" in answer:
        return list(problems(Items(GROUP, 100, minimum=0), answer["option_groups"], "/option_groups"))
    return list(problems(Items(OPTION, 100, minimum=0), answer.get("options", []), "/options"))
