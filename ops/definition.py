"""What `definition.yaml` says of a container project: parsed from a stranger's bytes, checked key by key.

Every BadDefinition names the key, what is wrong with it and an example of it done right.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from ops.errors import BadDefinition
from ops.model import Definition, FlowerType, Platform

FILE_NAME = "definition.yaml"
MAX_BYTES = 64 * 1024
_MAX_DEPTH = 6
_MAX_NAME = 60  # with the eight digits of a deployment it stays under a host name's 63 + 6
_MIB = 1024**2
_UNITS = {"K": 1024, "M": _MIB, "G": 1024**3}
_MIN_MEMORY_BYTES = 6 * _MIB  # Docker refuses less
_MAX_MEMORY_BYTES = 1024**4
_SYSTEM_DIRS = (
    "bin",
    "boot",
    "data",
    "dev",
    "etc",
    "lib",
    "lib64",
    "proc",
    "root",
    "run",
    "sbin",
    "sys",
    "usr",
    "var",
)
_DISKS = re.compile(r"/dev/(sd|hd|vd|xvd|nvme|mmcblk|loop|dm-|md|mapper|mem$|kmem$|port$|disk)")
EXAMPLES: Mapping[str, str] = {
    "entrypoint": "entrypoint: {server: server.py, client: client.py}",
    "sourcedir": "sourcedir: src",
    "targetdir": "targetdir: /app",
    "image_name": "image_name: face-detection",
    "platform": "platform: sklearn",
    "env": "env: {ROUNDS: 5}",
    "devices": "devices: [/dev/video0]",
    "memory": "memory: 512M",
    "ports": "ports: [8080]",
}


def parse(content: bytes) -> Definition:
    """Read the bytes of a definition.yaml; raises BadDefinition. Files are not looked at, see `against`."""
    values = _document(content)
    for key in values:
        _check_known(key)
    if "entrypoint" not in values:
        raise _bad("entrypoint", "is missing: it names the file that is started")
    return Definition(
        entrypoints=_entrypoints(values["entrypoint"]),
        sourcedir=_sourcedir(values.get("sourcedir")),
        targetdir=_targetdir(values.get("targetdir")),
        image_name=_image_name(values.get("image_name")),
        platform=_platform(values.get("platform")),
        env=_env(values.get("env")),
        devices=tuple(_devices(values.get("devices"))),
        memory_bytes=_memory(values.get("memory")),
        ports=tuple(_ports(values.get("ports"))),
    )


def against(definition: Definition, paths: Collection[str]) -> dict[FlowerType, str]:
    """Return the entrypoints relative to sourcedir; raises BadDefinition where a file or folder is not in the zip."""
    folder = "" if definition.sourcedir == "." else f"{definition.sourcedir}/"
    sources = {path.removeprefix(folder) for path in paths if path.startswith(folder)}
    if not sources:
        raise _bad("sourcedir", f"'{definition.sourcedir}' holds no files in the zip")
    return {kind: _entry_in(name, folder, sources) for kind, name in definition.entrypoints.items()}


def docker_name(text: str) -> str:
    """Make any file name or title a name Docker accepts; 'project' where nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower().removesuffix(".zip")).strip("-")
    return name[:_MAX_NAME].strip("-") or "project"


def _document(content: bytes) -> dict[str, object]:
    if len(content) > MAX_BYTES:
        raise BadDefinition(f"{FILE_NAME} is {len(content)} bytes large; at most {MAX_BYTES} are accepted.")
    try:
        text = content.decode()
        _check_events(text)
        values = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise BadDefinition(
            f"{FILE_NAME} is not YAML: {_one_line(error)}. Example: {EXAMPLES['image_name']}"
        ) from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise BadDefinition(f"{FILE_NAME} must be a list of `key: value` lines. Example: {EXAMPLES['entrypoint']}")
    return values


def _check_events(text: str) -> None:
    """Refuse what makes a small document large (aliases) or deep (nesting) before anything is composed."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BadDefinition(f"{FILE_NAME}: aliases (*{event.anchor}) are refused; write the value out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise BadDefinition(f"{FILE_NAME} is nested more than {_MAX_DEPTH} levels deep.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _check_known(key: str) -> None:
    if key in EXAMPLES:
        return
    near = difflib.get_close_matches(key, EXAMPLES, 1)
    meant = (
        f"did you mean `{near[0]}`? Example: {EXAMPLES[near[0]]}" if near else f"known keys: {', '.join(EXAMPLES)}"
    )
    raise BadDefinition(f"{FILE_NAME}: `{key[:40]}` is not a key; {meant}.")


def _bad(key: str, fault: str) -> BadDefinition:
    return BadDefinition(f"{FILE_NAME}: `{key}` {fault}. Example: {EXAMPLES[key]}")


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _bad(key, "must be a text")
    if not value.isprintable():
        raise _bad(key, "holds a control character")
    return value.strip()


def _inside(key: str, value: object) -> str:
    """Return a plain relative path."""
    text = _text(key, value)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or text.startswith("-"):
        raise _bad(key, f"'{text}' must be a path inside the zip")
    return str(path)


def _entrypoints(value: object) -> dict[FlowerType, str]:
    if not isinstance(value, dict):
        path = _entrypoint(value)
        return {FlowerType.SERVER: path, FlowerType.CLIENT: path}
    unknown = [str(key) for key in value if key not in set(FlowerType)]
    if unknown or not value:
        raise _bad("entrypoint", f"has '{', '.join(unknown) or '{}'}'; the roles are server and client")
    return {FlowerType(key): _entrypoint(path) for key, path in value.items()}


def _entrypoint(value: object) -> str:
    path = _inside("entrypoint", value)
    if not path.endswith(".py"):
        raise _bad("entrypoint", f"'{path}' must be a Python file (.py)")
    return path


def _entry_in(name: str, folder: str, sources: Collection[str]) -> str:
    """Return the entrypoint relative to sourcedir; it may be written with the folder or without."""
    for candidate in (name, name.removeprefix(folder)):
        if candidate in sources:
            return candidate
    near = difflib.get_close_matches(name, sources, 1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    raise _bad("entrypoint", f"'{name}' is not in {f'the folder {folder}' if folder else 'the zip'}{meant}")


def _sourcedir(value: object) -> str:
    return "." if value is None else _inside("sourcedir", value)


def _targetdir(value: object) -> str:
    if value is None:
        return "/app"
    text = _text("targetdir", value)
    path = PurePosixPath(text)
    parts = path.parts[1:]
    if not re.fullmatch(r"/[A-Za-z0-9_./-]+", text) or ".." in parts or not parts or parts[0] in _SYSTEM_DIRS:
        raise _bad("targetdir", f"'{text}' must be an absolute folder of your own in the container")
    return str(path)


def _image_name(value: object) -> str:
    if value is None:
        return ""
    text = _text("image_name", value)
    if len(text) > _MAX_NAME or not re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", text):
        rule = f"must be lower-case letters, digits and single - _ . between them, at most {_MAX_NAME}, without a tag"
        raise BadDefinition(
            f"{FILE_NAME}: `image_name` '{text[:80]}' {rule}. Example: image_name: {docker_name(text)}"
        )
    return text


def _platform(value: object) -> Platform:
    if value is None:
        return Platform.PYTHON
    names = [platform.value for platform in Platform]
    if value not in names:
        near = difflib.get_close_matches(str(value), names, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise _bad("platform", f"'{value}' is not one of {', '.join(names)}{meant}")
    return Platform(str(value))


def _env(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _bad("env", "must be names with values")
    return {_env_name(name): _env_value(name, entry) for name, entry in value.items()}


def _env_name(name: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise _bad("env", f"'{name}' is not a variable's name")
    if name.startswith("FLSVC_"):
        raise _bad("env", f"'{name}' is set by flsvc itself; FLSVC_ names are taken")
    return name


def _env_value(name: object, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise _bad("env", f"'{name}' must be a text or a number")
    if any(ord(sign) < 32 for sign in str(value)):
        raise _bad("env", f"'{name}' holds a control character")
    return str(value)


def _devices(value: object) -> Iterable[str]:
    for entry in _list("devices", value):
        path = _text("devices", entry)
        if not re.fullmatch(r"/dev/[A-Za-z0-9_./-]+", path) or ".." in path:
            raise _bad("devices", f"'{path}' is not a device's path")
        if _DISKS.match(path):
            raise _bad("devices", f"'{path}' is a disk or memory: a container gets none")
        yield path


def _ports(value: object) -> Iterable[int]:
    for entry in _list("ports", value):
        if isinstance(entry, bool) or not isinstance(entry, int) or not 1 <= entry <= 65535:
            raise _bad("ports", f"'{entry}' is not a port number from 1 to 65535")
        yield entry


def _list(key: str, value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _bad(key, "must be a list")
    return value


def _memory(value: object) -> int | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,12})\s*([KMG])i?B?", str(value).strip(), re.IGNORECASE)
    if not found:
        raise _bad("memory", f"'{value}' must be a whole number with its unit, K, M or G")
    size_bytes = int(found[1]) * _UNITS[found[2].upper()]
    if not _MIN_MEMORY_BYTES <= size_bytes <= _MAX_MEMORY_BYTES:
        raise _bad("memory", f"'{value}' is outside 6M to 1024G")
    return size_bytes
