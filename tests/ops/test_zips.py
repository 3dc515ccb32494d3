"""What a zip may hold, what is refused and with which words, and the tar that is made of it."""

import io
import stat
import struct
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ops import zip_names, zips
from ops.errors import BadZip


def make(path: Path, files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_one(path: Path, name: str, content: bytes = b"x", *, attr: int = 0) -> Path:
    info = zipfile.ZipInfo(name)
    info.orig_filename = name
    info.filename = name  # past the cleaning that a well-behaved packer does
    info.external_attr = attr
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content)
    return path


def refusal(path: Path, limits: zips.Limits | None = None) -> str:
    with pytest.raises(BadZip) as caught:
        zips.inspect(path, limits)
    return str(caught.value)


def test_a_folder_around_everything_is_left_out_and_junk_is_ignored(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.zip",
        {
            "face/definition.yaml": b"a: 1\n",
            "face/src/client.py": b"print(1)\n",
            "face/src/__pycache__/client.pyc": b"x",
            "face/.DS_Store": b"x",
            "__MACOSX/face/._client.py": b"x",
            "face/.git/config": b"x",
        },
    )
    archive = zips.inspect(path)
    assert [member.path for member in archive.members] == ["definition.yaml", "src/client.py"]
    assert archive.total_bytes == 14
    assert zips.read_member(archive, "src/client.py") == b"print(1)\n"


def test_a_file_at_the_top_keeps_every_folder(tmp_path: Path) -> None:
    archive = zips.inspect(make(tmp_path / "a.zip", {"definition.yaml": b"", "src/a.py": b""}))
    assert archive.paths == {"definition.yaml", "src/a.py"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../evil.py", "leads out of the zip"),
        ("src/../../evil.py", "leads out of the zip"),
        ("/etc/passwd", "absolute"),
        ("C:/evil.py", "drive letter"),
        ("src\\evil.py", "backslash"),
        ("src/./evil.py", "not plain"),
        ("src//evil.py", "not plain"),
        ("src/ev\nil.py", "control character"),
        ("src/ev\u202eyp.py", "control character"),
        ("/".join("d" * 17), "17 folders deep; at most 16"),
        ("a" * 256, "longer than 255 bytes"),
        ("/".join(["é" * 100] * 6), "at most 1024"),
    ],
)
def test_names_are_refused_by_entry_and_rule(tmp_path: Path, name: str, rule: str) -> None:
    said = refusal(make_one(tmp_path / "a.zip", name))
    assert rule in said
    assert said.startswith(f"'{zip_names.shown(name)}' is refused: ")


def test_a_name_that_ends_early_for_c_programs_is_refused(tmp_path: Path) -> None:
    path = make_one(tmp_path / "a.zip", "safe.pyX.sh")
    path.write_bytes(path.read_bytes().replace(b"safe.pyX.sh", b"safe.py\0.sh"))
    assert "'safe.py?.sh' is refused: its name holds a control character." in refusal(path)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [(stat.S_IFLNK, "a link"), (stat.S_IFBLK, "a device"), (stat.S_IFIFO, "a device or a pipe")],
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: int, rule: str) -> None:
    assert rule in refusal(make_one(tmp_path / "a.zip", "src/a.py", b"/etc/passwd", attr=(kind | 0o777) << 16))


def test_a_windows_link_is_refused(tmp_path: Path) -> None:
    assert "'a.py' is refused: it is a link" in refusal(make_one(tmp_path / "a.zip", "a.py", attr=0x400))


def test_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    path = make_one(tmp_path / "a.zip", "srcX", b"x")
    path.write_bytes(path.read_bytes().replace(b"srcX", b"src/"))
    assert "folder with content" in refusal(path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = make_one(tmp_path / "a.zip", "a.py")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refusal(path)


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (("src/a.py", "SRC/A.py"), "'SRC/A.py' is refused: 'src/a.py' has the same name"),
        (("caf\u00e9.py", "cafe\u0301.py"), "has the same name"),
        (("src", "src/a.py"), "'src/a.py' is refused: 'src' is a file and a folder at once"),
        (("src/a.py", "SRC"), "is a file and a folder at once"),
        (("src/", "src"), "is a file and a folder at once"),
    ],
)
def test_names_that_clash_are_refused(tmp_path: Path, names: tuple[str, str], rule: str) -> None:
    assert rule in refusal(make(tmp_path / "a.zip", dict.fromkeys(names, b"")))


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.py": b"1", "b.py": b"2"})
    path.write_bytes(path.read_bytes().replace(b"b.py", b"a.py"))
    assert "'a.py' is refused: 'a.py' has the same name" in refusal(path)


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (zips.Limits(archive_bytes=100), "at most 100 bytes are accepted"),
        (zips.Limits(entries=2), "3 entries; at most 2"),
        (zips.Limits(files=2), "3 files; at most 2"),
        (zips.Limits(entry_bytes=1000), "'b' is refused: it unpacks to 2 KiB; at most 1000 bytes a file"),
        (zips.Limits(total_bytes=3000), "unpacks to 4 KiB; at most 3 KiB"),
        (zips.Limits(ratio_from_bytes=1000, ratio=20), "times, like a zip bomb; at most 20"),
        (zips.Limits(directory_bytes=100), "directory is 141 bytes large; at most 100 bytes"),
    ],
)
def test_sizes_are_bounded(tmp_path: Path, limits: zips.Limits, rule: str) -> None:
    path = make(tmp_path / "a.zip", {"a": b"", "b": b"\0" * 2048, "c": b"\0" * 2048})
    assert zips.inspect(path).total_bytes == 4096
    assert rule in refusal(path, limits)


def test_a_bomb_under_the_size_limits_is_refused(tmp_path: Path) -> None:
    assert "zip bomb" in refusal(make(tmp_path / "a.zip", {"zeros": b"\0" * 4_000_000}))


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    assert "deflated" in refusal(make(tmp_path / "a.zip", {"a": b"x"}, method=zipfile.ZIP_LZMA))


def test_an_empty_zip_and_one_of_junk_hold_no_files(tmp_path: Path) -> None:
    assert refusal(make(tmp_path / "a.zip", {})) == "The zip holds no files."
    assert refusal(make(tmp_path / "b.zip", {".DS_Store": b""})) == "The zip holds no files."


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"\x89PNG" * 100)
    assert "not a zip" in refusal(tmp_path / "a.zip")
    (tmp_path / "a.zip").write_bytes(b"")
    assert "not a zip" in refusal(tmp_path / "a.zip")


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.py": b"print(1)" * 100})
    path.write_bytes(path.read_bytes()[:-30])
    assert "cut off" in refusal(path)


def test_a_wrong_checksum_names_the_entry(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.py": b"print(1)"}, method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"print(1)", b"print(2)"))
    assert refusal(path).startswith("'a.py' in the zip is damaged (Bad CRC-32")


def test_a_size_that_is_not_the_declared_one_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.py": b"print(1)"}, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", 9)
    path.write_bytes(content)
    assert "'a.py' in the zip is damaged" in refusal(path)


def test_zip64_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.py": b"print(1)"})
    content = path.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    path.write_bytes(content[:end] + b"PK\x06\x07" + bytes(16) + content[end:])
    assert "zip64" in refusal(path)


def test_a_zip_with_a_comment_is_read(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", {"a.py": b"1"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"made by hand"
    assert zips.inspect(path).paths == {"a.py"}


def test_reading_one_file_is_bounded_and_explained(tmp_path: Path) -> None:
    archive = zips.inspect(make(tmp_path / "a.zip", {"a.py": b"12345"}))
    with pytest.raises(BadZip, match=r"'b\.py' is not in the zip"):
        zips.read_member(archive, "b.py")
    with pytest.raises(BadZip, match=r"'a\.py' is 5 bytes large; at most 4 bytes"):
        zips.read_member(archive, "a.py", max_bytes=4)


def tar_of(archive: zips.Archive) -> bytes:
    sources = {f"sources/{path}": path for path in archive.paths}
    with zips.open_context(archive, sources, {"Dockerfile": b"FROM x\n"}) as stream:
        return stream.read()


def test_the_build_context_is_the_same_bytes_whatever_the_order_and_times(tmp_path: Path) -> None:
    files = {"b/x.py": b"1", "a.py": b"2", "run.sh": b"3"}
    first = zips.inspect(make(tmp_path / "a.zip", files))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as other:
        for name, content in reversed(files.items()):
            other.writestr(zipfile.ZipInfo(name, (2001, 1, 1, 0, 0, 0)), content)
    second = zips.inspect(tmp_path / "b.zip")
    assert [m.path for m in first.members] == [m.path for m in second.members]
    assert tar_of(first) == tar_of(first)
    with tarfile.open(fileobj=io.BytesIO(tar_of(second))) as tar:
        infos = {info.name: info for info in tar.getmembers()}
        assert list(infos) == [
            "sources",
            "sources/b",
            "Dockerfile",
            "sources/a.py",
            "sources/b/x.py",
            "sources/run.sh",
        ]
        assert {(info.mtime, info.uid, info.gid) for info in infos.values()} == {(0, 0, 0)}
        member = tar.extractfile("sources/b/x.py")
        assert member is not None
        assert member.read() == b"1"


def test_executable_files_stay_executable_in_the_context(tmp_path: Path) -> None:
    archive = zips.inspect(make_one(tmp_path / "a.zip", "run.sh", attr=(stat.S_IFREG | 0o755) << 16))
    with tarfile.open(fileobj=io.BytesIO(tar_of(archive))) as tar:
        assert tar.getmember("sources/run.sh").mode == 0o755


NAMES = st.text(st.sampled_from("ab./\\\0:CÀ é\n"), max_size=12)


@given(NAMES)
def test_a_name_that_passes_stays_inside(name: str) -> None:
    if not zip_names.broken_rule(name):
        resolved = Path("/inside", name)
        assert Path("/inside") in resolved.parents
        assert ".." not in resolved.parts
        assert "\0" not in name


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damaged_bytes_are_read_or_refused_never_a_crash(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(make(tmp_path / "a.zip", {"a.py": b"print(1)" * 9, "b/c.py": b"2"}).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.zip"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        archive = zips.inspect(path)
    except BadZip as refused:
        assert str(refused).isprintable()
    else:
        assert archive.members


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,3}", fullmatch=True), st.binary(max_size=50), min_size=1
    )
)
def test_files_come_out_as_they_went_in(files: dict[str, bytes]) -> None:
    names = set(files)
    assume(not any(name.startswith(f"{other}/") for name in names for other in names))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.zip")
        path.write_bytes(packed.getvalue())
        read = zips.inspect(path)
        prefix = zip_names.common_folder(list(files))
        assert {prefix + m.path: zips.read_member(read, m.path) for m in read.members} == files
