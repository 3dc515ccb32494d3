"""Phrases, the manifest, and logs without secrets."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from bot import registry
from bot.demo import workspace
from bot.logs import RedactingFormatter, redact
from bot.manifest import BOT_SCOPES, manifest
from bot.views.words import ago, count, duration, moment, size

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min"),
     (12.4, "12 s"), (185, "3 min 5 s"), (180, "3 min"), (7800, "2 h 10 min"),
     (90_000, "1 d 1 h"), (None, "")],
)  # fmt: skip
def test_duration(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [(0, ""), (512, "512 B"), (1536, "1.5 kB"), (999_960, "1.0 MB"), (8_160_437_862, "8.2 GB"), (2**50, "1125.9 TB")],
)
def test_size(size_bytes: int, said: str) -> None:
    assert size(size_bytes) == said


def test_moments() -> None:
    assert ago(None, NOW) == "never"
    assert ago(NOW, NOW) == "just now"
    assert ago(NOW - timedelta(minutes=5), NOW) == "5 min ago"
    assert moment(NOW) == "2026-11-24 09:30 UTC"
    assert (count(1, "host"), count(2000, "host")) == ("1 host", "2,000 hosts")


def test_the_manifest_asks_for_the_scopes_that_are_explained() -> None:
    made = manifest()
    assert made["oauth_config"]["scopes"]["bot"] == sorted(BOT_SCOPES)
    assert made["settings"]["socket_mode_enabled"] is True
    over_http = manifest("https://bot.example/")
    assert over_http["settings"]["socket_mode_enabled"] is False
    assert over_http["features"]["slash_commands"][0]["url"] == "https://bot.example/slack/events"


@pytest.mark.parametrize(
    "secret",
    ["xoxb-12-34-abcDEF", "xapp-1-A-2-f00", "postgresql://flsvc:hunter2@db/flsvc",
     "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----"],
)  # fmt: skip
def test_secrets_are_redacted(secret: str) -> None:
    shown = redact(f"before {secret} after")
    assert shown.startswith("before ") and shown.endswith(" after")
    for piece in ("12-34", "f00", "hunter2", "abc"):
        assert piece not in shown


def test_a_traceback_is_redacted_too() -> None:
    try:
        raise ValueError("token xoxb-1-2-3 refused")
    except ValueError as error:
        record = logging.LogRecord(
            "bot", logging.ERROR, "f", 1, "broke", (), (type(error), error, error.__traceback__)
        )
    line = RedactingFormatter("%(message)s").format(record)
    assert "ValueError" in line
    assert "xoxb" not in line


def test_the_demo_suggests_every_command_and_what_it_does() -> None:
    (command,) = workspace().app.slash_commands
    assert "docker install — " in "\n".join(command.suggestions)
    assert len(command.suggestions) == len(registry.COMMANDS)
