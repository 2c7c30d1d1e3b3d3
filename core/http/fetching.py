"""The opening of a fetch: single requests over lines of their own, until one of them brings the file's bytes."""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from email import errors
from typing import Any, NamedTuple, cast

from .address import Target
from .exchange import Again, Exchange, Raw, again, headers_for, headers_of, readable, seconds_in_words, unconnected
from .judging import REDIRECTS, check_file
from .line import Cut, Line, open_line
from .stream import Body, Stream
from .types import Ask, NoAnswer, Timeouts

USUAL = Timeouts(connect=10.0, read=30.0, whole=60.0)
_ACCEPT = (200, 206, 416)
_FURTHER = 8  # heads that only announce, before the one that counts
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
# What the reader of heads, made for letters, says of a body that it was not given. All else it finds is in the head.
_OF_BODIES = (
    errors.NoBoundaryInMultipartDefect,
    errors.StartBoundaryNotFoundDefect,
    errors.CloseBoundaryNotFoundDefect,
    errors.MultipartInvariantViolationDefect,
    errors.InvalidMultipartContentTransferEncodingDefect,
)


def question(start: int, if_range: str, accept: str) -> Ask:
    """The question for a file from byte `start` on. What no header may hold makes a tag that never fits: all is sent."""
    told = {"accept": accept, "accept-encoding": "identity"}
    if start > 0:
        told["range"] = f"bytes={start}-"
        if if_range:
            told["if-range"] = "".join(one if " " <= one <= "~" else "?" for one in if_range)
    return Ask("GET", _ACCEPT, told)


class _Open(NamedTuple):
    line: Line
    body: Body


class Opening:
    """Sends and judges for one fetch. A line is closed again unless its answer is the one that `judge` gives out."""

    def __init__(self, exchange: Exchange, cut: Cut, trusted: Collection[str], timeouts: Timeouts, verify: Any) -> None:
        self._exchange = exchange
        self._cut = cut
        self._trusted = trusted
        self._timeouts = timeouts
        self._verify = verify
        self._open: _Open | None = None
        self._given = False

    @contextmanager
    def send(self, here: Target, method: str, headers: Mapping[str, str], content: bytes) -> Iterator[Raw]:
        """The answer's head; its pieces are for a body that is not given out. Raises Again or NoAnswer."""
        path = readable(here).raw_path.decode("ascii")
        self._exchange.count(here)
        self._given, self._open = False, None
        line = self._line(here)
        try:
            yield self._raw(here, line, method, path, {**headers_for(here, headers), "connection": b"close"})
        except NoAnswer as error:
            error.host = error.host or here.name
            raise
        except (TimeoutError, OSError, ValueError, http.client.HTTPException) as error:
            raise _failed(error, here, self._timeouts) from None  # the chain may hold headers, and so a token
        finally:
            if not self._given:
                line.close()

    def judge(self, raw: Raw, here: Target, ask: Ask, *, token: str, now: float) -> Stream:
        """The stream, where the answer is a file. Raises Again or NoAnswer."""
        check_file(raw, here, ask, token=token, now=now)
        assert self._open is not None
        self._open.line.settle()
        self._given = True
        return Stream(raw.status, raw.headers, self._open.body, here=here, cut=self._cut, silence=self._timeouts.read)

    def _line(self, here: Target) -> Line:
        try:
            return open_line(here, self._trusted, self._cut, self._timeouts, self._verify)
        except NoAnswer as error:
            error.host = here.name
            if error.code == "unreachable":
                raise Again(error, here, retry=False) from None
            raise
        except TimeoutError:
            text = f"no connection came about within {seconds_in_words(self._timeouts.connect)}"
            raise again("timeout", text, here, retry=False) from None
        except (OSError, ValueError) as error:
            raise unconnected(error, here) from None

    def _raw(self, here: Target, line: Line, method: str, path: str, headers: Mapping[str, bytes]) -> Raw:
        sender = http.client.HTTPConnection(here.host, here.port)
        sender.sock = cast(Any, line)
        sender.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            sender.putheader(name, value)
        sender.endheaders()
        status, told, file = _head(line, method)
        body = _body(file, told)
        self._open = _Open(line, body)
        return Raw(status, told, () if status in REDIRECTS else body.pieces())


def _head(line: Line, method: str) -> tuple[int, dict[str, str], io.BufferedReader]:
    """Status and headers, and what comes behind them."""
    answer = http.client.HTTPResponse(cast(Any, line), method=method)
    file = answer.fp
    try:
        answer.begin()
        for _ in range(_FURTHER):
            if answer.status not in (102, 103):  # http.client itself passes over 100
                break
            answer.headers = answer.msg = cast(Any, None)  # so that it reads another head
            answer.begin()
    finally:
        answer.fp = cast(Any, None)  # or else it would close it when nobody holds it any more
    if line.ended:  # for http.client that is as good as an empty line
        raise ConnectionError
    # A line that is no header has hidden all those after it.
    if any(not isinstance(one, _OF_BODIES) for one in answer.msg.defects):
        raise http.client.HTTPException
    found = ((name, _CONTROL.sub(" ", value)) for name, value in answer.msg.items())
    pairs = ((name.encode("latin-1"), value.encode("latin-1")) for name, value in found)
    return answer.status, headers_of(pairs), file


def _body(file: io.BufferedReader, headers: dict[str, str]) -> Body:
    """How the head says that the body ends. Chunks win over a length, which then means nothing."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        headers.pop("content-length", None)
        return Body(file, None, chunked=True)
    length = headers.get("content-length", "").partition(",")[0].strip()
    if not (length.isascii() and length.isdecimal()):
        return Body(file, None)
    return Body(file, int(length[:18]))


def _failed(error: Exception, here: Target, timeouts: Timeouts) -> Again:
    if isinstance(error, TimeoutError):
        return again("timeout", f"it did not answer within {seconds_in_words(timeouts.read)}", here, retry=False)
    if isinstance(error, OSError):  # http.client's RemoteDisconnected too
        return again("unreachable", "the connection broke off", here)
    if isinstance(error, ValueError):
        return again("unreachable", "the question could not be put into a request", here, retry=False)
    return again("unexpected_shape", "its answer is nothing that we can read", here, retry=False)
