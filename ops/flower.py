"""A Flower app: a project whose pyproject.toml has [tool.flwr.app]; recognised, checked and kept."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ops import requirements
from ops.errors import BadDefinition

FILE_NAME = "pyproject.toml"
MAX_BYTES = 64 * 1024
_EXAMPLE = 'Example: [tool.flwr.app.components] serverapp = "face.server_app:app", clientapp = "face.client_app:app"'
_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class FlowerApp:
    """What is shown of a Flower app."""

    name: str
    serverapp: str
    clientapp: str
    requirements: tuple[str, ...]


def is_app(content: bytes) -> bool:
    """Tell whether a pyproject.toml describes a Flower app."""
    return b"tool.flwr" in content


def parse(content: bytes, paths: Collection[str]) -> FlowerApp:
    """Read a Flower app's pyproject.toml; raises BadDefinition, also where a component's module is not in the zip."""
    if len(content) > MAX_BYTES:
        raise BadDefinition(f"{FILE_NAME} is {len(content)} bytes large; at most {MAX_BYTES} are accepted.")
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadDefinition(f"{FILE_NAME} is not TOML: {str(error)[:200]}.") from error
    project = _table(document, "project")
    components = _table(document, "tool", "flwr", "app", "components")
    dependencies = project.get("dependencies", [])
    if not isinstance(dependencies, list):
        raise BadDefinition(f"{FILE_NAME}: [project] `dependencies` must be a list.")
    return FlowerApp(
        name=str(project.get("name", "")),
        serverapp=_component(components, "serverapp", paths),
        clientapp=_component(components, "clientapp", paths),
        requirements=tuple(requirements.check(str(line), f"{FILE_NAME}, dependencies") for line in dependencies),
    )


def _table(document: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    table = document
    for key in keys:
        inner = table.get(key)
        if not isinstance(inner, dict):
            raise BadDefinition(f"{FILE_NAME}: the table [{'.'.join(keys)}] is missing. {_EXAMPLE}")
        table = inner
    return table


def _component(components: Mapping[str, object], key: str, paths: Collection[str]) -> str:
    value = components.get(key)
    if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
        raise BadDefinition(f"{FILE_NAME}: `{key}` must name a module and an object in it. {_EXAMPLE}")
    module = value.partition(":")[0].replace(".", "/")
    if not {f"{module}.py", f"{module}/__init__.py", f"src/{module}.py"} & set(paths):
        raise BadDefinition(f"{FILE_NAME}: `{key}` is '{value}', but {module}.py is not in the zip. {_EXAMPLE}")
    return value
