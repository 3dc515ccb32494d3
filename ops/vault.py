"""Secrets encrypted with a key that lies in a file beside the database, never in it."""

import os
from pathlib import Path
from threading import Lock
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken

from ops.errors import UserError
from ops.services import Store


class FernetVault:
    """`ops.services.Vault` over the store's ciphertexts; the key file is made at the first use, mode 0600."""

    def __init__(self, store: Store, key_path: Path) -> None:
        self._store = store
        self._fernet = Fernet(_key(key_path))
        self._seen: set[str] = set()
        self._lock = Lock()

    def put(self, secret: str) -> str:
        """Keep a secret and return its id."""
        id = uuid4().hex
        self._remember(secret)
        self._store.save_secret(id, self._fernet.encrypt(secret.encode()))
        return id

    def get(self, id: str) -> str:
        """Return a secret; UserError when it is gone, or was kept under another key."""
        ciphertext = self._store.secret(id)
        if ciphertext is None:
            raise UserError(
                "The password for this is no longer kept. Give it again, by registering the host once more."
            )
        try:
            secret = self._fernet.decrypt(ciphertext).decode()
        except InvalidToken:
            raise UserError(
                "A kept password cannot be read: the vault's key file is not the one it was written with. "
                "Put the old key file back, or register the host once more."
            ) from None
        self._remember(secret)
        return secret

    def delete(self, id: str) -> None:
        """Forget a secret; fine when it is gone."""
        self._store.delete_secret(id)

    def redact(self, text: str) -> str:
        """Return the text without any secret this process has handled; for logs of what nobody foresaw."""
        with self._lock:
            secrets = sorted(self._seen, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return text

    def __repr__(self) -> str:
        """Tell nothing."""
        return "FernetVault()"

    def _remember(self, secret: str) -> None:
        with self._lock:
            self._seen |= {part for part in (secret, repr(secret)[1:-1], *secret.splitlines()) if part.strip()}


def _key(path: Path) -> bytes:
    """Return the key, made if there is none; of several processes at once, one makes it and all use it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        mine = path.with_name(f"{path.name}.{uuid4().hex}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link appears whole or not at all, and fails where another process was first.
            path.hardlink_to(mine)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_bytes()
