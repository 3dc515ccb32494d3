from typing import Any

import pytest

from bot.registration import Registration
from bot.views.modals import error_view, fingerprint_view, loading_view, parse_register, register_view
from bot.views.payload import Block
from ops.hosts import Scan
from ops.model import FlowerType, Host, HostKey
from tests.bot.blockkit import HOSTILE, modal_problems, strings

KEY = HostKey("ssh-ed25519", "AAAA", "SHA256:abc")


def filled(view: Block, **typed: str) -> dict[str, Any]:
    """Return the state of a form in which some fields were changed."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            chosen = element.get("initial_option", {}).get("value")
            value = typed.get(block["block_id"], chosen or element.get("initial_value"))
            held = {"selected_option": {"value": value}} if "options" in element else {"value": value}
            values[block["block_id"]] = {element["action_id"]: held}
    return {"values": values}


def words(view: Block) -> str:
    return " ".join(strings(view["blocks"]))


def test_the_form_is_filled_with_what_the_command_said() -> None:
    view = register_view({"addresses": "10.0.0.1\n10.0.0.2", "federation": "faces", "flower_type": "server"}, "{}")
    assert modal_problems(view) == []
    asked, wrong = parse_register(filled(view, password="raspberry", contact=" anna "))
    assert wrong == {}
    assert asked == Registration(
        ("10.0.0.1", "10.0.0.2"),
        secret="raspberry",
        flower_type=FlowerType.SERVER,
        federation="faces",
        contact="anna",
    )


def test_the_form_says_that_what_is_typed_is_seen() -> None:
    assert "Slack shows what you type here" in words(register_view({}, ""))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"addresses": "", "password": "x"}, "addresses"),
        ({"addresses": "10.0.0.1"}, "password"),
        ({"addresses": "10.0.0.1", "method": "key", "password": "x"}, "private_key"),
        ({"addresses": "10.0.0.1", "password": "x", "port": "ssh"}, "port"),
        ({"addresses": "10.0.0.1", "password": "x", "port": "99999999"}, "port"),
        ({"addresses": "10.0.0.1", "password": "x", "user": ""}, "user"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(typed: dict[str, str], field: str) -> None:
    view = register_view({}, "")
    _, wrong = parse_register(filled(view, **typed))
    assert list(wrong) == [field]
    assert field in [block.get("block_id") for block in view["blocks"]]


def test_a_key_of_ours_needs_no_secret() -> None:
    asked, wrong = parse_register(filled(register_view({}, ""), addresses="10.0.0.1", method="ours"))
    assert (asked.method, asked.secret, wrong) == ("ours", "", {})


def test_fingerprints_are_shown_and_who_is_left_out() -> None:
    known = Host("10.0.0.3", "pi", HostKey("ssh-ed25519", "BBBB", "SHA256:other"), FlowerType.CLIENT)
    scans = [
        Scan("10.0.0.1", "pi1.local", KEY, "", None),
        Scan("10.0.0.2", "", None, "No answer on port 22.", None),
        Scan("10.0.0.3", "", KEY, "", known),
    ]
    view = fingerprint_view(scans, private_metadata='{"entry": "x"}')
    assert modal_problems(view) == []
    assert view["notify_on_close"] is True
    shown = words(view)
    assert "10.0.0.1 (pi1.local)" in shown
    assert "SHA256:abc" in shown
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in shown
    assert "10.0.0.2 is left out: No answer on port 22." in shown
    assert "registered with *another* key" in shown


def test_fifty_hosts_fit() -> None:
    scans = [Scan(f"10.0.0.{n}", "x" * 250, KEY, "", None) for n in range(50)]
    view = fingerprint_view(scans, private_metadata="")
    assert modal_problems(view) == []
    assert len([block for block in view["blocks"] if "SHA256:abc" in "".join(strings(block))]) == 50


@pytest.mark.parametrize("value", [text for text in HOSTILE if text.strip()])
def test_hostile_words_are_no_markup(value: str) -> None:
    views = (
        register_view({"addresses": value, "federation": value, "user": value, "flower_type": value}, ""),
        fingerprint_view(
            [Scan(value, value, None, value, None), Scan(value, "", KEY, "", None)], private_metadata=""
        ),
        loading_view(value),
        error_view(value, value),
    )
    for view in views:
        assert modal_problems(view) == []
    for view in views[1:]:
        assert "<!channel>" not in words(view)
