"""The client: tries, redirects by hand, tokens for their own host only. `exchange.py` sends, `judging.py` judges."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from .address import Target, onward, target
from .exchange import Again, Exchange
from .judging import KEY_HINT, judged, next_ask, skip
from .pace import SHARED, TRIES, Gate, Gates, back_off
from .types import Answer, Ask, Clock, Limit, NoAnswer, Timeouts
from .wire import SLICE, Watch

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
Token = str | tuple[str, str]

REDIRECTS, MOST_HOPS = (301, 302, 303, 307, 308), 5
# What a caller's headers may say to any host; the others go where tokens go.
_HARMLESS = {"accept", "accept-encoding", "accept-language", "content-type", "range"}


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
        self._watch = Watch(cancel)
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
        return self._call(_with(url, params), Ask("POST" if content else "GET", accept, given, content, max(cap, 1)))

    def head(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200, 302, 307, 308),
    ) -> Answer:
        """HEAD. A redirect is an answer: it is never followed."""
        given = {"accept": "*/*", **_lower(headers), "accept-encoding": "identity"}
        return self._call(url, Ask("HEAD", accept, given, follow=False))

    def range0(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200, 206, 416),
    ) -> Answer:
        """GET the first byte, for what the headers say. Follows redirects; reads 1 KiB of a host that sends all."""
        given = {"accept": "*/*", **_lower(headers), "accept-encoding": "identity", "range": "bytes=0-0"}
        return self._call(url, Ask("GET", accept, given))

    def check(self) -> None:
        """Raise NoAnswer `cancelled` when the person cancelled."""
        self._watch.check()

    def close(self) -> None:
        """Close the kept connections."""
        self._exchange.close()

    def _call(self, url: str, ask: Ask) -> Answer:
        start = target(url, self._trusted)
        patience = self._patience
        for tried in range(1, TRIES + 1):
            try:
                return self._follow(start, ask)
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

    def _follow(self, start: Target, ask: Ask) -> Answer:
        """One try. `private`: we have not been sent on to another host, not even to come back from there."""
        here, private = start, True
        for _ in range(MOST_HOPS + 1):
            gate = self._gate(here)
            headers, had_token = self._headers(here, ask, private)
            gate.enter(self._sleep)
            self.check()
            with self._exchange.send(here, ask.method, headers, ask.content) as raw:
                try:
                    location = raw.headers.get("location", "").strip()
                    if not (ask.follow and location and raw.status in REDIRECTS) or raw.status in ask.accept:
                        answer = judged(raw, here, ask, had_token=had_token, now=self._clock.now())
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

    def _headers(self, here: Target, ask: Ask, private: bool) -> tuple[dict[str, str], bool]:
        """What this host may be told, and whether a token is among it."""
        if not private or not (here.scheme == "https" or here.among(self._trusted)):
            return {name: value for name, value in ask.headers.items() if name in _HARMLESS}, False
        token = next((self._tokens[one] for one in sorted(here.names) if one in self._tokens), None)
        if token is None:
            return dict(ask.headers), False
        name, value = ("authorization", token) if isinstance(token, str) else token
        if not (value.isascii() and value.isprintable()):
            raise NoAnswer("key_refused", "the key holds characters that no key has", KEY_HINT, host=here.name)
        return {**ask.headers, name.lower(): value}, True

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
