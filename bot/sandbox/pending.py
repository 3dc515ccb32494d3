"""Uploads of apps between files.getUploadURLExternal and files.completeUploadExternal."""

import secrets
from dataclasses import dataclass, replace

from bot.sandbox.model import File


@dataclass(frozen=True)
class Pending:
    """A file an app announced, with the size it announced."""

    file: File
    length_bytes: int


class PendingUploads:
    """Announced files by the secret in their upload address, and those whose bytes have come."""

    def __init__(self) -> None:
        self._announced: dict[str, Pending] = {}
        self._arrived: dict[str, File] = {}

    def add(self, file: File, length_bytes: int) -> str:
        """Remember an announced file and return the secret of its address."""
        secret = secrets.token_urlsafe(18)
        self._announced[secret] = Pending(file, length_bytes)
        return secret

    def by_secret(self, secret: str) -> Pending | None:
        """Return what was announced; an address works once."""
        return self._announced.pop(secret, None)

    def arrived(self, file: File) -> None:
        """Remember that a file's bytes are there."""
        self._arrived[file.id] = file

    def finish(self, file_id: str, title: str) -> File | None:
        """Hand out a file whose bytes are there, once."""
        file = self._arrived.pop(file_id, None)
        return replace(file, title=title or file.title) if file else None
