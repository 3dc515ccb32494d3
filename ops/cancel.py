"""Whether the job whose step runs in this thread is to stop; asked wherever a step may wait long for a host.

A step is told once: what it does after that, to put right what it had begun, runs to its end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ops.errors import Cancelled

POLL_S = 0.5  # how often a wait looks; with the way to the host a person sees the end within two seconds


class Asked(Exception):
    """A wait ended because of `asked`; whoever knows what was waited for says it with `told`."""


@dataclass
class Question:
    """Whether the step is to stop, and whether it knows."""

    asked: Callable[[], bool]
    told: bool = False

    def hear(self) -> bool:
        """Ask on behalf of the step itself, which then knows."""
        self.told = self.told or self.asked()
        return self.told


_question: ContextVar[Question | None] = ContextVar("flsvc_cancel", default=None)


@contextmanager
def cancellable(question: Question) -> Iterator[None]:
    """Let what runs in the block ask, as often as it likes, whether it is to stop."""
    token = _question.set(question)
    try:
        yield
    finally:
        _question.reset(token)


@contextmanager
def to_the_end() -> Iterator[None]:
    """Let what runs in the block run to its end, whatever is cancelled: half of it would be worse."""
    token = _question.set(None)
    try:
        yield
    finally:
        _question.reset(token)


def possible() -> bool:
    """Tell whether anybody may still ask what runs here to stop."""
    question = _question.get()
    return question is not None and not question.told


def asked() -> bool:
    """Tell whether what runs here is to stop; False once it was told so."""
    question = _question.get()
    return question is not None and not question.told and question.asked()


def told(error: Cancelled) -> Cancelled:
    """Note that the step hears of it by this error, which the caller raises."""
    question = _question.get()
    if question is not None:
        question.told = True
    return error
