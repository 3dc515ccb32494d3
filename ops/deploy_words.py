"""What is said about deployments: one place for the sentences."""

from collections.abc import Mapping, Sequence

from ops.model import Host, Project

MIB = 1024 * 1024


def no_role(project: Project, hosts: Sequence[Host]) -> str:
    """Say that a project has nothing to start on some hosts."""
    has = " and ".join(kind.value for kind in project.definition.entrypoints)
    what = ", ".join(f"{host.label} is a {host.flower_type}" for host in hosts[:5])
    return (
        f"{project.name} starts on a {has} only, but {what}. Leave these hosts out, "
        "or add the entrypoint to definition.yaml: `entrypoint: {server: server.py, client: client.py}`."
    )


def no_arch(hosts: Sequence[Host]) -> str:
    """Say that the architecture of some hosts is not known."""
    names = ", ".join(host.label for host in hosts[:5])
    return f"The architecture of {names} is not known yet: ping them first, then deploy again."


def other_arch(host: Host, found: str) -> str:
    """Say that a host's engine is of another architecture than the host was registered with."""
    return (
        f"The Docker Engine on {host.label} is {found}, but the host was registered as {host.arch}. "
        "Nothing was changed there. Ping it to learn its facts anew, then deploy again."
    )


def disk_full(host: Host, free_bytes: int, needed_bytes: int) -> str:
    """Say that an image does not fit on a host's disk."""
    return (
        f"{host.label} has {free_bytes // MIB} MiB free where Docker keeps its images; this one needs about "
        f"{needed_bytes // MIB} MiB. Nothing was changed there. Free some space, `docker image prune -a` helps."
    )


def no_device(host: Host, device: str) -> str:
    """Say that a device of the definition is not there."""
    return f"{host.label} has no {device}, which definition.yaml asks for. Nothing was changed there."


def no_image(project: Project, host: Host) -> str:
    """Say that the image a host needs is not in the registry."""
    return f"There is no image of {project.name} for {host.arch} in the registry. Build it, then deploy again."


def ended(name: str, host: Host, status: int | None, seconds: float, last_line: str) -> str:
    """Say that a container did not stay up."""
    if status == 0:
        how = f"ended by itself within {seconds:.0f} s. A program must stay up: it would be started again and again"
    else:
        how = f"failed within {seconds:.0f} s (exit status {status})"
    said = f" Its last words: {last_line[:200]}" if last_line else " It printed nothing."
    return f"{name} on {host.label} {how}.{said}"


def cancelled(name: str, host: Host) -> str:
    """Say that a container was stopped because the job was cancelled."""
    return f"The job was cancelled while {name} was watched on {host.label}; it was stopped."


def put_back(error: str, old: str, host: Host) -> str:
    """Add to a failure that the container from before runs again."""
    return f"{error.rstrip('. ')}. {old}, which ran before, was started again on {host.label}."


def not_put_back(error: str, host: Host, why: Exception) -> str:
    """Add to a failure that the container from before could not be started again either."""
    return f"{error.rstrip('. ')}. What ran before could not be started again on {host.label} either: {why}"


def deployed(project: Project, ends: Mapping[str, Sequence[str]]) -> str:
    """Sum an ended deployment up; `ends` is what `ops.deploy.ends` returns."""
    good, failed, left_out, back, stuck = (ends[end] for end in ("good", "bad", "untouched", "back", "stuck"))
    name = f"{project.name} ({project.short_id})"
    if not failed and not left_out and not back and not stuck:
        return f"{name} runs on {_hosts(good)}."
    parts = [f"runs on {_hosts(good)}" if good else "runs nowhere" if back or stuck else "was deployed nowhere"]
    if failed:
        parts.append(f"failed on {', '.join(failed)}")
    if back:
        parts.append(f"therefore {', '.join(back)} went back to what ran there before")
    if stuck:
        parts.append(f"and could not be taken back on {', '.join(stuck)}: `status` shows what runs there")
    if left_out:
        parts.append(f"was not tried on {', '.join(left_out)}")
    return f"{name} {'; '.join(parts)}. Mend the cause and deploy again."


def rolled_back(version: str, ends: Mapping[str, Sequence[str]], without: Sequence[str] = ()) -> str:
    """Sum an ended rollback up; `ends` is what `ops.deploy.ends` returns, `without` had nothing to go back to."""
    good, failed, left_out, back, stuck = (ends[end] for end in ("good", "bad", "untouched", "back", "stuck"))
    said = [f"The {version} runs again on {_hosts(good)}." if good else f"The {version} runs nowhere."]
    said += [f"It failed on {', '.join(failed)}; the rows say why."] if failed else []
    said += [f"Therefore {', '.join(back)} went on with what ran there until now."] if back else []
    said += [f"That could not be started again on {', '.join(stuck)}: `status` shows what is there."] if stuck else []
    said += [f"Not tried on {', '.join(left_out)}."] if left_out else []
    said += [f"Nothing to go back to on {', '.join(without)}: nothing was changed there."] if without else []
    return " ".join(said)


def restarted(projects: Sequence[str], good: Sequence[str], failed: Sequence[str]) -> str:
    """Sum an ended restart up."""
    done = f"Restarted on {_hosts(good)}, and up: {', '.join(projects)}." if good else "Nothing was restarted."
    return f"{done} Not on {', '.join(failed)}: their rows say why." if failed else done


def stopped(what: str, good: Sequence[str], failed: Sequence[str]) -> str:
    """Sum an ended stop up; `what` is the project's name, or '' for all."""
    named = f"{what} was" if what else "Everything flsvc had started was"
    done = (
        f"{named} stopped on {_hosts(good)}; the logs stay readable."
        if good
        else "Nothing ran that was to be stopped."
    )
    return f"{done} Not on {', '.join(failed)}: try these again." if failed else done


def _hosts(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} hosts"
