"""Runs an installation's commands, and says what to do about those that fail."""

from collections.abc import Sequence

from ops.docker_commands import LOCK_WAIT_S, Command
from ops.errors import StepFailed
from ops.ports import Output, Remote
from ops.render import render

# What apt, dpkg and their downloader print (LC_ALL=C), and what helps.
_HINTS = (
    (
        ("No space left", "enough free space"),
        "Its disk is full: `sudo apt-get clean` and `docker system prune` free some.",
    ),
    (
        ("Read-only file system",),
        "Its file system is read-only, which on a Pi most often means a failing SD card: try another card.",
    ),
    (
        ("ould not get lock", "lock was locked by another", "nable to lock", "nable to acquire"),
        f"Another installation has been running there for {LOCK_WAIT_S // 60} minutes: try again when it is done.",
    ),
    (
        ("not valid yet", "certificate is not yet valid"),
        "Its clock is behind: `timedatectl` there shows it, and whether it is set from the network.",
    ),
    (
        ("NO_PUBKEY", "EXPKEYSIG", "is not signed", "BADSIG", "not a PGP public key"),
        "The repository's key does not fit: check FLSVC_DOCKER_REPOSITORY and FLSVC_DOCKER_KEY.",
    ),
    (
        ("resolving", "ould not resolve", "ould not connect", "unreachable", "timed out", "Failed to fetch"),
        "It cannot reach its package sources: check its network, name service, proxy, and /etc/apt/sources.list.",
    ),
    (
        ("nable to locate package", "no installation candidate", "does not have a Release file", "not installable"),
        "Its package sources do not have it: look at /etc/apt/sources.list there, or choose the other channel.",
    ),
    (
        ("unmet dependencies", "held broken packages"),
        "Packages there contradict each other: `sudo apt-get --fix-broken install` on the host shows which.",
    ),
)


def run_command(remote: Remote, command: Command, *, timeout_s: float) -> Output:
    """Run a command as root and return what it left, failed or not; waits for apt's and dpkg's lock."""
    text = patiently(command.text) if command.apt else command.text
    return remote.run(text, sudo=True, timeout_s=timeout_s, check=False)


def patiently(command: str, *, wait_s: int = LOCK_WAIT_S, pause_s: int = 3) -> str:
    """Build the script that runs a command again while another process holds apt's or dpkg's lock."""
    return render("host/patiently.sh.j2", command=command, wait_s=wait_s, pause_s=pause_s)


def install_failed(address: str, command: Command, output: Output) -> StepFailed:
    """Phrase a failed command: what was being done, its own last words, and what helps."""
    tail = output.tail
    sentence = f"{command.say[:1].upper()}{command.say[1:]} on {address} failed: {_reason(tail)}"
    return StepFailed(f"{sentence} {hint(tail)}".strip(), host=address, output=tail)


def not_as_wanted(address: str, step: str, undone: Sequence[Command]) -> StepFailed:
    """Phrase a step whose commands ended well and yet changed nothing."""
    doing = undone[0].say if undone else "the new group membership"
    return StepFailed(
        f"{step} ended on {address} without an error, but without its effect: {doing} is still to be done. "
        f"Look at the host, then repeat `docker install {address}`.",
        host=address,
    )


def hint(text: str) -> str:
    """Return what helps against an error of apt, dpkg or their downloader; '' when it is none we know."""
    return next((advice for marks, advice in _HINTS if any(mark in text for mark in marks)), "")


def _reason(tail: str) -> str:
    """Return the line that tells most: an unmet dependency, apt's first `E:`, or else the last one; as a sentence."""
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    unmet = [line for line in lines if " : Depends: " in line]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    reason = [*unmet, *errors, *reversed(lines), "it printed nothing"][0]
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."
