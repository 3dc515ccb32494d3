"""Facts: every file in `facts/` is one machine, what it printed and what is understood of it."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from ops.errors import StepFailed
from ops.facts import collect, parse, refuse_unfit, script, version
from ops.model import Facts
from tests.fakes import FakeMachine, FakePool, key_of
from tests.ops.samples import a_host

CASES = sorted(Path(__file__).parent.joinpath("facts").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_machine(path: Path) -> None:
    case = json.loads(path.read_text())
    facts = parse("\n".join(case["printed"]))
    assert asdict(facts) == asdict(Facts(**case["facts"]))
    if "refused" in case:
        with pytest.raises(StepFailed) as caught:
            refuse_unfit(facts, "192.168.1.105")
        assert str(caught.value) == case["refused"]
    else:
        refuse_unfit(facts, "192.168.1.105")


def test_script_runs_here_and_is_understood() -> None:
    """The script is POSIX shell: this machine answers it, too."""
    done = subprocess.run(["sh", "-c", script()], check=True, capture_output=True, text=True)
    facts = parse(done.stdout)
    assert done.stderr == ""
    assert facts.cpus >= 1
    assert facts.memory_bytes > 2**20
    assert 0 < facts.disk_free_bytes <= facts.disk_total_bytes
    assert facts.kernel
    assert facts.uptime_s


def test_collect_takes_one_round_trip() -> None:
    machine = FakeMachine("192.168.1.105")
    machine.on("dpkg --print-architecture", "arch=arm64\nhostname=pi-1\n")
    remote = FakePool(machine).remote(a_host("192.168.1.105", key=key_of("192.168.1.105")))
    assert collect(remote, timeout_s=5) == Facts(arch="arm64", hostname="pi-1")
    assert len(machine.log) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", "20.10.24+dfsg1"),
        ("Docker version 29.0.1, build eedd969", "29.0.1"),
        ("20.10.24+dfsg1", "20.10.24+dfsg1"),
        ("", ""),
        ("dockerd: not found", ""),
    ],
)
def test_version(text: str, expected: str) -> None:
    assert version(text) == expected
