"""How the sandbox refuses.

SlackError      a Web API method answers `{"ok": false, "error": code}`
UiRefusal       a person's act cannot be done; the sentence is what Slack's own client would show
"""

from bot.sandbox.model import Json

# Answers that a correct client gets in the normal course of things (a race, an optimistic lock, a look-up), so that
# they are no violation.
EXPECTED = frozenset(
    {
        "already_pinned",
        "already_reacted",
        "hash_conflict",
        "not_in_channel",
        "ratelimited",
        "users_not_found",
        "view_closed",
    }
)


class SlackError(Exception):
    """A refused Web API call, by Slack's own error code.

    `messages` go to `errors` and `response_metadata.messages`; `extra` beside the code; `retry_after_s` makes it 429.
    """

    def __init__(
        self,
        code: str,
        messages: tuple[str, ...] = (),
        *,
        extra: Json | None = None,
        retry_after_s: int = 0,
        is_expected: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
        self.extra = extra or {}
        self.retry_after_s = retry_after_s
        self.is_expected = is_expected or code in EXPECTED

    def to_json(self) -> Json:
        """Return the body of the answer."""
        body: Json = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            body["errors"] = list(self.messages)
            body["response_metadata"] = {"messages": [f"[ERROR] {text}" for text in self.messages]}
        return body


class UiRefusal(Exception):
    """A person cannot do this; `code` is for programs, the sentence for the person."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
