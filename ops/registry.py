"""The OCI registry images are delivered from: beside the builder on a loopback port, or an external one."""

import http.client
import threading
import time

from ops.config import Config
from ops.errors import StepFailed, UserError
from ops.ports import ContainerSpec, Engine
from ops.services import Services

LOOPBACK = "127.0.0.1"
_DEFAULT_PORT = 5055
_START_TIMEOUT_S = 30.0
_POLL_S = 0.1
_REQUEST_TIMEOUT_S = 5.0
_ACCEPT = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    )
)
_starting = threading.Lock()


def ensure_registry(services: Services, *, timeout_s: float = _START_TIMEOUT_S) -> str:
    """Return the registry's `address:port`, started or mended where it does not answer.

    Raises StepFailed when it does not answer in time, and UserError when the setting is wrong.
    """
    config = services.config
    if config.external_registry or answers(config.registry):
        return config.registry
    with _starting:
        if not answers(config.registry):
            _start(services.engines.local(), config)
            _wait(config.registry, timeout_s)
    return config.registry


def spec(config: Config) -> ContainerSpec:
    """Return the container of the registry: one volume, one loopback port, always up."""
    port = port_of(config.registry)
    name = "flsvc-registry" if port == _DEFAULT_PORT else f"flsvc-registry-{port}"
    return ContainerSpec(
        name=name,
        image=config.registry_image,
        labels={"flsvc.registry": str(port)},
        binds=((name, "/var/lib/registry", "rw"),),
        network_mode="bridge",
        restart="always",
        ports={5000: (LOOPBACK, port)},
    )


def port_of(registry: str) -> int:
    """Return the port of `address:port`; raises UserError."""
    port = registry.rpartition(":")[2]
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"The registry setting '{registry}' must be an address and a port, like 127.0.0.1:5055.")
    return int(port)


def answers(registry: str) -> bool:
    """Tell whether a registry, and not something else, answers at `address:port`."""
    connection = http.client.HTTPConnection(registry, timeout=_REQUEST_TIMEOUT_S)
    try:
        connection.request("GET", "/v2/")
        response = connection.getresponse()
        version = response.headers.get("Docker-Distribution-Api-Version", "")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return response.status in {200, 401} and version.startswith("registry/2")


def digest(registry: str, name: str, reference: str) -> str:
    """Return the digest of a manifest named by tag or digest, or '' when the registry does not have it."""
    connection = http.client.HTTPConnection(registry, timeout=_REQUEST_TIMEOUT_S)
    try:
        connection.request("HEAD", f"/v2/{name}/manifests/{reference}", headers={"Accept": _ACCEPT})
        response = connection.getresponse()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return response.headers.get("Docker-Content-Digest", "") if response.status == 200 else ""


def _start(engine: Engine, config: Config) -> None:
    """Create what is missing and start it; another process may do the same at the same time."""
    wanted = spec(config)
    if engine.inspect(wanted.name) is None:
        if not engine.has_image(wanted.image):
            engine.pull(wanted.image)
        try:
            engine.create(wanted)
        except StepFailed:
            if engine.inspect(wanted.name) is None:
                raise
    engine.start(wanted.name)


def _wait(registry: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not answers(registry):
        if time.monotonic() > deadline:
            raise StepFailed(
                f"The registry does not answer at {registry} after {timeout_s:.0f} s. "
                f"Nothing was delivered. See `docker logs flsvc-registry` on the bot's machine, "
                "or choose another port with the registry setting."
            )
        time.sleep(_POLL_S)
