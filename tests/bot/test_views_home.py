from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.registry import Role, load, parse
from bot.typed import words
from bot.views.home import home_view
from bot.views.payload import Block
from ops.model import Deployment, DeploymentState, FlowerType, Host, HostKey
from ops.store import SqlStore
from ops.work import JobRequest
from tests.bot.blockkit import HOSTILE, modal_problems, strings
from tests.bot.jobs import ADA

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY = HostKey("ssh-ed25519", "AAAA", "SHA256:abc")
BOTH = frozenset(Role)


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    return SqlStore.open(f"sqlite:///{tmp_path / 'flsvc.sqlite'}")


def host(n: int, federation: str = "faces") -> Host:
    kind = FlowerType.CLIENT if n else FlowerType.SERVER
    return Host(f"10.0.{n // 250}.{n % 250}", "pi", KEY, kind, federation=federation)


def deployment(n: int, name: str = "faces") -> Deployment:
    address = f"10.0.0.{n}"
    state = DeploymentState.RUNNING
    return Deployment(
        f"d{n}", address, "p", name, "sha256:1", state, "U0ADA", "ada", "j1", NOW, permalink="https://x.example/1"
    )


def show(store: SqlStore, roles: frozenset[str] = BOTH) -> tuple[Block, str]:
    view = home_view(store, roles, NOW)
    assert modal_problems(view) == []
    assert len(view["blocks"]) <= 100
    return view, " ".join(strings(view["blocks"]))


def pressed(view: Block) -> list[Block]:
    return [one for block in view["blocks"] if block["type"] == "actions" for one in block["elements"]]


def labels(view: Block) -> list[str]:
    return [one["text"]["text"] for one in pressed(view)]


def test_an_empty_fleet_says_how_to_begin(store: SqlStore) -> None:
    view, shown = show(store)
    assert "No hosts are registered yet." in shown
    assert "Nothing is going on." in shown
    assert labels(view)[0] == "Register hosts"
    store.close()


def test_who_may_do_what(store: SqlStore) -> None:
    assert "Register hosts" not in labels(show(store, frozenset({Role.VIEWER}))[0])
    view, shown = show(store, frozenset())
    assert "You may not look" in shown
    assert labels(view) == []
    store.close()


def test_the_fleet_what_runs_and_what_is_going_on(store: SqlStore) -> None:
    for n in range(3):
        store.save_host(host(n))
        store.save_deployment(deployment(n))
    store.create_job(JobRequest("j1", "deploy", "deploy faces", {}, ADA))
    view, shown = show(store)
    assert "*The fleet*: 3 hosts" in shown
    assert "*faces*: 1 server, 2 clients; runs faces on 3 hosts" in shown
    assert "deploy faces, ada" in shown
    assert "<https://x.example/1|faces on 10.0.0.2> · running · ada" in shown
    load()
    assert [parse(words(one["value"])).command.name for one in pressed(view)] == [
        "register",
        "hosts",
        "status",
        "history",
        "help",
    ]
    store.close()


def test_a_thousand_hosts_and_hostile_names_fit(store: SqlStore) -> None:
    names = [text[:3000] for text in HOSTILE if "\ud800" not in text]  # which no database takes
    for n in range(1000):
        store.save_host(host(n, f"{names[n % len(names)]}{n % 40}"))
    for n in range(30):
        store.save_deployment(replace(deployment(n, names[n % len(names)]), by_name=names[0]))
    _, shown = show(store)
    assert "1,000 hosts" in shown
    assert "<!channel>" not in shown
    store.close()
