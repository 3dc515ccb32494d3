"""The terminal's face of an answer and of a running job; text goes to a stream, nothing else is done here."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping, Set
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from bot.replies import Reply
from bot.terminal_text import grid, render
from bot.views import lanes, words
from bot.views.job import as_typed
from ops.work import Job, Step, StepState

__all__ = ["JobView", "changes", "job_json", "job_lines", "render", "to_json"]

_UP_AND_CLEAR = "\x1b[{lines}F\x1b[0J"


_FORMS: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (date, lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (Path, str),
    (Enum, lambda value: value.value),
    (Mapping, dict),
    (Set, lambda value: sorted(value, key=str)),
)


def to_json(reply: Reply) -> str:
    """Return an answer's data as JSON, for `--json`: moments as ISO text, durations as seconds, sets in order."""
    return _json(reply.data)


def job_json(job: Job) -> str:
    """Return a job as JSON, for `--json`: each host with its steps, and what they printed where they failed."""
    lanes_of = job.plan.lanes if job.plan else ()
    rows = [
        {
            "host": lane.host,
            "label": lane.label,
            "steps": [_step(step) for step in job.steps if step.lane == lane.key],
        }
        for lane in lanes_of
    ]
    whole = {"id": job.id, "kind": job.kind, "title": job.title, "state": job.state, "took_s": job.took}
    return _json(whole | {"summary": job.summary, "error": job.error, "lanes": rows})


def _step(step: Step) -> dict[str, object]:
    known = {"name": step.name, "state": step.state, "detail": step.detail, "output": step.output}
    return known | {"started_at": step.started_at, "ended_at": step.ended_at}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    if dataclasses.is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def job_lines(job: Job, now: datetime, width: int) -> list[str]:
    """Return a job as it stands: a line about the whole, a row for each host."""
    job = as_typed(job, "flsvc")
    found = lanes.views(job, now)
    done = sum(step.state.ended for step in job.steps)
    took = words.duration(job.took or (now - job.started_at if job.started_at else None))
    parts = (job.title or job.kind, words.JOB_WORDS[job.state], f"{done}/{len(job.steps)} steps", took)
    head = ", ".join(part for part in parts if part)
    if not found:
        return [head, *([job.error] if job.error else [])]
    rows = [
        [
            one.label,
            one.step,
            f"{one.number}/{len(one.steps)}",
            one.state.value,
            words.duration(one.elapsed),
            one.detail,
        ]
        for one in found
    ]
    titles = ["Host", "Step", "", "State", "Time", ""]
    after = [line for line in (job.summary, job.error) if line and job.state.ended]
    return [head, *grid(titles, rows, [False, False, True, False, True, False], width), *after]


def changes(before: Job | None, after: Job) -> list[str]:
    """Return a line for each step that changed between two looks at a job, for output that is not a terminal."""
    after = as_typed(after, "flsvc")
    known = {(step.lane, step.name): step.state for step in before.steps} if before else {}
    labels = {lane.key: lane.label or lane.key for lane in after.plan.lanes} if after.plan else {}
    lines = [
        _line(labels.get(step.lane, step.lane), step)
        for step in after.steps
        if step.state not in (StepState.PENDING, known.get((step.lane, step.name)))
    ]
    if after.state.ended and (before is None or not before.state.ended):
        lines.append(_ending(after))
    return lines


def _line(label: str, step: Step) -> str:
    took = words.duration(step.ended_at - step.started_at) if step.ended_at and step.started_at else ""
    told = " ".join(part for part in (f"({took})" if took else "", step.detail) if part)
    return f"{label}: {step.name}: {step.state.value} {told}".rstrip()


def _ending(job: Job) -> str:
    took = f" after {words.duration(job.took)}" if job.took else ""
    told = " ".join(part for part in (job.summary, job.error) if part)
    return f"{job.title or job.kind}: {words.JOB_WORDS[job.state]}{took}. {told}".rstrip()


class JobView:
    """Shows a job on a stream while it runs: redrawn in place on a terminal, a line for each change elsewhere.

    It may be called from any thread.
    """

    def __init__(self, stream: TextIO, *, width: int | None = None, height: int | None = None) -> None:
        size = shutil.get_terminal_size((120, 40))
        self._stream = stream
        self._width = width or size.columns
        self._height = height or size.lines
        self._drawn = 0
        self._before: Job | None = None
        self._guard = Lock()

    def draw(self, job: Job, now: datetime | None = None) -> None:
        """Show the job as it stands; nothing is written where nothing changed and the stream is no terminal."""
        with self._guard:
            if self._before is not None and self._before.state.ended:
                return
            if self._stream.isatty():
                self._redraw(job, now or datetime.now(UTC))
            else:
                self._stream.writelines(f"{line}\n" for line in changes(self._before, job))
            self._before = job
            self._stream.flush()

    def end(self, job: Job) -> None:
        """Show how the job ended, all of it."""
        self.draw(job)

    def _redraw(self, job: Job, now: datetime) -> None:
        lines = job_lines(job, now, self._width)
        if len(lines) > self._height - 1 and not job.state.ended:  # what scrolled away cannot be redrawn
            more = len(lines) - self._height + 2
            lines = [*lines[:-more], f"… and {more} more lines"]
        if self._drawn:
            self._stream.write(_UP_AND_CLEAR.format(lines=self._drawn))
        self._stream.writelines(f"{line}\n" for line in lines)
        self._drawn = len(lines)
