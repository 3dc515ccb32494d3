"""From what a person said of new hosts to the job that registers them; the same for a modal and for a terminal."""

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from bot.commands._answers import job_id
from ops import hosts
from ops.errors import UserError
from ops.model import Actor, FlowerType
from ops.services import Services
from ops.work import JobRequest

Method = Literal["password", "key", "ours"]

# several hundred addresses in one form are a mistake or an attack; fifty Pis are a large laboratory
MOST_HOSTS = 50


@dataclass(frozen=True, slots=True)
class Registration:
    """What was asked for; `secret` is the password or the private key, `sudo_password` is for when that is a key."""

    addresses: tuple[str, ...]
    port: int = 22
    user: str = "pi"
    method: Method = "password"
    secret: str = ""
    sudo_password: str = ""
    flower_type: FlowerType = FlowerType.CLIENT
    federation: str = ""
    contact: str = ""
    description: str = ""

    def __repr__(self) -> str:
        """Show everything but the secret."""
        return f"Registration({', '.join(self.addresses)}, user={self.user}, method={self.method})"

    def to_json(self) -> str:
        """Write all of it, secret included: only ever into the vault."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Registration":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        values["addresses"] = tuple(values["addresses"])
        return cls(**values | {"flower_type": FlowerType(values["flower_type"])})


def split_addresses(text: str) -> tuple[str, ...]:
    """Read a pasted list: one address a line, or separated by commas or spaces; duplicates go."""
    return tuple(dict.fromkeys(word for word in re.split(r"[\s,;]+", text.strip()) if word))


def check(registration: Registration) -> dict[str, str]:
    """Return what is wrong, by field; nothing is asked from the network."""
    wrong: dict[str, str] = {}
    if not registration.addresses:
        wrong["addresses"] = "Write at least one address, such as 192.168.1.105."
    elif len(registration.addresses) > MOST_HOSTS:
        wrong["addresses"] = f"At most {MOST_HOSTS} at once; these are {len(registration.addresses)}."
    elif bad := [a for a in registration.addresses if not _plausible(a)]:
        wrong["addresses"] = f"“{bad[0][:60]}” is not an address. Write one a line, such as 192.168.1.105."
    if not 1 <= registration.port <= 65535:
        wrong["port"] = "A port is a number from 1 to 65535; SSH is usually 22."
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", registration.user):
        wrong["user"] = "A Linux user name: small letters, digits, - and _; on a Pi usually pi."
    if registration.method != "ours" and not registration.secret.strip():
        what = "password" if registration.method == "password" else "private_key"
        wrong[what] = "Needed once, to put flsvc's key on the hosts."
    if registration.federation == "all":
        wrong["federation"] = "“all” means every host; choose another name."
    elif registration.federation and not re.fullmatch(r"[\w.-]{1,64}", registration.federation):
        wrong["federation"] = "Letters, digits, dot, - and _, without spaces, such as test_model."
    return wrong


def _plausible(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        # digits and dots alone are a mistyped address, not a name to look up
        return bool(re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", address))
    return True


def request(
    services: Services, registration: Registration, scans: Sequence[hosts.Scan], actor: Actor, request_id: str
) -> JobRequest:
    """Make the job for the hosts whose key was shown and confirmed; the secret goes into the vault on its own.

    Raises UserError when none of them answered.
    """
    found = [scan for scan in scans if scan.key is not None and not scan.error]
    if not found:
        raise UserError(
            f"None of the hosts answered, so none was registered. {scans[0].error if scans else ''}".strip()
        )
    secret = services.vault.put(registration.secret) if registration.method != "ours" else ""
    sudo = services.vault.put(registration.sudo_password) if registration.sudo_password else ""
    args = {"hosts": [_host(registration, s) for s in found], "method": registration.method, "secret": secret}
    args |= {"sudo_secret": sudo} if sudo else {}
    title = f"register {found[0].address}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")
    return JobRequest(job_id(request_id), "register", title, args, actor)


def _host(registration: Registration, scan: hosts.Scan) -> Mapping[str, object]:
    assert scan.key is not None
    return {
        "address": scan.address,
        "name": scan.name,
        "port": registration.port,
        "user": registration.user,
        "key": {"kind": scan.key.kind, "body": scan.key.body, "fingerprint": scan.key.fingerprint},
        "flower_type": str(registration.flower_type),
        "federation": registration.federation,
        "contact": registration.contact,
        "description": registration.description,
    }
