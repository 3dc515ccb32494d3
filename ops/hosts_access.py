"""Our line in a host's authorized_keys: the scripts that add it and take it away."""

import shlex

from ops.ports import Remote
from ops.render import render


def authorize_script(public: str) -> str:
    """Build the script that adds a public key once, and prints `added` or `present`."""
    return render("host/authorize.sh.j2", line=shlex.quote(public), key=shlex.quote(_without_comment(public)))


def unauthorize_script(public: str) -> str:
    """Build the script that takes a public key out, whatever its comment, and prints `removed` or `absent`."""
    return render("host/unauthorize.sh.j2", key=shlex.quote(_without_comment(public)))


def authorize(remote: Remote, public: str) -> bool:
    """Put the key in; False when it was there. Raises what Remote.run raises."""
    return _last_word(remote.run(authorize_script(public)).stdout) == "added"


def unauthorize(remote: Remote, public: str) -> bool:
    """Take the key out; False when it was not there. Raises what Remote.run raises."""
    return _last_word(remote.run(unauthorize_script(public)).stdout) == "removed"


def _without_comment(public: str) -> str:
    return " ".join(public.split()[:2])


def _last_word(text: str) -> str:
    """Return the last line: a login shell may print others before it."""
    lines = text.split()
    return lines[-1] if lines else ""
