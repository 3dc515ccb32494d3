"""What is asked of new hosts is checked before anything is sent anywhere."""

from dataclasses import replace
from typing import Any

import pytest

from bot.registration import Registration, check, split_addresses

GOOD = Registration(("192.168.1.105",), secret="pw")


def test_a_good_one_has_nothing_wrong() -> None:
    assert check(GOOD) == {}
    assert check(replace(GOOD, addresses=("raspberrypi.local", "fe80::1"))) == {}
    assert check(replace(GOOD, method="ours", secret="")) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"addresses": ()}, "addresses"),
        ({"addresses": ("192.168.1",)}, "addresses"),
        ({"addresses": ("192.168.1.300",)}, "addresses"),
        ({"addresses": ("-oProxyCommand=x",)}, "addresses"),
        ({"addresses": tuple(f"10.0.0.{n}" for n in range(1, 52))}, "addresses"),
        ({"port": 0}, "port"),
        ({"user": "Pi; rm"}, "user"),
        ({"secret": " "}, "password"),
        ({"method": "key", "secret": ""}, "private_key"),
        ({"federation": "two words"}, "federation"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(change: dict[str, Any], field: str) -> None:
    assert list(check(replace(GOOD, **change))) == [field]


def test_a_pasted_list_is_split_and_duplicates_go() -> None:
    assert split_addresses(" 10.0.0.1\n10.0.0.2, 10.0.0.1;10.0.0.3 ") == ("10.0.0.1", "10.0.0.2", "10.0.0.3")


def test_the_secret_survives_the_vault_and_is_in_no_repr() -> None:
    asked = replace(GOOD, secret="hunter2")
    assert Registration.from_json(asked.to_json()) == asked
    assert "hunter2" not in repr(asked)
