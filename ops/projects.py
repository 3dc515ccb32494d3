"""Projects: uploaded zips, validated, kept under the sha256 of their bytes, found again by name or short id."""

import contextlib
import difflib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ops import definition, flower, requirements, zips
from ops.config import Config
from ops.errors import BadDefinition, BadZip, NotRegistered
from ops.model import Actor, Definition, Host, Project, ProjectKind
from ops.render import template_path
from ops.services import Services

_CHUNK_BYTES = 1024 * 1024
_SHORTEST_PREFIX = 6
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Content:
    """What a zip turned out to be."""

    kind: ProjectKind
    definition: Definition
    requirements: tuple[str, ...]
    name: str = ""


def receive(services: Services, path: Path, filename: str, actor: Actor) -> Project:
    """Validate a zip, keep it and return its project; the same bytes again give the project that is there.

    Raises BadZip or BadDefinition, with nothing kept.
    """
    with _private_copy(services.config, path) as (copy, digest):
        if (known := services.store.project(digest)) and archive_path(services.config, digest).is_file():
            return known
        archive = zips.inspect(copy, zips.Limits(archive_bytes=services.config.max_zip_bytes))
        content = describe(archive)
        size_bytes = copy.stat().st_size
        copy.replace(archive_path(services.config, digest))
    project = Project(
        id=digest,
        name=content.name or definition.docker_name(filename),
        kind=content.kind,
        definition=content.definition,
        requirements=content.requirements,
        size_bytes=size_bytes,
        file_count=len(archive.members),
        filename=filename,
        uploaded_at=services.now(),
        uploaded_by=actor.id,
        uploaded_by_name=actor.name,
    )
    services.store.save_project(project)
    return project


def describe(archive: zips.Archive) -> Content:
    """Tell what a zip holds: a container project (definition.yaml) or a Flower app; raises BadDefinition."""
    if definition.FILE_NAME in archive.paths or "definition.yml" in archive.paths:
        return _container_project(archive)
    if flower.FILE_NAME in archive.paths:
        content = zips.read_member(archive, flower.FILE_NAME, max_bytes=flower.MAX_BYTES)
        if flower.is_app(content):
            app = flower.parse(content, archive.paths)
            name = definition.docker_name(app.name) if app.name else ""
            return Content(ProjectKind.FLOWER_APP, Definition(entrypoints={}), app.requirements, name)
    raise BadDefinition(
        f"The zip has no {definition.FILE_NAME} at its top, nor a {flower.FILE_NAME} with [tool.flwr.app]. "
        f"Add a {definition.FILE_NAME}, one line is enough: {definition.EXAMPLES['entrypoint']}"
    )


def find(services: Services, text: str) -> Project:
    """Return the newest project of a name, or the one whose id starts with `text`; raises NotRegistered."""
    wanted = text.strip().strip("`'\"").removesuffix(".zip").lower()
    if named := services.store.projects(name=wanted, last=1):
        return named[0]
    known = services.store.projects()
    if len(wanted) >= _SHORTEST_PREFIX:
        matches = [project for project in known if project.id.startswith(wanted)]
        if len(matches) == 1:
            return matches[0]
    raise NotRegistered(_not_found(text, known))


def latest_for(services: Services, hosts: Sequence[Host]) -> Project | None:
    """Return the project last deployed to any of the hosts, else the newest one uploaded, else None."""
    addresses = [host.address for host in hosts]
    for deployment in services.store.deployments(addresses=addresses, last=1):
        if project := services.store.project(deployment.project_id):
            return project
    newest = services.store.projects(last=1)
    return newest[0] if newest else None


def archive_path(config: Config, project_id: str) -> Path:
    """Return where a project's zip lies."""
    return config.projects_dir / f"{project_id}.zip"


def open_archive(config: Config, project: Project) -> zips.Archive:
    """Inspect a kept zip again, so that what was changed on disk since is noticed; raises BadZip."""
    path = archive_path(config, project.id)
    if not path.is_file():
        raise BadZip(f"The zip of {project.name} ({project.short_id}) is gone from the bot's disk. Upload it again.")
    return zips.inspect(path, zips.Limits(archive_bytes=config.max_zip_bytes))


def starter_zip(path: Path) -> Path:
    """Pack the starter project of the templates into `path`, the same bytes each time."""
    root = template_path() / "project"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                info = zipfile.ZipInfo(str(file.relative_to(root)), _ZIP_EPOCH)
                info.external_attr = 0o100644 << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, file.read_bytes())
    return path


def _container_project(archive: zips.Archive) -> Content:
    name = definition.FILE_NAME if definition.FILE_NAME in archive.paths else "definition.yml"
    found = definition.parse(zips.read_member(archive, name, max_bytes=definition.MAX_BYTES))
    found = replace(found, entrypoints=definition.against(found, archive.paths))
    return Content(ProjectKind.CONTAINER, found, _requirements(archive, found.sourcedir), found.image_name)


def _requirements(archive: zips.Archive, sourcedir: str) -> tuple[str, ...]:
    """Return the requirements beside the sources, else those at the top of the zip, else none."""
    beside = requirements.FILE_NAME if sourcedir == "." else f"{sourcedir}/{requirements.FILE_NAME}"
    for name in (beside, requirements.FILE_NAME):
        if name in archive.paths:
            return requirements.parse(zips.read_member(archive, name, max_bytes=requirements.MAX_BYTES), name)
    return ()


@contextlib.contextmanager
def _private_copy(config: Config, path: Path) -> Iterator[tuple[Path, str]]:
    """Copy the bytes where nobody else writes and hash them on the way; the copy is gone unless it was moved."""
    size_bytes = path.stat().st_size
    if size_bytes > config.max_zip_bytes:
        most = config.max_zip_bytes // 1024 // 1024
        raise BadZip(f"The zip is {size_bytes / 1024 / 1024:.1f} MiB large; at most {most} MiB are accepted.")
    config.projects_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, name = tempfile.mkstemp(dir=config.projects_dir, prefix=".incoming-")
    copy, digest = Path(name), hashlib.sha256()
    try:
        with os.fdopen(number, "wb") as target, path.open("rb") as source:
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
        yield copy, digest.hexdigest()
    finally:
        copy.unlink(missing_ok=True)


def _not_found(text: str, known: Sequence[Project]) -> str:
    names = list(dict.fromkeys(project.name for project in known))
    if not names:
        return f"There is no project '{text}', and none at all yet. Drop a zip into a channel the bot is in."
    near = difflib.get_close_matches(text.lower(), names, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"There is no project '{text}'.{meant} Known: {', '.join(names[:10])}{more}."
