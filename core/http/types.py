"""What a client of the web needs and gives: settings, clock, answer, and the one error."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..errors import ComfyFixerError


class NoAnswer(ComfyFixerError):
    """A source did not answer. That proves nothing about what it has.

    `message` fits after "Civitai did not answer: ", lower case and without a full stop. `host`: whom we asked, with the
    port where it is not the usual one. `until`: seconds since the epoch when it may be asked again, where known.

    `said`: what the service itself gave as its reason, at most 300 characters of plain text; not to be trusted.

    Codes: timeout, unreachable, refused_address, too_many_redirects, too_large, not_json, bad_json, unexpected_shape,
    rate_limited, server_error, unexpected_status, key_refused, cancelled; of a fetch also cut_off, encoded, web_page.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        host: str = "",
        status: int | None = None,
        until: float | None = None,
        said: str = "",
    ) -> None:
        super().__init__(code, message, hint)
        self.host = host
        self.status = status
        self.until = until
        self.said = said


class Answer(NamedTuple):
    """One answer. `body` is parsed JSON; None for an empty body, for one that is not read, and for text that is no JSON."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: Any
    url: str  # the final address, after redirects


class Limit(NamedTuple):
    """How fast one host may be asked: `rate` requests a second, and `burst` at once after a rest."""

    rate: float
    burst: int


class Timeouts(NamedTuple):
    """Seconds: until connected, between two pieces of the answer, for one whole answer (of a fetch: for its head)."""

    connect: float = 10.0
    read: float = 15.0
    whole: float = 30.0


class Clock:
    """The time. Tests and benchmarks put one in its place for which nobody has to wait."""

    def now(self) -> float:
        """Seconds since the epoch; may jump."""
        return time.time()

    def steady(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Ask(NamedTuple):
    """One question, through all its tries and redirects."""

    method: str
    accept: Collection[int]  # statuses that are an answer
    headers: Mapping[str, str]  # names in lower case
    content: bytes = b""
    cap: int = 0  # bytes of JSON that are read at most; 0: the body does not matter
    follow: bool = True
