"""Each person's stack of modals, and the home tabs."""

from collections.abc import Callable

from bot.sandbox.model import View

STACK_LIMIT = 3  # views.push: "the limit is 3"


class ViewStacks:
    """Open modals by person, bottom first, and home tabs by app and person."""

    def __init__(self, publish: Callable[[View], None]) -> None:
        self._publish = publish
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[tuple[str, str], View] = {}
        self._closed: set[str] = set()

    def stack(self, user: str) -> list[View]:
        """Return a person's open modals, the one on top last."""
        return list(self._stacks.get(user, []))

    def home(self, app_id: str, user: str) -> View | None:
        """Return the home tab an app published for a person."""
        return self._homes.get((app_id, user))

    def find(self, view_id: str, external_id: str = "") -> View | None:
        """Find an open modal or a home tab by its id or by the app's own id for it."""
        every = [view for stack in self._stacks.values() for view in stack] + list(self._homes.values())
        return next((v for v in every if v.id == view_id or (external_id and v.external_id == external_id)), None)

    def was_closed(self, view_id: str) -> bool:
        """Tell whether a view existed and its person has closed it since."""
        return view_id in self._closed

    def is_full(self, user: str) -> bool:
        """Tell whether one more modal would exceed Slack's limit."""
        return len(self._stacks.get(user, [])) >= STACK_LIMIT

    def push(self, view: View) -> View:
        """Put a modal on top of its person's stack."""
        self._stacks.setdefault(view.user, []).append(view)
        self._publish(view)
        return view

    def publish_home(self, view: View) -> View:
        """Replace a person's home tab."""
        self._homes[(view.app_id, view.user)] = view
        self._publish(view)
        return view

    def put(self, view: View) -> View:
        """Replace an open view by its new form."""
        if view.type == "home":
            return self.publish_home(view)
        stack = self._stacks[view.user]
        stack[[old.id for old in stack].index(view.id)] = view
        self._publish(view)
        return view

    def set_state(self, view: View) -> View:
        """Remember what a person has filled in, without telling anyone."""
        if view.type == "home":
            self._homes[(view.app_id, view.user)] = view
        else:
            stack = self._stacks[view.user]
            stack[[old.id for old in stack].index(view.id)] = view
        return view

    def pop(self, view: View) -> list[View]:
        """Close a modal together with whatever lies on top of it; return what was closed."""
        stack = self._stacks.get(view.user, [])
        position = [open_view.id for open_view in stack].index(view.id)
        return self._drop(view.user, stack[position:])

    def clear(self, user: str) -> list[View]:
        """Close all modals of a person; return what was closed."""
        return self._drop(user, self.stack(user))

    def _drop(self, user: str, closed: list[View]) -> list[View]:
        gone = {view.id for view in closed}
        self._closed |= gone
        self._stacks[user] = [view for view in self._stacks.get(user, []) if view.id not in gone]
        for view in closed:
            self._publish(view)
        return closed
