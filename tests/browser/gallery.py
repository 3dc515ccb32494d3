"""One of every block and element, as a bot would send them: what the block tests and the screenshots show."""

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def option(text: str, value: str, **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def options(*names: str) -> list[Json]:
    return [option(name, name) for name in names]


def cell(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def emoji_cell(emoji: str, text: str) -> Json:
    elements = [{"type": "emoji", "name": emoji}, {"type": "text", "text": f" {text}"}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


STATES = {
    "ok": "white_check_mark",
    "failed": "x",
    "pending": "hourglass_flowing_sand",
    "unreachable": "electric_plug",
}


def table(head: list[str], rows: list[list[str]], right: tuple[int, ...] = ()) -> Json:
    cells = [[emoji_cell(STATES[text], text) if text in STATES else cell(text) for text in row] for row in rows]
    settings = [{"align": "right" if at in right else "left"} for at in range(len(head))]
    return {"type": "table", "rows": [[cell(text) for text in head], *cells], "column_settings": settings}


CONFIRM: Json = {
    "title": plain("Stop the run?"),
    "text": mrkdwn("The containers on *4 hosts* stop. Their logs are kept."),
    "confirm": plain("Stop it"),
    "deny": plain("Keep running"),
    "style": "danger",
}

FLEET = table(
    ["Host", "Type", "Arch", "Docker", "Disk free", "Contact"],
    [
        ["192.168.1.101", "server", "arm64", "ok", "21.4 GB", "ada"],
        ["192.168.1.102", "client", "arm64", "ok", "18.9 GB", "ada"],
        ["192.168.1.103", "client", "arm64", "pending", "25.0 GB", "ben"],
        ["192.168.1.104", "client", "arm64", "failed", "1.2 GB", "ben"],
        ["192.168.1.105", "client", "amd64", "unreachable", "–", "cleo"],
    ],
    right=(4,),
)

PROGRESS = table(
    ["Host", "Image", "Container", "Up", "Last line"],
    [
        ["192.168.1.101", "ok", "ok", "ok", "round 1 of 3 started"],
        ["192.168.1.102", "ok", "ok", "pending", "loading 50 images"],
        ["192.168.1.103", "ok", "pending", "–", "–"],
        ["192.168.1.104", "failed", "–", "–", "no space left: 1.2 GB free, 2.0 GB needed"],
        ["192.168.1.105", "unreachable", "–", "–", "no answer on port 22 for 10 s"],
    ],
)

FOOT: Json = {
    "type": "context",
    "elements": [mrkdwn("Deployment *#7* · asked by <@U0ADA> · 14 s so far")],
}

WIDE = table(
    ["Host", *(f"step_{number}_with_a_long_name" for number in range(12))],
    [["192.168.1.101", *("ok" for _ in range(12))], ["192.168.1.102", *("pending" for _ in range(12))]],
)

ACTIONS: Json = {
    "type": "actions",
    "block_id": "deploy-actions",
    "elements": [
        button("Deploy", "deploy", style="primary", value="7"),
        button("Logs", "logs"),
        button("Stop", "stop", style="danger", confirm=CONFIRM),
        button("Documentation", "docs", url="https://flower.ai/docs/"),
    ],
}

SELECTS: Json = {
    "type": "actions",
    "block_id": "selects",
    "elements": [
        {
            "type": "static_select",
            "action_id": "platform",
            "placeholder": plain("Platform"),
            "options": options("python", "sklearn", "pytorch", "tensorflow"),
            "initial_option": option("sklearn", "sklearn"),
        },
        {"type": "external_select", "action_id": "host", "placeholder": plain("Find a host"), "min_query_length": 1},
        {"type": "users_select", "action_id": "owner", "placeholder": plain("Owner")},
        {"type": "channels_select", "action_id": "where", "placeholder": plain("Channel")},
        {"type": "conversations_select", "action_id": "conversation", "placeholder": plain("Conversation")},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-24", "placeholder": plain("Day")},
        {"type": "timepicker", "action_id": "time", "initial_time": "10:30", "placeholder": plain("Time")},
        {
            "type": "overflow",
            "action_id": "more",
            "options": [option("Restart", "restart"), option("Roll back", "rollback"), option("Forget", "forget")],
        },
    ],
}

CHOICES: Json = {
    "type": "actions",
    "block_id": "choices",
    "elements": [
        {
            "type": "radio_buttons",
            "action_id": "strategy",
            "options": [
                {**option("FedAvg", "fedavg"), "description": mrkdwn("Weighted mean of the clients")},
                option("FedProx", "fedprox"),
            ],
            "initial_option": {
                **option("FedAvg", "fedavg"),
                "description": mrkdwn("Weighted mean of the clients"),
            },
        },
        {
            "type": "checkboxes",
            "action_id": "flags",
            "options": [{"text": mrkdwn("Keep *old* images"), "value": "keep"}, option("Wait for the run", "wait")],
            "initial_options": [option("Wait for the run", "wait")],
        },
    ],
}

RICH: Json = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "Round 3 is "},
                {"type": "text", "text": "done", "style": {"bold": True}},
                {"type": "text", "text": ": accuracy "},
                {"type": "text", "text": "0.913", "style": {"code": True}},
                {"type": "text", "text": ", seen by "},
                {"type": "user", "user_id": "U0ADA"},
                {"type": "text", "text": " in "},
                {"type": "channel", "channel_id": "C0FLEET"},
                {"type": "text", "text": " "},
                {"type": "emoji", "name": "rocket"},
                {"type": "link", "url": "https://flower.ai", "text": " Flower"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": f"client {number}"}]}
                for number in (1, 2)
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 1,
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "25 images"}]}],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "Loss went down."}]},
        {
            "type": "rich_text_preformatted",
            "elements": [{"type": "text", "text": "round 3: 0.913\nround 2: 0.884"}],
        },
    ],
}

MARKDOWN: Json = {
    "type": "markdown",
    "text": "## What is next\n1. **Build** for `arm64`\n2. Deploy to _four_ clients\n- [x] register\n- [ ] train\n\n"
    "> one lost node must not hang a run\n\n```\nflsvc status\n```",
}

FIELDS: Json = {
    "type": "section",
    "fields": [
        mrkdwn("*Project*\nfacefl"),
        mrkdwn("*Image*\n`facefl:3f2a9c1`"),
        mrkdwn("*Rounds*\n3"),
        mrkdwn("*By*\n<@U0ADA>"),
    ],
}

ACCESSORY = section("Pick what to do with *192.168.1.104*.", accessory=button("Retry", "retry", value="104"))

MESSAGE: list[Json] = [
    {"type": "header", "text": plain(":satellite: Fleet: 5 hosts")},
    section(
        "Docker is installed on *2 of 5* hosts. `192.168.1.104` has too little disk space: "
        "<https://docs.docker.com|free some>."
    ),
    FIELDS,
    ACCESSORY,
    {"type": "divider"},
    ACTIONS,
    SELECTS,
    CHOICES,
    RICH,
    MARKDOWN,
    {"type": "context", "elements": [mrkdwn(":clock3: took 14.2 s"), mrkdwn("asked by <@U0ADA>")]},
]


def text_input(action_id: str, **more: Any) -> Json:
    return {"type": "plain_text_input", "action_id": action_id, **more}


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


PORT: Json = {
    "type": "number_input",
    "action_id": "port",
    "is_decimal_allowed": False,
    "min_value": "1",
    "max_value": "65535",
    "initial_value": "22",
}
KIND: Json = {
    "type": "static_select",
    "action_id": "type",
    "placeholder": plain("Choose one"),
    "options": options("client", "server"),
}
CONTACTS: Json = {"type": "multi_users_select", "action_id": "contacts", "placeholder": plain("Who looks after it")}

REGISTER: Json = {
    "type": "modal",
    "callback_id": "register",
    "title": plain("Register a host"),
    "submit": plain("Register"),
    "close": plain("Cancel"),
    "blocks": [
        section("The bot signs in once with this password, leaves its key, and forgets the password."),
        field(
            "address",
            "Address",
            text_input("address", placeholder=plain("192.168.1.105")),
            hint=plain("One address, or one a line."),
        ),
        field("port", "Port", PORT),
        field("type", "Flower type", KIND),
        field("federation", "Federation", text_input("federation", initial_value="test_model")),
        field("contacts", "Contacts", CONTACTS, optional=True),
        field("mail", "Mail", {"type": "email_text_input", "action_id": "mail"}, optional=True),
        field("note", "Description", text_input("note", multiline=True), optional=True),
    ],
}

PLAN: Json = {
    "type": "modal",
    "callback_id": "plan",
    "title": plain("Plan a run"),
    "submit": plain("Plan"),
    "blocks": [
        field("project", "Project", {"type": "file_input", "action_id": "v", "filetypes": ["zip"], "max_files": 1}),
        field(
            "strategy",
            "Strategy",
            {"type": "radio_buttons", "action_id": "v", "options": options("fedavg", "fedprox")},
        ),
        field("flags", "Flags", {"type": "checkboxes", "action_id": "v", "options": options("keep", "wait")}),
        field("day", "Day", {"type": "datepicker", "action_id": "v"}),
        field("time", "Time", {"type": "timepicker", "action_id": "v"}),
        field(
            "archs",
            "Architectures",
            {"type": "multi_static_select", "action_id": "v", "options": options("arm64", "amd64")},
        ),
        field("host", "Host", {"type": "external_select", "action_id": "host", "min_query_length": 1}),
        field("channel", "Tell", {"type": "channels_select", "action_id": "v", "initial_channel": "C0FLEET"}),
    ],
}
LOADING: Json = {
    "type": "modal",
    "title": plain("Plan a run"),
    "blocks": [section(":hourglass: Looking at the fleet…")],
}
