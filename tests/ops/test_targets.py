"""Targets: which hosts a text names, and what is said when it names none."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import NotRegistered, UserError
from ops.model import FlowerType
from ops.targets import choose, parse_address
from tests.ops.samples import a_host

SERVER = a_host("192.168.1.100", name="fl-server", federation="test_model", flower_type=FlowerType.SERVER)
KITCHEN = a_host("192.168.1.105", federation="test_model", contact="anna@lab.example", hostname="raspberrypi")
GARDEN = a_host("192.168.1.106", federation="test_model", contact="Bo Li", hostname="pi-garden")
OTHER = a_host("10.0.0.7", name="pi-7.local", federation="faces", contact="anna")
SIX = a_host("fd00::7", federation="faces", contact="Bo Li")
KNOWN = [SERVER, KITCHEN, GARDEN, OTHER, SIX]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.168.1.105", [KITCHEN]),
        (" 192.168.1.105 ", [KITCHEN]),
        ("FD00:0:0::0007", [SIX]),
        ("[fd00::7]", [SIX]),
        ("::ffff:10.0.0.7", [OTHER]),
        ("192.168.1.0/24", [SERVER, KITCHEN, GARDEN]),
        ("192.168.1.105/24", [SERVER, KITCHEN, GARDEN]),
        ("192.168.1.104/31", [KITCHEN]),
        ("fd00::/8", [SIX]),
        ("0.0.0.0/0", [SERVER, KITCHEN, GARDEN, OTHER]),
        ("test_model", [SERVER, KITCHEN, GARDEN]),
        ("Test_Model", [SERVER, KITCHEN, GARDEN]),
        ("contact:anna", [OTHER]),
        ("contact:@anna", [OTHER]),
        ("contact:lab.example", [KITCHEN]),
        ("contact: Bo Li", [GARDEN, SIX]),
        ("fl-server", [SERVER]),
        ("raspberrypi", [KITCHEN]),
        ("raspberrypi.local", [KITCHEN]),
        ("pi-7", [OTHER]),
        ("PI-7.local", [OTHER]),
        ("all", KNOWN),
        ("ALL", KNOWN),
        ("10.0.0.7,192.168.1.105", [KITCHEN, OTHER]),
        ("10.0.0.7 192.168.1.105", [KITCHEN, OTHER]),
        ("192.168.1.105, test_model, 192.168.1.105,", [SERVER, KITCHEN, GARDEN]),
        ("faces\n192.168.1.106", [GARDEN, OTHER, SIX]),
    ],
)
def test_target(text: str, expected: list[object]) -> None:
    assert choose(KNOWN, text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "192.168.1.77",
            "192.168.1.77 is not registered. Register it with `register 192.168.1.77`, or see `hosts`.",
        ),
        (
            "192.168.1.105,192.168.1.77,192.168.1.78",
            "192.168.1.77 and 192.168.1.78 are not registered. "
            "Register them with `register 192.168.1.77,192.168.1.78`, or see `hosts`.",
        ),
        ("172.16.0.0/12", "No registered host has an address in 172.16.0.0/12. See `hosts`."),
        ("tset_model", "`tset_model` is no registered host and no federation. Did you mean `test_model`?"),
        ("fl-servre", "`fl-servre` is no registered host and no federation. Did you mean `fl-server`?"),
        ("al", "`al` is no registered host and no federation. Did you mean `all`?"),
        ("nowhere", "`nowhere` is no registered host and no federation. See `hosts`."),
        ("contact:ana", "No registered host has the contact `ana`. Did you mean `contact:anna`?"),
        ("contact:zoe", "No registered host has the contact `zoe`. See `hosts`."),
        (
            "tset_model,192.168.1.77",
            "`tset_model` is no registered host and no federation. Did you mean `test_model`? "
            "192.168.1.77 is not registered. Register it with `register 192.168.1.77`, or see `hosts`.",
        ),
    ],
)
def test_not_registered(text: str, sentence: str) -> None:
    with pytest.raises(NotRegistered) as caught:
        choose(KNOWN, text)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "Which hosts?"),
        (" , ", "Which hosts?"),
        ("contact:", "`contact:anna`"),
        ("192.168.1.0/33", "`192.168.1.0/33` is not a block"),
        ("192.168.1/24", "is not a block"),
        ("192.168.1.999", "each of the four numbers is at most 255"),
        ("192.168.1", "it takes four numbers"),
        ("192.168.001.105", "its numbers start with no 0"),
        ("192.168.1.105:22", "Write `192.168.1.105` without the port"),
        ("0.0.0.0", "is not the address of a machine"),
        ("224.0.0.1", "is not the address of a machine"),
        ("255.255.255.255", "is not the address of a machine"),
    ],
)
def test_cannot_be_a_target(text: str, part: str) -> None:
    with pytest.raises(UserError) as caught:
        choose(KNOWN, text)
    assert part in str(caught.value)
    assert not isinstance(caught.value, NotRegistered)


def test_nothing_is_registered() -> None:
    with pytest.raises(NotRegistered, match="No host is registered yet"):
        choose([], "all")


def test_a_name_that_several_hosts_have_is_refused() -> None:
    twins = [a_host("10.0.0.1", hostname="raspberrypi"), a_host("10.0.0.2", hostname="raspberrypi")]
    with pytest.raises(UserError) as caught:
        choose(twins, "raspberrypi")
    assert str(caught.value) == (
        "2 hosts are called `raspberrypi`: 10.0.0.1 and 10.0.0.2. Use the address of the one meant."
    )


def test_a_federation_with_spaces_or_dots_is_found() -> None:
    spaced, dotted = a_host("10.0.0.1", federation="my model"), a_host("10.0.0.2", federation="1.2")
    assert choose([spaced, dotted], "my  model") == [spaced]
    assert choose([spaced, dotted], "1.2") == [dotted]


@given(st.text(alphabet=string.printable, max_size=30))
def test_any_text_is_answered_with_hosts_or_a_sentence(text: str) -> None:
    if "." in text:
        text = text.replace(".", "")  # a name with a dot is looked up in the network
    try:
        assert choose(KNOWN, text)
    except UserError as error:
        assert str(error)


def test_address_is_canonical() -> None:
    assert parse_address(" 192.168.1.105 ") == "192.168.1.105"
    assert parse_address("[FD00:0::7]") == "fd00::7"


def test_name_is_looked_up_once() -> None:
    asked: list[str] = []

    def lookup(name: str) -> str:
        asked.append(name)
        return "192.168.1.105"

    assert parse_address("raspberrypi.local", lookup=lookup) == "192.168.1.105"
    assert asked == ["raspberrypi.local"]


def test_name_of_this_machine_is_found() -> None:
    assert parse_address("localhost") == "127.0.0.1"


def test_name_nobody_has() -> None:
    with pytest.raises(UserError, match=r"Nobody in this network answers to the name `nosuch\.invalid`"):
        parse_address("nosuch.invalid")


@pytest.mark.parametrize("text", ["", "pi one", "-pi", "pi_", "http://192.168.1.105", "192.168.1.105/24", "a" * 64])
def test_no_address(text: str) -> None:
    with pytest.raises(UserError, match="is not an IP address"):
        parse_address(text)


def test_dotted_name_in_a_target_is_looked_up() -> None:
    with pytest.raises(UserError, match="Nobody in this network"):
        choose(KNOWN, "nosuch.invalid")
