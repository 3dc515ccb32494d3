"""Secrets: readable with the key file, and nowhere else."""

import stat
from pathlib import Path
from threading import Thread

import pytest

from ops.errors import UserError
from ops.store import SqlStore
from ops.vault import FernetVault

PASSWORD = "raspberry ü 42"


def make(tmp_path: Path, key: str = "vault.key") -> FernetVault:
    return FernetVault(SqlStore.open(f"sqlite:///{tmp_path}/flsvc.sqlite3"), tmp_path / "keys" / key)


def test_a_secret_comes_back_until_it_is_forgotten(tmp_path: Path) -> None:
    vault = make(tmp_path)
    kept = vault.put(PASSWORD)
    assert vault.get(kept) == PASSWORD
    assert make(tmp_path).get(kept) == PASSWORD
    vault.delete(kept)
    vault.delete(kept)
    with pytest.raises(UserError, match="no longer kept"):
        vault.get(kept)


def test_another_key_file_is_told(tmp_path: Path) -> None:
    kept = make(tmp_path).put(PASSWORD)
    with pytest.raises(UserError, match="not the one it was written with"):
        make(tmp_path, "other.key").get(kept)


def test_the_key_file_is_ours_alone(tmp_path: Path) -> None:
    make(tmp_path)
    assert stat.S_IMODE((tmp_path / "keys" / "vault.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["vault.key"]


def test_of_many_that_start_at_once_all_use_one_key(tmp_path: Path) -> None:
    store = SqlStore.open(f"sqlite:///{tmp_path}/flsvc.sqlite3")
    vaults: list[FernetVault] = []
    threads = [Thread(target=lambda: vaults.append(FernetVault(store, tmp_path / "vault.key"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = vaults[0].put(PASSWORD)
    assert [vault.get(kept) for vault in vaults] == [PASSWORD] * 8


def test_no_file_of_the_database_has_the_secret_or_the_key(tmp_path: Path) -> None:
    make(tmp_path).put(PASSWORD)
    key = (tmp_path / "keys" / "vault.key").read_bytes()
    for file in tmp_path.glob("flsvc.sqlite3*"):
        content = file.read_bytes()
        assert PASSWORD.encode() not in content
        assert key not in content


def test_what_was_handled_is_taken_out_of_a_text(tmp_path: Path) -> None:
    vault = make(tmp_path)
    kept = vault.put("first\nsecond")
    assert vault.redact("so second and first\nsecond") == "so [secret] and [secret]"
    other = make(tmp_path)
    assert other.redact("second") == "second"
    other.get(kept)
    assert other.redact("second") == "[secret]"
    assert repr(vault) == "FernetVault()"
