"""From words to an answer, the same for Slack and for the terminal: parse, permit, note, call, phrase the failure."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from bot import registry
from bot.registry import Parsed, Role
from bot.replies import Call, Cell, Code, Link, OpenForm, Reply, Table, Text, failure
from bot.roles import Roles
from ops.errors import NotAllowed, OpsError
from ops.model import Actor
from ops.services import Jobs, Services
from ops.work import Event, Job, JobRequest, StepState

log = logging.getLogger(__name__)
T = TypeVar("T")

# 50 commands at once, most of them waiting for hosts, must not queue behind each other
_THREADS = 64


@dataclass(frozen=True, slots=True)
class Given:
    """A command as it was given: its words, by whom, where, and under which id."""

    words: Sequence[str]
    actor: Actor
    request_id: str
    face: Literal["slack", "terminal"] = "slack"
    channel_name: str = ""
    permalink: str = ""


class Dispatcher:
    """Runs commands. Handlers run in threads; this object is used from one event loop."""

    def __init__(self, services: Services, jobs: Jobs, roles: Roles, prefix: str = "/flsvc") -> None:
        """Take what handlers are given; `prefix` is what a command is typed after."""
        self.services, self.jobs, self.roles, self.prefix = services, jobs, roles, prefix
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="command")

    async def run(self, given: Given) -> Reply | Job | OpenForm:
        """Run one command; every failure becomes a Reply to the asker alone."""
        try:
            return await self._run(given)
        except OpsError as error:
            return self.phrase(error)
        except Exception:
            return failure(broke("command " + " ".join(given.words[:2])))

    async def check(self, given: Given, role: Role) -> None:
        """Pass, or raise NotAllowed; a refused change is noted in the audit."""
        try:
            await self.roles.check(given.actor, role, channel_name=given.channel_name)
        except NotAllowed as error:
            await self.note(given, outcome="refused", detail=str(error))
            raise

    async def submit(self, request: JobRequest, given: Given) -> Job:
        """Start a job and note it in the audit; the same request again starts nothing and notes nothing."""
        return await self.in_thread(lambda: self._submit(request, given))

    async def note(self, given: Given, *, outcome: str, detail: str = "") -> None:
        """Write a line of the audit."""
        await self.in_thread(lambda: self._note(given, outcome=outcome, detail=detail))

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run something slow beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def phrase(self, error: OpsError) -> Reply:
        """Say a foreseen failure, with commands the way they are typed here."""
        return failure(self.with_prefix(str(error)), error.output)

    def with_prefix(self, sentence: str) -> str:
        """Write commands the way they are typed here: `ping x` becomes `/flsvc ping x`."""
        return registry.typed(sentence, self.prefix)

    def close(self) -> None:
        """Wait for the handlers that are running."""
        self._threads.shutdown()

    async def _run(self, given: Given) -> Reply | Job | OpenForm:
        parsed = registry.parse(given.words)
        await self.check(given, parsed.command.role)
        mine = await self.roles.of(given.actor.id)
        call = Call(
            self.services, self.jobs, given.actor, given.request_id, given.face, self.prefix,
            may=lambda role: role in mine, permalink=given.permalink,
        )  # fmt: skip
        answer = await self.in_thread(lambda: self._call(parsed, call, given))
        if isinstance(answer, JobRequest):
            return await self.submit(answer, given)
        return self._prefixed(answer) if isinstance(answer, Reply) else answer

    def _prefixed(self, reply: Reply) -> Reply:
        return replace(reply, parts=tuple(self._prefixed_part(part) for part in reply.parts))

    def _prefixed_part(self, part: Text | Table | Code) -> Text | Table | Code:
        match part:
            case Text():
                return Text(self.with_prefix(part.text))
            case Table():
                rows = tuple(tuple(self._prefixed_cell(cell) for cell in row) for row in part.rows)
                empty, note = self.with_prefix(part.empty), self.with_prefix(part.note)
                return replace(part, rows=rows, empty=empty, note=note)
            case Code():
                return part

    def _prefixed_cell(self, cell: Cell) -> Cell:
        return cell if isinstance(cell, StepState | Link) else self.with_prefix(cell)

    def _call(self, parsed: Parsed, call: Call, given: Given) -> Reply | JobRequest | OpenForm:
        answer = parsed(call)
        changed = parsed.command.role is Role.OPERATOR and not parsed.values.get("dry_run")
        if changed and isinstance(answer, Reply):
            self._note(given, outcome="done")
        return answer

    def _submit(self, request: JobRequest, given: Given) -> Job:
        known = self.services.store.job(request.id)
        if known is None:
            self._note(given, what=request.kind, arguments=request.title, job_id=request.id)
        return known or self.jobs.submit(request)

    def _note(
        self,
        given: Given,
        *,
        what: str = "",
        arguments: str = "",
        outcome: str = "",
        detail: str = "",
        job_id: str = "",
    ) -> None:
        words = " ".join(given.words)
        event = Event(
            at=self.services.now(),
            who=given.actor.id,
            who_name=given.actor.name,
            where=given.actor.channel or given.face,
            what=what or words.partition(" ")[0],
            arguments=arguments or words,
            outcome=outcome,
            detail=detail,
            job_id=job_id,
            permalink=given.permalink,
        )
        self.services.store.add_event(event)


def broke(where: str) -> str:
    """Log the exception being handled under a reference and return the sentence that names it."""
    reference = secrets.token_hex(4)
    log.exception("%s broke, reference %s", where, reference)
    return (
        f"Something broke inside flsvc; this is a bug, not your mistake. Reference `{reference}`: "
        "the bot's log has the details under it. Jobs that are running go on."
    )
