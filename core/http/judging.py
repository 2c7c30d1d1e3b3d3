"""What an answer amounts to: JSON, a file, a page for people, a refusal, a wish to be left in peace, a fault."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import body as bodies
from .address import Target
from .exchange import Again, Raw
from .pace import retry_after
from .types import Answer, Ask, NoAnswer

REDIRECTS = (301, 302, 303, 307, 308)
PEEK = 1024  # bytes of a file that are read where only its headers count
ERROR_PEEK = 64 << 10  # bytes of an error page that are looked at
GUARDED = (200, 403, 429, 503)  # statuses under which a guard in front of a service shows its page
PASSING = (408, 425)  # and all from 500: another try may get an answer

_TRY_LATER = "Try again later."
_OPEN_PAGE = "Open the file's page in a browser: it may want a sign-in, or a moment of patience."
_SECRET = 8  # characters; what is shorter is a word like "true"
KEY_HINT = "Check the key in the settings, or remove it."
_WORDS = {
    400: "it does not understand the question",
    401: "it wants a sign-in",
    403: "it refused the request",
    404: "it knows no such address",
    405: "it does not take this kind of request",
    410: "what was asked for is gone",
    414: "the question is too long for it",
    422: "it does not understand the question",
    451: "it must not answer, for legal reasons",
}


def judged(raw: Raw, here: Target, ask: Ask, *, token: str, now: float) -> Answer:
    """The answer, read and parsed. Raises Again where another try may help, else NoAnswer.

    `token`: what went along, or "". `now`: seconds since the epoch, for Retry-After.
    """
    wanted = raw.status in ask.accept
    body = _body(raw, here, ask, wanted)
    if raw.status in GUARDED and bodies.is_challenge(raw.headers, body):
        raise Again(_no("not_json", "it wants to see a browser", raw, here), here)
    if not wanted:
        raise _refusal(raw, here, body, token, now)
    return Answer(raw.status, raw.headers, _value(raw, here, body) if ask.cap else None, here.url)


def check_file(raw: Raw, here: Target, ask: Ask, *, token: str, now: float) -> None:
    """See that a file's bytes come next, as they are. Raises like `judged`; reads the body only where it does.

    What calls itself HTML is a web page, whatever the address says. 416 is an answer, with any body.
    """
    wanted = raw.status in ask.accept
    if wanted and raw.status == 416:
        return
    if not wanted or bodies.is_page(raw.headers, b"") or bodies.is_challenge(raw.headers, b""):
        body = bodies.peek(raw.pieces, raw.headers, ERROR_PEEK)
        if raw.status in GUARDED and bodies.is_challenge(raw.headers, body):
            raise Again(_no("web_page", "it wants to see a browser", raw, here, _OPEN_PAGE), here)
        if not wanted:
            raise _refusal(raw, here, body, token, now)
        raise _no("web_page", "it sent a web page instead of the file", raw, here, _OPEN_PAGE)
    coded = {
        raw.headers.get("content-encoding", ""),
        raw.headers.get("transfer-encoding", "").lower().replace("chunked", "", 1),
    }
    if {one.strip().lower() for one in coded} - {"", "identity"}:
        raise _no("encoded", "it packed the file on its way, though we asked for it as it is", raw, here)
    if "multipart/" in raw.headers.get("content-type", "").lower():
        raise _no("unexpected_shape", "it sent several parts instead of one", raw, here)
    lengths = {one.strip() for one in raw.headers.get("content-length", "").split(",")} - {""}
    if len(lengths) > 1:
        raise _no("unexpected_shape", "it names different sizes for the same file", raw, here)
    if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in lengths):
        raise _no("unexpected_shape", "it names a size that is none", raw, here)


def _body(raw: Raw, here: Target, ask: Ask, wanted: bool) -> bytes:
    if ask.method == "HEAD":
        skip(raw)
        return b""
    if not (wanted and ask.cap):
        return bodies.peek(raw.pieces, raw.headers, PEEK if wanted else ERROR_PEEK)
    try:
        return bodies.read(raw.pieces, raw.headers, ask.cap)
    except bodies.TooLarge:
        raise _no("too_large", f"its answer is larger than {_size(ask.cap)}", raw, here) from None
    except bodies.Damaged:
        raise _no("bad_json", "its answer cannot be unpacked", raw, here) from None


def skip(raw: Raw) -> None:
    """Pass over a body that nobody needs: a connection is kept only when its answer was read to the end."""
    bodies.peek(raw.pieces, {}, PEEK)


def _value(raw: Raw, here: Target, body: bytes) -> Any:
    if not body.strip():
        return None
    if bodies.is_page(raw.headers, body):
        raise _no("not_json", "it sent a web page instead of data", raw, here)
    if raw.status >= 400 and "json" not in raw.headers.get("content-type", ""):
        return None  # "Entry not found": the status says it all
    return bodies.parsed(body, here.name, raw.status)


def _refusal(raw: Raw, here: Target, body: bytes, token: str, now: float) -> Again | NoAnswer:
    error = _refused(raw, here, bool(token), now)
    (error.why if isinstance(error, Again) else error).said = bodies.said(raw.headers, body, _secrets(here, token))
    return error


def _secrets(here: Target, token: str) -> list[str]:
    """What must not be seen of "Bearer abc" and of a signed address, should the service repeat it."""
    told = [token.rpartition(" ")[2], *(value for _, value in parse_qsl(urlsplit(here.url).query))]
    return sorted({one for one in told if len(one) >= _SECRET}, key=len, reverse=True)


def _refused(raw: Raw, here: Target, had_token: bool, now: float) -> Again | NoAnswer:
    wait = retry_after(raw.headers, now)
    if raw.status == 429 or (raw.status == 503 and wait is not None):
        text = "it asks us to slow down" if wait is None else f"it asks us to come back in {_span(wait)}"
        return Again(_no("rate_limited", text, raw, here), here, wait=wait, slow=True)
    if raw.status >= 500 or raw.status in PASSING:
        return Again(_no("server_error", f"it reported a fault of its own (status {raw.status})", raw, here), here)
    if raw.status == 401 and had_token:
        return _no("key_refused", "it refused the key", raw, here, KEY_HINT)
    words = _WORDS.get(raw.status, "it gave an answer that we did not expect")
    return _no("unexpected_status", f"{words} (status {raw.status})", raw, here)


def _no(code: str, message: str, raw: Raw, here: Target, hint: str = _TRY_LATER) -> NoAnswer:
    return NoAnswer(code, message, hint, host=here.name, status=raw.status)


def next_ask(ask: Ask, status: int, *, here: Target, there: Target) -> Ask:
    """The question as it is put again after a redirect. Raises NoAnswer where its content would go to another host."""
    if ask.method != "POST" or (status in (307, 308) and there.origin == here.origin):
        return ask
    if status in (307, 308):
        text = "it sent us on to another server, which was not told what we ask"
        raise NoAnswer("unexpected_status", text, _TRY_LATER, host=here.name, status=status)
    told = {name: value for name, value in ask.headers.items() if name != "content-type"}
    return ask._replace(method="GET", content=b"", headers=told)


def _size(number: int) -> str:
    return f"{number >> 20} MiB" if number >= 1 << 20 else f"{number:,} bytes"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    return f"{round(seconds / 60)} minutes"
