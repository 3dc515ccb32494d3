"""How a host's user becomes root: not at all, freely, or with a password; asked, never assumed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.model import Sudo
from ops.ports import Remote

# -k: a password given minutes ago must not count; -n: never ask; -S -p '': read it from standard input, no prompt.
FREE = "sudo -k -n true"
ASKING = "sudo -k -S -p '' true"
TIMEOUT_S = 20.0  # a wrong password costs sudo about 2 s a try, and it tries thrice


@dataclass(frozen=True, slots=True)
class FoundSudo:
    """What was found; `password` is the one that works, where one is needed."""

    sudo: Sudo
    detail: str
    password: str = field(default="", repr=False)


def find_sudo(remote: Remote, user: str, passwords: Sequence[str]) -> FoundSudo:
    """Try how the user becomes root. Passwords travel on standard input only. Raises what Remote.run raises."""
    if user == "root":
        return FoundSudo(Sudo.NONE, "the user is root")
    if remote.run(FREE, timeout_s=TIMEOUT_S, check=False).ok:
        return FoundSudo(Sudo.PASSWORDLESS, "sudo without a password")
    for password in passwords:
        if remote.run(ASKING, stdin=password + "\n", timeout_s=TIMEOUT_S, check=False).ok:
            return FoundSudo(Sudo.PASSWORD, "sudo with the password, which is kept encrypted", password)
    return FoundSudo(Sudo.NONE, f"{user} may not use sudo{_why(passwords)}: `docker install` will not work")


def _why(passwords: Sequence[str]) -> str:
    return ", or not with this password" if passwords else ", or needs a password that was not given"
