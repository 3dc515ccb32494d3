"""The small things a process does for its jobs from time to time, on one thread."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread

_log = logging.getLogger(__name__)

# While the database is away, chores would only fill the log.
_PAUSE_S = 2.0


@dataclass(frozen=True)
class Chore:
    """Something done every so often; what it raises is logged, and it is tried again the next time."""

    every_s: float
    do: Callable[[], object]


class Keeper:
    """Does chores, in one thread, until closed."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = list(chores)
        self._due = [0.0] * len(self._chores)
        self._tick_s = min(chore.every_s for chore in chores)
        self._ended = Event()
        self._thread = Thread(target=self._run, name="flsvc-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after the chore that is being done."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._tick_s):
            for n, chore in enumerate(self._chores):
                if self._due[n] <= time.monotonic() and not self._ended.is_set():
                    pause_s = chore.every_s if self._try(chore) else max(chore.every_s, _PAUSE_S)
                    self._due[n] = time.monotonic() + pause_s

    @staticmethod
    def _try(chore: Chore) -> bool:
        try:
            chore.do()
        except Exception as error:
            _log.warning("a chore of the job runner failed, it is tried again: %s", type(error).__name__)
            return False
        return True
