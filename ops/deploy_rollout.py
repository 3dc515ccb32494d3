"""One project on its way to one host: its image, its row in the history, and what ran there before."""

from dataclasses import dataclass

from ops import deploy_spec as specs
from ops import deploy_words as words
from ops import images, images_context
from ops.errors import StepFailed
from ops.model import Arch, Deployment, DeploymentState, Host, Image, Project
from ops.ports import Container, Engine
from ops.services import Services, StepContext


@dataclass(frozen=True, slots=True)
class Rollout:
    """One project on its way to one host, for one job."""

    services: Services
    context: StepContext
    project: Project
    host: Host
    returns_to: Deployment | None = None  # the deployment whose version runs again, in a rollback

    @property
    def id(self) -> str:
        """Return the deployment's id, which is its container's name."""
        return specs.deployment_id(self.project.name, self.context.job_id, self.host.address)

    @property
    def engine(self) -> Engine:
        """Return the host's engine."""
        return self.services.engines.on(self.host)

    @property
    def image(self) -> Image:
        """Return the image for this host; raises StepFailed when there is none."""
        if self.returns_to:
            known = self.services.store.images(self.project.id)
            image = next((one for one in known if one.digest == self.returns_to.image_digest), None)
        else:
            platform = images.platform_of(self.project, self.context.args)
            image = images.find_image(self.services, self.project, Arch(self.host.arch), platform)
        if image is None:
            raise StepFailed(words.no_image(self.project, self.host), host=self.host.address)
        return image

    @property
    def reference(self) -> str:
        """Return what the host pulls and its container is created from."""
        return images_context.pull_reference(self.services.config, self.project.name, self.image.digest)

    @property
    def stay_up_s(self) -> float:
        """Return how long the container must stay up."""
        asked = self.context.args.get("stay_up_s")
        return float(asked) if isinstance(asked, int | float) else self.services.config.stay_up_s

    def keep(self, deployment: Deployment) -> None:
        """Write a deployment down."""
        self.services.store.save_deployment(deployment)

    def fail(self, text: str, output: str = "") -> StepFailed:
        """Return a failure on this host."""
        return StepFailed(text, host=self.host.address, output=output)

    def others(self) -> list[Container]:
        """Return every other container of this project on the host."""
        found = self.engine.containers({specs.PROJECT: self.project.name})
        return [container for container in found if container.name != self.id]

    def predecessors(self) -> list[Deployment]:
        """Return the deployments of this project that run on the host as far as is known, newest first."""
        return ran(self.services, self.row, DeploymentState.RUNNING)

    def replaced(self) -> list[Deployment]:
        """Return what ran on the host before this deployment, newest first, be it written down as ended already."""
        by, ended = specs.superseded_by(self.id), ran(self.services, self.row, DeploymentState.SUPERSEDED)
        return [*self.predecessors(), *(row for row in ended if row.detail == by)]

    def begin(self) -> None:
        """Write the deployment down when its first step starts: the history has those too that came to nothing."""
        if self.services.store.deployment(self.id) is None:
            self.keep(self.row)

    @property
    def row(self) -> Deployment:
        """Return the deployment as it is written down, or as it is at its beginning."""
        known = self.services.store.deployment(self.id)
        if known:
            return known
        platform = images.platform_of(self.project, self.context.args)
        newest = images_context.newest(self.services.store.images(self.project.id), platform, Arch(self.host.arch))
        old = self.returns_to
        return Deployment(
            id=self.id,
            host=self.host.address,
            project_id=self.project.id,
            project_name=self.project.name,
            image_digest=old.image_digest if old else newest.digest if newest else "",
            state=DeploymentState.STARTING,
            by=self.context.actor_id,
            by_name=self.context.actor_name,
            job_id=self.context.job_id,
            created_at=self.services.now(),
            permalink=str(self.context.args.get("permalink") or ""),
            returns_to=old.id if old else "",
        )


def ran(services: Services, new: Deployment, state: DeploymentState) -> list[Deployment]:
    """Return the other deployments of a deployment's project on its host in a state, newest first."""
    rows = services.store.deployments(addresses=[new.host], states=[state])
    return [row for row in rows if row.project_name == new.project_name and row.id != new.id]
