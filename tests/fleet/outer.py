"""What the virtual machines must know about the machine they run on: mirrors, proxies, authorities, resolvers."""

import os
import re
import subprocess
from pathlib import Path

SUITES = {"Debian": ("bookworm", "bookworm-updates"), "Debian-Security": ("bookworm-security",)}
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def files() -> dict[str, bytes]:
    """Return the files, by path, which make a Debian root behave like the machine outside."""
    found = {
        "etc/apt/apt.conf.d/90outer": apt_conf(_output("apt-config", "dump")).encode(),
        "etc/apt/sources.list": apt_sources(_output("apt-get", "indextargets", "--format", _TARGET)).encode(),
    }
    bundle = certificate_bundle()
    if bundle:
        found["usr/local/share/ca-certificates/outer.crt"] = bundle
    return {path: text for path, text in found.items() if text}


_TARGET = "$(LABEL)|$(REPO_URI)|$(COMPONENT)|$(CREATED_BY)"


def apt_conf(dump: str) -> str:
    """Keep what `apt-config dump` says about proxies, verification and dates."""
    kept = re.compile(r"Acquire::((https?|ftp)(::\S*)?|Check-\S+) ")
    return "".join(f"{line}\n" for line in dump.splitlines() if kept.match(line) and not line.endswith('"";'))


def apt_sources(targets: str) -> str:
    """Return bookworm's source lines on the mirrors a Debian machine uses; empty for any other distribution."""
    mirrors: dict[str, str] = {}
    for line in targets.splitlines():
        label, uri, component, created_by = line.split("|")
        if created_by == "Packages" and component == "main" and uri.startswith("http"):
            mirrors.setdefault(label, uri.rstrip("/"))
    if "Debian" not in mirrors:
        return ""
    return "".join(
        f"deb {mirrors[label]} {suite} main\n"
        for label, suites in SUITES.items()
        if label in mirrors
        for suite in suites
    )


def certificate_bundle() -> bytes | None:
    """Return the authorities this machine trusts, a company's own among them."""
    for path in (os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"):
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    return None


def nameservers() -> list[str]:
    """Return the resolvers a container can reach: those that are not on the machine's own loopback."""
    found: list[str] = []
    for path in (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")):
        if path.is_file():
            found += re.findall(r"^nameserver\s+(\S+)", path.read_text(), re.MULTILINE)
    return list(dict.fromkeys(name for name in found if not name.startswith("127.") and ":" not in name))


def proxy_build_args() -> list[str]:
    """Return the words that pass this machine's proxies on to an image build."""
    return [word for name in PROXIES if os.environ.get(name) for word in ("--build-arg", name)]


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""  # not a Debian relative: the images' own settings stand
