"""Logging to standard error, with what looks like a secret left out."""

import logging
import re

_SECRET = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?i:(?<=ticket=)[\w-]+)",
    re.DOTALL,
)


def redact(text: str) -> str:
    """Replace Slack tokens, private keys, and the name and password in a URL."""
    return _SECRET.sub("[redacted]", text)


class RedactingFormatter(logging.Formatter):
    """A formatter that redacts the whole line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """Format, then redact."""
        return redact(super().format(record))


def configure(level: str) -> None:
    """Send everything to standard error; libraries only from WARNING on, whatever our own level is."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("bot", "ops"):
        logging.getLogger(name).setLevel(level)
