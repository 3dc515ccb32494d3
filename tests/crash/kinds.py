"""Every kind a worker of these tests knows."""

from bot import wiring
from ops.services import JobKind
from tests.crash.mark import MarkKind


def kinds() -> list[JobKind]:
    """Return the kinds a production worker has, and the one that marks hosts."""
    return [*wiring.kinds(), MarkKind()]
