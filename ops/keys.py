"""The bot's own ed25519 key pair, with which it logs in to every registered host."""

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ops.config import Config
from ops.errors import UserError

COMMENT = "flsvc"


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """The public half of the bot's key; `created` tells whether this call made it."""

    public: str
    fingerprint: str
    path: Path
    created: bool


def create_key(config: Config) -> KeyInfo:
    """Make the key pair unless there is one, which is kept as it is; raises UserError when that one is unreadable.

    Of two processes that try at once, one makes the key and both return it.
    """
    path = config.key_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    created = not path.exists() and _write_once(path, _new_private_key())
    return _read(path, created=created)


def show_key(config: Config) -> KeyInfo:
    """Return the public half; raises UserError when there is no key yet or it is unreadable."""
    if not config.key_path.exists():
        raise UserError("There is no key yet. `key create` makes one.")
    return _read(config.key_path, created=False)


def fingerprint(public: str) -> str:
    """Return a public key's fingerprint as ssh-keygen prints it (`SHA256:…`); `public` is a line or a base64 body."""
    words = public.split()
    body = words[1] if len(words) > 1 else words[0]
    try:
        digest = hashlib.sha256(base64.b64decode(body, validate=True)).digest()
    except binascii.Error:
        raise UserError("That is not a public key: its second word should be base64, `ssh-ed25519 AAAA…`.") from None
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _new_private_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def _write_once(path: Path, content: bytes) -> bool:
    """Write a 0600 file that is never seen half-written; False, and nothing changed, when there is one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails when the name is taken: the first one wins
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _read(path: Path, *, created: bool) -> KeyInfo:
    """Read the pair from its private half, and put the public half beside it when that is missing or differs."""
    public = _public_line(path)
    beside = path.with_name(path.name + ".pub")
    if not beside.exists() or beside.read_text() != public + "\n":
        draft = beside.with_name(f".{beside.name}.{secrets.token_hex(8)}")
        draft.write_text(public + "\n")
        draft.replace(beside)
    return KeyInfo(public, fingerprint(public), path, created)


def _public_line(path: Path) -> str:
    try:
        key = serialization.load_ssh_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError):
        raise UserError(
            f"The bot's key {path} cannot be read. Put it back from a copy, or move it away, "
            "`key create` a new one and `register` the hosts again."
        ) from None
    encoded = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return f"{encoded.decode()} {COMMENT}"
