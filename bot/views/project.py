"""What was found in an uploaded project, with buttons for what comes next."""

from collections.abc import Sequence

from bot.replies import Button
from bot.views import blocks, rich
from bot.views.limits import FALLBACK_CHARS, cut, escaped, printable
from bot.views.payload import Block, MessagePayload, Posting
from bot.views.words import count, size
from ops.model import Actor, Host, Project, ProjectKind

_NAME_CHARS = 100
_FEDERATIONS = 5  # with a button of their own; the menu has the others


def project_posting(project: Project, hosts: Sequence[Host]) -> Posting:
    """Return the answer to an upload."""
    name = cut(printable(project.name), _NAME_CHARS)
    sentence = escaped(f"Kept {name}, {_kind(project)}. {_next(project, hosts)}", FALLBACK_CHARS)
    shown = [
        rich.text(f"*{name}* is kept: {_kind(project)}.", sign="📦"),
        blocks.fields(_facts(project)),
        _from(project),
    ]
    pressed = _buttons(project, hosts)
    end = [*blocks.commands(pressed), *_menu(project, hosts), blocks.context(escaped(_next(project, hosts), 500))]
    return Posting(MessagePayload(sentence, (*shown, *end)))


def _kind(project: Project) -> str:
    return "a Flower app" if project.kind is ProjectKind.FLOWER_APP else "a container project"


def _facts(project: Project) -> list[tuple[str, str]]:
    definition = project.definition
    entry = {str(kind): file for kind, file in definition.entrypoints.items()}
    files = ", ".join(dict.fromkeys(entry.values())) or "–"
    return [
        ("Entrypoint", files),
        ("Platform", str(definition.platform)),
        ("Requirements", ", ".join(project.requirements) or "none"),
        ("Size", f"{size(project.size_bytes)}, {count(project.file_count, 'file')}"),
        ("Id", project.short_id),
    ]


def _from(project: Project) -> Block:
    name = escaped(project.uploaded_by_name or project.uploaded_by, 100)
    return blocks.section(f"*From* {Actor(project.uploaded_by, name).mention}")


def _federations(hosts: Sequence[Host]) -> list[str]:
    return sorted({host.federation for host in hosts if host.federation})


def _buttons(project: Project, hosts: Sequence[Host]) -> list[Button]:
    if project.kind is ProjectKind.FLOWER_APP:
        return []
    names = _federations(hosts)[:_FEDERATIONS]
    deploy = [Button(f"Deploy to {name}", f"deploy {name} --project {project.short_id}", "primary") for name in names]
    build = [Button(f"Build for {name}", f"build {project.short_id} --for {name}") for name in names]
    return [*deploy, *build]


def _menu(project: Project, hosts: Sequence[Host]) -> list[Block]:
    """Return a menu of single hosts, and of every federation when there are more than buttons."""
    if project.kind is ProjectKind.FLOWER_APP or not hosts:
        return []
    names = _federations(hosts)
    targets = [*(names if len(names) > _FEDERATIONS else []), *(host.address for host in hosts)]
    labels = {host.address: host.label for host in hosts}
    choices = {f"build {project.short_id} --for {t}": f"Build for {labels.get(t, t)}" for t in targets[:50]}
    choices |= {f"deploy {t} --project {project.short_id}": f"Deploy to {labels.get(t, t)}" for t in targets[:50]}
    return [blocks.actions([blocks.select("run:choose", choices, placeholder="Choose a host…")])]


def _next(project: Project, hosts: Sequence[Host]) -> str:
    if project.kind is ProjectKind.FLOWER_APP:
        return "Flower apps are kept, but not deployed yet; a project with a definition.yaml is."
    if not hosts:
        return "No hosts are registered yet: /flsvc register makes some known, then build and deploy."
    return f"Or type /flsvc build {project.name} --for TARGET, /flsvc deploy TARGET --project {project.name}."
