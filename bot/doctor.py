"""`flsvc doctor`: is this installation able to work, and what mends it where it is not."""

import shutil
from dataclasses import dataclass

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import BOT_SCOPES
from bot.replies import Column, Reply, Table
from bot.settings import Settings
from bot.views.words import size
from ops import hosts, keys, registry
from ops.errors import OpsError
from ops.services import Services
from ops.work import StepState


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it stands, what was seen, and what mends it."""

    what: str
    state: StepState
    seen: str
    mend: str = ""


async def examine(settings: Settings, services: Services) -> list[Finding]:
    """Look at everything flsvc needs; nothing is changed."""
    return [*_local(services), *await slack(settings)]


def _local(services: Services) -> list[Finding]:
    return [_state(services), _key(services), _engine(services), _registry(services), _host(services)]


def _state(services: Services) -> Finding:
    free = shutil.disk_usage(services.config.state_dir).free
    seen = f"{services.config.state_dir}, {len(services.store.hosts())} hosts, {size(free)} free"
    if free < 2 * 1024**3:
        return Finding("Database and disk", StepState.FAILED, seen, "Make room: images need a few GiB.")
    return Finding("Database and disk", StepState.OK, seen)


def _key(services: Services) -> Finding:
    try:
        return Finding("SSH key", StepState.OK, keys.show_key(services.config).fingerprint)
    except OpsError as error:
        return Finding("SSH key", StepState.FAILED, str(error), "`flsvc key create`")


def _engine(services: Services) -> Finding:
    try:
        info = services.engines.local().info()
    except OpsError as error:
        mend = "Install Docker here, start it, and let this user reach its socket; or set FLSVC_DOCKER_HOST."
        return Finding("Docker Engine here", StepState.FAILED, str(error), mend)
    return Finding("Docker Engine here", StepState.OK, f"{info.version}, {info.arch}")


def _registry(services: Services) -> Finding:
    where = services.config.registry
    if registry.answers(where):
        return Finding("Registry", StepState.OK, f"{where} answers")
    if services.config.external_registry:
        return Finding("Registry", StepState.FAILED, f"{where} does not answer", "Check FLSVC_REGISTRY.")
    return Finding("Registry", StepState.SKIPPED, f"{where} is not running", "It is started by the first build.")


def _host(services: Services) -> Finding:
    known = services.store.hosts()
    if not known:
        return Finding("One host", StepState.SKIPPED, "none is registered", "`/flsvc register` in Slack")
    answer = hosts.ping(services, known[:1])[0]
    mend = "" if answer.state.good else "`/flsvc ping all` shows the others."
    return Finding("One host", answer.state, f"{answer.host.label} {answer.error or 'answers'}", mend)


async def slack(settings: Settings) -> list[Finding]:
    """Look at the tokens: do they work, and has the app every scope."""
    try:
        settings.require_slack()
    except OpsError as error:
        return [
            Finding("Slack tokens", StepState.FAILED, str(error).split(". ", maxsplit=1)[0], "README, real Slack")
        ]
    client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, timeout=10)
    try:
        answer = await client.auth_test()
    except (SlackClientError, OSError, TimeoutError) as error:
        return [
            Finding("Slack bot token", StepState.FAILED, _why(error), "Copy it again from the app's Install page.")
        ]
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    findings = [Finding("Slack bot token", StepState.OK, f"{answer.get('user')} in {answer.get('team')}")]
    findings.append(_scopes(sorted(set(BOT_SCOPES) - granted)))
    return [*findings, await _socket(client, settings)] if settings.mode == "socket" else findings


def _scopes(missing: list[str]) -> Finding:
    if not missing:
        return Finding("Slack scopes", StepState.OK, f"all {len(BOT_SCOPES)}")
    mend = "Paste `flsvc manifest` into the app's manifest page and install it again."
    return Finding("Slack scopes", StepState.FAILED, f"missing: {', '.join(missing)}", mend)


async def _socket(client: AsyncWebClient, settings: Settings) -> Finding:
    try:
        await client.apps_connections_open(app_token=settings.app_token)
    except (SlackClientError, OSError, TimeoutError) as error:
        mend = "Make an app-level token with connections:write, and switch Socket Mode on."
        return Finding("Slack app token", StepState.FAILED, _why(error), mend)
    return Finding("Slack app token", StepState.OK, "Socket Mode is on")


def _why(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"Slack answers `{response.get('error')}`" if response else f"no answer ({type(error).__name__})"


def report(findings: list[Finding]) -> Reply:
    """Phrase the findings as a table."""
    bad = sum(f.state is StepState.FAILED for f in findings)
    rows = tuple((f.what, f.state, f.seen, f.mend) for f in findings)
    data = [{"what": f.what, "state": f.state, "seen": f.seen, "mend": f.mend} for f in findings]
    title = "All is well" if not bad else f"{bad} of {len(findings)} need mending"
    table = Table(title, (Column("What"), Column("State"), Column("Seen"), Column("How to mend it")), rows, empty="")
    return Reply((table,), data=data, failed=bad > 0)
