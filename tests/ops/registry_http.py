"""The two requests flsvc itself sends to a registry, answered from what fake engines pushed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes import FakeRegistry


@dataclass
class RegistryHttp:
    """A registry's front on a loopback port."""

    address: str
    registry: FakeRegistry = field(default_factory=FakeRegistry)


@contextmanager
def a_registry(port: int = 0) -> Iterator[RegistryHttp]:
    """Answer like a registry until the end of the block; set `registry` to that of the fake engines."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, "")

        def do_HEAD(self) -> None:
            name, _, reference = self.path.removeprefix("/v2/").partition("/manifests/")
            key = f"{name}@{reference}" if reference.startswith("sha256:") else f"{name}:{reference}"
            image = front.registry.images.get(key)
            self._answer(200 if image else 404, image.digest if image else "")

        def _answer(self, status: int, digest: str) -> None:
            self.send_response(status)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Docker-Content-Digest", digest)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    front = RegistryHttp(f"127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
