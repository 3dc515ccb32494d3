"""How a project becomes an image: the Dockerfile, its name and tag, and the files of the build context. Pure."""

import hashlib
from collections.abc import Mapping

from ops.config import Config
from ops.model import Arch, Image, Platform, Project
from ops.render import render
from ops.zips import Archive

DEFAULT_BASE = "python:3.11-slim-bookworm"
USER_ID = 10001
SOURCES = "sources"
# Where the public hub keeps the images of one architecture: asked for by name, they do not displace the
# builder's own image of the same tag.
_FOREIGN_PREFIX = {Arch.ARM64: "arm64v8/", Arch.AMD64: "amd64/"}


def base_image(config: Config, platform: Platform, arch: Arch, *, foreign: bool) -> str:
    """Return the base image: by setting for platform and arch, then for the platform, else the public Python image.

    `foreign` is a build for another arch than the builder's own.
    """
    for key in (f"{platform}/{arch}", str(platform)):
        if found := config.base_images.get(key):
            return found
    return f"{_FOREIGN_PREFIX[arch] if foreign else ''}{DEFAULT_BASE}"


def dockerfile(project: Project, platform: Platform, base: str, mirror_url: str) -> str:
    """Return the Dockerfile of a project; `mirror_url` is where pip's settings are served, or ''."""
    return render(
        f"dockerfiles/{platform}.Dockerfile.j2",
        base_image=base,
        mirror_url=mirror_url,
        uid=USER_ID,
        requirements=project.requirements,
        targetdir=project.definition.targetdir,
        platform=platform.value,
        project=project.short_id,
        title=project.name,
    )


def tag(project: Project, platform: Platform, arch: Arch, base: str) -> str:
    """Return the image's tag: the same for the same project, platform, arch, base and template, else another."""
    recipe = hashlib.sha256(dockerfile(project, platform, base, "mirror").encode()).hexdigest()[:8]
    return f"{project.short_id}-{recipe}-{arch}"


def sources(project: Project, archive: Archive) -> dict[str, str]:
    """Return the files of sourcedir: path in the build context -> path in the zip."""
    folder = "" if project.definition.sourcedir == "." else f"{project.definition.sourcedir}/"
    inside = (path for path in archive.paths if path.startswith(folder))
    return {f"{SOURCES}/{path.removeprefix(folder)}": path for path in inside}


def own_files(project: Project, text: str) -> dict[str, bytes]:
    """Return the files of the build context that are not in the zip."""
    files: Mapping[str, bytes] = {"Dockerfile": text.encode()}
    if not project.requirements:
        return dict(files)
    return {**files, "requirements.txt": "".join(f"{line}\n" for line in project.requirements).encode()}


def pull_reference(config: Config, project_name: str, digest: str) -> str:
    """Return what a host pulls: from its end of the tunnel, or straight from an external registry."""
    where = config.registry if config.external_registry else f"127.0.0.1:{config.registry_port_on_host}"
    return f"{where}/{project_name}@{digest}"


def newest(images: list[Image], platform: Platform, arch: Arch) -> Image | None:
    """Return the newest image of a platform and arch out of a project's images, newest first."""
    return next((image for image in images if (image.platform, image.arch) == (platform, arch)), None)
