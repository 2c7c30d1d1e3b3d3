"""What a source says of a file before its bytes come: from the head of an answer, or asked for on its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..types import Offer

if TYPE_CHECKING:
    from ...http import Http

# Their addresses say size and SHA-256 themselves, before they send us on. Others mishandle HEAD: Civitai with a 401.
_TELL_AT_ONCE = frozenset({"huggingface", "modelscope"})
# Who is not asked for JSON may be answered with a page to sign in at, in place of what is wrong.
_WORDS = {"civitai": "application/json, */*;q=0.9"}
_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.I)
_NOTHING = re.compile(r"bytes\s+\*/(\d{1,18})", re.I)
_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,256}"')
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of an empty file: an answer that is none


class Announced(NamedTuple):
    """What is served under an address now. Bytes; None or "" where it is not told. `etag` is a strong one, in quotes."""

    size: int | None = None
    etag: str = ""
    sha256: str | None = None


class Head(NamedTuple):
    """Which bytes an answer brings. `end` is the byte after the last one; None: not told.

    `ranged`: it says that it is a part, by Content-Range and whatever its status: one service says 200 with it.
    `sound`: what it says does not contradict itself.
    """

    ranged: bool
    start: int
    end: int | None
    total: int | None
    etag: str
    sound: bool = True


def head_of(status: int, headers: Mapping[str, str]) -> Head:
    """The head of an answer with status 200, 206 or 416. Header names in lower case."""
    etag, length = strong(headers.get("etag", "")), _number(headers.get("content-length", ""))
    told = headers.get("content-range", "").strip()
    if status == 416:
        found = _NOTHING.fullmatch(told)
        return Head(True, 0, 0, int(found[1]) if found else None, etag)
    if not told:
        return Head(False, 0, length, length, etag, sound=status == 200)
    part = _RANGE.fullmatch(told)
    if part is None:
        return Head(True, 0, None, None, etag, sound=False)
    start, end = int(part[1]), int(part[2]) + 1
    total = None if part[3] == "*" else int(part[3])
    sound = start < end and (total is None or end <= total) and length in (None, end - start)
    return Head(True, start, end, total, etag, sound)


def strong(etag: str) -> str:
    """The ETag where it is a strong one, else "": only that proves that two answers are parts of one content."""
    return etag.strip() if _STRONG.fullmatch(etag.strip()) else ""


def _number(text: str) -> int | None:
    """A length. Several equal ones, which the client has seen to be equal, count once."""
    text = text.partition(",")[0].strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def check_offer(offer: Offer, size: int | None, sha256: str | None, http: Http) -> Announced:
    """Ask what this offer serves now. `size`, `sha256`: what is known already and need not be found out.

    One short question or two; no byte of the file is kept. Raises NoAnswer.
    """
    told = linked(offer, http) if offer.source in _TELL_AT_ONCE else Announced()
    if None not in (told.size or size, told.sha256 or sha256):
        return told
    answer = http.range0(offer.url, headers={"accept": accepted(offer)})
    head = head_of(answer.status, answer.headers)
    if not head.sound:
        return told
    return Announced(told.size if told.size is not None else head.total, head.etag, told.sha256)


def accepted(offer: Offer) -> str:
    """What this offer's source may answer with, as a header says it. A file is one in any case."""
    return _WORDS.get(offer.source, "*/*")


def linked(offer: Offer, http: Http) -> Announced:
    """What the address itself says, where it is one that does. Raises NoAnswer."""
    if offer.source not in _TELL_AT_ONCE:
        return Announced()
    headers = http.head(offer.url).headers
    told = headers.get("x-linked-etag", "").removeprefix("W/").strip('" ').lower()
    sha256 = told if _SHA256.fullmatch(told) and told != _EMPTY else None
    return Announced(_number(headers.get("x-linked-size", "")), "", sha256)
