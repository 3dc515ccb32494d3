"""What a registration asks for: the job's arguments, checked and typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import cast

from ops.errors import UserError
from ops.model import FlowerType, Host, HostKey
from ops.targets import parse_address

_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}", re.I)  # what useradd takes, and capitals
_FEDERATION = re.compile(r"\w[\w .-]{0,62}\w|\w")
_RESERVED = {"all"}


class Method(StrEnum):
    """How registration logs in the first time."""

    PASSWORD = auto()
    KEY = auto()  # somebody's existing private key
    OURS = auto()  # the bot's own key, put there by hand


@dataclass(frozen=True, slots=True)
class Request:
    """Hosts that are registered together. Both secrets are ids of vault entries, '' for none.

    `sudo_secret` is for users whose login is not by the password that sudo asks for.
    """

    hosts: tuple[Host, ...]
    method: Method
    secret: str = ""
    sudo_secret: str = ""

    def host(self, address: str) -> Host:
        """Return the host of one lane."""
        return next(host for host in self.hosts if host.address == address)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the ids of all vault entries that end with the job."""
        return tuple(id for id in (self.secret, self.sudo_secret) if id)


def parse(args: Mapping[str, object]) -> Request:
    """Read a register job's arguments; raises UserError naming what is wrong with them."""
    hosts = tuple(
        _host(cast("Mapping[str, object]", one)) for one in cast("Sequence[object]", args.get("hosts") or ())
    )
    if not hosts:
        raise UserError("Which hosts? Give at least one address.")
    addresses = [host.address for host in hosts]
    twice = sorted({address for address in addresses if addresses.count(address) > 1})
    if twice:
        raise UserError(f"{', '.join(twice)} is there more than once. Give each address once.")
    request = Request(hosts, _method(args), _text(args, "secret"), _text(args, "sudo_secret"))
    if request.method is not Method.OURS and not request.secret:
        raise UserError(f"The {request.method} is missing. Open `register` again and fill it in.")
    return request


def _host(one: Mapping[str, object]) -> Host:
    key = cast("Mapping[str, str]", one["key"])
    return Host(
        address=parse_address(_text(one, "address")),
        port=_port(one),
        user=_user(one),
        name=_text(one, "name"),
        key=HostKey(key["kind"], key["body"], key["fingerprint"]),
        flower_type=_flower_type(one),
        federation=_federation(one),
        contact=_text(one, "contact"),
        description=_text(one, "description"),
    )


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return "" if value is None else str(value).strip()


def _port(one: Mapping[str, object]) -> int:
    text = _text(one, "port") or "22"
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise UserError(f"`{text}` is not a port: it is a number from 1 to 65535, most often 22.")
    return int(text)


def _user(one: Mapping[str, object]) -> str:
    user = _text(one, "user")
    if not _USER.fullmatch(user):
        raise UserError(
            f"`{user}` is not a user's name. On a Raspberry Pi it is often `pi`; `whoami` prints it there."
        )
    return user


def _flower_type(one: Mapping[str, object]) -> FlowerType:
    text = _text(one, "flower_type").lower()
    if text not in set(FlowerType):
        raise UserError(f"`{text}` is not a Flower type: choose `server` or `client`.")
    return FlowerType(text)


def _federation(one: Mapping[str, object]) -> str:
    name = " ".join(_text(one, "federation").split())
    if name and (not _FEDERATION.fullmatch(name) or name.lower() in _RESERVED):
        raise UserError(
            f"`{name}` cannot be a federation's name: use letters, digits, `_`, `-` and dots, such as `test_model`."
        )
    return name


def _method(args: Mapping[str, object]) -> Method:
    text = _text(args, "method")
    if text not in set(Method):
        raise UserError(f"`{text}` is not a way to log in: choose {', '.join(Method)}.")
    return Method(text)
