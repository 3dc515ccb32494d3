"""Every error an operation may raise, as one tree; its text is safe to show and says what to do next.

::

    OpsError                   anything we foresaw
    ├── UserError              what was typed cannot be done: nothing was changed
    │   ├── NotRegistered      the address, federation or project is not known here
    │   ├── BadDefinition      definition.yaml or pyproject.toml of a project is wrong
    │   └── BadZip             the archive breaks a rule; names the entry and the rule
    ├── NotAllowed             the person, or the channel, may not do this
    ├── HostUnreachable        no SSH connection: off, unplugged, or a wrong address
    ├── HostKeyChanged         the host shows another key than the pinned one
    ├── LoginRefused           the host answers, but not to our key or this password
    ├── StepFailed             a command on a host, or a request to its Docker Engine, failed
    │   ├── TimedOut           ... because it did not end in time
    │   └── Cancelled          ... because its job was cancelled meanwhile
    └── Busy                   somebody else's job holds what is needed

Anything else that reaches a person is a bug: it is logged under a reference and shown as that reference.
"""


class OpsError(Exception):
    """A foreseen failure whose text may be shown to anybody.

    `host` is the address it happened on, or None; `output` the last lines a tool printed, already redacted.
    """

    def __init__(self, text: str, *, host: str | None = None, output: str = "") -> None:
        super().__init__(text)
        self.host = host
        self.output = output


class UserError(OpsError):
    """What was asked cannot be done; nothing was changed."""


class NotRegistered(UserError):
    """The thing named is not known to flsvc."""


class BadDefinition(UserError):
    """A project's description is wrong; the text names the key, the fault and an example."""


class BadZip(UserError):
    """An archive breaks a rule; the text names the entry and the rule."""


class NotAllowed(OpsError):
    """The person, or the channel, may not do this; the text says whom to ask."""


class HostUnreachable(OpsError):
    """No SSH connection to the host could be made, or it was lost."""


class HostKeyChanged(OpsError):
    """The host shows another key than the one pinned at registration; the text has both fingerprints."""


class LoginRefused(OpsError):
    """The host answers but refuses our key or the password."""


class StepFailed(OpsError):
    """A command on a host, or a request to its Docker Engine, failed."""


class TimedOut(StepFailed):
    """A command did not end in its time; it was stopped on the host as well."""


class Cancelled(StepFailed):
    """A command, or a request, was broken off because its job was cancelled; the text says what was left where."""


class Busy(OpsError):
    """Another job holds the host; the text says which and whose."""
