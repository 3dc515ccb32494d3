"""`flsvc upload`: what dropping a zip into a channel does, from a terminal."""

import getpass
from pathlib import Path

from bot import wiring
from bot.cli import echo
from bot.replies import failure, text
from bot.settings import load
from ops import projects
from ops.errors import OpsError
from ops.model import Actor
from ops.work import Event


def run_upload(path: Path, *, as_json: bool) -> int:
    """Keep one zip and say what was found; 1 when it was refused."""
    actor = Actor(getpass.getuser(), getpass.getuser())
    try:
        with wiring.services(load()) as services:
            project = projects.receive(services, path, path.name, actor)
            services.store.add_event(
                Event(services.now(), actor.id, actor.name, "terminal", "upload", path.name, outcome="kept")
            )
    except OpsError as error:
        reply = failure(f"{path.name} was not kept. {error}")
    else:
        data = {"id": project.id, "name": project.name, "kind": project.kind, "platform": project.definition.platform}
        build = (
            f"Build it with `flsvc build {project.name}`, run it with `flsvc deploy TARGET --project {project.name}`."
        )
        reply = text(f"Kept {project.name} ({project.kind}, {project.definition.platform}). {build}", data=data)
    echo(reply, as_json=as_json)
    return int(reply.failed)
