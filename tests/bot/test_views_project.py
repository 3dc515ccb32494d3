from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.registry import load, parse
from bot.typed import words
from bot.views.payload import Block, Posting
from bot.views.project import project_posting
from ops.model import Definition, FlowerType, Host, HostKey, Platform, Project, ProjectKind
from tests.bot.blockkit import HOSTILE, posting_problems, said

KEY = HostKey("ssh-ed25519", "AAAA", "SHA256:abc")
PROJECT = Project(
    id="0123456789abcdef" * 4,
    name="faces",
    kind=ProjectKind.CONTAINER,
    definition=Definition(
        {FlowerType.SERVER: "server.py", FlowerType.CLIENT: "client.py"}, platform=Platform.SKLEARN
    ),
    requirements=("flwr", "scikit-learn"),
    size_bytes=12_345,
    file_count=7,
    filename="faces.zip",
    uploaded_at=datetime(2026, 11, 24, tzinfo=UTC),
    uploaded_by="ada",
)


def hosts(count: int, federations: int = 1) -> list[Host]:
    return [
        Host(
            f"10.0.{n // 250}.{n % 250}",
            "pi",
            KEY,
            FlowerType.CLIENT,
            name="x" * 60,
            federation=f"f{n % federations}",
        )
        for n in range(count)
    ]


def answer(project: Project, found: list[Host]) -> Posting:
    posting = project_posting(project, found)
    assert posting_problems(posting) == []
    return posting


def elements(posting: Posting) -> list[Block]:
    return [one for block in posting.first.blocks if block["type"] == "actions" for one in block["elements"]]


def test_what_was_found_is_said() -> None:
    shown = said(answer(PROJECT, hosts(2)).first)
    for part in (
        "container project",
        "server.py, client.py",
        "sklearn",
        "flwr, scikit-learn",
        "12.3 kB, 7 files",
        "ada",
    ):
        assert part in shown


def test_every_button_and_choice_is_a_command_that_parses() -> None:
    load()
    made = elements(answer(PROJECT, hosts(8, 3)))
    commands = [one["value"] for one in made if one["type"] == "button"]
    commands += [option["value"] for one in made if "options" in one for option in one["options"]]
    assert commands[0] == "deploy f0 --project 0123456789ab"
    assert "build 0123456789ab --for 10.0.0.7" in commands
    assert {parse(words(command)).command.name for command in commands} == {"build", "deploy"}


@pytest.mark.parametrize(("count", "federations"), [(0, 1), (1, 1), (200, 1), (200, 20), (1000, 200)])
def test_any_number_of_hosts_keeps_to_the_limits(count: int, federations: int) -> None:
    posting = answer(PROJECT, hosts(count, federations))
    assert bool(elements(posting)) == bool(count)


def test_a_flower_app_has_no_buttons_yet() -> None:
    assert elements(answer(replace(PROJECT, kind=ProjectKind.FLOWER_APP), hosts(2))) == []


@pytest.mark.parametrize("value", [text for text in HOSTILE if text.strip()])
def test_hostile_words_are_no_markup(value: str) -> None:
    hostile = replace(
        PROJECT,
        name=value,
        requirements=(value,) * 50,
        definition=replace(PROJECT.definition, entrypoints={FlowerType.SERVER: value}),
        uploaded_by=value,
    )
    posting = answer(hostile, hosts(3))
    assert "<!channel>" not in posting.first.text
    sections = [block for block in posting.first.blocks if block["type"] in ("section", "context")]
    assert "<!channel>" not in str(sections)
