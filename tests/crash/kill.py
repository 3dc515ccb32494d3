"""Kinds of job whose process is killed at a chosen moment of a chosen step; once, however often the step is run."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ops.model import Host, HostKey
from ops.ports import Engine, Engines, Pool, Remote
from ops.services import JobKind, Outcome, Services, StepContext, Undoing
from ops.work import Job, Phase, Plan

MOMENTS = ("before", "during", "after")
Call = Callable[[], Any]
Handler = Callable[[str, Call], Any]  # the method's name, and what calls it


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


@dataclass(frozen=True)
class Moment:
    """When to die: `before` a step, `during` its call of that number to a host or an engine, or `after` it, unnoted.

    A call that has not come back after `into_s` is cut in the middle. A step that calls nobody dies at its beginning.
    """

    step: str
    when: str
    marker: str
    call: int = 0
    into_s: float = 0.0

    def has_come(self, step: str, when: str) -> bool:
        """Tell whether it is this moment, for the first time."""
        if (step, when) != (self.step, self.when):
            return False
        try:
            Path(self.marker).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Tap:
    """Stands for a remote or an engine; every call to it goes through a handler."""

    def __init__(self, real: object, handle: Handler) -> None:
        self._real = real
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found) or name == "reverse_tunnel":
            return found
        if name == "build":  # its log is read to the end within the call
            return lambda *args, **kwargs: iter(self._handle(name, lambda: list(found(*args, **kwargs))))
        return lambda *args, **kwargs: self._handle(name, lambda: found(*args, **kwargs))


@dataclass(frozen=True)
class TappedPool:
    """A pool whose remotes are tapped."""

    real: Pool
    handle: Handler

    def remote(self, host: Host) -> Remote:
        return cast("Remote", Tap(self.real.remote(host), self.handle))

    def scan(self, address: str, port: int) -> HostKey:
        return cast("HostKey", self.handle("scan", lambda: self.real.scan(address, port)))

    @contextmanager
    def password_login(self, host: Host, password: str) -> Iterator[Remote]:
        with self.real.password_login(host, password) as remote:
            yield cast("Remote", Tap(remote, self.handle))

    @contextmanager
    def key_login(self, host: Host, private_key: str) -> Iterator[Remote]:
        with self.real.key_login(host, private_key) as remote:
            yield cast("Remote", Tap(remote, self.handle))

    def drop(self, address: str) -> None:
        self.real.drop(address)

    def close(self) -> None:
        self.real.close()


@dataclass(frozen=True)
class TappedEngines:
    """Engines that are tapped."""

    real: Engines
    handle: Handler

    def local(self) -> Engine:
        return cast("Engine", Tap(self.real.local(), self.handle))

    def on(self, host: Host) -> Engine:
        return cast("Engine", Tap(self.real.on(host), self.handle))


def tapped(services: Services, handle: Handler) -> Services:
    """Return services whose calls to hosts and engines go through a handler."""
    pool, engines = TappedPool(services.pool, handle), TappedEngines(services.engines, handle)
    return replace(services, pool=pool, engines=engines)


@dataclass
class Wrapped:
    """A kind that does what another does."""

    real: JobKind

    @property
    def name(self) -> str:
        return self.real.name

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        return self.real.plan(services, args)

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        return self.real.run_step(services, context)

    def undo(self, services: Services, job: Job) -> tuple[Phase, ...]:
        return self.real.undo(services, job) if isinstance(self.real, Undoing) else ()

    def finish(self, services: Services, job: Job) -> str:
        return self.real.finish(services, job)


@dataclass
class Timed(Wrapped):
    """Notes how long every call of every step takes."""

    took_s: dict[str, list[float]] = field(default_factory=dict)

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        calls = self.took_s.setdefault(context.step, [])

        def measure(_name: str, call: Call) -> Any:
            begun = time.monotonic()
            try:
                return call()
            finally:
                calls.append(time.monotonic() - begun)

        return super().run_step(tapped(services, measure), context)

    def moment(self, step: str, when: str, marker: Path) -> Moment:
        """Return a moment; `during` is the middle of the step's longest call."""
        calls = self.took_s.get(step, [])
        if when != "during" or not calls:
            return Moment(step, when, str(marker))
        longest = max(calls)
        return Moment(step, when, str(marker), calls.index(longest) + 1, longest / 2)


@dataclass
class Struck(Wrapped):
    """Lets something happen beside, right before a call of a step; once."""

    step: str
    call: str
    strike: Callable[[], None]
    struck: bool = False

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        return super().run_step(tapped(services, self._handle) if context.step == self.step else services, context)

    def _handle(self, name: str, call: Call) -> Any:
        if name == self.call and not self.struck:
            self.struck = True
            self.strike()
        return call()


@dataclass
class Killing(Wrapped):
    """Dies at a moment."""

    moment: Moment

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        if self.moment.has_come(context.step, "before"):
            die()
        if self.moment.has_come(context.step, "during"):
            if not self.moment.call:
                die()
            services = tapped(services, self._cut())
        outcome = super().run_step(services, context)
        # A step that took fewer calls this time ends before the one that was to be cut.
        if self.moment.has_come(context.step, "after") or isinstance(services.pool, TappedPool):
            die()
        return outcome

    def _cut(self) -> Handler:
        count = 0

        def handle(_name: str, call: Call) -> Any:
            nonlocal count
            count += 1
            if count != self.moment.call:
                return call()
            threading.Timer(self.moment.into_s, die).start()
            call()
            die()
            return None

        return handle
