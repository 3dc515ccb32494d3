"""Between the dataclasses of `ops.model` and `ops.work` and the rows and JSON they are kept as; pure functions."""

from collections.abc import Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

import sqlalchemy as sa

from ops.model import (
    Actor,
    Arch,
    Definition,
    Deployment,
    DeploymentState,
    Facts,
    FlowerType,
    Host,
    HostKey,
    Image,
    Platform,
    Project,
    ProjectKind,
    Sudo,
)
from ops.work import Event, Job, JobState, Lane, Phase, Plan, Step, StepState

type_of_row = sa.RowMapping


def numeric(address: str) -> str:
    """Return a text that sorts as the address does as a number: IPv4, then IPv6, then anything else."""
    try:
        ip = ip_address(address)
    except ValueError:
        return f"9{address}"
    return f"{ip.version}{ip.packed.hex()}"


def host_row(host: Host) -> dict[str, Any]:
    """Flatten a host."""
    row = {name: getattr(host, name) for name in Host.__slots__ if name not in {"key", "facts"}}
    return row | {
        "numeric": numeric(host.address),
        "flower_type": host.flower_type.value,
        "sudo": host.sudo.value,
        "key_kind": host.key.kind,
        "key_body": host.key.body,
        "key_fingerprint": host.key.fingerprint,
        "facts": asdict(host.facts) if host.facts else None,
    }


def row_host(row: type_of_row) -> Host:
    """Rebuild a host."""
    values = dict(row)
    del values["numeric"]
    key = HostKey(values.pop("key_kind"), values.pop("key_body"), values.pop("key_fingerprint"))
    facts = values.pop("facts")
    return Host(
        **values
        | {
            "key": key,
            "facts": Facts(**facts) if facts else None,
            "flower_type": FlowerType(row["flower_type"]),
            "sudo": Sudo(row["sudo"]),
        }
    )


def row_step(row: type_of_row, lane: str) -> Step:
    """Rebuild a step of a job, or the state of an installation step."""
    return Step(
        lane=lane,
        name=row["name"],
        state=StepState(row["state"]),
        detail=row["detail"],
        output=row["output"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )


def project_row(project: Project) -> dict[str, Any]:
    """Flatten a project; its definition becomes JSON."""
    row = {name: getattr(project, name) for name in Project.__slots__}
    definition = {name: getattr(project.definition, name) for name in Definition.__slots__}
    definition["entrypoints"] = {kind.value: file for kind, file in project.definition.entrypoints.items()}
    definition["env"] = dict(project.definition.env)
    return row | {
        "kind": project.kind.value,
        "definition": definition,
        "requirements": list(project.requirements),
    }


def row_project(row: type_of_row) -> Project:
    """Rebuild a project."""
    kept = dict(row["definition"])
    definition = Definition(
        **kept
        | {
            "entrypoints": {FlowerType(kind): file for kind, file in kept["entrypoints"].items()},
            "platform": Platform(kept["platform"]),
            "devices": tuple(kept["devices"]),
            "ports": tuple(kept["ports"]),
        }
    )
    values = {name: row[name] for name in Project.__slots__}
    return Project(
        **values
        | {
            "kind": ProjectKind(row["kind"]),
            "definition": definition,
            "requirements": tuple(row["requirements"]),
        }
    )


def image_row(image: Image) -> dict[str, Any]:
    """Flatten an image."""
    row = {name: getattr(image, name) for name in Image.__slots__}
    return row | {"platform": image.platform.value, "arch": image.arch.value}


def row_image(row: type_of_row) -> Image:
    """Rebuild an image."""
    values = {name: row[name] for name in Image.__slots__}
    return Image(**values | {"platform": Platform(row["platform"]), "arch": Arch(row["arch"])})


def deployment_row(deployment: Deployment) -> dict[str, Any]:
    """Flatten a deployment."""
    row = {name: getattr(deployment, name) for name in Deployment.__slots__}
    return row | {"state": deployment.state.value}


def row_deployment(row: type_of_row) -> Deployment:
    """Rebuild a deployment."""
    values = {name: row[name] for name in Deployment.__slots__}
    return Deployment(**values | {"state": DeploymentState(row["state"])})


def event_row(event: Event) -> dict[str, Any]:
    """Flatten an event; its id is the database's to give."""
    return {name: getattr(event, name) for name in Event.__slots__ if name != "id"}


def row_event(row: type_of_row) -> Event:
    """Rebuild an event."""
    return Event(**{name: row[name] for name in Event.__slots__})


def plan_json(plan: Plan) -> list[dict[str, Any]]:
    """Return a plan as JSON."""
    return [asdict(phase) for phase in plan.phases]


def json_plan(phases: list[Mapping[str, Any]]) -> Plan:
    """Rebuild a plan."""
    return Plan(
        tuple(
            Phase(
                lanes=tuple(Lane(**{**lane, "steps": tuple(lane["steps"])}) for lane in phase["lanes"]),
                required=phase["required"],
                title=phase["title"],
                max_failures=phase["max_failures"],
                undo=phase["undo"],
            )
            for phase in phases
        )
    )


def row_job(row: type_of_row, steps: tuple[Step, ...]) -> Job:
    """Rebuild a job around its steps."""
    actor = Actor(row["actor_id"], row["actor_name"], row["actor_channel"])
    same = set(Job.__slots__) - {"actor", "steps", "plan", "state"}
    return Job(
        **{name: row[name] for name in same},
        actor=actor,
        state=JobState(row["state"]),
        plan=json_plan(row["plan"]) if row["plan"] is not None else None,
        steps=steps,
    )
