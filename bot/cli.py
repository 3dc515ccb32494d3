"""The terminal face: every command of the registry as a shell command, with `--json`, from the same handlers."""

import asyncio
import getpass
import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import click

from bot import registry, terminal
from bot.dispatch import Dispatcher, Given
from bot.lazy_jobs import LazyJobs
from bot.prompts import OPTIONS, registration_of
from bot.registration import request
from bot.registry import Command
from bot.replies import OpenForm, Reply, failure
from bot.roles import Roles
from bot.settings import load
from ops import hosts
from ops.errors import OpsError
from ops.model import Actor
from ops.services import JobChange, Jobs, Services
from ops.work import Job, JobState

_JSON = click.Option(["--json", "as_json"], is_flag=True, help="print plain JSON")
FORMS = {"register": OPTIONS}


class Face:
    """One command in a terminal; its exit status is 0, or 1 when it failed or could not be done."""

    def __init__(self, services: Services, jobs: Jobs, *, as_json: bool) -> None:
        """Take what is at hand; whoever may read the state directory is an operator."""
        self.services, self.jobs, self.as_json = services, jobs, as_json
        self.actor = Actor(getpass.getuser(), getpass.getuser())
        self.dispatch = Dispatcher(services, jobs, Roles((), (), (), _nobody), prefix="flsvc")

    async def run(self, words: Sequence[str], form: Mapping[str, object]) -> int:
        """Run a command to its end, a job included."""
        given = Given(words, self.actor, f"terminal:{uuid.uuid4()}", face="terminal")
        answer = await self.dispatch.run(given)
        if isinstance(answer, OpenForm):
            answer = await self._register(answer, form, given)
        return self._show(answer) if isinstance(answer, Reply) else await self._follow(answer)

    async def _register(self, form: OpenForm, options: Mapping[str, object], given: Given) -> Reply | Job:
        try:
            asked = registration_of(form.initial, options)
            scans = hosts.scan(self.services, asked.addresses, asked.port)
            for scan in scans:
                click.echo(f"{scan.address}  {scan.key.fingerprint if scan.key else scan.error}", err=True)
            if not options["yes"] and any(s.key for s in scans):
                click.confirm("Are these the hosts' fingerprints?", abort=True, err=True)
            wanted = request(self.services, asked, scans, self.actor, given.request_id)
            return await self.dispatch.submit(wanted, given)
        except OpsError as error:
            return self.dispatch.phrase(error)

    def _show(self, reply: Reply) -> int:
        echo(reply, as_json=self.as_json)
        return int(reply.failed)

    async def _follow(self, job: Job) -> int:
        stream = sys.stderr if self.as_json else sys.stdout
        view = terminal.JobView(stream)
        stop = self.jobs.subscribe(lambda change: self._draw(view, change, job.id))
        try:
            ended = await self.dispatch.in_thread(lambda: self.jobs.wait(job.id))
        finally:
            stop()
        view.end(ended)
        if self.as_json:
            click.echo(terminal.job_json(ended))
        return int(ended.state is not JobState.DONE)

    def _draw(self, view: terminal.JobView, change: JobChange, job_id: str) -> None:
        if change.job_id == job_id and (job := self.services.store.job(job_id)) and not job.state.ended:
            view.draw(job)


async def _nobody(_group: str) -> frozenset[str]:
    return frozenset()


def run(words: Sequence[str], *, as_json: bool = False, form: Mapping[str, object] | None = None) -> int:
    """Run one command with the settings of the environment and return the exit status."""
    try:
        with ExitStack() as stack:
            from bot import wiring  # a second of imports that the help can do without

            settings = load()
            services = stack.enter_context(wiring.services(settings))
            jobs = LazyJobs(lambda: stack.enter_context(wiring.jobs(services, executes=settings.executes)))
            return asyncio.run(Face(services, jobs, as_json=as_json).run(words, form or {}))
    except OpsError as error:
        echo(failure(str(error), error.output), as_json=as_json)
        return 1


def echo(reply: Reply, *, as_json: bool) -> None:
    """Print an answer: JSON to standard output, a failure for people to standard error."""
    width = shutil.get_terminal_size((120, 40)).columns
    click.echo(
        terminal.to_json(reply) if as_json else terminal.render(reply, width), err=reply.failed and not as_json
    )


def add_commands(group: click.Group) -> None:
    """Add every command of the registry to a group, `docker install` as a command of the group `docker`."""
    for found in registry.load().values():
        *nouns, last = found.name.split()
        parent = group
        for noun in nouns:
            parent = _subgroup(parent, noun)
        parent.add_command(_shell_command(found), last)


def _subgroup(group: click.Group, name: str) -> click.Group:
    existing = group.commands.get(name)
    if not isinstance(existing, click.Group):
        existing = click.Group(name, help=f"See `flsvc {name} --help`.")
        group.add_command(existing)
    return existing


def _shell_command(found: Command) -> click.Command:
    extra = FORMS.get(found.name, ())

    def callback(as_json: bool, **values: object) -> None:
        form = {option.name: values.pop(str(option.name)) for option in extra}
        words = [*found.name.split(), *_words(found, values)]
        sys.exit(run(words, as_json=as_json, form={str(k): v for k, v in form.items()}))

    help_text = f"{found.click.help}\n\nFor example: flsvc {found.example}"
    params = [*found.click.params, *extra, _JSON]
    return click.Command(found.name, params=params, callback=callback, help=help_text)


def _words(found: Command, values: Mapping[str, object]) -> list[str]:
    """Write parsed values as words again, so that both faces go through one parser."""
    words: list[str] = []
    for param in found.click.params:
        value = values[str(param.name)]
        many = value if isinstance(value, tuple) else (value,)
        given = [str(v) for v in many if v is not None and v != "" and v is not False]
        if isinstance(param, click.Option):
            flag = param.opts[0]
            words += (
                [flag] if param.is_flag and given else [] if param.is_flag else [w for v in given for w in (flag, v)]
            )
        else:
            words += given
    return words
