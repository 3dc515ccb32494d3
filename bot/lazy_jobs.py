"""A job runner that is opened when it is first needed: looking at hosts must not wait for it."""

from collections.abc import Callable
from functools import cached_property

from ops.services import JobChange, Jobs
from ops.work import Job, JobRequest, Plan


class LazyJobs:
    """Stands for the runner that `opener` opens, and closes, elsewhere."""

    def __init__(self, opener: Callable[[], Jobs]) -> None:
        """Take the way to open it."""
        self._opener = opener

    @cached_property
    def _jobs(self) -> Jobs:
        return self._opener()

    def submit(self, request: JobRequest) -> Job:
        """Start a job."""
        return self._jobs.submit(request)

    def plan(self, request: JobRequest) -> Plan:
        """Return what a job would do."""
        return self._jobs.plan(request)

    def cancel(self, job_id: str) -> bool:
        """Ask a job to stop."""
        return self._jobs.cancel(job_id)

    def lead(self, what: str) -> bool:
        """Tell whether this process is the one to do something."""
        return self._jobs.lead(what)

    def subscribe(self, callback: Callable[[JobChange], None]) -> Callable[[], None]:
        """Call back on every change."""
        return self._jobs.subscribe(callback)

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Job:
        """Wait for a job's end."""
        return self._jobs.wait(job_id, timeout_s=timeout_s)

    def close(self) -> None:
        """Leave it open: whoever opened it closes it."""
