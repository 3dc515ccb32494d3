"""The documents agree with the code."""

import re

from bot import registry
from bot.settings import SETTINGS
from tests.docs import README, generated

ROOT = README.parent


def test_the_readme_has_the_commands_and_settings_as_they_are() -> None:
    assert generated(README.read_text()) == README.read_text(), "run `make docs`"


def test_the_readme_opens_with_what_it_is_then_two_commands_then_slack() -> None:
    headings = re.findall(r"^##? (.+)$", README.read_text(), flags=re.MULTILINE)
    assert headings[:4] == ["flsvc", "Two commands", "Real Slack in five steps", "Commands"]
    steps = README.read_text().split("## Real Slack in five steps")[1].split("##")[0]
    assert re.findall(r"^(\d)\. ", steps, flags=re.MULTILINE) == ["1", "2", "3", "4", "5"]


def test_the_make_targets_the_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {
        target
        for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / name).read_text(), re.MULTILINE)
    }
    targets = {word for line in re.findall(r"^([a-z -]+):", makefile, re.M) for word in line.split()}
    assert named <= targets


def test_the_files_the_documents_name_exist() -> None:
    for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"):
        for path in re.findall(r"`((?:bot|ops|tests|templates|benches)(?:/[\w.]+)+)`", (ROOT / name).read_text()):
            assert (ROOT / path).exists(), f"{name} names {path}"


def test_the_changelog_keeps_its_form_and_names_every_command() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]$", text, flags=re.MULTILINE)
    assert set(re.findall(r"^### (\w+)$", text, re.M)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }
    assert {c.name.split()[0] for c in registry.load().values()} <= set(re.findall(r"`(\w+)", text))


def test_every_setting_is_read_somewhere_and_no_other_is_named() -> None:
    named = set(re.findall(r"`?(FLSVC_[A-Z_]+)", README.read_text()))
    assert named - {"FLSVC_SETTINGS", "FLSVC_FLOWER_TYPE"} <= {s.name for s in SETTINGS}
