"""What comes back: unpacked within a cap, told apart from web pages, and parsed. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from .. import jsontext
from .types import NoAnswer

DEEPEST = 64  # levels of lists and objects; no service needs more
_GZIP, _DEFLATE = ("gzip", "x-gzip"), "deflate"
_CHALLENGE = (b"just a moment", b"challenge-platform", b"cf-chl", b"cf-browser-verification", b"attention required!")
_LATER = "Try again later."
_SAID = 300  # characters of a service's own words that are kept
_QUERY = re.compile(r"(\bhttps?://[^\s?#]*)[?#]\S*", re.I)


class TooLarge(Exception):
    """The body has more bytes than allowed."""


class Damaged(Exception):
    """The body cannot be unpacked."""


def read(pieces: Iterable[bytes], headers: Mapping[str, str], cap: int) -> bytes:
    """The body's bytes, unpacked, at most `cap`. Raises TooLarge or Damaged; never holds much more than the cap."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > cap:
        raise TooLarge  # packed or not
    body = bytearray()
    for piece in _plain(pieces, headers, cap):
        body += piece
        if len(body) > cap:
            raise TooLarge
    return bytes(body)


def peek(pieces: Iterable[bytes], headers: Mapping[str, str], most: int) -> bytes:
    """The first bytes of the body, as far as they can be unpacked."""
    body = bytearray()
    try:
        for piece in _plain(pieces, headers, most):
            body += piece
            if len(body) >= most:
                break
    except Damaged:
        pass
    return bytes(body[:most])


def _plain(pieces: Iterable[bytes], headers: Mapping[str, str], cap: int) -> Iterable[bytes]:
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return pieces
    if coding in _GZIP:
        return _unpacked(pieces, zlib.decompressobj(wbits=31), cap)
    if coding == _DEFLATE:
        return _unpacked(pieces, zlib.decompressobj(), cap)
    raise Damaged


def _unpacked(pieces: Iterable[bytes], unpacker: Any, cap: int) -> Iterable[bytes]:
    """Never unpacks more than the cap at a time: a bomb holds a thousand times its own size."""
    empty = True
    try:
        for piece in pieces:
            empty = empty and not piece
            while piece and not unpacker.eof:
                yield unpacker.decompress(piece, cap + 1)
                piece = unpacker.unconsumed_tail
        if not (unpacker.eof or empty):
            raise Damaged
    except zlib.error:
        raise Damaged from None


def is_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this is a page for people, whatever its status says."""
    kind = headers.get("content-type", "").lower()
    return "html" in kind or body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def is_challenge(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether it is the page of a guard in front of the service, which wants to see a browser."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    head = body[:65536].lower()
    return is_page(headers, body) and any(mark in head for mark in _CHALLENGE)


def said(headers: Mapping[str, str], body: bytes, secrets: Iterable[str] = ()) -> str:
    """What the service gives as its reason, as one line of plain text without addresses' queries and without `secrets`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    inner = found.get("error") if isinstance(found, dict) else None
    texts = [inner.get("message") if isinstance(inner, dict) else inner]
    if isinstance(found, dict):
        texts += [found.get(name) for name in ("message", "deadline")]
    told = list(dict.fromkeys(one for one in texts if isinstance(one, str) and one.strip()))
    text = ": ".join(told) or headers.get("x-error-message", "")
    for secret in secrets:
        text = text.replace(secret, "***")
    text = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text[:8192])
    return " ".join(_QUERY.sub(r"\1", text).split())[:_SAID].rstrip()


def parsed(body: bytes, host: str, status: int) -> Any:
    """The JSON; numbers that JSON does not have become None. Raises NoAnswer `bad_json`."""
    try:
        value = json.loads(
            body,
            object_hook=_as_it_is if len(body) >= jsontext.STEPWISE else None,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        raise NoAnswer("bad_json", "its answer is damaged", _LATER, host=host, status=status) from None
    if _depth(value, DEEPEST) > DEEPEST:
        raise NoAnswer("bad_json", "its answer is nested without reason", _LATER, host=host, status=status)
    return value


def _as_it_is(found: dict[str, Any]) -> dict[str, Any]:
    """A call of a Python function is where the interpreter lets other threads in, ComfyUI's event loop above all."""
    return found


def _no_number(_: str) -> None:
    return None


def _finite(text: str) -> float | None:
    number = float(text)
    return None if number in (float("inf"), float("-inf")) else number


def _depth(value: Any, most: int) -> int:
    """How many lists and objects lie inside each other; stops counting beyond `most`."""
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level and depth <= most:
        depth += 1
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
    return depth
