"""What is played for each kind: how the world is before, what is asked for, and all there is to see afterwards."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from ops import deploy_spec, deploy_steps, docker, hosts_forget, hosts_register, images, restart
from ops.deploy import DeployKind, StopKind
from ops.docker import InstallKind
from ops.hosts import ForgetKind
from ops.hosts_register import RegisterKind
from ops.images import BuildKind
from ops.model import Deployment, DeploymentState, Project
from ops.restart import RestartKind
from ops.rollback import RollbackKind
from ops.services import JobKind
from ops.work import Job
from tests.crash.parts import STAY_UP_S
from tests.crash.site import Site, new_id, plain, secrets, told
from tests.ops.runner import run_job

_PACKAGES = "dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' | sort"
_LISTED = "docker ps -a --filter label=flsvc.project --format '{{.Names}}' | sort"
_POLICY = "docker inspect -f '{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}' "
_EVENTS = (
    "docker events --since 0 --until $(date +%s) --filter type=container --format '{{.Action}}' --filter container="
)


class Drill(ABC):
    """One kind under test. `steps` is what its plan must consist of, so that the matrix leaves out none."""

    kind: type[JobKind]
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.kind.__name__.removesuffix("Kind").lower()

    @abstractmethod
    def prepare(self, site: Site) -> Mapping[str, object]:
        """Bring the world to where the job begins; return its arguments."""

    def look(self, site: Site, job: Job) -> dict[str, object]:
        """Return all that the job was to bring about, without what differs from one run to the next."""
        return told(job, site.store) | {"secrets": secrets(site.store)} | self.seen(site, job)

    @abstractmethod
    def seen(self, site: Site, job: Job) -> dict[str, object]:
        """Return what this kind has effects on."""


def _keys(site: Site) -> dict[str, object]:
    pi = site.pis.bare
    text = site.sh(pi, "cat /home/pi/.ssh/authorized_keys 2>/dev/null || true")
    host = site.store.host(pi.ip)
    return {
        "our keys": text.count(site.public),
        "lines": len(text.splitlines()),
        "modes": site.sh(pi, "cd /home/pi; stat -c '%U %a %n' .ssh .ssh/* 2>/dev/null || true"),
        "host": (host.federation, host.sudo.value, bool(host.sudo_secret), bool(host.facts)) if host else None,
    }


class Register(Drill):
    kind, steps = RegisterKind, hosts_register.STEPS

    def prepare(self, site: Site) -> Mapping[str, object]:
        site.forget(site.pis.bare)
        site.sh(site.pis.bare, "rm -rf /home/pi/.ssh")
        return site.registration(site.pis.bare)

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return _keys(site)


class Forget(Drill):
    kind, steps = ForgetKind, (hosts_forget.KEY_STEP, hosts_forget.ROW_STEP)

    def prepare(self, site: Site) -> Mapping[str, object]:
        site.forget(site.pis.bare)
        site.register(site.pis.bare)
        return {"addresses": [site.pis.bare.ip]}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return _keys(site)


class Install(Drill):
    kind, steps = InstallKind, docker.STEPS

    def prepare(self, site: Site) -> Mapping[str, object]:
        site.forget(site.pis.bare)
        site.register(site.pis.reset())
        return {"addresses": [site.pis.bare.ip]}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        pi = site.pis.bare
        found = docker.states(site.services, site.store.hosts(addresses=[pi.ip]))
        return {
            "packages": site.sh(pi, _PACKAGES),
            "half done": site.sh(pi, "dpkg --audit; ls /var/lib/dpkg/updates"),
            "groups": site.sh(pi, "id -nG pi; systemctl is-enabled docker; systemctl is-active docker"),
            "usable": site.sh(pi, "runuser -u pi -- docker ps -q | wc -l"),
            "left running": site.sh(pi, "pgrep -a 'apt|dpkg|timeout' || true"),
            "states": [(name, step.state.good) for one in found for name, step in one.steps.items()],
            "version": [one.docker_version for one in found],
        }


def _images(site: Site, project: Project) -> list[tuple[str, str, bool]]:
    found = site.store.images(project.id)
    present = [images.find_image(site.services, project, image.arch) is not None for image in found]
    return [(image.platform, image.arch, there) for image, there in zip(found, present, strict=True)]


def _project(site: Site, job: Job) -> Project:
    project = site.store.project(str(job.args["project_id"]))
    assert project is not None
    return project


class Build(Drill):
    kind, steps = BuildKind, images.STEPS

    def prepare(self, site: Site) -> Mapping[str, object]:
        return {"project_id": site.project().id}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return {"images": _images(site, _project(site, job))}


def _deploy(site: Site) -> None:
    args = {"project_id": site.project().id, "addresses": [site.pis.ready.ip], "stay_up_s": STAY_UP_S}
    site.good(run_job(DeployKind(), site.services, args, job_id=new_id()))


def _rows(site: Site) -> list[Deployment]:
    return site.store.deployments(addresses=[site.pis.ready.ip])


def _containers(site: Site, job: Job, back: int = 3) -> dict[str, object]:
    """Return the newest containers and rows of the history, `back` of them, and how often the job's was started."""
    pi, rows = site.pis.ready, _rows(site)
    names = site.sh(pi, _LISTED).split()
    policies = {name: site.sh(pi, f"{_POLICY} {name}").strip() for name in names}
    own = [row for row in rows if row.job_id == job.id]
    name = deploy_spec.deployment_id("crash", job.id, pi.ip)
    events = site.sh(pi, f"{_EVENTS}{name}").split()
    return {
        "containers": [policies.pop(row.id, "gone") for row in rows[:back]],
        "unknown": policies if any(name not in {row.id for row in rows} for name in policies) else {},
        "rows of the job": [(row.state.value, plain(row.detail), row.container_id != "") for row in own],
        "newest rows": [(row.state.value, plain(row.detail)) for row in rows[:back]],
        "running": [row.state for row in rows].count(DeploymentState.RUNNING),
        "made": events.count("create"),
        "started": events.count("start"),
    }


class Deploy(Drill):
    kind, steps = DeployKind, (*images.STEPS, *deploy_steps.STEPS)

    def prepare(self, site: Site) -> Mapping[str, object]:
        _running(site)
        return {"project_id": site.project().id, "addresses": [site.pis.ready.ip], "stay_up_s": STAY_UP_S}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return _containers(site, job) | {"images": _images(site, _project(site, job))}


def _running(site: Site) -> None:
    """See that two versions ran, and the last one runs."""
    while not [row for row in _rows(site)[:1] if row.state is DeploymentState.RUNNING] or len(_rows(site)) < 3:
        _deploy(site)


class Rollback(Drill):
    kind, steps = RollbackKind, deploy_steps.STEPS

    def prepare(self, site: Site) -> Mapping[str, object]:
        _running(site)
        return {"addresses": [site.pis.ready.ip], "stay_up_s": STAY_UP_S}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return _containers(site, job)


class Restart(Drill):
    kind, steps = RestartKind, restart.STEPS

    def prepare(self, site: Site) -> Mapping[str, object]:
        _running(site)
        self._before = self._starts(site)
        return {"addresses": [site.pis.ready.ip]}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return _containers(site, job) | {"restarted": self._starts(site) - self._before}

    @staticmethod
    def _starts(site: Site) -> int:
        return site.sh(site.pis.ready, f"{_EVENTS}{_rows(site)[0].id}").split().count("start")


class Stop(Drill):
    kind, steps = StopKind, ("stop",)

    def prepare(self, site: Site) -> Mapping[str, object]:
        _running(site)
        return {"addresses": [site.pis.ready.ip]}

    def seen(self, site: Site, job: Job) -> dict[str, object]:
        return _containers(site, job, back=1)


DRILLS: tuple[Drill, ...] = (Register(), Forget(), Install(), Build(), Deploy(), Rollback(), Restart(), Stop())
