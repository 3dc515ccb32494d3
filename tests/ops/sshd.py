"""Throw-away sshd processes on the loopback, as the user who runs the tests: real SSH without a fleet."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.model import FlowerType, Host, HostKey

ADDRESS = "127.0.0.1"


@dataclass
class Sshd:
    """One sshd with its own host key; `start` and `stop` as often as wanted, on the same port."""

    directory: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def key_file(self) -> Path:
        return self.directory / "host_key"

    @property
    def authorized_keys(self) -> Path:
        return self.directory / "authorized_keys"

    def new_host_key(self, kind: str = "ed25519") -> None:
        self.key_file.unlink(missing_ok=True)
        keygen(self.key_file, kind)

    def host_key(self) -> HostKey:
        """Return the host key and its fingerprint as ssh-keygen prints it."""
        kind, body, *_ = self.key_file.with_suffix(".pub").read_text().split()
        printed = subprocess.run(
            ["ssh-keygen", "-lf", self.key_file], capture_output=True, text=True, check=True
        ).stdout
        return HostKey(kind, body, printed.split()[1])

    def host(self) -> Host:
        return Host(ADDRESS, getpass.getuser(), self.host_key(), FlowerType.CLIENT, port=self.port)

    def start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where sshd drops its privileges
        config = self.directory / "config"
        lines = (
            f"ListenAddress {ADDRESS}",
            f"Port {self.port}",
            f"HostKey {self.key_file}",
            f"AuthorizedKeysFile {self.authorized_keys}",
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "UseDNS no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "MaxStartups 100",
            f"SetEnv HOME={self.directory}",  # nothing from the .bashrc of who runs the tests
            *self.options,
        )
        config.write_text("\n".join(lines) + "\n")
        binary = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin") or "/usr/sbin/sshd"
        log = self.directory / "log"
        self.process = subprocess.Popen([binary, "-D", "-f", config, "-E", log], start_new_session=True)
        wait_for_banner(self.port)

    def stop(self) -> None:
        """End sshd and all its sessions at once, as a power cut would."""
        if self.process is not None:
            self.stop_sessions()
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop_sessions(self) -> None:
        """End the sessions only: the connections break, new ones are accepted."""
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def sessions(self) -> list[int]:
        """Return the processes below sshd: one or two for each connection, and what runs in them."""
        assert self.process is not None
        return descendants(self.process.pid)


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "", *options: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", path, *options], check=True)


def descendants(pid: int) -> list[int]:
    """Return the living children, grandchildren and so on, as /proc knows them."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found.extend(new)
    return found


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind((ADDRESS, 0))
        port: int = sock.getsockname()[1]
        return port


def wait_for_banner(port: int, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            with socket.create_connection((ADDRESS, port), timeout=within_s) as sock:
                assert sock.recv(4) == b"SSH-"
                return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def logins(sshd: Sshd) -> int:
    return (sshd.directory / "log").read_text().count("Accepted publickey")


def until(holds: Callable[[], bool], within_s: float = 10) -> None:
    """Wait for another process to have got there."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def commands(sshd: Sshd) -> str:
    """Return the command lines of everything that runs below an sshd."""
    found = []
    for pid in sshd.sessions():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
    return "\n".join(found)
