"""Turns whatever docker-py, requests or urllib3 raise into one of our sentences, with the engine's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests
import urllib3
from urllib3.exceptions import ReadTimeoutError

from ops import cancel
from ops.errors import Cancelled, OpsError, StepFailed, TimedOut

HINTS = (  # the engine's words -> what to do
    ("no space left on device", "Free some space there: `docker system prune` removes what no container uses."),
    ("permission denied", "The login's user may not use Docker there; see the step docker_group of `docker states`."),
    ("does not match the specified platform", "The base image is there for another architecture: see BASE_IMAGES."),
    ("exec format error", "The image was built for another architecture."),
    ("x509", "The registry's certificate is not trusted there; the CA bundle is a setting."),
    ("connection refused", "Nothing listens at that address: is the registry running?"),
)


def says(where: str, words: str, address: str | None) -> StepFailed:
    """Phrase a refusal of the engine: its first line, and a hint where we know one."""
    lines = words.strip().splitlines() or ["nothing"]
    said = lines[0].strip().rstrip(".")
    hint = next((f". {advice}" for sign, advice in HINTS if sign in words.lower()), "")
    return StepFailed(f"The Docker Engine on {where} says: {said}{hint}", host=address, output=words.strip())


def silent(where: str, address: str | None, timeout_s: float) -> TimedOut:
    """Phrase an engine that accepts requests and does not answer."""
    return TimedOut(
        f"The Docker Engine on {where} did not answer within {timeout_s:g} s: it may be overloaded. Look at it with "
        f"`sudo systemctl status docker` there.",
        host=address,
    )


def gone(where: str, address: str | None) -> StepFailed:
    """Phrase an engine that is not there, or goes away during a request."""
    advice = (
        f"`docker states {address}` shows what is missing." if address else "Start it: `sudo systemctl start docker`."
    )
    return StepFailed(
        f"The Docker Engine on {where} cannot be reached: it is not running, or restarting. {advice}", host=address
    )


def broken_off(where: str, doing: str, address: str | None) -> Cancelled:
    """Phrase a request that was given up because its job was cancelled."""
    return Cancelled(
        f"The {doing} on {where} was broken off, for the job was cancelled. Layers that were whole are kept there.",
        host=address,
    )


def is_timeout(error: BaseException) -> bool:
    """Tell whether a read took too long; requests calls it a ConnectionError while a body is read."""
    if isinstance(error, TimeoutError | requests.Timeout | ReadTimeoutError):
        return True
    return isinstance(error, requests.ConnectionError) and any(
        isinstance(arg, ReadTimeoutError) for arg in error.args
    )


LOST = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, EOFError)


@contextmanager
def translated(where: str, address: str | None, timeout_s: float, doing: str = "") -> Iterator[None]:
    """Translate everything a request may raise; `doing` is what it is called where a cancelled job may end it."""
    try:
        yield
    except OpsError:
        raise
    except cancel.Asked:
        raise cancel.told(broken_off(where, doing or "request", address)) from None
    except docker.errors.APIError as error:
        raise says(where, str(error.explanation or error), address) from None
    except docker.errors.DockerException as error:
        raise says(where, str(error), address) from None
    except LOST as error:
        raise (silent(where, address, timeout_s) if is_timeout(error) else gone(where, address)) from None
