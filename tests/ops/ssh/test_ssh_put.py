"""Files over a real sshd: whole or not at all."""

import io
import os
import subprocess
from typing import BinaryIO, cast

import pytest

from ops.errors import StepFailed
from ops.ssh import SshPool
from tests.ops.sshd import Sshd


def test_files_arrive_whole_with_their_mode(pool: SshPool, sshd: Sshd) -> None:
    remote = pool.remote(sshd.host())
    path = sshd.directory / "it's a dir" / "new file"
    content = os.urandom(3_000_000)
    remote.put(content, str(path), mode=0o600)
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o7777 == 0o600
    shorter = io.BytesIO(b"skipped" + content[:1000])
    shorter.seek(7)
    remote.put(shorter, str(path), mode=0o640)
    assert path.read_bytes() == content[:1000]
    assert path.stat().st_mode & 0o7777 == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == ["new file"]


def test_a_stream_that_cannot_seek_is_written_too(pool: SshPool, sshd: Sshd) -> None:
    with subprocess.Popen(["seq", "100000"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pool.remote(sshd.host()).put(cast(BinaryIO, process.stdout), str(sshd.directory / "seq"))
    assert (sshd.directory / "seq").read_text().splitlines()[-1] == "100000"


class BreaksOff(io.BytesIO):
    """A file whose disk fails after the first read."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("input/output error")
        return super().read(size)


def test_a_transfer_that_breaks_off_leaves_the_old_file(pool: SshPool, sshd: Sshd) -> None:
    path = sshd.directory / "kept"
    path.write_text("old")
    with pytest.raises(StepFailed, match="the transfer broke off"):
        pool.remote(sshd.host()).put(BreaksOff(bytes(1_000_000)), str(path))
    assert path.read_text() == "old"
    assert list(sshd.directory.glob(".part*")) == []


def test_a_file_that_cannot_be_written_is_said_so(pool: SshPool, sshd: Sshd) -> None:
    with pytest.raises(StepFailed, match=r"`write /proc/nowhere/file` failed on 127.0.0.1"):
        pool.remote(sshd.host()).put(bytes(1_000_000), "/proc/nowhere/file")
