"""A Debian root file system as a Docker image, where no registry hands one out."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from .engine import FleetError, docker_binary

VARIANT = {"arm64": "v8", "armhf": "v7"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
NOT_INCLUDED = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*")
BOOTSTRAP_TIMEOUT_S = 900  # arm64 under emulation takes minutes


def bootstrap(tag: str, arch: str, sources: str) -> None:
    """Make a minimal bookworm with mmdebstrap and load it into the engine under `tag`.

    `sources` are deb lines; empty takes mmdebstrap's own for bookworm. Raises FleetError.
    """
    if shutil.which("mmdebstrap") is None:
        raise FleetError("mmdebstrap is not installed. Run: sh tests/fleet/machine.sh fleet-tools")
    with tempfile.TemporaryDirectory(prefix="flsvc-fleet-") as folder:
        tar = Path(folder, "root.tar")
        _mmdebstrap(tar, arch, sources)
        _load(tar, tag, arch)


def _mmdebstrap(tar: Path, arch: str, sources: str) -> None:
    mode = "root" if os.geteuid() == 0 else "unshare"
    command = ["mmdebstrap", f"--mode={mode}", "--variant=minbase", f"--arch={arch}", "--include=ca-certificates"]
    command += ["--skip=check/qemu", '--aptopt=Apt::Install-Recommends "0"', '--aptopt=Acquire::Languages "none"']
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_INCLUDED]
    command += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    command += ['--customize-hook=rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/*_*']
    if KEYRING.exists():  # Ubuntu's apt does not trust Debian's keys by itself
        command += [f"--keyring={KEYRING}"]
    command += ["bookworm", str(tar)] + (["-"] if sources else [])
    done = subprocess.run(
        command, input=sources, capture_output=True, text=True, timeout=BOOTSTRAP_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise FleetError(f"mmdebstrap could not make a Debian root file system: {done.stderr[-1500:]}")


def _load(tar: Path, tag: str, arch: str) -> None:
    """Load a root file system with its true architecture; `docker import --platform` of 20.10 records the host's."""
    with subprocess.Popen([docker_binary(), "load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as load:
        if load.stdin is None:
            raise FleetError("docker load has no standard input")
        with load.stdin as pipe:
            _write_archive(tar, tag, arch, pipe)
        load.wait()
    if load.returncode:
        raise FleetError("docker load refused the Debian root file system: is the disk full?")


def _write_archive(tar: Path, tag: str, arch: str, out: IO[bytes]) -> None:
    config = json.dumps(_config(_sha256(tar), arch)).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(fileobj=out, mode="w|") as archive:
        for member, content in ((name, config), ("manifest.json", manifest)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        with tar.open("rb") as layer:
            archive.addfile(archive.gettarinfo(arcname="layer.tar", fileobj=layer), layer)


def _config(digest: str, arch: str) -> dict[str, object]:
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config: dict[str, object] = {
        "architecture": "arm" if arch == "armhf" else arch,
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["bash"], "Env": [path, "LANG=C.UTF-8"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "mmdebstrap"}],
    }
    return config | ({"variant": VARIANT[arch]} if arch in VARIANT else {})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
