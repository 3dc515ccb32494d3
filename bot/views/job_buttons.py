"""What can be done about a job: cancel it while it runs; afterwards what one usually wants to see or do next."""

from collections.abc import Sequence

from bot.replies import Button
from bot.views.lanes import LaneView
from ops.errors import UserError
from ops.retry import again
from ops.work import Job

_COMMAND_CHARS = 600  # a few dozen addresses; more crowd out the table
_AFTER = {
    "register": (("Hosts", "hosts"), ("Install Docker", "docker install {good}")),
    "forget": (("Hosts", "hosts"),),
    "docker install": (("Docker states", "docker states {all}"),),
    "build": (("Projects", "projects"),),
    "deploy": (("Status", "status {all}"), ("Logs", "logs {all}")),
    "rollback": (("Status", "status {all}"), ("Logs", "logs {all}")),
    "restart": (("Status", "status {all}"), ("Logs", "logs {all}")),
    "stop": (("Status", "status {all}"),),
}


def cancel(job: Job) -> Button:
    """Return the button that cancels a job."""
    return Button(
        "Cancel",
        f"cancel {job.id}",
        "danger",
        "Stop what is running, on the hosts too? What is done stays as it is.",
    )


def retry(job: Job) -> Button | None:
    """Return the button that does again what an ended job did not do; None where nothing can be done again so."""
    try:
        again(job)
    except UserError:
        return None
    return Button("Retry", f"retry {job.id}", "primary")


def after(job: Job, found: Sequence[LaneView]) -> list[Button]:
    """Return the buttons of an ended job: those whose command has something to act on and is short enough."""
    values = {
        "all": _addresses(job),
        "good": ",".join(one.host for one in found if not one.failed_step and one.host),
    }
    made = [button] if (button := retry(job)) else []
    for label, command in _AFTER.get(job.kind, ()):
        needed = [name for name in values if f"{{{name}}}" in command]
        if all(values[name] for name in needed):
            made.append(Button(label, command.format(**values)))
    return [button for button in made if len(button.command) <= _COMMAND_CHARS]


def _addresses(job: Job) -> str:
    value = job.args.get("addresses")
    return ",".join(str(one) for one in value) if isinstance(value, list | tuple) else ""
