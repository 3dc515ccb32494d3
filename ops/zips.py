"""Zips are input from strangers: every rule is checked before a byte is used, and nothing is ever unpacked to disk.

`inspect` reads the whole archive once, in a stream, and returns what it holds; `read_member` and `open_context` take
from an inspected archive only. Each refusal is a BadZip that names the entry and the rule with its limit.
"""

import contextlib
import errno
import io
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ops import zip_names
from ops.errors import BadZip

_CHUNK_BYTES = 256 * 1024
_END_RECORD = b"PK\x05\x06"
_END_RECORD_BYTES = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_LONGEST_COMMENT = 0xFFFF
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000  # traditional, strong, masked headers (APPNOTE 4.4.4)
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    RuntimeError,
    OSError,
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may be at most; generous for sources and weights, small beside a Pi's disk."""

    archive_bytes: int = 200 * 1024 * 1024
    entries: int = 10_000  # junk included
    directory_bytes: int = 4 * 1024 * 1024
    files: int = 2_000
    entry_bytes: int = 256 * 1024 * 1024
    total_bytes: int = 512 * 1024 * 1024
    ratio: int = 200  # of an entry above ratio_from_bytes; deflate itself ends near 1032
    ratio_from_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """One file: `path` without the folder that wraps the whole archive, `entry` as the archive names it."""

    path: str
    entry: str
    size_bytes: int
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Archive:
    """An inspected zip and its files in the order of their paths."""

    location: Path
    members: tuple[Member, ...]

    @property
    def paths(self) -> frozenset[str]:
        """Return the path of every file."""
        return frozenset(member.path for member in self.members)

    @property
    def total_bytes(self) -> int:
        """Return what the files measure unpacked."""
        return sum(member.size_bytes for member in self.members)

    def member(self, path: str) -> Member | None:
        """Return the file of that path, or None."""
        return next((member for member in self.members if member.path == path), None)


def inspect(location: Path, limits: Limits | None = None) -> Archive:
    """Check a zip against every rule and read it through once; raises BadZip."""
    limits = limits or Limits()
    _check_frame(location, limits)
    with _opened(location) as archive:
        infos = archive.infolist()
        _check_count(len(infos), limits.entries, "entries")
        kept = [info for info in infos if not _is_junk(info)]
        for info in kept:
            _check_entry(info, limits)
        zip_names.check_clashes([(info.filename, info.is_dir()) for info in kept])
        files = [info for info in kept if not info.is_dir()]
        _check_files(files, limits)
        for info in files:
            _read_through(archive, info)
    return Archive(location, _members(files))


def read_member(archive: Archive, path: str, *, max_bytes: int = 1024 * 1024) -> bytes:
    """Read one small file; raises BadZip when it is missing, larger than `max_bytes` or damaged."""
    member = archive.member(path)
    if member is None:
        raise BadZip(f"'{path}' is not in the zip.")
    if member.size_bytes > max_bytes:
        raise BadZip(f"'{path}' is {_size(member.size_bytes)} large; at most {_size(max_bytes)} may be read here.")
    with _opened(archive.location) as opened, _explained(member.entry):
        return opened.read(member.entry)


@contextlib.contextmanager
def open_context(archive: Archive, sources: Mapping[str, str], extra: Mapping[str, bytes]) -> Iterator[BinaryIO]:
    """Yield a tar of `extra` files and of `sources` (path in the tar -> path in the zip), the same bytes each time.

    Order, times, owners and modes are fixed. It is spooled to a temporary file, never held in memory whole.
    """
    with tempfile.TemporaryFile() as spool, _opened(archive.location) as opened:
        with tarfile.open(fileobj=spool, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for folder in _folders([*extra, *sources]):
                tar.addfile(_tar_info(folder, kind=tarfile.DIRTYPE, mode=0o755))
            for name, content in sorted(extra.items()):
                tar.addfile(_tar_info(name, size_bytes=len(content)), io.BytesIO(content))
            for name, path in sorted(sources.items()):
                _add_member(tar, opened, archive, name, path)
        spool.seek(0)
        yield spool


def _add_member(tar: tarfile.TarFile, opened: zipfile.ZipFile, archive: Archive, name: str, path: str) -> None:
    member = archive.member(path)
    if member is None:
        raise BadZip(f"'{path}' is not in the zip.")
    info = _tar_info(name, size_bytes=member.size_bytes, mode=0o755 if member.executable else 0o644)
    with _explained(member.entry), opened.open(member.entry) as stream:
        tar.addfile(info, stream)


def _tar_info(name: str, *, size_bytes: int = 0, mode: int = 0o644, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.mtime = size_bytes, mode, kind, 0
    return info


def _folders(names: list[str]) -> list[str]:
    return sorted({str(parent) for name in names for parent in Path(name).parents} - {".", "/"})


def _check_frame(location: Path, limits: Limits) -> None:
    """Check the archive's size and its directory's before zipfile builds objects out of them."""
    size_bytes = location.stat().st_size
    if size_bytes > limits.archive_bytes:
        raise BadZip(f"The zip is {_size(size_bytes)} large; at most {_size(limits.archive_bytes)} are accepted.")
    with location.open("rb") as stream:
        stream.seek(max(0, size_bytes - _LONGEST_COMMENT - _END_RECORD_BYTES - _ZIP64_LOCATOR_BYTES))
        tail = stream.read()
    start = _end_record(tail)
    if start < 0:
        raise BadZip("This is not a zip, or it was cut off on the way: its directory is missing. Upload it again.")
    if tail[max(0, start - _ZIP64_LOCATOR_BYTES) : start].startswith(_ZIP64_LOCATOR):
        raise BadZip("The zip uses the zip64 extension, which nothing this small needs. Pack it without.")
    directory_bytes = int.from_bytes(tail[start + 12 : start + 16], "little")
    if directory_bytes > limits.directory_bytes:
        most = _size(limits.directory_bytes)
        raise BadZip(f"The zip's directory is {_size(directory_bytes)} large; at most {most} are accepted.")


def _end_record(tail: bytes) -> int:
    """Return where the end record starts in the last bytes, looking where zipfile looks, or -1."""
    plain = len(tail) - _END_RECORD_BYTES
    if plain >= 0 and tail[plain:].startswith(_END_RECORD) and tail.endswith(b"\0\0"):
        return plain
    return tail.rfind(_END_RECORD)


@contextlib.contextmanager
def _opened(location: Path) -> Iterator[zipfile.ZipFile]:
    with _explained(""):
        archive = zipfile.ZipFile(location)
    with archive:
        yield archive


@contextlib.contextmanager
def _explained(entry: str) -> Iterator[None]:
    """Turn whatever damaged bytes make zipfile raise into a BadZip that names the entry."""
    try:
        yield
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # the disk's fault, not the zip's
            raise
        where = f"'{entry}' in the zip" if entry else "The zip"
        raise BadZip(f"{where} is damaged ({error}). Pack it again and upload it once more.") from error


def _is_junk(info: zipfile.ZipInfo) -> bool:
    return zip_names.is_junk(info.orig_filename)


def _check_entry(info: zipfile.ZipInfo, limits: Limits) -> None:
    rule = (
        zip_names.broken_rule(info.orig_filename)
        or ("its name is not what its bytes say" if info.filename != info.orig_filename else "")
        or zip_names.broken_kind(info.external_attr, info.orig_filename, info.file_size)
        or ("is encrypted; pack it without a password" if info.flag_bits & _ENCRYPTED_FLAGS else "")
        or _broken_size(info, limits)
    )
    if rule:
        raise BadZip(f"'{zip_names.shown(info.orig_filename)}' is refused: {rule}.")


def _broken_size(info: zipfile.ZipInfo, limits: Limits) -> str:
    if info.compress_type not in _METHODS:
        return "it is neither stored nor deflated, the two methods accepted"
    if info.file_size > limits.entry_bytes:
        return f"it unpacks to {_size(info.file_size)}; at most {_size(limits.entry_bytes)} a file are accepted"
    ratio = info.file_size // max(1, info.compress_size)
    if info.file_size > limits.ratio_from_bytes and ratio > limits.ratio:
        return f"it is compressed {ratio} times, like a zip bomb; at most {limits.ratio} times is accepted"
    return ""


def _check_files(files: list[zipfile.ZipInfo], limits: Limits) -> None:
    if not files:
        raise BadZip("The zip holds no files.")
    _check_count(len(files), limits.files, "files")
    total = sum(info.file_size for info in files)
    if total > limits.total_bytes:
        raise BadZip(f"The zip unpacks to {_size(total)}; at most {_size(limits.total_bytes)} are accepted.")


def _check_count(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise BadZip(f"The zip holds {count} {what}; at most {limit} are accepted. Leave data sets and caches out.")


def _read_through(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Unpack to nowhere: zipfile stops at the size the directory declares and compares the checksum."""
    with _explained(info.filename), archive.open(info) as stream:
        read = 0
        while chunk := stream.read(_CHUNK_BYTES):
            read += len(chunk)
        if read != info.file_size:
            raise zipfile.BadZipFile(f"it has {read} bytes, not the {info.file_size} it declares")


def _members(files: list[zipfile.ZipInfo]) -> tuple[Member, ...]:
    prefix = zip_names.common_folder([info.filename for info in files])
    members = [
        Member(
            path=info.filename.removeprefix(prefix),
            entry=info.filename,
            size_bytes=info.file_size,
            executable=bool(info.external_attr >> 16 & 0o111),
        )
        for info in files
    ]
    return tuple(sorted(members, key=lambda member: member.path))


def _size(size_bytes: int) -> str:
    """Phrase a size: 12 KiB, 3.4 MiB."""
    if size_bytes < 1024 * 1024:
        return f"{size_bytes / 1024:.0f} KiB" if size_bytes >= 1024 else f"{size_bytes} bytes"
    return f"{size_bytes / 1024 / 1024:.1f} MiB".replace(".0 MiB", " MiB")
