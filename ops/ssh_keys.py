"""Loads keys: the bot's own from its file, somebody's from text, a host's pin for comparison."""

import base64
import binascii
import threading
from io import StringIO
from pathlib import Path

import paramiko
from paramiko.pkey import UnknownKeyType

from ops import ssh_words as words
from ops.errors import UserError
from ops.model import HostKey

KINDS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def private_key(text: str) -> paramiko.PKey:
    """Load a private key from what somebody pasted; UserError when it is none, or has a passphrase."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    for kind in KINDS:
        try:
            return kind.from_private_key(StringIO("\n".join(lines) + "\n"))
        except paramiko.PasswordRequiredException:
            raise words.encrypted_private_key() from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue  # another kind, or no key at all
    raise words.bad_private_key()


def pinned(key: HostKey) -> paramiko.PKey:
    """Return a pinned host key in the form paramiko compares; UserError when the record is damaged."""
    try:
        return paramiko.PKey.from_type_string(key.kind, base64.b64decode(key.body, validate=True))
    except (paramiko.SSHException, UnknownKeyType, binascii.Error, ValueError):
        raise UserError(
            f"The host key kept for this host ({key.kind}) cannot be read. `forget` the host and `register` it again."
        ) from None


def shown(key: paramiko.PKey) -> HostKey:
    """Describe the key a host shows."""
    return words.host_key(key.get_name(), key.asbytes())


class KeyFile:
    """The bot's private key, read when first needed and again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._key: paramiko.PKey | None = None

    def load(self) -> paramiko.PKey:
        """Return the key; UserError when there is none yet, or it cannot be read."""
        with self._lock:
            try:
                stat = self._path.stat()
                if self._key is None or self._seen != (stat.st_mtime_ns, stat.st_size):
                    self._key, self._seen = private_key(self._path.read_text()), (stat.st_mtime_ns, stat.st_size)
            except FileNotFoundError:
                raise words.no_key(self._path) from None
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(
                    f"The bot's SSH key cannot be read ({error}). Check the file, or restore it."
                ) from None
            return self._key
