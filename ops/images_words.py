"""What is said about images: one place for the sentences."""

import re
from collections.abc import Sequence

from ops.errors import StepFailed
from ops.model import Arch, Project

CANCELLED = "The build was stopped, for the job was cancelled; the layers that were done are kept."
_TAIL_LINES = 25
_CANNOT_RUN = re.compile(r"exec format error", re.IGNORECASE)
_NO_BASE = re.compile(
    r"pull access denied|manifest unknown|no such host|manifest for .* not found|dial tcp|TLS", re.I
)


def short(digest: str) -> str:
    """Return the digits of a digest that people compare."""
    return digest.removeprefix("sha256:")[:12]


def size(size_bytes: int) -> str:
    """Phrase an image's size."""
    return f"{size_bytes / 1e6:.0f} MB"


def flower_app(project: Project) -> str:
    """Say why a Flower app is kept but not deployed, and what to do."""
    return (
        f"{project.name} is a Flower app: it is kept, but this version deploys container projects only. "
        "Add a definition.yaml at the top of the zip that names the files to start, "
        "`entrypoint: {server: server.py, client: client.py}`, and upload it again."
    )


def no_builder(arch: Arch, local: str) -> str:
    """Say that nothing here builds for an arch, and the two ways out."""
    own = f"the bot's Docker Engine is {local}" if local else "the bot's machine has no Docker Engine that answers"
    return (
        f"Nothing here can build images for {arch}: {own}, and no registered {arch} host has Docker running. "
        f"Install the packages qemu-user-static and binfmt-support on the bot's machine, or Docker on an {arch} host."
    )


def finished(project: Project, good: Sequence[str], bad: Sequence[str]) -> str:
    """Sum an ended build up."""
    arches = ", ".join(key.removeprefix("build ") for key in good)
    if not bad:
        return f"{project.name} ({project.short_id}) is ready for {arches}."
    failed = ", ".join(key.removeprefix("build ") for key in bad)
    kept = f" It is ready for {arches}." if good else " Nothing was changed on any host."
    return f"{project.name} ({project.short_id}) could not be built for {failed}.{kept}"


def build_failed(name: str, arch: Arch, error: StepFailed, log: Sequence[str]) -> StepFailed:
    """Return the failure with the line that says why in front, advice where there is some, and the log's end."""
    lines = [*log, *error.output.splitlines(), str(error)]
    why = next((line.strip() for line in lines if line.lstrip().startswith(("ERROR:", "error:"))), str(error))
    text = f"The build of {name} for {arch} failed: {why[:300].rstrip('.')}.{_advice(arch, lines)}"
    return StepFailed(text, host=error.host, output="\n".join(lines[-_TAIL_LINES:]))


def wrong_arch(name: str, arch: Arch, found: str, base: str) -> str:
    """Say that the base image led to another arch than was asked for."""
    return (
        f"The image of {name} came out as {found or 'unknown'}, not {arch}: the base image {base} is another. "
        f"Name one with the setting of base images, `python/{arch}`."
    )


def _advice(arch: Arch, lines: Sequence[str]) -> str:
    if any(_CANNOT_RUN.search(line) for line in lines):
        return (
            f" The builder cannot run {arch} programs: install qemu-user-static and binfmt-support there, "
            f"or register an {arch} host with Docker and build again."
        )
    if any(_NO_BASE.search(line) for line in lines[-3:]):
        return " The base image could not be fetched: check the builder's network, or name another base image."
    return ""
