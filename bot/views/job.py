"""A job's live message: its head, a row for each host, what went wrong, and what can be done next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.registry import typed
from bot.replies import Button, Cell, Column
from bot.views import blocks, job_buttons, lanes, limits, rich, tables, words
from bot.views.lanes import LaneView
from bot.views.packing import THREAD_MESSAGES, Piece, message, pack
from bot.views.payload import Block, MessagePayload, Snippet
from bot.views.remaining import remaining
from ops.work import Job, StepState

FAILURES_SHOWN = 5
_STEP_COLUMNS = frozenset({"docker install"})  # kinds shown with a column for each step
_DETAIL_CHARS = 160
_SENTENCE_CHARS = 400
_SUMMARY_CHARS = 1_000
_MORE_CHARS = 200


def as_typed(job: Job, prefix: str = "/flsvc") -> Job:
    """Return a job whose sentences have their commands the way they are typed."""
    steps = tuple(replace(step, detail=typed(step.detail, prefix)) for step in job.steps)
    return replace(job, summary=typed(job.summary, prefix), error=typed(job.error, prefix), steps=steps)


def job_message(job: Job, now: datetime) -> MessagePayload:
    """Return a job as it stands, as one message that keeps to Slack's limits with any number of hosts."""
    job = as_typed(job)
    found = lanes.views(job, now)
    head = Piece((_head(job, now),), _aloud(job))
    end = Piece((*_below(job, found), *blocks.commands(_buttons(job, found))))
    left = limits.MESSAGE_CHARS - limits.chars((*head.blocks, *end.blocks)) - _MORE_CHARS
    return message([head, *_table(job, found, left), end])


def job_details(job: Job, now: datetime) -> tuple[tuple[MessagePayload, ...], tuple[Snippet, ...]]:
    """Return what the failed steps printed, for the job's thread: messages, or one file when they are many."""
    failed = [one for one in lanes.views(as_typed(job), now) if one.failed_step]
    told = [one for n, one in enumerate(failed) if n >= FAILURES_SHOWN or _output(one)]
    if not told:
        return (), ()
    cut = any(limits.size(_output(one)) > limits.CODE_CHARS for one in told)
    posts = tuple(pack(_detail(one) for one in told))
    whole = Snippet(f"{job.kind.replace(' ', '-')}-failures.txt", "What the failed steps printed", _whole(told))
    if len(posts) > THREAD_MESSAGES:
        return (message([Piece((rich.text(f"{words.count(len(failed), 'host')} failed; the file says why."),))]),), (
            whole,
        )
    return posts, (whole,) if cut else ()


def ended_message(job: Job) -> MessagePayload:
    """Return what tells the person who asked, by a mention, how the job ended."""
    title = limits.escaped(job.title or job.kind, limits.HEADER_CHARS)
    took = f" after {words.duration(job.took)}" if job.took else ""
    sentence = f"{_mention(job)} {words.JOB_SIGNS[job.state]} {title}: {words.JOB_WORDS[job.state]}{took}."
    return MessagePayload(sentence, (blocks.section(sentence),))


def _mention(job: Job) -> str:
    mention = job.actor.mention
    return mention if mention.startswith("<@") else limits.escaped(mention, limits.HEADER_CHARS)


def _head(job: Job, now: datetime) -> Block:
    elements = [
        rich.plain(f"{words.JOB_SIGNS[job.state]} "),
        rich.plain(limits.cut(job.title or job.kind, limits.HEADER_CHARS), bold=True),
        rich.plain(f"  {words.JOB_WORDS[job.state]}{_progress(job, now)}  ·  for "),
        _who(job),
    ]
    return rich.paragraph(elements)


def _who(job: Job) -> Block:
    if job.actor.mention.startswith("<@"):
        return rich.user(job.actor.id)
    return rich.plain(limits.cut(job.actor.name or "somebody", limits.HEADER_CHARS))


def _progress(job: Job, now: datetime) -> str:
    if job.state.ended:
        return f" after {words.duration(job.took)}" if job.took else ""
    if not job.steps:
        return ""
    ended = sum(step.state.ended for step in job.steps)
    running = f"  ·  {words.duration(now - job.started_at)}" if job.started_at else ""
    left = remaining(job, now)
    about = f", about {words.duration(left)} left" if left and left.total_seconds() >= 1 else ""
    return f"  {words.bar(ended, len(job.steps))}{running}{about}"


def _aloud(job: Job) -> str:
    ended = sum(step.state.ended for step in job.steps)
    state = words.JOB_WORDS[job.state] if job.state.ended or not job.steps else f"{ended} of {len(job.steps)} steps"
    return " ".join(
        part
        for part in (
            f"{words.JOB_SIGNS[job.state]} {job.title or job.kind}: {state}.",
            job.summary,
            job.error if job.state.ended else "",
        )
        if part
    )


def _table(job: Job, found: Sequence[LaneView], budget: int) -> list[Piece]:
    """Return the lanes in the plan's order; where not all of them fit, what needs a look comes first."""
    if not found:
        return []
    shape = _by_step if job.kind in _STEP_COLUMNS else _by_lane
    shown = list(found)
    fitted = tables.fit(*shape(shown), budget)
    if fitted.taken < len(shown):
        shown = lanes.worst_first(found)
        fitted = tables.fit(*shape(shown), budget)
    rest = shown[fitted.taken :]
    more = [blocks.context(f"and {len(rest)} more: {words.counts(one.state for one in rest)}")] if rest else []
    return [Piece((fitted.block, *more))]


def _by_lane(found: Sequence[LaneView]) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]]]:
    columns = (Column("Host"), Column("Step"), Column("State"), Column("Time", "right"), Column("What"))
    rows: list[tuple[Cell, ...]] = [
        (
            limits.cut(one.label, 80),
            f"{limits.cut(one.step, 60)} ({one.number}/{len(one.steps)})" if one.steps else "",
            one.state,
            words.duration(one.elapsed),
            limits.cut(one.detail, _DETAIL_CHARS),
        )
        for one in found
    ]
    return columns, rows


def _by_step(found: Sequence[LaneView]) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]]]:
    names = list(dict.fromkeys(step.name for one in found for step in one.steps))[: limits.TABLE_CELLS - 2]
    columns = (Column("Host"), *(Column(name) for name in names), Column("Time", "right"))
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        states = {step.name: step.state for step in one.steps}
        cells: list[Cell] = [states.get(name, "") for name in names]
        rows.append((limits.cut(one.label, 80), *cells, words.duration(one.elapsed)))
    return columns, rows


def _below(job: Job, found: Sequence[LaneView]) -> list[Block]:
    made: list[Block] = []
    failed = [one for one in found if one.failed_step]
    if job.state.ended and job.summary:
        made.append(rich.text(job.summary, limit=_SUMMARY_CHARS))
    if job.state.ended and job.error and job.error != job.summary:
        made.append(rich.text(job.error, limit=_SUMMARY_CHARS))
    if failed:
        made.append(rich.bullets(_sentence(one) for one in failed[:FAILURES_SHOWN]))
    if len(failed) > FAILURES_SHOWN and job.state.ended:
        made.append(blocks.context(f"and {len(failed) - FAILURES_SHOWN} more that failed: see the thread"))
    return made


def _sentence(one: LaneView) -> list[Block]:
    step = one.failed_step
    assert step is not None
    label = limits.cut(one.label, 80)
    what = "unreachable" if step.state is StepState.UNREACHABLE else f"{step.name} failed"
    return [rich.plain(f"{label}", bold=True), *rich.marked(f": {what}. {step.detail}", _SENTENCE_CHARS)]


def _buttons(job: Job, found: Sequence[LaneView]) -> list[Button]:
    return job_buttons.after(job, found) if job.state.ended else [job_buttons.cancel(job)]


def _output(one: LaneView) -> str:
    return limits.printable(one.failed_step.output).strip() if one.failed_step else ""


def _detail(one: LaneView) -> Piece:
    output = limits.last_lines(_output(one), limits.CODE_CHARS)
    made = [rich.paragraph(_sentence(one)), *([rich.preformatted(output)] if output else [])]
    return Piece(tuple(made), f"{one.label}: {one.detail}")


def _whole(told: Sequence[LaneView]) -> str:
    return "\n".join(f"== {one.label}: {one.step}\n{one.detail}\n{_output(one)}\n" for one in told)
