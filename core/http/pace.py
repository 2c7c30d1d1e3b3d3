"""How fast and how often each host is asked: its rate, the rests it asks for, and the peace it is left in when it fails."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime

from .types import Clock, Limit, NoAnswer

USUAL = Limit(4.0, 8)  # for hosts of which nothing is known
TRIES = 3
LONGEST_REST = 3600.0  # seconds; a host that asks for more is asked again after so long
FAILURES = 3  # calls in a row without an answer, before a host is left in peace
PEACE = 30.0  # seconds of it; doubles up to LONGEST_PEACE
LONGEST_PEACE = 600.0


def back_off(tried: int) -> float:
    """Seconds before the next try: at least 1, 4, 16, never more than 30, spread so that not all come back at once."""
    return float(min(30.0, 4.0 ** (tried - 1) * random.uniform(1.0, 1.5)))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that Retry-After asks for: a number, or a date, which is read against the server's own clock.

    None where the header is absent, in the past or senseless; never more than LONGEST_REST.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = _moment(text)
        here = _moment(headers.get("date", ""))
        seconds = moment - (now if here is None else here) if moment is not None else 0.0
    return min(seconds, LONGEST_REST) if seconds > 0 else None  # NaN is not greater than 0 either


def _moment(text: str) -> float | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


class Gate:
    """The way to one host. Safe to use from several threads; all times are the clock's steady ones."""

    def __init__(self, host: str, limit: Limit, clock: Clock) -> None:
        self.host = host
        self._rate = max(limit.rate, 1e-3)
        self._burst = max(1, limit.burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(self._burst)
        self._filled = clock.steady()
        self._slow_until = 0.0  # all wait so long
        self._shut: tuple[float, NoAnswer] | None = None  # until when nobody waits, and why
        self._failures = 0

    def enter(self, sleep: Callable[[float], None]) -> None:
        """Wait for one's turn; at its end exactly one request may be sent. Raises NoAnswer where the host rests."""
        while (wait := self._take()) > 0:
            sleep(wait)

    def _take(self) -> float:
        """0 when one request may be sent now, and is counted; else seconds to wait before asking again."""
        with self._lock:
            now = self._clock.steady()
            self._raise_if_shut(now)
            if now < self._slow_until:
                return self._slow_until - now
            self._tokens = min(float(self._burst), self._tokens + max(0.0, now - self._filled) * self._rate)
            self._filled = now
            if self._tokens >= 1.0:
                self._tokens -= 1.0
                return 0.0
            return max((1.0 - self._tokens) / self._rate, 1e-6)

    def _raise_if_shut(self, now: float) -> None:
        if self._shut is None:
            return
        until, why = self._shut
        if now < until:
            error = NoAnswer(why.code, why.message, why.hint, host=self.host, status=why.status, until=why.until)
            raise error
        self._shut = None

    def slow_down(self, seconds: float) -> None:
        """All who want to ask this host wait so long."""
        with self._lock:
            self._slow_until = max(self._slow_until, self._clock.steady() + seconds)

    def rest(self, seconds: float, why: NoAnswer) -> NoAnswer:
        """From now on and for so long every call raises `why` at once. Gives it, with `until`."""
        with self._lock:
            why.until = self._clock.now() + seconds
            self._shut = (self._clock.steady() + seconds, why)
        return why

    def answered(self) -> None:
        """It did answer, whatever it said."""
        with self._lock:
            self._failures = 0

    def failed(self, why: NoAnswer) -> NoAnswer:
        """A call ended without an answer after all tries. After some in a row the host is left in peace for a while.

        Else a service that is down would cost its time-outs for every single file of a library.
        """
        with self._lock:
            self._failures += 1
            over = self._failures - FAILURES
        if over < 0:
            return why
        return self.rest(min(PEACE * 2.0 ** min(over, 10), LONGEST_PEACE), why)

    def try_anew(self, limit: Limit) -> None:
        """A person starts over: a host that only failed gets another chance, one that asked for rest keeps it."""
        with self._lock:
            self._rate, self._burst = max(limit.rate, 1e-3), max(1, limit.burst)
            self._failures = 0
            if self._shut is not None and self._shut[1].code != "rate_limited":
                self._shut = None


class Gates:
    """A gate for each host."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gates: dict[str, Gate] = {}
        self._limits: dict[str, Limit] = {}
        self._lock = threading.Lock()

    def adopt(self, limits: Mapping[str, Limit]) -> None:
        """These limits hold from now on, by "host[:port]"."""
        with self._lock:
            self._limits.update({name.lower(): limit for name, limit in limits.items()})
            for gate in self._gates.values():
                gate.try_anew(self._limit({gate.host}))

    def of(self, name: str, names: set[str]) -> Gate:
        """The gate of a host by its `Target.name`; `names` are all its spellings."""
        with self._lock:
            if name not in self._gates:
                self._gates[name] = Gate(name, self._limit({name, *names}), self._clock)
            return self._gates[name]

    def _limit(self, names: set[str]) -> Limit:
        return next((self._limits[one] for one in sorted(names) if one in self._limits), USUAL)


SHARED = Gates(Clock())  # of this process: a host counts our requests, not our runs
