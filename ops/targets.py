"""What a command acts on: the hosts behind an address, a block, a federation, a contact, a name, a list, or `all`."""

import difflib
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence

from ops.errors import NotRegistered, UserError
from ops.model import Host
from ops.services import Services

_LIKE_IPV4 = re.compile(r"[\d.]+")
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?", re.I
)
_CONTACT = "contact:"
_SHAPES = (
    "A target is an IP address (`192.168.1.105`), a block (`192.168.1.0/24`), a federation, a host's name, "
    "`contact:…`, several of these with commas between, or `all`."
)

Resolver = Callable[[str], str]


def resolve(services: Services, text: str) -> list[Host]:
    """Return the hosts a target names, each once, in the store's order.

    Raises NotRegistered when a part names no registered host, UserError when it cannot be a target.
    """
    return choose(services.store.hosts(), text)


def choose(known: Sequence[Host], text: str) -> list[Host]:
    """Return those of the known hosts that a target names, in their order; raises as `resolve` does."""
    parts = _parts(known, text)
    if not parts:
        raise UserError(f"Which hosts? {_SHAPES}")
    if not known:
        raise NotRegistered("No host is registered yet. Register the first one with `register 192.168.1.105`.")
    found, missing = _look_up(known, parts)
    if missing:
        raise NotRegistered(_not_registered(missing))
    return [host for host in known if host.address in found]


def parse_address(text: str, *, lookup: Resolver | None = None) -> str:
    """Return the canonical IP address of what was typed; a name is looked up once.

    Raises UserError when it is no address of a machine, or when nobody knows the name.
    """
    typed = text.strip().removeprefix("[").removesuffix("]")
    literal = _literal(typed)
    if literal:
        return literal
    if not _NAME.fullmatch(typed):
        raise UserError(f"`{text.strip()}` is not an IP address. An example of one: `192.168.1.105`.")
    return (lookup or look_up)(typed)


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address, and not a name."""
    try:
        ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def look_up(name: str) -> str:
    """Return the address behind a host name, IPv4 first; raises UserError when nobody knows it."""
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        answers = []
    ordered = sorted(answers, key=lambda answer: answer[0] != socket.AF_INET)
    if not ordered:
        raise UserError(
            f"Nobody in this network answers to the name `{name}`. "
            "Is the machine on and connected? Otherwise use its IP address, which `hostname -I` prints on it."
        )
    return _canonical(str(ordered[0][4][0]))


def _parts(known: Sequence[Host], text: str) -> list[str]:
    """Split at commas, and at spaces too where the whole is no name or contact with spaces in it."""
    parts: list[str] = []
    for part in (" ".join(part.split()) for part in re.split(r"[,;\n]", text)):
        whole = part.lower().startswith(_CONTACT) or part.lower() in _words(known)
        parts += [part] if whole else part.split()
    return list(dict.fromkeys(parts))


def _words(known: Iterable[Host]) -> set[str]:
    return {word.lower() for host in known for word in (host.federation, host.name) if word}


def _look_up(known: Sequence[Host], parts: Sequence[str]) -> tuple[set[str], list[tuple[str, str]]]:
    """Return the addresses found, and for each part without any its text and what to say about it."""
    found: set[str] = set()
    missing: list[tuple[str, str]] = []
    for part in parts:
        addresses, complaint = _one(known, part)
        found |= addresses
        if not addresses:
            missing.append((part, complaint))
    return found, missing


def _one(known: Sequence[Host], part: str) -> tuple[set[str], str]:
    """Return the addresses one part names, and the sentence for the case that there are none."""
    if part.lower() == "all":
        return {host.address for host in known}, ""
    if part.lower().startswith(_CONTACT):
        return _of_contact(known, part[len(_CONTACT) :].strip())
    if part.lower() in _words(known):
        return _named(known, part)
    if "/" in part:
        return _in_block(known, part)
    literal = _literal(part.removeprefix("[").removesuffix("]"))
    if literal:
        return {literal} & {host.address for host in known}, ""
    return _named(known, part)


def _of_contact(known: Sequence[Host], who: str) -> tuple[set[str], str]:
    """Match a contact as it was entered, or else any that contains the text; case and a leading @ do not matter."""
    if not who:
        raise UserError("Whose hosts? Write the contact behind the colon: `contact:anna`.")
    wanted = who.lower().removeprefix("@")
    exact = {host.address for host in known if host.contact.lower().removeprefix("@") == wanted}
    partial = {host.address for host in known if wanted in host.contact.lower()}
    contacts = sorted({host.contact for host in known if host.contact})
    return exact or partial, f"No registered host has the contact `{who}`.{_suggest(who, contacts, _CONTACT)}"


def _in_block(known: Sequence[Host], block: str) -> tuple[set[str], str]:
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        raise UserError(
            f"`{block}` is not a block of addresses. `192.168.1.0/24` is one: 192.168.1.0 to 255."
        ) from None
    inside = {host.address for host in known if ipaddress.ip_address(host.address) in network}
    return inside, f"No registered host has an address in {network}. See `hosts`."


def _named(known: Sequence[Host], word: str) -> tuple[set[str], str]:
    """Match a federation, then a host's name or host name, `.local` or not, then what the network calls so."""
    wanted = word.lower()
    federation = {host.address for host in known if host.federation.lower() == wanted}
    named = {host.address: None for host in known if wanted.removesuffix(".local") in _names(host)}
    if not federation and len(named) > 1:
        raise UserError(
            f"{len(named)} hosts are called `{word}`: {_and(list(named))}. Use the address of the one meant."
        )
    if federation or named:
        return federation or set(named), ""
    if "." in word and _NAME.fullmatch(word):
        address = look_up(word)
        return {address} & {host.address for host in known}, f"`{word}` is {address}, which is not registered."
    candidates = sorted({name for host in known for name in (host.federation, host.name) if name} | {"all"})
    return set(), f"`{word}` is no registered host and no federation.{_suggest(word, candidates)}"


def _names(host: Host) -> set[str]:
    hostname = host.facts.hostname if host.facts else ""
    return {name.lower().removesuffix(".local") for name in (host.name, hostname) if name}


def _suggest(word: str, candidates: Sequence[str], prefix: str = "") -> str:
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=2, cutoff=0.6)
    if near:
        return f" Did you mean {' or '.join(f'`{prefix}{by_lower[name]}`' for name in near)}?"
    return " See `hosts`."


def _not_registered(missing: Sequence[tuple[str, str]]) -> str:
    """Phrase all that is missing at once; plain addresses share one sentence."""
    addresses = [part for part, complaint in missing if not complaint]
    sentences = [complaint for _, complaint in missing if complaint]
    if addresses:
        verb, pronoun = ("is", "it") if len(addresses) == 1 else ("are", "them")
        sentences.append(
            f"{_and(addresses)} {verb} not registered. "
            f"Register {pronoun} with `register {','.join(addresses)}`, or see `hosts`."
        )
    return " ".join(sentences)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _literal(typed: str) -> str:
    """Return an IP address in canonical form, '' for something else; raises UserError for a bad one."""
    try:
        return _canonical(typed)
    except ValueError:
        pass
    if _LIKE_IPV4.fullmatch(typed) and "." in typed:
        raise UserError(f"`{typed}` is not an IP address: {_fault(typed)}. An example of one: `192.168.1.105`.")
    address, _, port = typed.rpartition(":")
    if port.isdigit() and _LIKE_IPV4.fullmatch(address):
        raise UserError(f"Write `{address}` without the port: flsvc keeps the port it was given at registration.")
    return ""


def _fault(typed: str) -> str:
    numbers = typed.split(".")
    if len(numbers) != 4 or "" in numbers:
        return "it takes four numbers with dots between"
    if any(int(number) > 255 for number in numbers):
        return "each of the four numbers is at most 255"
    return "its numbers start with no 0"


def _canonical(typed: str) -> str:
    """Return canonical IP text; raises ValueError when it is none, UserError when no single machine can have it."""
    address = ipaddress.ip_address(typed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    if address.is_unspecified or address.is_multicast or address == ipaddress.ip_address("255.255.255.255"):
        raise UserError(f"`{address}` is not the address of a machine. An example of one: `192.168.1.105`.")
    return str(address)
