"""Hosts for tests, with everything that does not matter filled in."""

from ops.model import Facts, FlowerType, Host, HostKey, Sudo
from tests.fakes import key_of


def a_host(
    address: str = "192.168.1.105",
    *,
    name: str = "",
    federation: str = "",
    contact: str = "",
    hostname: str = "",
    arch: str = "arm64",
    flower_type: FlowerType = FlowerType.CLIENT,
    user: str = "pi",
    sudo: Sudo = Sudo.NONE,
    sudo_secret: str = "",
    key: HostKey | None = None,
) -> Host:
    """Return a host that is registered with the key its fake machine shows."""
    return Host(
        address=address,
        user=user,
        key=key or key_of(address),
        flower_type=flower_type,
        name=name,
        federation=federation,
        contact=contact,
        sudo=sudo,
        sudo_secret=sudo_secret,
        facts=Facts(arch=arch, os="Debian GNU/Linux 12 (bookworm)", codename="bookworm", hostname=hostname),
    )
