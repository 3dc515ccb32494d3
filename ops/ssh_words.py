"""What is said about SSH: host keys and fingerprints as OpenSSH prints them, and every error as a sentence.

Nothing here touches the network, so that a fake host answers in the same words as a real one.
"""

import base64
import hashlib
from pathlib import Path

from ops.errors import Cancelled, HostKeyChanged, HostUnreachable, LoginRefused, StepFailed, TimedOut, UserError
from ops.model import Host, HostKey
from ops.ports import Output

COMMAND_CHARS = 80


def host_key(kind: str, blob: bytes) -> HostKey:
    """Describe a public key from its wire form, with the fingerprint as ssh-keygen prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return HostKey(kind, base64.b64encode(blob).decode(), f"SHA256:{digest}")


def short(command: str) -> str:
    """Return a command's first line, cut to what fits in a sentence."""
    lines = command.strip().splitlines() or [""]
    line = lines[0]
    return line if len(lines) == 1 and len(line) <= COMMAND_CHARS else f"{line[: COMMAND_CHARS - 2].rstrip()} …"


def no_answer(address: str, port: int, timeout_s: float) -> HostUnreachable:
    """Phrase a connection attempt that ran out of time."""
    return HostUnreachable(
        f"{address} did not answer on port {port} within {timeout_s:g} s: it is off, unplugged, or has another "
        f"address. Check its power and network, then try `ping {address}`.",
        host=address,
    )


def refused(address: str, port: int) -> HostUnreachable:
    """Phrase a refused connection: the machine is up, sshd is not."""
    return HostUnreachable(
        f"{address} is up, but nothing listens on its port {port}: SSH is switched off there, or uses another port. "
        f"Switch it on (`sudo systemctl enable --now ssh`, or raspi-config), or register the host with its port.",
        host=address,
    )


def no_route(address: str) -> HostUnreachable:
    """Phrase a network that does not lead to the host."""
    return HostUnreachable(
        f"There is no route to {address} from the bot's machine: the host is unplugged, or in a network the bot is "
        f"not in. Check the address and the cable, then try `ping {address}`.",
        host=address,
    )


def not_ssh(address: str, port: int, why: str) -> HostUnreachable:
    """Phrase a peer that accepts the connection and then does not speak SSH, or gives up on it."""
    return HostUnreachable(
        f"{address} accepts connections on port {port}, but no SSH session came about ({why}). It may still be "
        f"starting, or be overloaded: try `ping {address}` in a minute.",
        host=address,
    )


def lost(address: str, doing: str) -> HostUnreachable:
    """Phrase a connection that broke while something ran over it."""
    return HostUnreachable(
        f"The connection to {address} was lost during {doing}; whether it finished there is not known. When "
        f"`ping {address}` answers again, repeat the command: what is done already is left as it is.",
        host=address,
    )


def key_changed(host: Host, shown: HostKey) -> HostKeyChanged:
    """Phrase a host key that differs from the pinned one, with both fingerprints and the way out."""
    return HostKeyChanged(
        f"{host.label} shows another host key than at registration, so nothing was sent to it. Pinned: "
        f"{host.key.fingerprint} ({host.key.kind}). Shown now: {shown.fingerprint} ({shown.kind}). If the machine "
        f"was set up anew, compare the second with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on its own "
        f"screen, then `forget {host.address}` and `register {host.address}`. If nobody touched it, somebody else "
        f"may be answering at its address: leave it alone and look.",
        host=host.address,
    )


def login_refused(host: Host, offered: str) -> LoginRefused:
    """Phrase a refused login; `offered` is "the bot's key", "this password" or "this key"."""
    hint = (
        f"Its line was removed from ~/.ssh/authorized_keys there: `register {host.address}` puts it back."
        if offered == "the bot's key"
        else "Check the user name and what you entered, and that the host's sshd allows this way to log in."
    )
    return LoginRefused(
        f"{host.label} answers, but refuses {offered} for the user `{host.user}`. {hint}", host=host.address
    )


def no_key(path: Path) -> UserError:
    """Phrase the bot's missing key file."""
    return UserError(
        f"The bot has no SSH key yet ({path.name} is missing). Make one with `key create`, then register hosts."
    )


def failed(host: str, command: str, output: Output) -> StepFailed:
    """Phrase a command that ended with a status other than 0, with the last line it printed."""
    last = output.tail.splitlines()[-1].strip() if output.tail else "it printed nothing"
    return StepFailed(
        f"`{short(command)}` failed on {host} with status {output.status}: {last}", host=host, output=output.tail
    )


def timed_out(host: str, command: str, timeout_s: float, output: Output) -> TimedOut:
    """Phrase a command that was stopped on the host because its time was over."""
    return TimedOut(
        f"`{short(command)}` did not end on {host} within {timeout_s:g} s and was stopped there.",
        host=host,
        output=output.tail,
    )


def ended(host: Host, command: str, output: Output) -> Cancelled:
    """Phrase a command that was ended on the host because its job was cancelled."""
    last = output.tail.splitlines()[-1].strip() if output.tail else ""
    so_far = f"; the last line it printed: {last}" if last else ""
    return Cancelled(
        f"`{short(command)}` was stopped on {host.label} in the middle, for the job was cancelled{so_far}. What it "
        "had done by then was left as it is.",
        host=host.address,
        output=output.tail,
    )


def not_begun(host: Host, command: str) -> Cancelled:
    """Phrase a command that was not sent any more because its job was cancelled."""
    return Cancelled(
        f"`{short(command)}` was not begun on {host.label}, for the job was cancelled. What the step had done before "
        "was left as it is.",
        host=host.address,
    )


def no_sudo(host: Host, why: str) -> StepFailed:
    """Phrase a user who could not become root."""
    return StepFailed(
        f"The user `{host.user}` could not become root on {host.label} ({why}). Register the host again with a user "
        f"that may use sudo, and with the password sudo asks for.",
        host=host.address,
    )


def port_taken(host: str, port: int) -> StepFailed:
    """Phrase a reverse tunnel whose port is in use, or forbidden by sshd."""
    return StepFailed(
        f"{host} would not open 127.0.0.1:{port} for the tunnel: the port is in use there, or its sshd forbids "
        f"forwarding (AllowTcpForwarding). See what holds it with `ss -ltnp` on the host, or set another port.",
        host=host,
    )


def bad_private_key() -> UserError:
    """Phrase a text that is no private key we can read."""
    return UserError(
        "This is not a private key in a form flsvc reads. Paste the whole text of an OpenSSH private key (ed25519, "
        "RSA or ECDSA), from its BEGIN line to its END line."
    )


def encrypted_private_key() -> UserError:
    """Phrase a private key that is protected by a passphrase."""
    return UserError(
        "This private key is protected by a passphrase, which flsvc does not ask for. Use a key without one, a "
        "password, or put the bot's own public key (`key show`) on the host yourself and register it with that."
    )


def no_socket(host: Host, path: str) -> StepFailed:
    """Phrase a unix socket on the host that did not open."""
    return StepFailed(
        f"{host.label} does not let the user `{host.user}` open {path}: nothing listens there, the user is not in "
        f"the socket's group, or sshd forbids forwarding.",
        host=host.address,
    )
