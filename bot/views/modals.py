"""The modals of registration: the form, the fingerprints to confirm, and what is shown between and instead."""

from collections.abc import Mapping, Sequence

from bot import registration
from bot.registration import Registration
from bot.views import blocks, limits
from bot.views.blocks import field
from bot.views.limits import escaped
from bot.views.payload import Block
from ops.hosts import Scan
from ops.model import FlowerType

_METHODS = {
    "password": "With the password below",
    "key": "With the private key below",
    "ours": "flsvc's key is on the hosts already",
}
_TYPES = {"client": "client: trains on its own data", "server": "server: leads the federation"}
_SEEN = (
    "Slack shows what you type here. It is sent once, kept encrypted until the key exchange has ended, then deleted."
)
_COMPARE = (
    "Compare each fingerprint with what the host itself says, on its screen: "
    "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Nothing was sent to the hosts yet."
)
_FINGERPRINT_ROWS = 50


def register_view(initial: Mapping[str, str], private_metadata: str) -> Block:
    """Return the form, filled in with what the command said."""
    text = blocks.text_input
    inputs = [
        field(
            "addresses",
            "Addresses",
            text("value", initial=initial.get("addresses", ""), multiline=True, placeholder="192.168.1.105"),
            hint="One a line; several share the login below.",
        ),
        field("user", "User", text("value", initial=initial.get("user", "pi"))),
        field("method", "Log in", blocks.select("value", _METHODS, initial="password")),
        field("password", "Password, also for sudo", text("value"), hint=_SEEN, optional=True),
        field(
            "private_key",
            "Private key",
            text("value", multiline=True, placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"),
            hint=(
                "Only for logging in with a key of yours; the same holds for it. "
                "Slack takes 3,000 characters: an RSA key of 4,096 bits is too long, an ed25519 key fits."
            ),
            optional=True,
        ),
        field(
            "flower_type",
            "What they do",
            blocks.select("value", _TYPES, initial=initial.get("flower_type") or "client"),
        ),
        field(
            "federation",
            "Federation",
            text("value", initial=initial.get("federation", ""), placeholder="test_model"),
            hint="Its server and clients share the name.",
            optional=True,
        ),
        field("contact", "Contact", text("value", placeholder="who looks after them"), optional=True),
        field("description", "Description", text("value"), optional=True),
        field("port", "SSH port", text("value", initial="22")),
    ]
    return _modal("register", "Register hosts", inputs, private_metadata, submit="Show fingerprints")


def parse_register(state: Mapping[str, Mapping[str, Mapping[str, Block]]]) -> tuple[Registration, dict[str, str]]:
    """Read the form: what was asked for, and what is wrong with it by block_id."""
    typed = {block: _value(actions) for block, actions in state["values"].items()}
    method = typed.get("method") or "password"
    port = typed.get("port", "22").strip()
    asked = Registration(
        addresses=registration.split_addresses(typed.get("addresses", "")),
        port=int(port) if port.isdecimal() and len(port) < 6 else 0,
        user=typed.get("user", "").strip(),
        method="key" if method == "key" else "ours" if method == "ours" else "password",
        secret=typed.get("private_key", "") if method == "key" else typed.get("password", ""),
        sudo_password="" if method == "password" else typed.get("password", ""),
        flower_type=FlowerType(typed.get("flower_type") or "client"),
        federation=typed.get("federation", "").strip(),
        contact=typed.get("contact", "").strip(),
        description=typed.get("description", "").strip(),
    )
    return asked, registration.check(asked)


def _value(actions: Mapping[str, Block]) -> str:
    element = next(iter(actions.values()), {})
    return str((element.get("selected_option") or {}).get("value") or element.get("value") or "")


def fingerprint_view(scans: Sequence[Scan], private_metadata: str) -> Block:
    """Return the fingerprints to confirm; hosts that did not answer are named and left out."""
    rows = [blocks.section(_host(scan)) for scan in scans[:_FINGERPRINT_ROWS]]
    shown = [blocks.section(_COMPARE), blocks.divider(), *rows]
    return _modal("fingerprints", "Are these your hosts?", shown, private_metadata, submit="Register", notify=True)


def _host(scan: Scan) -> str:
    named = escaped(f"{scan.address} ({scan.name})" if scan.name and scan.name != scan.address else scan.address, 300)
    if scan.key is None or scan.error:
        return f"🔌 {named} is left out: {escaped(scan.error, 500)}"
    again = ""
    if scan.known is not None:
        same = scan.known.key.fingerprint == scan.key.fingerprint
        again = "\nIt is registered already, with this key." if same else "\n⚠️ It is registered with *another* key."
    return f"🔑 *{named}*\n`{scan.key.fingerprint}` ({escaped(scan.key.kind, 60)}){again}"


def loading_view(sentence: str) -> Block:
    """Return what is shown while hosts are asked."""
    return _modal("loading", "One moment", [blocks.section(f"⏳ {escaped(sentence, 200)} …")], "")


def error_view(title: str, sentence: str) -> Block:
    """Return what went wrong, in place of the form."""
    return _modal("problem", title, [blocks.section(f"⚠️ {escaped(sentence, 2_500)}")], "")


def _modal(
    callback_id: str,
    title: str,
    shown: Sequence[Block],
    private_metadata: str,
    *,
    submit: str = "",
    notify: bool = False,
) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": blocks.plain_text(title, limits.VIEW_TITLE_CHARS),
        "close": blocks.plain_text("Cancel" if submit else "Close", limits.VIEW_TITLE_CHARS),
        "private_metadata": private_metadata,
        "notify_on_close": notify,
        "blocks": list(shown),
    }
    return view | ({"submit": blocks.plain_text(submit, limits.VIEW_TITLE_CHARS)} if submit else {})
