"""How long things take and last. The defaults are Slack's; tests shorten them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Durations in seconds, and the number of uses of a response_url.

    Sources: acknowledgement and trigger 3 s, response_url 5 uses in 30 minutes (docs.slack.dev, "Handling user
    interaction"); events again at once, after 1 and after 5 minutes ("Events API", retries); connection time from
    the `hello` message of Socket Mode.
    """

    ack_s: float = 3.0
    trigger_s: float = 3.0
    response_url_s: float = 1800.0
    response_url_uses: int = 5
    retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    connection_s: float = 18060.0
    warning_s: float = 10.0
    ticket_s: float = 30.0
    in_flight_s: float = 0.5
