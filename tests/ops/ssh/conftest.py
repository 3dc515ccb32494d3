"""Fixtures of the tests over SSH."""

from tests.ops.sshd_fixtures import config, new_sshd, pool, sshd, vault

__all__ = ["config", "new_sshd", "pool", "sshd", "vault"]
