"""The chain of images: Debian, the Pi, and stand-ins for public images where no registry answers."""

import concurrent.futures
import contextlib
import fcntl
import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from . import outer, rootfs
from .engine import LABEL, FleetError, docker, docker_binary, label, lines

DEBIAN = "flsvc-fleet/debian"
ROOT = "flsvc-fleet/root"
PI = "flsvc-fleet/pi"
REPOSITORY = "flsvc-fleet/repository"
PUBLIC_DEBIAN = "debian:bookworm-slim"
PYTHON = "python:3.11-slim-bookworm"
REGISTRY = "registry:2"

KEY = f"{LABEL}.key"
NAME = "{{.Repository}}:{{.Tag}}"
RECIPES = Path(__file__).parent / "images"
PULL_TIMEOUT_S = 300
BUILD_TIMEOUT_S = 1200


def ensure_all(arch: str | None = None) -> None:
    """Make or pull every image a fleet and its bot's builds start from; quick when they are there."""
    arch = arch or machine_arch()
    with _one_builder_at_a_time(), concurrent.futures.ThreadPoolExecutor(3) as pool:
        debian = _debian(arch)
        jobs = [pool.submit(_stand_in, name, arch, debian) for name in (PYTHON, REGISTRY)]
        if arch == machine_arch():  # a Docker Engine does not run under emulation: Pis are of this machine's kind
            jobs.append(pool.submit(_pi, debian))
        for job in jobs:
            job.result()


def ensure_repository() -> str:
    """Make the image of the signed package repository and return its name."""
    with _one_builder_at_a_time():
        debian = _debian(machine_arch())
        return _build(REPOSITORY, "repository", debian, extra={"PI": _pi(debian)})


def remove_all() -> list[str]:
    """Remove every image made here and return their names; public ones stay."""
    names = lines("image", "ls", "--filter", "reference=flsvc-fleet/*", "--format", NAME)
    for public in (PYTHON, REGISTRY):
        found = lines("image", "ls", "--filter", f"reference={public}", "--format", NAME)
        found += lines("image", "ls", "--filter", f"reference=arm64v8/{public}", "--format", NAME)
        names += [name for name in found if label(name, KEY)]
    if names:
        docker("image", "rm", "-f", *names)
    return names


@functools.cache
def machine_arch() -> str:
    """Return the engine's architecture in Docker's words: amd64, arm64."""
    return docker("version", "-f", "{{.Server.Arch}}")


def _debian(arch: str) -> str:
    files = outer.files()
    origin = f"{ROOT}:{arch}"
    if label(origin, KEY) is None:
        if _pull(PUBLIC_DEBIAN, arch):
            origin = PUBLIC_DEBIAN
        else:
            with _told(f"Debian bookworm root file system ({arch})"):
                rootfs.bootstrap(origin, arch, files.get("etc/apt/sources.list", b"").decode())
    return _build(f"{DEBIAN}:{arch}", "base", origin, files=files, arch=arch)


def _pi(debian: str) -> str:
    return _build(PI, "pi", debian)


def _stand_in(name: str, arch: str, debian: str) -> str:
    """Return a public image's name: pulled or, where no registry answers, made from the distribution."""
    tag = name if arch == machine_arch() else f"{arch}v8/{name}"
    public_ones = label(f"{ROOT}:{arch}", KEY) is None
    if public_ones and _pull(tag, arch):
        return tag
    return _build(tag, "python" if name == PYTHON else "registry", debian, arch=arch)


def _pull(name: str, arch: str) -> bool:
    """Say whether the engine has the public image, pulling it when a registry answers."""
    key = label(name, KEY)
    if key is None:
        with contextlib.suppress(FleetError):
            docker("pull", "-q", "--platform", f"linux/{arch}", name, timeout_s=PULL_TIMEOUT_S)
            return True
    return key == ""


def _build(
    name: str,
    recipe: str,
    origin: str,
    *,
    files: dict[str, bytes] | None = None,
    extra: dict[str, str] | None = None,
    arch: str | None = None,
) -> str:
    """Build an image from a recipe's folder unless the engine has it, made from the very same things."""
    with tempfile.TemporaryDirectory(prefix="flsvc-fleet-") as folder:
        context = Path(folder, "context")
        shutil.copytree(RECIPES / recipe, context)
        for path, content in (files or {}).items():
            target = context / "outer" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        arguments = {"FROM": origin} | (extra or {})
        key = _key(context, [_image_id(image) for image in arguments.values()])
        if label(name, KEY) != key:
            with _told(f"image {name}"):
                _docker_build(context, name, key, arguments, arch or machine_arch())
    return name


def _docker_build(context: Path, name: str, key: str, arguments: dict[str, str], arch: str) -> None:
    words = [docker_binary(), "build", "-q", "--network=host", "-t", name, "--label", f"{KEY}={key}"]
    words += ["--label", f"{LABEL}=image", "--platform", f"linux/{arch}", *outer.proxy_build_args()]
    words += [word for pair in arguments.items() for word in ("--build-arg", "=".join(pair))]
    done = subprocess.run(
        [*words, str(context)], capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise FleetError(f"the image {name} could not be built: {(done.stdout + done.stderr)[-2000:]}")


def _key(context: Path, parents: list[str]) -> str:
    digest = hashlib.sha256("\n".join(parents).encode())
    for path in sorted(context.rglob("*")):
        if path.is_file():
            digest.update(f"\n{path.relative_to(context)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _image_id(image: str) -> str:
    return docker("image", "inspect", "-f", "{{.Id}}", image)


@contextlib.contextmanager
def _one_builder_at_a_time() -> Iterator[None]:
    """Keep two processes from making the same image twice."""
    path = Path(tempfile.gettempdir(), "flsvc-fleet-images.lock")
    with path.open("a") as lock:
        path.chmod(0o666)  # another user's fleet waits on the same file
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    start = time.monotonic()
    print(f"{what}: making it …", file=sys.stderr, flush=True)
    yield
    print(f"{what}: made in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
