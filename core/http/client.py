"""The client: tries, redirects by hand, tokens for their own host only. `exchange.py` sends, `judging.py` judges."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from .address import Target, onward, target
from .exchange import Again, Exchange, Raw
from .judging import KEY_HINT, REDIRECTS, judged, next_ask, skip
from .line import Cut
from .pace import SHARED, TRIES, Gate, Gates, back_off
from .stream import Stream
from .types import Answer, Ask, Clock, Limit, NoAnswer, Timeouts
from .wire import SLICE, Watch

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
Token = str | tuple[str, str]
Send = Callable[[Target, str, Mapping[str, str], bytes], AbstractContextManager[Raw]]
Given = TypeVar("Given", covariant=True)


class Judge(Protocol[Given]):
    """Makes of an answer what the caller asked for."""

    def __call__(self, raw: Raw, here: Target, ask: Ask, *, token: str, now: float) -> Given: ...


MOST_HOPS = 5
# What a caller's headers may say to any host; the others go where tokens go.
_HARMLESS = {"accept", "accept-encoding", "accept-language", "content-type", "if-range", "range"}


class Http:
    """The client. Safe to use from several threads; connections are kept; everything it raises is a NoAnswer.

    `tokens`: "host[:port]" → value of Authorization, or (header, value). They go to that very host and port, never along
    a redirect to another, and only encrypted unless the host is trusted. `trusted`: "host[:port]" that a person
    configured: may lie in a private network, may speak plain http. `limits`: by "host[:port]"; others get a modest one.
    `patience`: seconds that Retry-After may make one call wait. `cancel` is asked at least twice a second.
    `verify`: an ssl.SSLContext in place of the usual one. `shared`: limits and rests are those of the whole process, by
    the real clock, so that a second client does not ask a host that sent the first one away. `counts`: requests sent, by host.
    """

    def __init__(
        self,
        *,
        limits: Mapping[str, Limit] | None = None,
        tokens: Mapping[str, Token] | None = None,
        trusted: Collection[str] = (),
        clock: Clock | None = None,
        patience: float = 60.0,
        cancel: Callable[[], bool] = lambda: False,
        timeouts: Timeouts | None = None,
        verify: Any = None,
        shared: bool = False,
    ) -> None:
        self.counts: dict[str, int] = {}
        self._clock = clock or Clock()
        self._trusted = frozenset(name.lower() for name in trusted)
        self._tokens = {name.lower(): token for name, token in (tokens or {}).items()}
        self._patience = patience
        self._gates = SHARED if shared else Gates(self._clock)
        self._gates.adopt(limits or {})
        self._cancel = cancel
        self._watch = Watch(cancel)
        self._timeouts, self._verify = timeouts, verify
        self._exchange = Exchange(self._watch, self._trusted, timeouts or Timeouts(), verify, self.counts)

    def json(
        self,
        url: str,
        *,
        params: Params | None = None,
        post: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200,),
        cap: int = 8 << 20,
    ) -> Answer:
        """GET, or POST where `post` is JSON to send. `cap`: bytes that are read at most, unpacked.

        Raises NoAnswer for every status that is not in `accept`.
        """
        given = {"accept": "application/json", **_lower(headers), "accept-encoding": "gzip"}
        content = b""
        if post is not None:
            given["content-type"] = "application/json"
            content = json.dumps(post).encode("ascii")
        return self._ask(_with(url, params), Ask("POST" if content else "GET", accept, given, content, max(cap, 1)))

    def head(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200, 302, 307, 308),
    ) -> Answer:
        """HEAD. A redirect is an answer: it is never followed."""
        given = {"accept": "*/*", **_lower(headers), "accept-encoding": "identity"}
        return self._ask(url, Ask("HEAD", accept, given, follow=False))

    def range0(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200, 206, 416),
    ) -> Answer:
        """GET the first byte, for what the headers say. Follows redirects; reads 1 KiB of a host that sends all."""
        given = {"accept": "*/*", **_lower(headers), "accept-encoding": "identity", "range": "bytes=0-0"}
        return self._ask(url, Ask("GET", accept, given))

    @contextmanager
    def fetch(
        self,
        url: str,
        *,
        start: int = 0,
        if_range: str = "",
        accept: str = "*/*",
        on_open: Callable[[Callable[[], None]], None] | None = None,
    ) -> Iterator[Stream]:
        """GET a file, from byte `start` on, as a stream that is open within the block; follows redirects.

        `if_range`: a strong ETag, goes along with a `start` beyond 0. The caller looks at status and Content-Range: a
        host may ignore both. `accept`: what it may answer with. `on_open` is handed at once what breaks this fetch off wherever it is, from any thread.
        Bytes are given out as they come; there is no limit to the time of the whole, but `timeouts.read` (30 s) to silence.

        Raises NoAnswer, `status` with it, for every status but 200, 206 and 416, for web pages, for what is packed or in
        several parts, and for lengths that contradict each other. Opening is tried again like any call; a body is not.
        """
        from .fetching import USUAL, Opening, question

        cut = Cut(self._cancel)
        if on_open is not None:
            on_open(cut.pull)
        opening = Opening(self._exchange, cut, self._trusted, self._timeouts or USUAL, self._verify)
        with self._watch.instead(cut.check):
            stream = self._call(url, question(start, if_range, accept), opening.send, opening.judge)
        try:
            yield stream
        finally:
            stream.close()

    def check(self) -> None:
        """Raise NoAnswer `cancelled` when the person cancelled."""
        self._watch.check()

    def close(self) -> None:
        """Close the kept connections."""
        self._exchange.close()

    def _ask(self, url: str, ask: Ask) -> Answer:
        return self._call(url, ask, self._exchange.send, judged)

    def _call(self, url: str, ask: Ask, send: Send, judge: Judge[Given]) -> Given:
        start = target(url, self._trusted)
        patience = self._patience
        for tried in range(1, TRIES + 1):
            try:
                return self._follow(start, ask, send, judge)
            except Again as again:
                failed = again  # raised below, without the chain that could hold headers
            wait = back_off(tried) if failed.wait is None else failed.wait
            over = tried == TRIES or wait > patience or not failed.retry
            gate = self._gate(failed.at)
            if over:
                raise gate.rest(wait, failed.why) if failed.slow else gate.failed(failed.why)
            patience -= wait
            if failed.slow:
                gate.slow_down(wait)  # for all threads; the next try waits at the gate like them
            else:
                self._sleep(wait)
        raise AssertionError("the last try answers or raises")

    def _follow(self, start: Target, ask: Ask, send: Send, judge: Judge[Given]) -> Given:
        """One try. `private`: we have not been sent on to another host, not even to come back from there."""
        here, private = start, True
        for _ in range(MOST_HOPS + 1):
            gate = self._gate(here)
            headers, token = self._headers(here, ask, private)
            gate.enter(self._sleep)
            self.check()
            with send(here, ask.method, headers, ask.content) as raw:
                try:
                    location = raw.headers.get("location", "").strip()
                    if not (ask.follow and location and raw.status in REDIRECTS) or raw.status in ask.accept:
                        answer = judge(raw, here, ask, token=token, now=self._clock.now())
                        gate.answered()
                        return answer
                    skip(raw)
                    there = onward(here, location, self._trusted)
                    ask = next_ask(ask, raw.status, here=here, there=there)
                except NoAnswer:
                    gate.answered()
                    raise
            private = private and there.origin == here.origin
            here = there
        text = f"it sent us on more than {MOST_HOPS} times"
        raise NoAnswer("too_many_redirects", text, "Try again later.", host=start.name)

    def _headers(self, here: Target, ask: Ask, private: bool) -> tuple[dict[str, str], str]:
        """What this host may be told, and the token that is among it, or ""."""
        if not private or not (here.scheme == "https" or here.among(self._trusted)):
            return {name: value for name, value in ask.headers.items() if name in _HARMLESS}, ""
        token = next((self._tokens[one] for one in sorted(here.names) if one in self._tokens), None)
        if token is None:
            return dict(ask.headers), ""
        name, value = ("authorization", token) if isinstance(token, str) else token
        if not (value.isascii() and value.isprintable()):
            raise NoAnswer("key_refused", "the key holds characters that no key has", KEY_HINT, host=here.name)
        return {**ask.headers, name.lower(): value}, value

    def _gate(self, here: Target) -> Gate:
        return self._gates.of(here.name, here.names)

    def _sleep(self, seconds: float) -> None:
        """Wait in slices, so that a person who cancels is heard."""
        end = self._clock.steady() + seconds
        while (left := end - self._clock.steady()) > 0:
            self.check()
            self._clock.sleep(min(left, SLICE))


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def _with(url: str, params: Params | None) -> str:
    if not params:
        return url
    query = urlencode(params, doseq=True, errors="replace", quote_via=quote)  # names may hold half a surrogate pair
    return f"{url}{'&' if '?' in url else '?'}{query}"
