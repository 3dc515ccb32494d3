"""The same way once more from a terminal: `flsvc …`, its exit status, and its `--json`."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fleet import Fleet
from tests.story.script import Script, Unexpected, expect
from tests.story.slack_part import LEAST_ACCURACY

FEDERATION = "terminal"


@dataclass
class Shell:
    """A shell with its own state directory."""

    state: Path
    settings: dict[str, str]

    def flsvc(self, *words: str, stdin: str = "", status: int = 0, timeout_s: float = 300) -> Any:
        """Run a command with `--json` and return what it printed; anything but the expected status is wrong."""
        env = os.environ | {"FLSVC_STATE": str(self.state)} | self.settings
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words, "--json"],
            env=env, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        if done.returncode != status:
            raise Unexpected(
                f"flsvc {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-3000:]}"
            )
        return json.loads(done.stdout)


def play(fleet: Fleet, shell: Shell, project: Path, script: Script) -> None:
    """Play all of it on bare hosts."""
    script.part = "terminal"
    server, clients = fleet.pis[0], fleet.pis[1:]
    with script.step("key create"):
        expect(shell.flsvc("key", "create")["fingerprint"].startswith("SHA256:"), "no fingerprint")
    with script.step("register five hosts"):
        secret = f"{server.password}\n"
        options = ["--fl", FEDERATION, "--password-stdin", "--yes"]
        shell.flsvc("register", server.ip, "--type", "server", *options, stdin=secret)
        shell.flsvc("register", *(pi.ip for pi in clients), *options, stdin=secret)
    with script.step("ping, hosts"):
        expect(all(row["state"] == "ok" for row in shell.flsvc("ping", "all")), "not every host answers")
        expect(len(shell.flsvc("hosts", "--fl", FEDERATION)) == len(fleet.pis), "not every host is listed")
    with script.step("docker install, states"):
        shell.flsvc("docker", "install", FEDERATION)
        expect(all(row["check_docker"] == "ok" for row in shell.flsvc("docker", "states", "all")), "not installed")
    with script.step("upload, build, deploy"):
        name = shell.flsvc("upload", str(project))["name"]
        shell.flsvc("build", name)
        shell.flsvc("deploy", FEDERATION, "--project", name)
    with script.step("train, accuracy in the logs") as step:
        accuracy = _accuracy(shell, server.ip)
        step.outcome = f"accuracy {accuracy:.2f} after the last round"
        expect(accuracy >= LEAST_ACCURACY, step.outcome)
    with script.step("status, history, stop"):
        expect(all(row["state"] == "running" for row in shell.flsvc("status", "all")), "not all run")
        expect(
            {row["host"] for row in shell.flsvc("history")} == {pi.ip for pi in fleet.pis}, "history is incomplete"
        )
        shell.flsvc("stop", FEDERATION)


def _accuracy(shell: Shell, server: str) -> float:
    rounds: list[tuple[str, str, str]] = []
    for _ in range(60):
        text = shell.flsvc("logs", server, "--lines", "60")[0]["text"]
        rounds = re.findall(r"round (\d+)/(\d+).*?accuracy ([\d.]+)", text)
        if rounds and rounds[-1][0] == rounds[-1][1]:
            return float(rounds[-1][2])
    raise Unexpected(f"the training did not end; rounds seen: {rounds}")
