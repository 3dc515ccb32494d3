"""The rules an entry's name and kind must keep, as pure functions that return the broken rule or ''."""

import re
import stat
import unicodedata
from collections.abc import Sequence

from ops.errors import BadZip

MAX_DEPTH = 16
MAX_NAME_BYTES = 255  # of one part: what ext4 and overlayfs take
MAX_PATH_BYTES = 1024
_JUNK_PARTS = frozenset({"__MACOSX", ".DS_Store", ".git", "__pycache__", "Thumbs.db", "desktop.ini"})
_JUNK_PREFIX = "._"  # AppleDouble
_JUNK_SUFFIXES = (".pyc", ".pyo")
_WINDOWS_LINK = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def is_junk(name: str) -> bool:
    """Tell whether an entry is what desktops and tools leave behind: it is ignored, whatever it is."""
    parts = name.rstrip("/").split("/")
    return not _JUNK_PARTS.isdisjoint(parts) or parts[-1].startswith(_JUNK_PREFIX) or name.endswith(_JUNK_SUFFIXES)


def broken_rule(name: str) -> str:
    """Return the rule a name breaks, phrased to follow `is refused:`, or ''."""
    parts = name.rstrip("/").split("/")
    size_bytes = len(name.encode(errors="surrogatepass"))
    rules = (
        (not name.strip("/"), "its name is empty"),
        (
            any(unicodedata.category(sign) in _HIDDEN_CATEGORIES for sign in name),
            "its name holds a control character",
        ),
        ("\\" in name, "its name holds a backslash; pack it with forward slashes"),
        (name.startswith("/"), "its path is absolute"),
        (bool(re.match(r"[A-Za-z]:", name)), "its path starts with a drive letter"),
        (".." in parts, "its path leads out of the zip (..)"),
        ("." in parts or "" in parts, "its path is not plain (. or // in it)"),
        (len(parts) > MAX_DEPTH, f"it lies {len(parts)} folders deep; at most {MAX_DEPTH} are accepted"),
        (size_bytes > MAX_PATH_BYTES, f"its path is {size_bytes} bytes long; at most {MAX_PATH_BYTES} are accepted"),
        (
            any(len(part.encode(errors="surrogatepass")) > MAX_NAME_BYTES for part in parts),
            f"a part of its path is longer than {MAX_NAME_BYTES} bytes",
        ),
    )
    return next((rule for broken, rule in rules if broken), "")


def broken_kind(external_attr: int, name: str, size_bytes: int) -> str:
    """Return the rule an entry's kind breaks, or ''; the kind is in the upper half of the external attributes."""
    kind = stat.S_IFMT(external_attr >> 16)
    if kind == stat.S_IFLNK or external_attr & _WINDOWS_LINK:
        return "it is a link; only files and folders are accepted"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "it is a device or a pipe; only files and folders are accepted"
    if name.endswith("/") and size_bytes:
        return "it is a folder with content of its own"
    return ""


def check_clashes(entries: Sequence[tuple[str, bool]]) -> None:
    """Raise BadZip where two names differ by case only, or a file is a folder at the same time."""
    files: dict[str, str] = {}
    for name, is_folder in entries:
        if is_folder:
            continue
        if other := files.get(_folded(name)):
            raise BadZip(
                f"'{shown(name)}' is refused: '{shown(other)}' has the same name (upper and lower case aside)."
            )
        files[_folded(name)] = name
    for name, is_folder in entries:
        parts = _folded(name.rstrip("/")).split("/")
        last = len(parts) + 1 if is_folder else len(parts)
        for count in range(1, last):
            if other := files.get("/".join(parts[:count])):
                raise BadZip(f"'{shown(name)}' is refused: '{shown(other)}' is a file and a folder at once.")


def common_folder(names: Sequence[str]) -> str:
    """Return the one folder that wraps every file, with its slash, or ''."""
    firsts = {name.partition("/")[0] for name in names if "/" in name}
    wrapped = len(firsts) == 1 and all("/" in name for name in names)
    return f"{firsts.pop()}/" if wrapped else ""


def shown(name: str) -> str:
    """Return a stranger's name made safe to show: printable, and at most 80 characters."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in name)
    return printable if len(printable) <= 80 else f"{printable[:77]}..."


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
