"""Looks for passwords, tokens and private keys wherever they must not be."""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLE_S = 0.05


@dataclass
class CommandLines:
    """Every command line seen on this machine while it was watched, those inside the virtual Pis included."""

    seen: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Read what `ps` shows: the kernel's list of processes."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it has ended meanwhile


@contextmanager
def watched() -> Iterator[CommandLines]:
    """Watch command lines from a thread for as long as the context is open."""
    lines, stop = CommandLines(), threading.Event()

    def watch() -> None:
        while not stop.wait(_SAMPLE_S):
            lines.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        stop.set()
        thread.join()


def found_in_files(folder: Path, secrets: Iterable[str], allowed: Iterable[str] = ()) -> list[str]:
    """Return `file: secret's beginning` for each secret in any file below a folder, but for the files named."""
    words = [secret.encode() for secret in secrets]
    files = [p for p in folder.rglob("*") if p.is_file() and p.name not in set(allowed)]
    return [f"{path.name}: {word[:4]!r}…" for path in files for word in words if word in path.read_bytes()]


def found_in_texts(texts: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Return the texts, shortened, that hold a secret as a word."""
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(secret)}(?!\w)" for secret in secrets))
    return [text[:120] for text in texts if pattern.search(text)]


def private_key_lines(path: Path) -> list[str]:
    """Return the body lines of a private key: none of them may be anywhere else."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("-----")]
