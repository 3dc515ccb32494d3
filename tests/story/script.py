"""The story's steps as they are played: each timed, each checked, all of them in one table at the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Unexpected(AssertionError):
    """Something a user would call wrong."""


@dataclass
class Step:
    """One step: what, how long, and how it ended."""

    part: str
    what: str
    took_s: float = 0.0
    outcome: str = ""
    good: bool = False


@dataclass
class Script:
    """The steps played so far; `part` names the ones to come."""

    part: str = ""
    steps: list[Step] = field(default_factory=list)
    loud: bool = True

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Time a step; what it raises is its outcome, and ends the story."""
        step = Step(self.part, what)
        self.steps.append(step)
        start = time.monotonic()
        try:
            yield step
            step.good = True
            step.outcome = step.outcome or "ok"
        except BaseException as error:
            step.outcome = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            raise
        finally:
            step.took_s = time.monotonic() - start
            if self.loud:
                print(row(step), flush=True)

    @property
    def good(self) -> bool:
        """Tell whether everything went as it should."""
        return all(step.good for step in self.steps)

    def table(self) -> str:
        """Return all steps as a table, with the sum of their seconds."""
        head = f"{'part':10} {'step':44} {'seconds':>8}  outcome"
        total = sum(step.took_s for step in self.steps)
        return "\n".join([head, "-" * 100, *map(row, self.steps), "-" * 100, f"{'':10} {'all':44} {total:8.1f}"])


def row(step: Step) -> str:
    """Return one line of the table."""
    return f"{step.part:10} {step.what:44} {step.took_s:8.1f}  {'' if step.good else '✗ '}{step.outcome}"


def expect(condition: object, sentence: str) -> None:
    """Go on, or end the story with a sentence."""
    if not condition:
        raise Unexpected(sentence)


def complain(text: str) -> None:
    """Print to standard error what the story saw when it went wrong."""
    print(text, file=sys.stderr, flush=True)
