"""Uploaded projects and the images made of them."""

import click

from bot.commands._answers import addresses, dry_run, named, start_or_show, table
from bot.registry import Role, command
from bot.replies import Answer, Call, Column
from bot.views.words import ago, size
from ops import projects as verbs
from ops import targets
from ops.errors import UserError
from ops.model import Arch, Platform, Project

PLATFORMS = [platform.value for platform in Platform]
ARCHES = [arch.value for arch in Arch]


@command("projects")
@click.option("--last", type=click.IntRange(1, 1000), default=50, show_default=True, help="how many, newest first")
def projects(call: Call, last: int) -> Answer:
    """List the uploaded projects, newest first. To add one, drop its zip into a channel."""
    found = call.services.store.projects(last=last)
    return table(
        "Projects",
        ("Project", "Id", "Kind", "Platform", "Entrypoint", Column("Size", "right"), "Images", "By", "When"),
        [_row(call, p) for p in found],
        empty="No project was uploaded yet. Drop its zip into a channel.",
        data=[_data(p) for p in found],
    )


def _row(call: Call, p: Project) -> tuple[str, ...]:
    images = ", ".join(sorted({i.arch for i in call.services.store.images(p.id)})) or "–"
    entry = ", ".join(dict.fromkeys(p.definition.entrypoints.values())) or "–"
    by = p.uploaded_by_name or p.uploaded_by
    when = ago(p.uploaded_at, call.services.now())
    return (p.name, p.short_id, p.kind, p.definition.platform, entry, size(p.size_bytes), images, by, when)


def _data(p: Project) -> dict[str, object]:
    return {
        "name": p.name,
        "id": p.id,
        "kind": p.kind,
        "platform": p.definition.platform,
        "entrypoints": dict(p.definition.entrypoints),
        "size_bytes": p.size_bytes,
        "uploaded_by": p.uploaded_by,
        "uploaded_by_name": p.uploaded_by_name,
        "uploaded_at": p.uploaded_at.isoformat(),
    }


@command("build", role=Role.OPERATOR, example="build faces --for test_model")
@click.argument("project")
@click.option("--for", "target", default="", metavar="TARGET", help="build for the architectures of these hosts")
@click.option("--platform", type=click.Choice(PLATFORMS), help="instead of what the project says")
@click.option("--arch", "arches", type=click.Choice(ARCHES), multiple=True, help="may be given twice")
@dry_run
def build(
    call: Call, *, project: str, target: str, platform: str | None, arches: tuple[str, ...], dry_run: bool
) -> Answer:
    """Build a project's images; without --for or --arch, for every architecture of the registered hosts."""
    found = verbs.find(call.services, project)
    hosts = [] if arches else targets.resolve(call.services, target or "all")
    if not arches and not hosts:
        raise UserError("There is no host to build for. `register` one, or name `--arch amd64` or `--arch arm64`.")
    where = ", ".join(arches) or named(target or "all", hosts)
    args = {"project_id": found.id, "addresses": addresses(hosts), "arches": [str(a) for a in arches]}
    args |= {"platform": str(platform)} if platform else {}
    return start_or_show(call, dry_run, "build", f"build {found.name} for {where}", **args)
