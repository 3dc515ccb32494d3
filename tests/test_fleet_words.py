"""What the virtual fleet says to Docker, apt and iptables, without running any of them."""

from pathlib import Path

import pytest

from tests.fleet import FleetError, outer, privileges, up
from tests.fleet.fleet import run_words
from tests.fleet.network import Network, close_rules, open_rules, unplug_rules
from tests.fleet.rootfs import bootstrap

NETWORK = Network("demo", 2)
TARGETS = """\
Debian|http://mirror.example/debian/|main|Packages
Debian|http://mirror.example/debian/|main|Translations
Debian-Security|http://mirror.example/security|main|Packages
Other|http://other.example/x|main|Packages
"""


@pytest.mark.parametrize(("bounding_set", "version"), [(0x1FFFFFFFFFF, "20.10.24+dfsg1"), (0x1FFFEFFFFFF, "28.2.2")])
def test_privileged_where_the_engine_may_or_asks_for_what_is_there(bounding_set: int, version: str) -> None:
    assert privileges.words(bounding_set, version) == ("--privileged",)


def test_rights_by_hand_for_an_old_engine_without_sys_resource() -> None:
    words = privileges.words(0x1FFFEFFFFFF, "20.10.24+dfsg1")
    assert "--cap-drop=SYS_RESOURCE" in words
    assert "--privileged" not in words


def test_apt_sources_follow_the_mirrors_of_a_debian_machine() -> None:
    assert outer.apt_sources(TARGETS).splitlines() == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/security bookworm-security main",
    ]


def test_apt_sources_of_another_distribution_are_left_alone() -> None:
    assert outer.apt_sources("Ubuntu|http://mirror.example/ubuntu/|main|Packages\n") == ""


def test_apt_conf_keeps_proxies_and_checks_only() -> None:
    dump = (
        'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Date "false";\n'
        'Acquire::Languages "none";\nAcquire::http "";\nDir::Cache "var/cache";\n'
    )
    assert outer.apt_conf(dump) == 'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Date "false";\n'


def test_a_pi_has_its_own_address_label_and_disks() -> None:
    words = run_words(NETWORK, 3, ("--privileged",))
    assert words[0] == "--privileged"
    assert words[words.index("--ip") + 1] == "10.231.2.13"
    assert words[words.index("--name") + 1] == "flsvc-demo-pi-3"
    assert "flsvc.fleet.number=3" in words
    assert "type=volume,src=flsvc-demo-pi-3-docker,dst=/var/lib/docker,volume-label=flsvc.fleet=demo" in words


def test_rules_name_the_fleet_and_translate_each_address() -> None:
    script = open_rules(NETWORK, [1, 2])
    assert "FLSVC-demo -d 127.0.2.11 -j DNAT --to-destination 10.231.2.11" in script
    assert "FLSVC-demo -d 127.0.2.12 -j DNAT --to-destination 10.231.2.12" in script
    assert "conf/flsvc2/route_localnet" in script


def test_closing_removes_every_chain_that_opening_made() -> None:
    for own in ("-t nat -X FLSVC-demo", "-t nat -X FLSVC-demo-P", "-t filter -X FLSVC-demo"):
        assert own in close_rules("demo")


def test_a_pi_that_is_off_has_no_cable_end_to_pull() -> None:
    assert "ip link" not in unplug_rules(NETWORK, 1, None)
    assert "ip link set" in unplug_rules(NETWORK, 1, "17")


@pytest.mark.parametrize("name", ["", "Upper", "much-too-long-a-name", "a b"])
def test_a_name_that_cannot_be_a_chain_is_refused(name: str) -> None:
    with pytest.raises(FleetError, match="is no name for a fleet"):
        up(1, name=name)


def test_without_mmdebstrap_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="fleet-tools"):
        bootstrap("flsvc-fleet/none", "amd64", "")
