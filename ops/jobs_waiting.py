"""Catching up with hosts that were away: what a job leaves to do on them, and who starts it when they are back."""

import logging
import time
from collections.abc import Callable, Mapping
from threading import Lock, Thread

from ops.errors import HostUnreachable, OpsError
from ops.locks import Locks
from ops.model import DeploymentState, Host
from ops.services import Services
from ops.waiting import (
    CONTAINERS,
    Waiting,
    WaitingState,
    away,
    catch_up,
    done,
    given_at,
    makes_needless,
    missed,
    overtakes,
    untouched,
    was_stopped,
    was_undone,
)
from ops.work import Event, Job, JobRequest, JobState

_log = logging.getLogger(__name__)

LOOK_S = 10.0
_LOCK = "when-back"
_CLOSE_S = 5.0
_LIVE = tuple(state for state in JobState if not state.ended)
# Answers once the machine has started everything it starts by itself, the Docker Engine among it (systemctl(1)).
_STARTED = "systemctl is-system-running --wait"
_STARTED_S = 90.0


def note(services: Services, job: Job) -> str:
    """Write down what an ending job leaves to do on hosts that are away, and cross out what it made needless.

    Returns what to tell people of it, or ''. Running twice does no harm.
    """
    if job.plan is None or was_undone(job):
        return ""
    _cross_out(services, job)
    if not job.args.get("when_back") or job.state is JobState.CANCELLED or was_stopped(job):
        return ""
    others = untouched(job)
    entries = []
    for host in away(job):
        entries.append(_wait(services, job, host, others))
        others = []
    return _told([entry for entry in entries if entry.state is WaitingState.WAITING])


def _wait(services: Services, job: Job, host: str, others: list[str]) -> Waiting:
    again = services.store.waits_again(job.id, host)
    if again is not None:
        return again
    wanted = missed(job, host, others, project_of(services, job.kind, job.args, host))
    entry = services.store.add_waiting(wanted)
    for other in services.store.waiting(host=host):
        newer, older = (entry, other) if other.created_at < entry.created_at else (other, entry)
        if other.seq != entry.seq and makes_needless(newer.kind, newer.project_id, older):
            services.store.change_waiting(older, WaitingState.SUPERSEDED)
            if older is entry:
                return older
    return entry


def _cross_out(services: Services, job: Job) -> None:
    hosts = set(done(job))
    for older in services.store.waiting():
        if older.host not in hosts or older.created_at >= given_at(job):
            continue
        if overtakes(job.kind, project_of(services, job.kind, job.args, older.host), older):
            services.store.change_waiting(older, WaitingState.SUPERSEDED)


def project_of(services: Services, kind: str, args: Mapping[str, object], host: str) -> str:
    """Return the project a command is about: the one it names, else the only one the host runs, else ''."""
    if args.get("project_id") or kind not in {"rollback", "restart"}:
        return str(args.get("project_id") or "")
    rows = services.store.deployments(addresses=[host], states=[DeploymentState.RUNNING])
    projects = {row.project_id for row in rows}
    return projects.pop() if len(projects) == 1 else ""


def _told(entries: list[Waiting]) -> str:
    if not entries:
        return ""
    if len(entries) > 1:
        return f"{len(entries)} hosts do not answer; each is caught up with when it is back. `jobs` shows them."
    (entry,) = entries
    return f"{entry.host} does not answer; it is caught up with when it is back. `cancel {entry.id}` calls that off."


class Returns:
    """Watches hosts for which something waits, and starts it, one job after the other, when they are back.

    Looking takes a thread per host, so that whoever calls `look` never waits; of several workers one looks.
    """

    def __init__(self, services: Services, locks: Locks, submit: Callable[[JobRequest], object]) -> None:
        self._services, self._locks, self._submit = services, locks, submit
        self._guard = Lock()
        self._threads: dict[str, Thread] = {}
        self._mine = False
        self._ended = False

    def look(self) -> None:
        """Begin to look at each host for which something waits, a few at a time."""
        hosts = list(dict.fromkeys(entry.host for entry in self._services.store.waiting()))
        if not hosts or not self._is_mine():
            return
        for host in hosts:
            with self._guard:
                if host in self._threads or len(self._threads) >= self._services.config.fan_out:
                    continue
                thread = Thread(target=self._look_at, args=(host,), name=f"flsvc-back-{host}", daemon=True)
                self._threads[host] = thread
            thread.start()

    def close(self) -> None:
        """Start nothing any more."""
        self._ended = True
        with self._guard:
            threads = list(self._threads.values())
        until = time.monotonic() + _CLOSE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _is_mine(self) -> bool:
        self._mine = self._mine or self._locks.acquire(_LOCK)
        return self._mine

    def _look_at(self, address: str) -> None:
        try:
            host = self._services.store.host(address)
            if host is None:
                self._forget(address)
            elif not self._is_busy(address) and self._is_back(host) and not self._ended:
                self._start(host)
        except Exception as error:
            # The database may be away; the next look is ten seconds off.
            _log.warning("looking whether %s is back failed: %s", address, type(error).__name__)
        finally:
            with self._guard:
                self._threads.pop(address, None)

    def _is_back(self, host: Host) -> bool:
        try:
            self._services.pool.remote(host).run(_STARTED, check=False, timeout_s=_STARTED_S)
        except HostUnreachable:
            return False
        except OpsError as error:
            _log.info("%s is back, with something to mend: %s", host.address, type(error).__name__)
        return True

    def _is_busy(self, address: str) -> bool:
        """Tell whether a job has this host: what waits was given before it, and must not come after it unasked."""
        jobs = self._services.store.jobs(states=_LIVE, last=1000)
        return any(address in _addresses(job) for job in jobs)

    def _start(self, host: Host) -> None:
        for entry in self._services.store.waiting(host=host.address)[:1]:
            if entry.kind in CONTAINERS and self._is_locked(host):
                return
            origin = self._services.store.job(entry.job_id)
            request = catch_up(entry, origin)
            if self._services.store.change_waiting(entry, WaitingState.STARTED, started_job=request.id):
                self._note(entry, request, origin)
                self._submit(request)

    def _is_locked(self, host: Host) -> bool:
        """Tell whether somebody locked the host's federation: then what waits goes on waiting."""
        return any(lock.federation == host.federation for lock in self._services.store.locks())

    def _note(self, entry: Waiting, request: JobRequest, origin: Job | None) -> None:
        event = Event(
            at=self._services.now(),
            who=entry.actor.id,
            who_name=entry.actor.name,
            where=entry.actor.channel,
            what=request.kind,
            arguments=request.title,
            target=entry.host,
            job_id=request.id,
            permalink=origin.permalink if origin else "",
        )
        if not self._services.store.events(job_id=request.id, last=1):
            self._services.store.add_event(event)

    def _forget(self, address: str) -> None:
        for entry in self._services.store.waiting(host=address):
            self._services.store.change_waiting(entry, WaitingState.CANCELLED)


def _addresses(job: Job) -> list[object]:
    found = job.args.get("addresses")
    return list(found) if isinstance(found, list | tuple) else []
