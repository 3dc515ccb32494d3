"""Every kind a worker of these tests knows."""

from pathlib import Path

from ops.deploy import DeployKind, StopKind
from ops.docker import InstallKind
from ops.hosts import ForgetKind
from ops.hosts_register import RegisterKind
from ops.images import BuildKind
from ops.restart import RestartKind
from ops.rollback import RollbackKind
from ops.services import JobKind
from tests.crash.mark import MarkKind


def kinds(folder: Path) -> list[JobKind]:
    """Return the real kinds, and the one that marks hosts."""
    return [
        RegisterKind(),
        ForgetKind(),
        InstallKind(),
        BuildKind(),
        DeployKind(),
        RollbackKind(),
        RestartKind(),
        StopKind(),
        MarkKind(),
    ]
