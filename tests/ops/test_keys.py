"""The bot's key: made once, kept private, told by the fingerprint ssh-keygen would print."""

import shutil
import stat
import subprocess
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ops.config import Config
from ops.errors import UserError
from ops.keys import create_key, fingerprint, show_key


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(state_dir=tmp_path / "state", database_url="")


def test_key_is_made_private_and_in_openssh_format(config: Config) -> None:
    key = create_key(config)
    assert key.created
    assert stat.S_IMODE(config.key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.key_path.parent.stat().st_mode) == 0o700
    loaded = serialization.load_ssh_private_key(config.key_path.read_bytes(), None)
    assert isinstance(loaded, Ed25519PrivateKey)
    assert config.key_path.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert config.key_path.with_name("id_ed25519.pub").read_text() == key.public + "\n"
    assert [path.name for path in sorted(config.key_path.parent.iterdir())] == ["id_ed25519", "id_ed25519.pub"]


def test_second_create_changes_nothing_and_says_so(config: Config) -> None:
    first = create_key(config)
    before = config.key_path.read_bytes()
    second = create_key(config)
    assert not second.created
    assert (second.public, second.fingerprint) == (first.public, first.fingerprint)
    assert config.key_path.read_bytes() == before


def test_show_tells_the_way_when_there_is_no_key(config: Config) -> None:
    with pytest.raises(UserError, match="`key create`"):
        show_key(config)


def test_lost_public_half_comes_back(config: Config) -> None:
    key = create_key(config)
    beside = config.key_path.with_name("id_ed25519.pub")
    beside.write_text("ssh-ed25519 something else\n")
    assert show_key(config).public == key.public
    assert beside.read_text() == key.public + "\n"


def test_unreadable_key_is_never_replaced(config: Config) -> None:
    config.key_path.parent.mkdir(parents=True)
    config.key_path.write_text("half a key")
    with pytest.raises(UserError, match="cannot be read"):
        create_key(config)
    assert config.key_path.read_text() == "half a key"


def test_many_processes_make_one_key(config: Config) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        made = list(pool.map(create_key, [config] * 8))
    assert sum(key.created for key in made) == 1
    assert len({key.public for key in made}) == 1


@pytest.mark.parametrize("form", ["ssh-ed25519 {body} comment", "{body}"])
def test_fingerprint_of_a_known_key(form: str) -> None:
    body = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    assert fingerprint(form.format(body=body)) == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


def test_fingerprint_agrees_with_ssh_keygen(config: Config) -> None:
    program = shutil.which("ssh-keygen")
    assert program, "the openssh-client package is needed, which `make` installs"
    key = create_key(config)
    printed = subprocess.run([program, "-lf", str(key.path)], check=True, capture_output=True, text=True).stdout
    assert printed.split()[1] == key.fingerprint


def test_fingerprint_refuses_what_is_no_key() -> None:
    with pytest.raises(UserError, match="not a public key"):
        fingerprint("ssh-ed25519 not*base64")
