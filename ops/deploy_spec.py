"""The container of a deployment: its name, its environment, its labels. Pure functions of what is known."""

import hashlib

from ops.model import Definition, FlowerType, Host, Project
from ops.ports import ContainerSpec

PROJECT = "flsvc.project"  # its name: two versions of a project never run side by side on a host
PROJECT_ID = "flsvc.project_id"
DEPLOYMENT = "flsvc.deployment"
JOB = "flsvc.job"
ROLE = "flsvc.flower_type"
DATA = "/data"
DEFAULT_PORT = 8080
KEEP = "always"  # comes back after a crash and a power cut; `unless-stopped` stayed down (FACTS, Docker)
LEAVE = "no"


def deployment_id(project_name: str, job_id: str, address: str) -> str:
    """Return the id of a deployment and the name of its container: unique, and the same for the same job and host."""
    digits = hashlib.sha256(f"{job_id}/{address}".encode()).hexdigest()[:8]
    return f"{project_name}-{digits}"


def superseded_by(deployment: str) -> str:
    """Return what the history says of a deployment that another one replaced."""
    return f"by {deployment}"


def server_port(definition: Definition) -> int:
    """Return the port clients connect to: the first one the definition names, else Flower's 8080."""
    return definition.ports[0] if definition.ports else DEFAULT_PORT


def environment(project: Project, host: Host, server: Host | None, clients: int) -> dict[str, str]:
    """Return what the program is told; the definition's own variables cannot replace these."""
    definition = project.definition
    told = {
        "FLSVC_FLOWER_TYPE": host.flower_type.value,
        "FLSVC_HOST": host.address,
        "FLSVC_DATA": DATA,
        "FLSVC_CLIENTS": str(clients),
        "FLSVC_FEDERATION": host.federation,
    }
    if server:
        told["FLSVC_SERVER_ADDRESS"] = f"{_in_url(server.address)}:{server_port(definition)}"
    return {**definition.env, **told}


def container(
    project: Project,
    host: Host,
    image: str,
    *,
    job_id: str,
    data_dir: str,
    server: Host | None,
    clients: int,
) -> ContainerSpec:
    """Return the container to create. Its restart policy becomes `always` once it has proved to stay up.

    Until then a program that ends stays ended, with its exit status and its last words, instead of looping.
    """
    name = deployment_id(project.name, job_id, host.address)
    definition = project.definition
    return ContainerSpec(
        name=name,
        image=image,
        command=(definition.entrypoints[host.flower_type],),
        env=environment(project, host, server, clients),
        labels={
            PROJECT: project.name,
            PROJECT_ID: project.id,
            DEPLOYMENT: name,
            JOB: job_id,
            ROLE: host.flower_type.value,
        },
        binds=((data_dir, DATA, "ro"),),
        network_mode="host",
        restart=LEAVE,
        devices=definition.devices,
        memory_bytes=definition.memory_bytes,
    )


def wanted_role(project: Project, host: Host) -> bool:
    """Tell whether the project has something to start on a host of this flower type."""
    return FlowerType(host.flower_type) in project.definition.entrypoints


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
