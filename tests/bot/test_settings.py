"""Settings are checked at start, and what is wrong is said by name."""

from pathlib import Path

import pytest

from bot.settings import SETTINGS, load
from ops.config import DockerChannel
from ops.errors import UserError
from ops.model import Platform


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings = load({"FLSVC_STATE": str(tmp_path)})
    assert settings.mode == "socket"
    assert settings.api_url == "https://slack.com/api/"
    assert settings.config.database_url == f"sqlite:///{tmp_path}/flsvc.sqlite"
    assert settings.config.docker_channel is DockerChannel.DISTRIBUTION
    assert settings.operators == ()


def test_values_are_read_and_shaped() -> None:
    settings = load(
        {
            "SLACK_API_URL": "http://127.0.0.1:1/api",
            "FLSVC_OPERATORS": "U1, @lab-engineers",
            "FLSVC_CHANNELS": "#fleet #lab",
            "FLSVC_DOCKER_REPOSITORY": "https://mirror.example/linux/debian/",
            "FLSVC_PACKAGE_INDEXES": "pytorch=https://mirror.example/torch",
            "FLSVC_BASE_IMAGES": "python=mine:1, pytorch/arm64=mine:2",
            "FLSVC_MAX_ZIP": "5",
        }
    )
    assert settings.api_url == "http://127.0.0.1:1/api/"
    assert settings.operators == ("U1", "@lab-engineers")
    assert settings.channels == ("#fleet", "#lab")
    assert settings.config.docker_repository_key_url == "https://mirror.example/linux/debian/gpg"
    assert settings.config.package_indexes == {Platform.PYTORCH: "https://mirror.example/torch"}
    assert settings.config.base_images == {"python": "mine:1", "pytorch/arm64": "mine:2"}
    assert settings.config.max_zip_bytes == 5 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FLSVC_MODE", "pigeon", "one of socket, http"),
        ("PORT", "many", "a number from 0 to 65535"),
        ("PORT", "70000", "a number from 0 to 65535"),
        ("FLSVC_STAY_UP", "-1", "a number from 0 to 3600"),
        ("FLSVC_CONNECT_TIMEOUT", "nan", "a number from 0.5 to 120"),
        ("SLACK_API_URL", "slack.com", "an http(s) URL"),
        ("FLSVC_DOCKER_CHANNEL", "snap", "one of distribution, docker"),
        ("FLSVC_EXTERNAL_REGISTRY", "maybe", "one of yes, no"),
        ("FLSVC_BASE_IMAGES", "python", "pairs"),
        ("FLSVC_PACKAGE_INDEXES", "jax=https://x", "one of python, sklearn"),
        ("FLSVC_LOG_LEVEL", "LOUD", "one of DEBUG"),
    ],
)
def test_what_is_wrong_is_said_by_name(name: str, value: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        load({name: value})
    assert name in str(error.value)
    assert value in str(error.value)
    assert says in str(error.value)


def test_a_file_gives_values_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "flsvc.env"
    file.write_text("# comment\nexport FLSVC_MODE=http\nPORT='8080'\n\nFLSVC_FAN_OUT=4\n")
    settings = load({"FLSVC_SETTINGS": str(file), "FLSVC_FAN_OUT": "8"})
    assert (settings.mode, settings.http_port, settings.config.fan_out) == ("http", 8080, 8)


def test_a_missing_file_is_said() -> None:
    with pytest.raises(UserError, match="FLSVC_SETTINGS names `/nowhere`"):
        load({"FLSVC_SETTINGS": "/nowhere"})


def test_missing_tokens_are_all_named_and_no_secret_is_in_the_repr() -> None:
    with pytest.raises(UserError, match="SLACK_BOT_TOKEN, SLACK_APP_TOKEN"):
        load({}).require_slack()
    with pytest.raises(UserError, match="SLACK_SIGNING_SECRET"):
        load({"FLSVC_MODE": "http", "SLACK_BOT_TOKEN": "xoxb-1"}).require_slack()
    complete = load({"SLACK_BOT_TOKEN": "xoxb-secret", "SLACK_APP_TOKEN": "xapp-secret"})
    complete.require_slack()
    assert "secret" not in repr(complete)


def test_every_setting_has_a_meaning_and_a_name_of_its_own() -> None:
    assert len({s.name for s in SETTINGS}) == len(SETTINGS)
    assert all(s.meaning for s in SETTINGS)
