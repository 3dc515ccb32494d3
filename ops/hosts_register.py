"""The job that registers hosts: check the confirmed key, log in once, leave our key, learn what the host is.

The host's row, and with it the pinned key, is written by the last step only: a registration that stops half-way
leaves what was known before as it was. Each step asks the host again instead of trusting what an earlier one saw,
so a job that is resumed after a crash registers what is there now.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from ops import facts as facts_of
from ops import hosts_request, ssh_words
from ops.errors import HostKeyChanged, LoginRefused, OpsError, UserError
from ops.hosts_access import authorize
from ops.hosts_request import Method, Request
from ops.hosts_sudo import find_sudo
from ops.keys import show_key
from ops.model import Facts, FlowerType, Host, Sudo
from ops.ports import Remote
from ops.services import Outcome, Services, StepContext
from ops.work import Job, Lane, Phase, Plan, StepState

STEPS = ("host_key", "login", "authorized_key", "key_login", "facts", "sudo")
_TOLD = 5  # hosts described one by one in the closing sentence


class RegisterKind:
    """Register hosts. args: hosts, method, secret, sudo_secret; see `ops.hosts_request`."""

    name = "register"

    def plan(self, services: Services, args: Mapping[str, object]) -> Plan:
        """Plan one lane per host; raises UserError, and forgets the login secrets, when the request is wrong."""
        try:
            show_key(services.config)
            request = hosts_request.parse(args)
            _refuse_second_server(services, request)
        except BaseException:
            # Whatever it was, nobody will come back for the password.
            _forget_secrets(services, args)
            raise
        lanes = (Lane(host.address, host.label, STEPS, host=host.address) for host in request.hosts)
        return Plan((Phase(tuple(lanes)),))

    def run_step(self, services: Services, context: StepContext) -> Outcome:
        """Run one step; raises HostKeyChanged, LoginRefused, HostUnreachable or StepFailed."""
        request = hosts_request.parse(context.args)
        host = request.host(context.lane.host)
        match context.step:
            case "host_key":
                return _host_key(services, host)
            case "login":
                return _login(services, request, host)
            case "authorized_key":
                return _authorized_key(services, request, host)
            case "key_login":
                return _key_login(services, host)
            case "facts":
                return Outcome(detail=describe(_facts(services, host)))
            case _:
                return _sudo(services, request, host, context)

    def finish(self, services: Services, job: Job) -> str:
        """Forget the login secrets and tell what was learned."""
        _forget_secrets(services, job.args)
        good = [step.lane for step in job.steps if step.name == STEPS[-1] and step.state.good]
        hosts = services.store.hosts(addresses=good) if good else []
        failed = [step for step in job.steps if step.state in {StepState.FAILED, StepState.UNREACHABLE}]
        sentences = [_registered(hosts)] if hosts else []
        if failed:
            sentences.append(f"Not registered: {', '.join(f'{step.lane} (at {step.name})' for step in failed)}.")
        if hosts:
            sentences.append(_next(hosts))
        return " ".join(sentence for sentence in sentences if sentence) or "No host was registered."


def describe(facts: Facts) -> str:
    """Phrase what a host is in a few words: `Raspberry Pi 4 Model B, 4 GB, arm64`."""
    words = (
        facts.model or facts.os,
        f"{facts.memory_bytes / 1e9:.1f} GB" if facts.memory_bytes else "",
        facts.arch,
    )
    return ", ".join(word for word in words if word)


def _refuse_second_server(services: Services, request: Request) -> None:
    """Raise UserError when a federation would get two servers."""
    for host in request.hosts:
        if host.flower_type is not FlowerType.SERVER or not host.federation:
            continue
        known = services.store.hosts(federation=host.federation, flower_type=FlowerType.SERVER)
        others = [*known, *request.hosts]
        for other in others:
            same = (other.federation, other.flower_type) == (host.federation, FlowerType.SERVER)
            if same and other.address != host.address and other.address not in _becoming_clients(request):
                raise UserError(
                    f"{host.federation} has a server: {other.address}. A federation has one; register "
                    f"{host.address} as a client, or `forget {other.address}` first."
                )


def _becoming_clients(request: Request) -> set[str]:
    return {host.address for host in request.hosts if host.flower_type is FlowerType.CLIENT}


def _forget_secrets(services: Services, args: Mapping[str, object]) -> None:
    for key in ("secret", "sudo_secret"):
        id = args.get(key)
        if isinstance(id, str) and id:
            services.vault.delete(id)


def _host_key(services: Services, host: Host) -> Outcome:
    """Compare what the host shows with what was confirmed, and with what is pinned if it is registered already."""
    shown = services.pool.scan(host.address, host.port)
    known = services.store.host(host.address)
    if known and known.key != shown:
        raise ssh_words.key_changed(known, shown)
    if shown != host.key:
        raise HostKeyChanged(
            f"{host.label} shows another host key than the one that was confirmed, so nothing was sent to it. "
            f"Confirmed: {host.key.fingerprint}. Shown now: {shown.fingerprint}. Look whether two machines share the "
            f"address, then `register {host.address}` again.",
            host=host.address,
        )
    return Outcome(detail=shown.fingerprint)


def _first_login(services: Services, request: Request, host: Host) -> AbstractContextManager[Remote]:
    match request.method:
        case Method.PASSWORD:
            return services.pool.password_login(host, services.vault.get(request.secret))
        case Method.KEY:
            return services.pool.key_login(host, services.vault.get(request.secret))
        case Method.OURS:
            return nullcontext(services.pool.remote(host))


def _login(services: Services, request: Request, host: Host) -> Outcome:
    with _first_login(services, request, host) as remote:
        remote.run("true", timeout_s=services.config.connect_timeout_s)
    return Outcome(detail=f"as {host.user}")


def _authorized_key(services: Services, request: Request, host: Host) -> Outcome:
    with _first_login(services, request, host) as remote:
        added = authorize(remote, show_key(services.config).public)
    return (
        Outcome(detail="the bot's key was added") if added else Outcome(StepState.SKIPPED, "the bot's key is there")
    )


def _key_login(services: Services, host: Host) -> Outcome:
    """Log in anew with nothing but our key."""
    services.pool.drop(host.address)
    try:
        services.pool.remote(host).run("true", timeout_s=services.config.connect_timeout_s)
    except LoginRefused as error:
        raise LoginRefused(
            f"The bot's key is in ~/.ssh/authorized_keys of {host.user} on {host.label}, but the host refuses it. "
            "Most often the home directory is writable by others (`chmod go-w ~`), or sshd forbids keys "
            "(PubkeyAuthentication); `sudo journalctl -u ssh -n 20` there tells which.",
            host=host.address,
        ) from error
    return Outcome(detail="with the bot's key only")


def _facts(services: Services, host: Host) -> Facts:
    facts = facts_of.collect(services.pool.remote(host), timeout_s=services.config.command_timeout_s)
    facts_of.refuse_unfit(facts, host.address)
    return facts


def _sudo(services: Services, request: Request, host: Host, context: StepContext) -> Outcome:
    """Find out how the user becomes root, and write the host's row: from here on it is registered."""
    known = services.store.host(host.address)
    found = find_sudo(services.pool.remote(host), host.user, _passwords(services, request, known))
    old = known.sudo_secret if known else ""
    secret = _keep_secret(services, old, found.password) if found.sudo is Sudo.PASSWORD else ""
    services.store.save_host(
        replace(
            host,
            sudo=found.sudo,
            sudo_secret=secret,
            facts=_facts(services, host),
            facts_at=services.now(),
            registered_at=services.now(),
            registered_by=context.actor_id,
        )
    )
    if old and old != secret:
        services.vault.delete(old)
    return Outcome(detail=found.detail)


def _passwords(services: Services, request: Request, known: Host | None) -> list[str]:
    """Return what sudo may accept: the password given for it, the login's, the one kept from before."""
    given = [request.sudo_secret, request.secret if request.method is Method.PASSWORD else ""]
    kept = known.sudo_secret if known else ""
    passwords = [services.vault.get(id) for id in given if id]
    if kept:
        try:
            passwords.append(services.vault.get(kept))
        except OpsError:
            kept = ""  # its key is gone: the password has to be given anew
    return list(dict.fromkeys(passwords))


def _keep_secret(services: Services, old: str, password: str) -> str:
    """Return the vault entry with the password, a new one unless the old one holds it."""
    try:
        same = bool(old) and services.vault.get(old) == password
    except OpsError:
        same = False
    return old if same else services.vault.put(password)


def _registered(hosts: Sequence[Host]) -> str:
    """Tell what was learned, hosts that are alike in one breath; only how many there are when that would be long."""
    alike: dict[str, list[str]] = {}
    for host in hosts:
        alike.setdefault(describe(host.facts) if host.facts else "", []).append(host.label)
    if len(hosts) > _TOLD:
        return f"Registered {len(hosts)} hosts."
    told = (f"{', '.join(labels)}: {what}" if what else ", ".join(labels) for what, labels in alike.items())
    return f"Registered {'; '.join(told)}."


def _next(hosts: Sequence[Host]) -> str:
    federations = {host.federation for host in hosts}
    if len(hosts) > 1 and len(federations) == 1 and "" not in federations:
        return f"Next: `docker install {federations.pop()}`."
    return f"Next: `docker install {','.join(host.address for host in hosts)}`." if len(hosts) <= _TOLD else ""
