"""What a build asks for and an image must not keep: pip's settings, the CA bundle and a directory of wheels.

They are served on this machine's loopback address while a build runs, and to a builder elsewhere through its SSH
connection. The port is always the same where it is free: it is part of the Dockerfile, and so of the build cache.
"""

import contextlib
import html
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from ops.config import Config
from ops.errors import UserError
from ops.model import Arch, Platform

LOOPBACK = "127.0.0.1"
PREFERRED_PORT = 47055
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.!+-]*\.(whl|tar\.gz)")
_LOCAL_VERSION = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+\+[^-]+)-.*\.whl")
_MACHINES = {Arch.AMD64: "x86_64", Arch.ARM64: "aarch64"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What is served: texts by path, and the files of one directory below /wheels/."""

    wheels: Path | None = None
    ca_bundle: bytes = b""
    index_url: str = ""
    extra_index_url: str = ""
    constraints: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        """Tell whether there is anything a build would not find by itself."""
        return self != Offer()

    def pip_conf(self, port: int) -> str:
        """Return pip's settings file."""
        lines = {
            "index-url": self.index_url,
            "extra-index-url": self.extra_index_url,
            "find-links": f"http://{LOOPBACK}:{port}/wheels/" if self.wheels else "",
            "cert": "/ca.pem" if self.ca_bundle else "",
            "constraint": "/constraints.txt" if self.constraints else "",
        }
        return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items() if value)


def offer(config: Config, platform: Platform, arch: Arch) -> Offer:
    """Return what the settings want served for a build; raises UserError where a path in them is wrong."""
    wheels = Path(config.wheel_mirror) if config.wheel_mirror else None
    if wheels and not wheels.is_dir():
        raise UserError(f"The wheel mirror {wheels} is not a directory on the bot's machine: mend the setting.")
    bundle = Path(config.ca_bundle) if config.ca_bundle else None
    if bundle and not bundle.is_file():
        raise UserError(f"The CA bundle {bundle} is not a file on the bot's machine: mend the setting.")
    return Offer(
        wheels=wheels,
        ca_bundle=bundle.read_bytes() if bundle else b"",
        index_url=config.pip_index_url,
        extra_index_url=config.package_indexes.get(platform, ""),
        constraints=_pinned(wheels, arch) if wheels else (),
    )


def _pinned(wheels: Path, arch: Arch) -> tuple[str, ...]:
    """Pin the packages the mirror has in a build of its own, like `torch 2.13.0+cpu`.

    An index with a newer release would win otherwise, and bring gigabytes of GPU libraries along.
    """
    newest: dict[str, str] = {}
    for path in sorted(wheels.iterdir(), key=lambda path: path.stat().st_mtime):
        found = _LOCAL_VERSION.fullmatch(path.name)
        if found and path.name.endswith(("-any.whl", f"{_MACHINES[arch]}.whl")):
            newest[found["name"].replace("_", "-")] = found["version"]
    return tuple(f"{name}=={version}" for name, version in sorted(newest.items()))


_serving = threading.Lock()
_in_use: dict[Offer, tuple["_Server", int]] = {}


@contextlib.contextmanager
def served(what: Offer) -> Iterator[int]:
    """Serve an offer until the end of the block and yield the port; builds side by side share one server."""
    with _serving:
        server, users = _in_use.get(what) or (_start(what), 0)
        _in_use[what] = (server, users + 1)
    try:
        yield server.server_port
    finally:
        with _serving:
            users = _in_use[what][1] - 1
            _in_use[what] = (server, users)
            if not users:
                del _in_use[what]
                server.shutdown()
                server.server_close()


def _start(what: Offer) -> "_Server":
    try:
        server = _Server((LOOPBACK, PREFERRED_PORT), _Handler)
    except OSError:  # another process builds: another port costs a cache miss only
        server = _Server((LOOPBACK, 0), _Handler)
    server.offer = what
    threading.Thread(target=server.serve_forever, args=(0.05,), name="flsvc-mirror", daemon=True).start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    offer: Offer = Offer()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = unquote(self.path)
        what = self.server.offer
        if path == "/pip.conf":
            self._text(what.pip_conf(self.server.server_port).encode())
        elif path == "/ca.pem":
            self._text(what.ca_bundle)
        elif path == "/constraints.txt":
            self._text("".join(f"{line}\n" for line in what.constraints).encode())
        elif path == "/wheels/":
            self._text(self._listing())
        else:
            self._wheel(path.removeprefix("/wheels/"))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: pip says what it downloads."""

    def _names(self) -> list[str]:
        folder = self.server.offer.wheels
        return sorted(entry.name for entry in folder.iterdir() if _WHEEL.fullmatch(entry.name)) if folder else []

    def _listing(self) -> bytes:
        links = [f'<a href="{quote(name)}">{html.escape(name)}</a>' for name in self._names()]
        return f"<!DOCTYPE html><html><body>{' '.join(links)}</body></html>".encode()

    def _text(self, content: bytes) -> None:
        kind = "text/html" if content.startswith(b"<!DOCTYPE") else "text/plain"
        self._head(kind, len(content))
        self.wfile.write(content)

    def _wheel(self, name: str) -> None:
        folder = self.server.offer.wheels
        if folder is None or name not in self._names():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        path = folder / name
        self._head("application/octet-stream", path.stat().st_size)
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, self.wfile, 1024 * 1024)

    def _head(self, kind: str, size_bytes: int) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size_bytes))
        self.end_headers()
