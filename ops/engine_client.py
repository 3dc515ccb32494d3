"""One Docker Engine through its API; implements `ops.ports.Engine`."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, BinaryIO

import docker
import docker.errors

from ops import cancel
from ops import engine_specs as specs
from ops import engine_words as words
from ops.engine_build import events, log_lines
from ops.engine_streams import answers_closed
from ops.ports import Container, ContainerSpec, EngineInfo

STOPPED = {"exited", "dead", "restarting"}
MAX_LOG_BYTES = 1 << 20


class DockerEngine:
    """An engine here or on a host. Every method raises StepFailed with the engine's own words; safe from any thread.

    `where` is how people call it, `client` makes a docker-py client that has sent nothing yet, `hold` keeps the way
    to the engine open during a request and knows a broken one.
    """

    def __init__(
        self,
        where: str,
        client: Callable[[], Any],
        *,
        address: str | None = None,
        hold: Callable[[], AbstractContextManager[object]] = nullcontext,
        timeout_s: float = 60.0,
    ) -> None:
        self._where, self._address, self._timeout_s = where, address, timeout_s
        self._hold = hold
        self._make = client
        self._client: Any = None
        self._lock = threading.Lock()

    @contextmanager
    def _api(self, doing: str = "") -> Iterator[Any]:
        """Give the client, its API version agreed upon; translates what it raises.

        What has a name in `doing` may take long, and a cancelled job breaks it off; all else runs to its end.
        """
        with (
            nullcontext() if doing else cancel.to_the_end(),
            self._hold(),
            answers_closed(),
            words.translated(self._where, self._address, self._timeout_s, doing),
        ):
            client = self._client or self._connect()
            try:
                yield client
            except docker.errors.APIError as error:
                if "client version" in str(error.explanation):  # the engine was replaced by another one
                    self.close()
                raise

    def _connect(self) -> Any:
        client = self._make()
        try:
            self._agree(client, client.version(api_version=False))
        except BaseException:
            client.close()
            raise
        with self._lock:
            if self._client is None:
                self._client = client
            return self._client

    def close(self) -> None:
        """Close the idle connections; the next request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @staticmethod
    def _agree(client: Any, version: Mapping[str, Any]) -> None:
        client._version = specs.api_version(version["ApiVersion"], version.get("MinAPIVersion") or "1.24")

    def info(self) -> EngineInfo:
        """Ask the engine for its version and architecture."""
        with self._api() as api:
            version = api.version(api_version=False)
            self._agree(api, version)
            limits = bool(api.info().get("MemoryLimit"))
            return EngineInfo(version["Version"], version["ApiVersion"], version["Arch"], limits)

    def build(self, context: BinaryIO, *, tag: str, platform: str, network: str) -> Iterator[str]:
        """Build a tar stream with a Dockerfile in it; yields log lines. StepFailed has the failing line.

        It is the classic builder of the API, which every engine has: BuildKit answers in protocol buffers, and asks
        its client for credentials over a second connection. Closing the iterator ends the build.
        """
        with self._api(f"build of {tag}") as api:
            stream = api.build(
                fileobj=context,
                custom_context=True,
                tag=tag,
                platform=platform,
                network_mode=network,
                rm=True,
                forcerm=True,
                decode=True,
                timeout=None,  # a step may be silent for as long as it compiles
            )
            yield from log_lines(stream, tag, self._address)

    def tag(self, image: str, reference: str) -> None:
        """Give an image another name."""
        with self._api() as api:
            repository, tag = specs.split(reference)
            api.tag(image, repository, tag)

    def push(self, reference: str) -> str:
        """Push to the registry the name holds; returns the manifest's digest, `sha256:...`."""
        with self._api(f"push of {reference}") as api:
            repository, tag = specs.split(reference)
            digest = ""
            for event in events(api.push(repository, tag=tag, stream=True, decode=True), self._where, self._address):
                digest = (event.get("aux") or {}).get("Digest") or digest
        if not digest:
            raise words.says(self._where, f"the push of {reference} ended without a digest", self._address)
        return digest

    def pull(self, reference: str) -> None:
        """Pull only the layers that are missing."""
        with self._api(f"pull of {reference}") as api:
            repository, tag = specs.split(reference)
            for _ in events(api.pull(repository, tag=tag, stream=True, decode=True), self._where, self._address):
                pass

    def _image(self, reference: str) -> Mapping[str, Any] | None:
        with self._api() as api:
            try:
                image: Mapping[str, Any] = api.inspect_image(reference)
            except docker.errors.NotFound:
                return None
            return image

    def _known_image(self, reference: str) -> Mapping[str, Any]:
        image = self._image(reference)
        if image is None:
            raise words.says(self._where, f"No such image: {reference}", self._address)
        return image

    def has_image(self, reference: str) -> bool:
        """Tell whether the image is there."""
        return self._image(reference) is not None

    def image_size(self, reference: str) -> int:
        """Return the size in bytes; StepFailed when it is not there."""
        return int(self._known_image(reference)["Size"])

    def image_arch(self, reference: str) -> str:
        """Return the architecture the image's configuration names."""
        return str(self._known_image(reference)["Architecture"])

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id; StepFailed when the name is taken or the image is not there."""
        with self._api() as api:
            return str(api.create_container_from_config(specs.creation(spec), spec.name)["Id"])

    def start(self, name: str) -> None:
        """Start a created or stopped container."""
        with self._api() as api:
            api.start(name)

    def set_restart(self, name: str, policy: str) -> None:
        """Change what happens when a container ends or the host starts."""
        with self._api() as api:
            api.update_container(name, restart_policy={"Name": policy})

    def containers(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        """List containers in any state that carry every one of the labels ('' matches any value)."""
        with self._api() as api:
            filters = {"label": specs.label_filters(labels)} if labels else {}
            ids = [summary["Id"] for summary in api.containers(all=True, filters=filters)]
        found = [self.inspect(id) for id in ids]  # only inspect knows exit status and restarts
        return [container for container in found if container is not None]

    def inspect(self, name: str) -> Container | None:
        """Return one container, or None."""
        with self._api() as api:
            try:
                return specs.container(api.inspect_container(name))
            except docker.errors.NotFound:
                return None

    def stop(self, name: str, *, timeout_s: int = 10) -> None:
        """Stop a container; fine when it is stopped or gone."""
        with self._api() as api:
            try:
                api.stop(name, timeout=timeout_s)
            except docker.errors.NotFound:
                return

    def remove(self, name: str) -> None:
        """Remove a container and its anonymous volumes, running or not; fine when it is gone or going."""
        with self._api() as api:
            try:
                api.remove_container(name, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                if "already in progress" not in str(error.explanation):
                    raise

    def logs(self, name: str, *, tail: int = 100) -> str:
        """Return the last lines of both streams, at most a MiB of them."""
        with self._api() as api:
            data: bytes = api.logs(name, stdout=True, stderr=True, tail=tail, stream=False)
            return specs.plain(data[-MAX_LOG_BYTES:].decode("utf-8", errors="replace"))

    def wait(self, name: str, *, timeout_s: float) -> int | None:
        """Wait for the container to exit; its status, or None when it is still up after the time.

        One that has exited and is about to be started again by its restart policy counts as exited.
        """
        with self._api() as api:
            now = specs.container(api.inspect_container(name))
            if now.status in STOPPED:
                return now.exit_code
            try:
                return int(api.wait(name, timeout=timeout_s)["StatusCode"])
            except words.LOST as error:
                if not words.is_timeout(error):
                    raise
                after = specs.container(api.inspect_container(name))
        return after.exit_code if after.status in STOPPED else None
