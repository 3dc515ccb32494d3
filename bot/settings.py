"""Every setting: read once from the environment (and an optional file), all of it checked at start.

`SETTINGS` is the one table; the README's list, `flsvc doctor` and the errors come from it.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ops.config import Config, DockerChannel
from ops.errors import UserError
from ops.model import Platform

DEFAULT_API_URL = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its default as text, what it means, and whether its value must never be shown."""

    name: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting("SLACK_BOT_TOKEN", "", "the app's bot token, `xoxb-…`", secret=True),
    Setting("SLACK_APP_TOKEN", "", "the app-level token for Socket Mode, `xapp-…`", secret=True),
    Setting("SLACK_SIGNING_SECRET", "", "signs requests; needed with `FLSVC_MODE=http`", secret=True),
    Setting("SLACK_API_URL", DEFAULT_API_URL, "where Slack's Web API is; another server for the sandbox"),
    Setting("FLSVC_MODE", "socket", "`socket` (Socket Mode) or `http` (signed requests to `/slack/events`)"),
    Setting("FLSVC_HTTP_HOST", "127.0.0.1", "the address to listen on with `FLSVC_MODE=http`"),
    Setting("PORT", "3000", "the port to listen on with `FLSVC_MODE=http`"),
    Setting("FLSVC_STATE", "~/.local/share/flsvc", "where the key, the database and uploaded projects lie"),
    Setting("FLSVC_DATABASE_URL", "", "a `postgresql://` URL; empty is SQLite in the state directory", secret=True),
    Setting("FLSVC_EXECUTOR_ID", "", "this process' stable name among several workers; empty is the machine's name"),
    Setting("FLSVC_EXECUTE", "yes", "`no`: this process only talks, and leaves its jobs to `flsvc worker`"),
    Setting(
        "FLSVC_OPERATORS", "", "who may change something: users (`U…`) and user groups (`@group`); empty is everyone"
    ),
    Setting("FLSVC_VIEWERS", "", "who may look: users and user groups; empty is everyone"),
    Setting("FLSVC_CHANNELS", "", "where changing commands may be given: `#names` or ids; empty is everywhere"),
    Setting("FLSVC_CONNECT_TIMEOUT", "10", "seconds to wait for a host to answer"),
    Setting("FLSVC_FAN_OUT", "16", "hosts that are asked at the same time"),
    Setting("FLSVC_DOCKER_CHANNEL", "distribution", "`distribution` (docker.io) or `docker` (Docker's own packages)"),
    Setting("FLSVC_DOCKER_REPOSITORY", "", "URL of Docker's repository for Debian, or a mirror of it"),
    Setting("FLSVC_DOCKER_KEY", "", "URL of that repository's signing key; empty is `<repository>/gpg`"),
    Setting("FLSVC_BASE_IMAGES", "", "`platform[/arch]=image` pairs, comma separated"),
    Setting("FLSVC_PACKAGE_INDEXES", "", "`platform=URL` pairs: where that platform's packages come from"),
    Setting("FLSVC_PIP_INDEX", "", "URL of a package index mirror for every build"),
    Setting("FLSVC_WHEELS", "", "a directory of wheels on this machine, offered to every build"),
    Setting("FLSVC_CA_BUNDLE", "", "a CA bundle for builds behind a proxy"),
    Setting("FLSVC_DOCKER_HOST", "", "the Docker Engine that builds; empty is this machine's own"),
    Setting(
        "FLSVC_REGISTRY", "127.0.0.1:5055", "where images are pushed to; started by flsvc when it is on this machine"
    ),
    Setting("FLSVC_REGISTRY_IMAGE", "registry:2", "the image of the registry flsvc starts"),
    Setting("FLSVC_EXTERNAL_REGISTRY", "no", "`yes` when hosts reach `FLSVC_REGISTRY` by themselves"),
    Setting("FLSVC_STAY_UP", "5", "seconds a container must stay up before a deployment counts as running"),
    Setting("FLSVC_DATA_DIR", "data", "the hosts' data directory, below the user's home; containers see it as /data"),
    Setting("FLSVC_MAX_ZIP", "200", "largest zip in MiB"),
    Setting("FLSVC_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR"),
)


@dataclass(frozen=True)
class Settings:
    """The checked settings. Its repr shows no secret."""

    mode: Literal["socket", "http"]
    api_url: str
    http_host: str
    http_port: int
    operators: tuple[str, ...]
    viewers: tuple[str, ...]
    channels: tuple[str, ...]
    log_level: str
    config: Config
    executes: bool
    bot_token: str
    app_token: str
    signing_secret: str

    def __repr__(self) -> str:
        """Show where and how, never the tokens."""
        return f"Settings(mode={self.mode!r}, api_url={self.api_url!r}, state={self.config.state_dir})"

    def require_slack(self) -> None:
        """Check that the bot can talk to Slack; raises UserError naming every variable that is missing."""
        needed = {"SLACK_BOT_TOKEN": self.bot_token}
        needed |= (
            {"SLACK_APP_TOKEN": self.app_token}
            if self.mode == "socket"
            else {"SLACK_SIGNING_SECRET": self.signing_secret}
        )
        if missing := [name for name, value in needed.items() if not value]:
            raise UserError(
                f"Not set: {', '.join(missing)}. The README's “Real Slack in five steps” says where they come from; "
                "`flsvc demo` needs none."
            )


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check every setting; raises UserError naming the variable, its value and what would be right."""
    source = dict(os.environ if environment is None else environment)
    values = _file(source.get("FLSVC_SETTINGS", "")) | source
    read = _Reader({s.name: values.get(s.name, "").strip() or s.default for s in SETTINGS})
    mode = read.choice("FLSVC_MODE", ("socket", "http"))
    return Settings(
        mode="http" if mode == "http" else "socket",
        api_url=read.url("SLACK_API_URL").rstrip("/") + "/",
        http_host=read.text("FLSVC_HTTP_HOST"),
        http_port=read.whole("PORT", 0, 65535),
        operators=read.words("FLSVC_OPERATORS"),
        viewers=read.words("FLSVC_VIEWERS"),
        channels=read.words("FLSVC_CHANNELS"),
        log_level=read.choice("FLSVC_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR")),
        config=_config(read),
        executes=read.yes("FLSVC_EXECUTE"),
        bot_token=read.text("SLACK_BOT_TOKEN"),
        app_token=read.text("SLACK_APP_TOKEN"),
        signing_secret=read.text("SLACK_SIGNING_SECRET"),
    )


def _config(read: "_Reader") -> Config:
    state = Path(read.text("FLSVC_STATE")).expanduser().absolute()
    repository = read.url("FLSVC_DOCKER_REPOSITORY").rstrip("/")
    return Config(
        state_dir=state,
        database_url=read.text("FLSVC_DATABASE_URL") or f"sqlite:///{state / 'flsvc.sqlite'}",
        executor_id=read.text("FLSVC_EXECUTOR_ID") or socket.gethostname(),
        connect_timeout_s=read.number("FLSVC_CONNECT_TIMEOUT", 0.5, 120),
        fan_out=read.whole("FLSVC_FAN_OUT", 1, 256),
        docker_channel=DockerChannel(read.choice("FLSVC_DOCKER_CHANNEL", tuple(DockerChannel))),
        docker_repository_url=repository,
        docker_repository_key_url=read.url("FLSVC_DOCKER_KEY") or (f"{repository}/gpg" if repository else ""),
        base_images=read.pairs("FLSVC_BASE_IMAGES"),
        package_indexes={read.platform(k): v for k, v in read.pairs("FLSVC_PACKAGE_INDEXES").items()},
        pip_index_url=read.url("FLSVC_PIP_INDEX"),
        wheel_mirror=read.text("FLSVC_WHEELS"),
        ca_bundle=read.text("FLSVC_CA_BUNDLE"),
        docker_host=read.text("FLSVC_DOCKER_HOST"),
        registry=read.text("FLSVC_REGISTRY"),
        registry_image=read.text("FLSVC_REGISTRY_IMAGE"),
        external_registry=read.yes("FLSVC_EXTERNAL_REGISTRY"),
        stay_up_s=read.number("FLSVC_STAY_UP", 0, 3600),
        data_dir=read.text("FLSVC_DATA_DIR"),
        max_zip_bytes=read.whole("FLSVC_MAX_ZIP", 1, 10_000) * 1024 * 1024,
    )


def _file(path: str) -> dict[str, str]:
    """Read `NAME=value` lines, the form of an `.env` file; # starts a comment line, quotes around a value go."""
    if not path:
        return {}
    try:
        lines = Path(path).expanduser().read_text().splitlines()
    except OSError as error:
        raise UserError(f"FLSVC_SETTINGS names `{path}`, which cannot be read: {error.strerror}.") from None
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("export "): value.strip().strip("\"'") for name, value in pairs}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the text of a variable into a value, or says what is wrong with it."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.values[name]

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(self.values[name].replace(",", " ").split())

    def yes(self, name: str) -> bool:
        return self.choice(name, ("yes", "no")) == "yes"

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.values[name]
        found = next((c for c in choices if c.lower() == value.lower()), None)
        return found if found is not None else self._wrong(name, f"one of {', '.join(choices)}")

    def url(self, name: str) -> str:
        value = self.values[name]
        return (
            value if not value or value.startswith(("http://", "https://")) else self._wrong(name, "an http(s) URL")
        )

    def whole(self, name: str, least: int, most: int) -> int:
        return int(self._in_range(name, int, least, most))

    def number(self, name: str, least: float, most: float) -> float:
        return self._in_range(name, float, least, most)

    def pairs(self, name: str) -> dict[str, str]:
        entries = [entry.strip() for entry in self.values[name].split(",") if entry.strip()]
        if not all("=" in entry for entry in entries):
            self._wrong(name, "pairs such as `pytorch=URL`, comma separated")
        return {key.strip(): value.strip() for key, value in (entry.split("=", 1) for entry in entries)}

    def platform(self, word: str) -> Platform:
        try:
            return Platform(word)
        except ValueError:
            return Platform(self._wrong("FLSVC_PACKAGE_INDEXES", f"one of {', '.join(Platform)} before each `=`"))

    def _in_range(self, name: str, kind: Callable[[str], float], least: float, most: float) -> float:
        try:
            value = kind(self.values[name])
        except ValueError:
            value = float("nan")
        return value if least <= value <= most else float(self._wrong(name, f"a number from {least} to {most}"))

    def _wrong(self, name: str, right: str) -> str:
        secret = next(s.secret for s in SETTINGS if s.name == name)
        shown = "the value (not shown)" if secret else f"`{self.values[name]}`"
        raise UserError(f"{name}: {shown} is not right. It must be {right}. Nothing was started.")
