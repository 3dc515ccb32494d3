"""definition.yaml, requirements.txt and pyproject.toml: what is understood, and the words for what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import definition, flower, requirements
from ops.errors import BadDefinition
from ops.model import Definition, FlowerType, Platform

BOTH = {FlowerType.SERVER: "main.py", FlowerType.CLIENT: "main.py"}


def refusal(content: str) -> str:
    with pytest.raises(BadDefinition) as caught:
        definition.parse(content.encode())
    return str(caught.value)


def test_one_line_is_enough() -> None:
    assert definition.parse(b"entrypoint: main.py") == Definition(entrypoints=BOTH)


def test_every_key_is_read() -> None:
    content = b"""
        entrypoint: {server: server.py, client: client.py}
        sourcedir: src/
        targetdir: /opt/face
        image_name: face-detection
        platform: sklearn
        env: {ROUNDS: 5, RATE: 0.1, FAST: true, NAME: face one}
        devices: [/dev/video0]
        memory: 512M
        ports: [8081, 9000]
    """
    assert definition.parse(content) == Definition(
        entrypoints={FlowerType.SERVER: "server.py", FlowerType.CLIENT: "client.py"},
        sourcedir="src",
        targetdir="/opt/face",
        image_name="face-detection",
        platform=Platform.SKLEARN,
        env={"ROUNDS": "5", "RATE": "0.1", "FAST": "true", "NAME": "face one"},
        devices=("/dev/video0",),
        memory_bytes=512 * 1024 * 1024,
        ports=(8081, 9000),
    )


@pytest.mark.parametrize("key", definition.EXAMPLES)
def test_every_example_shown_is_accepted(key: str) -> None:
    entry = "" if key == "entrypoint" else "entrypoint: main.py\n"
    definition.parse(f"{entry}{definition.EXAMPLES[key]}".encode())


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("entrypont: main.py", "`entrypont` is not a key; did you mean `entrypoint`?"),
        ("colour: red", "`colour` is not a key; known keys: entrypoint, sourcedir"),
        ("sourcedir: src", "`entrypoint` is missing"),
        ("entrypoint: 5", "`entrypoint` must be a text"),
        ("entrypoint: main.sh", "'main.sh' must be a Python file"),
        ("entrypoint: ../main.py", "must be a path inside the zip"),
        ("entrypoint: /main.py", "must be a path inside the zip"),
        ("entrypoint: -c.py", "must be a path inside the zip"),
        ("entrypoint: {sever: main.py}", "has 'sever'; the roles are server and client"),
        ("entrypoint: {}", "the roles are server and client"),
        ("sourcedir: ''", "`sourcedir` must be a text"),
        ("targetdir: app", "'app' must be an absolute folder"),
        ("targetdir: /", "must be an absolute folder"),
        ("targetdir: /usr/local", "must be an absolute folder"),
        ("targetdir: /app/../etc", "must be an absolute folder"),
        ('targetdir: "/app\\nRUN evil"', "`targetdir` holds a control character"),
        ("targetdir: /app app", "must be an absolute folder"),
        ("image_name: Face Detection", "Example: image_name: face-detection"),
        ("image_name: face:1", "without a tag. Example: image_name: face-1"),
        ("platform: pytorhc", "'pytorhc' is not one of python, sklearn, pytorch, tensorflow; did you mean pytorch?"),
        ("env: [1]", "`env` must be names with values"),
        ("env: {1A: x}", "'1A' is not a variable's name"),
        ("env: {FLSVC_HOST: x}", "FLSVC_ names are taken"),
        ("env: {A: [1]}", "'A' must be a text or a number"),
        ('env: {A: "a\\nb"}', "'A' holds a control character"),
        ("devices: /dev/video0", "`devices` must be a list"),
        ("devices: [video0]", "'video0' is not a device's path"),
        ("devices: [/dev/../etc]", "is not a device's path"),
        ("devices: [/dev/mmcblk0]", "is a disk or memory"),
        ("devices: [/dev/mem]", "is a disk or memory"),
        ("memory: 512", "'512' must be a whole number with its unit"),
        ("memory: 1M", "is outside 6M to 1024G"),
        ("ports: [0]", "'0' is not a port number"),
        ("ports: [true]", "'True' is not a port number"),
        ("- a", "must be a list of `key: value` lines"),
        ("", "must be a list of `key: value` lines"),
        ("a: [", "is not YAML"),
        ("a: &b [1]\nc: *b", "aliases (*b) are refused"),
        ("[" * 50 + "]" * 50, "more than 6 levels deep"),
        ("a: !!python/object/apply:os.system [ls]", "is not YAML"),
        ("a: 2024-99-99", "is not YAML"),
        ("#" * 70_000, "at most 65536"),
    ],
)
def test_faults_name_the_key_and_what_is_wrong(line: str, fault: str) -> None:
    entry = (
        ""
        if line.startswith(("entry", "sourcedir: src", "-", "[", "a:", "#")) or not line
        else "entrypoint: main.py\n"
    )
    assert fault in refusal(entry + line)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadDefinition, match="is not YAML"):
        definition.parse(b"\xff\xfe\x00")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read = definition.parse(content)
    except BadDefinition as refused:
        assert definition.FILE_NAME in str(refused)
    else:
        assert read.entrypoints


@pytest.mark.parametrize("entry", ["client.py", "src/client.py"])
def test_an_entrypoint_may_be_written_with_its_folder_or_without(entry: str) -> None:
    read = definition.parse(f"sourcedir: src\nentrypoint: {{client: {entry}}}".encode())
    assert definition.against(read, {"definition.yaml", "src/client.py"}) == {FlowerType.CLIENT: "client.py"}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("entrypoint: cleint.py", "'cleint.py' is not in the zip; did you mean 'client.py'?"),
        ("sourcedir: src\nentrypoint: client.py", "'client.py' is not in the folder src/"),
        ("sourcedir: source\nentrypoint: client.py", "`sourcedir` 'source' holds no files"),
    ],
)
def test_entrypoints_must_be_in_the_zip_and_inside_sourcedir(content: str, fault: str) -> None:
    read = definition.parse(content.encode())
    with pytest.raises(BadDefinition) as caught:
        definition.against(read, {"client.py", "src/model.py"})
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Face Detection (2).zip", "face-detection-2"), ("a_b.ZIP", "a-b"), ("顔.zip", "project"), ("x" * 99, "x" * 60)],
)
def test_names_are_made_fit_for_docker(text: str, name: str) -> None:
    assert definition.docker_name(text) == name


@given(st.text(max_size=80))
def test_a_made_name_is_accepted_as_image_name(text: str) -> None:
    name = definition.docker_name(text)
    assert definition.parse(f"entrypoint: a.py\nimage_name: '{name}'".encode()).image_name == name


def test_requirements_are_read_without_comments_and_continuations() -> None:
    content = b"""# what the client needs
numpy >=2, <3   # arrays
scikit-learn[alldeps]==1.7.*

pillow; python_version >= "3.11"
flwr~=1.41 \\
  --hash=sha256:00ff
"""
    assert requirements.parse(content) == (
        "numpy >=2, <3",
        "scikit-learn[alldeps]==1.7.*",
        'pillow; python_version >= "3.11"',
        "flwr~=1.41 --hash=sha256:00ff",
    )
    assert [requirements.package(line) for line in requirements.parse(content)] == [
        "numpy",
        "scikit-learn",
        "pillow",
        "flwr",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url http://example.org/simple",
        "--extra-index-url=http://example.org",
        "-e .",
        "-r other.txt",
        "-f /wheels",
        "./local.whl",
        "/etc/passwd",
        "git+https://example.org/x.git",
        "x @ https://example.org/x.whl",
        "https://example.org/x.whl",
        "numpy==1 --index-url http://example.org",
        "numpy==1 -r other.txt",
        "numpy==1 \\\n  --global-option=x",
        "$(reboot)",
    ],
)
def test_requirements_that_reach_out_are_refused_with_their_line(line: str) -> None:
    with pytest.raises(BadDefinition, match=r"^src/requirements\.txt, line 2: "):
        requirements.parse(f"numpy\n{line}\n".encode(), "src/requirements.txt")


def test_requirements_are_bounded_and_must_be_text() -> None:
    with pytest.raises(BadDefinition, match="at most 65536"):
        requirements.parse(b"#" * 70_000)
    with pytest.raises(BadDefinition, match="301 requirements; at most 300"):
        requirements.parse(b"numpy\n" * 301)
    with pytest.raises(BadDefinition, match="not UTF-8"):
        requirements.parse(b"\xff")


APP = b"""
[project]
name = "Face App"
dependencies = ["flwr>=1.41", "numpy"]
[tool.flwr.app]
publisher = "anna"
[tool.flwr.app.components]
serverapp = "face.server_app:app"
clientapp = "face.client_app:app"
"""
APP_FILES = {"pyproject.toml", "face/server_app.py", "face/client_app.py"}


def test_a_flower_app_is_read() -> None:
    assert flower.is_app(APP)
    assert flower.parse(APP, APP_FILES) == flower.FlowerApp(
        "Face App", "face.server_app:app", "face.client_app:app", ("flwr>=1.41", "numpy")
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"clientapp =", b"client =", "`clientapp` must name a module and an object"),
        (b"face.client_app:app", b"face.client:app", "face/client.py is not in the zip"),
        (b"face.client_app:app", b"os; rm:app", "must name a module and an object"),
        (b"[tool.flwr.app.components]", b"[tool.flwr.other]", "[tool.flwr.app.components] is missing"),
        (b'["flwr>=1.41", "numpy"]', b'"numpy"', "`dependencies` must be a list"),
        (b'"numpy"]', b'"x @ file:///etc"]', "dependencies: 'x @ file:///etc' is not a package's name"),
        (b"[project]", b"[project", "is not TOML"),
        (b"[project]", b"#" * 70_000, "at most 65536"),
    ],
)
def test_a_flower_app_with_a_fault_is_refused(old: bytes, new: bytes, fault: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        flower.parse(APP.replace(old, new), APP_FILES)
    assert fault in str(caught.value)
