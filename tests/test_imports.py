"""One library, one module: who may import what, beyond the layers that import-linter keeps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALONE = {  # library -> the modules that may import it, by the start of their names
    "fabric": ("ops.ssh",),
    "paramiko": ("ops.ssh",),
    "invoke": ("ops.ssh",),
    "docker": ("ops.engine",),
    "dbos": ("ops.jobs",),
    "sqlalchemy": ("ops.store", "ops.migrations", "ops.jobs", "ops.locks"),
    "alembic": ("ops.store", "ops.migrations"),
    "jinja2": ("ops.render",),
    "slack_bolt": ("bot.app",),
    "click": ("bot.__main__", "bot.cli", "bot.registry", "bot.prompts", "bot.commands", "bot.terminal"),
    "flwr": (),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("bot", "ops"):
        for path in (ROOT / package).rglob("*.py"):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("library", ALONE)
def test_a_library_is_imported_by_its_module_alone(library: str) -> None:
    others = [
        name
        for name, path in modules()
        if library in imported(path) and not name.startswith(ALONE[library] or ("-",))
    ]
    assert others == []


def test_operations_never_read_the_environment() -> None:
    readers = [name for name, path in modules() if name.startswith("ops") and "os.environ" in path.read_text()]
    assert readers == []
