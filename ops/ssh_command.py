"""Builds the line a host's shell is given: a time limit that really ends the process, sudo, and standard input.

Pure; `ops.ssh_run` sends it. Lines are for bash, which Debian, Ubuntu and Raspberry Pi OS always have.
"""

from dataclasses import dataclass, field
from shlex import quote

KILL_AFTER_S = 5  # between SIGTERM and SIGKILL


@dataclass(frozen=True, slots=True)
class Line:
    """What is sent: the command line, and what goes first to its standard input (the sudo password, a marker)."""

    text: str
    before_stdin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Root:
    """How a user becomes root: `needed` is False for root itself, the password None where sudo asks for none."""

    needed: bool = True
    password: str | None = None

    def __repr__(self) -> str:
        return f"Root(needed={self.needed}, password={'set' if self.password is not None else None})"


def build(command: str, *, timeout_s: float, root: Root | None, has_stdin: bool, marker: str) -> Line:
    """Wrap a command so that `timeout` ends its whole process group, as root where `root` says so.

    `marker` is one unguessable word: a sudo that turns out to want no password leaves it unread, and then the command
    must not find the password in its own input. It also names the command's processes for `end`.
    """
    limit = f"timeout -k {KILL_AFTER_S} {timeout_s:g} bash --norc -c "
    name = f": {marker}\n"
    if root is None or not root.needed:
        return Line(f"exec {limit}{quote(name + command)}{'' if has_stdin else ' </dev/null'}")
    if root.password is None:
        return Line(f"exec sudo -n -- {limit}{quote(name + command)}{'' if has_stdin else ' </dev/null'}")
    if has_stdin:
        skip = f'while IFS= read -r line && [ "$line" != {marker} ]; do :; done; unset line\n'
        return Line(f"exec sudo -S -k -p '' -- {limit}{quote(name + skip + command)}", f"{root.password}\n{marker}\n")
    quiet = quote(f"{name}exec </dev/null\n{command}")
    return Line(f"exec sudo -S -k -p '' -- {limit}{quiet}", f"{root.password}\n")


def end(marker: str) -> str:
    """Build the command that ends another one, with its whole process group, by the marker it was built with.

    It signals `timeout` alone, which passes SIGTERM on to its group and follows with SIGKILL (timeout(1)).
    The marker is in front of the command since pkill reads no more than the first 4,096 characters of a line.
    The brackets keep the pattern from matching the line it is in. Status 0 when it was running, 1 when not.
    """
    return f"pkill -TERM -f '^timeout -k .* : [{marker[0]}]{marker[1:]}'"


def talk(command: str, *, root: Root, marker: str) -> Line:
    """Build a command one talks to for as long as one likes; it ends with its standard input."""
    if not root.needed:
        return Line(f"exec {command}")
    if root.password is None:
        return Line(f"exec sudo -n -- {command}")
    skip = f'while IFS= read -r line && [ "$line" != {marker} ]; do :; done; exec {command}'
    return Line(f"exec sudo -S -k -p '' -- bash --norc -c {quote(skip)}", f"{root.password}\n{marker}\n")


def sudo_check(root: Root) -> Line:
    """Build the harmless command that shows whether sudo works, in untranslated words."""
    if root.password is None:
        return Line("LC_ALL=C exec sudo -n -- true </dev/null")
    return Line("LC_ALL=C exec sudo -S -k -p '' -- true", f"{root.password}\n")


def put(path: str, *, size_bytes: int, mode: int) -> str:
    """Build the command that writes its standard input to a file, whole or not at all.

    A connection that breaks looks to `cat` like the end of the file: hence the size. `sync` before `mv`, because a Pi
    may lose power next. A path that is not absolute is relative to the home.
    """
    target = quote(path.removeprefix("~/"))
    return (
        f'set -e; target={target}; mkdir -p "$(dirname "$target")"; '
        f'part=$(mktemp "$(dirname "$target")/.part.XXXXXXXX"); '
        f"trap 'rm -f \"$part\"' EXIT; "
        f'cat > "$part"; '
        f'[ "$(stat -c %s "$part")" = {size_bytes} ] || {{ echo "the transfer broke off" >&2; exit 75; }}; '
        f'chmod {mode:o} "$part"; sync "$part"; mv -fT "$part" "$target"'
    )


def why_no_sudo(words: str) -> str:
    """Return sudo's own reason from what it printed, without its name."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("sudo: ") or "sudoers" in line]
    if any("incorrect password" in line or "Sorry, try again" in line for line in lines):
        return "the password is wrong"
    if any("command not found" in line or "No such file" in line for line in lines):
        return "sudo is not installed"
    return (said or lines or ["sudo gave no reason"])[-1].removeprefix("sudo: ")
