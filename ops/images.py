"""Building a project's image for each architecture it is wanted on, and pushing it where hosts can fetch it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops import images_context as recipes
from ops import images_mirror as mirror
from ops import images_words as words
from ops import projects, registry, zips
from ops.config import Config
from ops.errors import Cancelled, NotRegistered, OpsError, StepFailed, UserError
from ops.model import Arch, Host, Image, Platform, Project, ProjectKind
from ops.ports import Engine
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, StepState

STEPS = ("prepare", "build", "push")
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_EMULATORS = {Arch.ARM64: "qemu-aarch64", Arch.AMD64: "qemu-x86_64"}
_SAID_EVERY_S = 0.5
_NOISE = ("--->", "Removing intermediate container")


def emulated(arch: Arch) -> bool:
    """Tell whether this machine's kernel runs programs of another arch (binfmt_misc)."""
    return (_BINFMT / _EMULATORS[arch]).is_file()


@dataclass(frozen=True, slots=True)
class Target:
    """One image to be built: of what, for what, where, and under which name."""

    project: Project
    platform: Platform
    arch: Arch
    engine: Engine
    builder: Host | None
    base: str
    registry: str

    @property
    def tag(self) -> str:
        """Return the tag, which stands for the whole recipe."""
        return recipes.tag(self.project, self.platform, self.arch, self.base)

    @property
    def reference(self) -> str:
        """Return the name the builder gives the image and pushes it by."""
        return f"{self.registry}/{self.project.name}:{self.tag}"


class BuildKind:
    """The durable command `build`: a lane per architecture."""

    name = "build"

    def __init__(self, can_emulate: Callable[[Arch], bool] = emulated) -> None:
        self._can_emulate = can_emulate

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Choose a builder for every arch wanted; raises UserError when there is none, or nothing to build."""
        project = buildable(services, args)
        arches = _wanted_arches(services, args)
        return Plan((Phase(self.lanes(services, project, arches), title="build"),))

    def lanes(self, services: Services, project: Project, arches: Iterable[Arch]) -> tuple[Lane, ...]:
        """Return a lane per arch, its builder in the label; raises UserError where no builder is found."""
        return tuple(self._lane(services, project, arch) for arch in sorted(set(arches)))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run prepare, build or push of one arch; each is skipped where the registry has the image."""
        target = _target(services, context)
        found = existing(services, target)
        if context.step == "prepare":
            return _prepare(services, target, found)
        if found:
            return Outcome(StepState.SKIPPED, f"is in the registry ({words.short(found)})")
        return _build(services, context, target) if context.step == "build" else _push(services, context, target)

    def finish(self, services: Services, job: Job) -> str:
        """Say which images there are now."""
        project = buildable(services, job.args)
        good = [lane for lane in job.plan.lanes if _all_good(job, lane.key)] if job.plan else []
        bad = [lane for lane in job.plan.lanes if lane not in good] if job.plan else []
        return words.finished(project, [lane.key for lane in good], [lane.key for lane in bad])

    def _lane(self, services: Services, project: Project, arch: Arch) -> Lane:
        builder = self._builder(services, arch)
        where = f"on {builder.label}" if builder else "on the bot's machine"
        label = f"{project.name} {arch} {where}"
        return Lane(key=f"build {arch}", label=label, steps=STEPS, host=builder.address if builder else "")

    def _builder(self, services: Services, arch: Arch) -> Host | None:
        """Return the registered host that builds for an arch, or None for the bot's own engine."""
        local = _arch_of(services.engines.local())
        if local == arch or (local and self._can_emulate(arch)):
            return None
        for host in services.store.hosts():
            if host.arch == arch and _arch_of(services.engines.on(host)) == arch:
                return host
        raise UserError(words.no_builder(arch, local))


def buildable(services: Services, args: Mapping[str, object]) -> Project:
    """Return the project a job names; raises UserError for one that this version keeps but cannot run."""
    project = services.store.project(str(args["project_id"]))
    if project is None:
        raise NotRegistered(f"The project {str(args['project_id'])[:12]} is not known here. Upload its zip again.")
    if project.kind is ProjectKind.FLOWER_APP:
        raise UserError(words.flower_app(project))
    return project


def find_image(services: Services, project: Project, arch: Arch, platform: Platform | None = None) -> Image | None:
    """Return the image hosts of an arch pull, or None when it is yet to be built or the registry has lost it."""
    wanted = platform or project.definition.platform
    image = recipes.newest(services.store.images(project.id), wanted, arch)
    if image is None or services.config.external_registry:
        return image
    return image if registry.digest(services.config.registry, project.name, image.digest) else None


def existing(services: Services, target: Target) -> str:
    """Return the digest of the image this very recipe made, when it is remembered and the registry has it, or ''."""
    known = [
        image.digest
        for image in services.store.images(target.project.id)
        if (image.platform, image.arch) == (target.platform, target.arch)
    ]
    if services.config.external_registry:
        return known[0] if known else ""
    there = registry.digest(services.config.registry, target.project.name, target.tag)
    return there if there in known else ""


def _target(services: Services, context: StepContext) -> Target:
    project = buildable(services, context.args)
    arch = Arch(context.lane.key.removeprefix("build "))
    builder = services.store.host(context.lane.host) if context.lane.host else None
    engine = services.engines.on(builder) if builder else services.engines.local()
    platform = platform_of(project, context.args)
    foreign = _arch_of(engine) not in {"", arch}
    base = recipes.base_image(services.config, platform, arch, foreign=foreign)
    return Target(project, platform, arch, engine, builder, base, _registry_of(services.config, builder))


def _registry_of(config: Config, builder: Host | None) -> str:
    """Return the registry as the builder calls it: a host reaches the bot's through its connection."""
    if builder is None or config.external_registry:
        return config.registry
    return f"{registry.LOOPBACK}:{config.registry_port_on_host}"


def platform_of(project: Project, args: Mapping[str, object]) -> Platform:
    """Return the platform a job names, else the project's own; raises UserError."""
    name = str(args.get("platform") or project.definition.platform)
    if name not in set(Platform):
        raise UserError(f"'{name}' is not a platform: {', '.join(Platform)}.")
    return Platform(name)


def _prepare(services: Services, target: Target, found: str) -> Outcome:
    """Make sure that the zip is whole, the registry up and the settings right before anything long starts."""
    registry.ensure_registry(services)
    if found or (found := existing(services, target)):
        return Outcome(StepState.SKIPPED, f"is in the registry ({words.short(found)})")
    projects.open_archive(services.config, target.project)
    mirror.offer(services.config, target.platform, target.arch)
    info = target.engine.info()
    return Outcome(detail=f"{target.base}, Docker {info.version}")


def _build(services: Services, context: StepContext, target: Target) -> Outcome:
    if target.engine.has_image(target.reference):
        return Outcome(StepState.SKIPPED, "was built before")
    archive = projects.open_archive(services.config, target.project)
    start = time.monotonic()
    with _settings_for_pip(services, target) as mirror_url:
        text = recipes.dockerfile(target.project, target.platform, target.base, mirror_url)
        files = recipes.own_files(target.project, text)
        with zips.open_context(archive, recipes.sources(target.project, archive), files) as tar:
            lines = target.engine.build(
                tar,
                tag=target.reference,
                platform=f"linux/{target.arch}",
                network=services.config.build_network,
            )
            _follow(lines, context, target)
    if (found := target.engine.image_arch(target.reference)) != target.arch:
        raise StepFailed(words.wrong_arch(target.project.name, target.arch, found, target.base))
    return Outcome(detail=f"built in {time.monotonic() - start:.0f} s")


def _follow(lines: Iterable[str], context: StepContext, target: Target) -> None:
    """Show the log's last line now and then; where the build fails, put the line that says why in front."""
    log: list[str] = []
    said_at = 0.0
    try:
        for line in _until_cancelled(lines, context):
            log = [*log[-199:], line]
            if not line.lstrip().startswith(_NOISE) and time.monotonic() - said_at > _SAID_EVERY_S:
                said_at = time.monotonic()
                context.say(line.strip()[:150])
    except Cancelled:
        raise
    except StepFailed as error:
        raise words.build_failed(target.project.name, target.arch, error, log) from error


def _until_cancelled(lines: Iterable[str], context: StepContext) -> Iterator[str]:
    for line in lines:
        if context.cancelled():
            raise Cancelled(words.CANCELLED)
        yield line


@contextmanager
def _settings_for_pip(services: Services, target: Target) -> Iterator[str]:
    """Yield the address pip's settings are served at while the block runs, or '' when there are none."""
    what = mirror.offer(services.config, target.platform, target.arch)
    if not what.needed:
        yield ""
        return
    with mirror.served(what) as port, _reached(services, target.builder, port, port) as there:
        yield f"http://{mirror.LOOPBACK}:{there}"


@contextmanager
def _reached(services: Services, builder: Host | None, port: int, own_port: int) -> Iterator[int]:
    """Make `own_port` of the bot's machine reachable as `port` on the builder's loopback address."""
    if builder is None:
        yield own_port
        return
    with services.pool.remote(builder).reverse_tunnel(port, (mirror.LOOPBACK, own_port)) as there:
        yield there


def _push(services: Services, context: StepContext, target: Target) -> Outcome:
    config = services.config
    own_port = 0 if config.external_registry else registry.port_of(config.registry)
    builder = None if config.external_registry else target.builder
    with _reached(services, builder, config.registry_port_on_host, own_port):
        digest = target.engine.push(target.reference)
    image = Image(
        project_id=target.project.id,
        platform=target.platform,
        arch=target.arch,
        reference=recipes.pull_reference(config, target.project.name, digest),
        digest=digest,
        size_bytes=target.engine.image_size(target.reference),
        built_at=services.now(),
        built_by=context.actor_id,
        build_s=_build_seconds(services, context),
    )
    services.store.save_image(image)
    return Outcome(detail=f"{words.short(digest)}, {words.size(image.size_bytes)}")


def _build_seconds(services: Services, context: StepContext) -> float:
    job = services.store.job(context.job_id)
    steps = job.steps if job else ()
    for step in steps:
        if (step.lane, step.name) == (context.lane.key, "build") and step.started_at and step.ended_at:
            return (step.ended_at - step.started_at).total_seconds()
    return 0.0


def _wanted_arches(services: Services, args: Mapping[str, object]) -> list[Arch]:
    """Return the arches named, else those of the hosts named, else those of every host, else the bot's own."""
    named = [str(arch) for arch in as_list(args.get("arches"))]
    addresses = [str(address) for address in as_list(args.get("addresses"))]
    hosts = services.store.hosts(addresses=addresses or None)
    found = named or [host.arch for host in hosts if host.arch] or [_arch_of(services.engines.local())]
    unknown = [arch for arch in found if arch not in set(Arch)]
    if unknown:
        raise UserError(f"'{unknown[0]}' is not an architecture images are built for: {', '.join(Arch)}.")
    return [Arch(arch) for arch in found]


def as_list(value: object) -> Sequence[object]:
    """Return a list argument of a job, () where it is missing."""
    return value if isinstance(value, list | tuple) else ()


def _arch_of(engine: Engine) -> str:
    """Return an engine's arch, or '' when it does not answer."""
    try:
        return engine.info().arch
    except OpsError:
        return ""


def _all_good(job: Job, lane: str) -> bool:
    return all(step.state.good for step in job.steps if step.lane == lane)
