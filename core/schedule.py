"""When is a cycle due? Pure: the clock, the queue and the memory are handed in.

    plan = Schedule(every=7200.0)
    plan.see(fingerprint, now)             what was seen on the disk; a change makes a cycle due once it is quiet
    step = plan.decide(now, prompts=0)     Step("run", "due") · Step("wait", "prompt_running") · Step("idle")

Due times are kept by the wall clock, so that they survive a restart and a night's sleep; a clock that was set
back never postpones a cycle by more than one period. However many due times went by, one cycle runs.

`Discovery` decides in the same way when what is missing is looked up on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

RUN, WAIT, IDLE = "run", "wait", "idle"
FIRST, DUE, ASKED, CHANGED, INSTALLATION = "first", "due", "asked", "changed", "installation_changed"
PROMPT_RUNNING, LOW_MEMORY, SETTLING, STARTING = "prompt_running", "low_memory", "settling", "starting"
SEARCHING = "search_running"
DONE, FAILED, CANCELLED, PAUSED = "done", "failed", "cancelled", "paused"

GRACE = 5.0  # seconds after the start before the first cycle: the page loads first
QUIET = 2.0  # seconds without a further change before a change makes a cycle due
PATIENCE = 60.0  # seconds after which a change that does not settle makes one due all the same
RETRY = 300.0  # seconds after a first failure; doubled with each further one, never longer than the period
PAUSE = 30.0  # seconds after a failure before a change makes a cycle due: most changes would only fail the same way
MEMORY_TO_CHECK = 256_000_000  # bytes that must be free to check a library: 20 MB were measured, plus room to breathe


class Now(NamedTuple):
    """One moment on both clocks: `wall` is seconds since the epoch, `steady` never jumps and may stop in sleep."""

    wall: float
    steady: float


class Step(NamedTuple):
    """What to do now: RUN with a reason, WAIT with what is waited for, or IDLE."""

    action: str
    why: str = ""


class Last(NamedTuple):
    """How the last cycle went. Times are seconds since the epoch; `seconds` is how long it took."""

    started: float
    finished: float
    outcome: str
    reason: str
    seconds: float
    workflows: int = 0
    error: dict[str, str] | None = None


@dataclass(slots=True)
class Schedule:
    """The due time, what was asked for, what was seen. Every method takes the moment; none reads a clock.

    `every` is the period in seconds. `due` is None before the first cycle ever.
    """

    every: float
    due: float | None = None
    asked: bool = False
    last: Last | None = None
    failures: int = 0
    checked: str = ""  # fingerprint of the files that the last cycle looked at
    installed: str = ""  # fingerprint of the installation that the last cycle looked at
    _born: Now | None = None
    _running: str = ""
    _began: Now | None = None
    _seen: str = ""
    _installed_now: str = ""
    _changing: tuple[float, float] | None = None  # steady time of the first and of the last change not yet looked at
    _failed: float | None = None  # steady time at which the last cycle failed
    _at_start: tuple[str, str] = field(default=("", ""))

    # ---- what happens ----------------------------------------------------------------------------------

    def ask(self) -> None:
        """A person wants a cycle. While one runs, that one is theirs."""
        self.asked = self.asked or not self._running

    def see(self, files: str, now: Now, *, installed: str = "") -> None:
        """What lies on the disk now, and what is installed, as fingerprints: equal means unchanged, "" not looked at."""
        self._installed_now = installed or self._installed_now
        if not files or files == self._seen:
            return
        before, self._seen = self._seen or self.checked, files
        if before != files:
            first = self._changing[0] if self._changing else now.steady
            self._changing = (first, now.steady)

    def decide(self, now: Now, *, prompts: int = 0, free: int | None = None) -> Step:
        """What to do at this moment. `prompts` run or wait in ComfyUI; `free` bytes of memory, None where not known."""
        if self._born is None:
            self._born = now
        self._mend_clock(now)
        reason = self._reason(now)
        if self._running:
            return Step(IDLE)
        if not reason:
            return Step(WAIT, SETTLING) if self._changing else Step(IDLE)
        if reason != ASKED and now.steady - self._born.steady < GRACE:
            return Step(WAIT, STARTING)
        if prompts > 0:
            return Step(WAIT, PROMPT_RUNNING)
        if not enough(MEMORY_TO_CHECK, free):
            return Step(WAIT, LOW_MEMORY)
        return Step(RUN, reason)

    def start(self, reason: str, now: Now) -> None:
        """The cycle begins. What changes from here on counts for the next one."""
        self._running, self._began = reason, now
        self._at_start = (self._seen, self._installed_now)
        self._changing = None

    def finish(self, outcome: str, now: Now, *, workflows: int = 0, error: dict[str, str] | None = None) -> None:
        """The cycle ended: DONE, FAILED or CANCELLED. Sets the next due time."""
        began = self._began or now
        took = max(0.0, now.steady - began.steady)
        self.last = Last(began.wall, now.wall, outcome, self._running, took, workflows, error)
        self.failures = self.failures + 1 if outcome == FAILED else 0
        self._failed = now.steady if outcome == FAILED else None
        self.checked, self.installed = self._at_start
        wait = min(self.every, RETRY * 2 ** min(self.failures - 1, 20)) if outcome == FAILED else self.every
        self.due = max(began.wall + wait, now.wall)
        self.asked, self._running, self._began = False, "", None

    def use(self, every: float, now: Now) -> None:
        """Another period from now on: the next cycle is never further away than that."""
        if every != self.every:
            self.every = every
            start = self.last.started if self.last else now.wall
            self.due = None if self.due is None else min(start, now.wall) + every

    @property
    def running(self) -> str:
        """The reason of the cycle that runs, "" when none does."""
        return self._running

    # ---- how it is decided -----------------------------------------------------------------------------

    def _mend_clock(self, now: Now) -> None:
        if self.due is not None and self.due - now.wall > self.every:
            self.due = now.wall + self.every  # the clock was set back, or the file was written by a wrong one

    def _reason(self, now: Now) -> str:
        if self.asked:
            return ASKED
        if self.due is None:
            return FIRST
        if now.wall >= self.due:
            return DUE
        if self._failed is not None and now.steady - self._failed < PAUSE:
            return ""
        if self._installed_now and self.installed and self._installed_now != self.installed:
            return INSTALLATION
        if self._changing:
            first, last = self._changing
            if now.steady - last >= QUIET or now.steady - first >= PATIENCE:
                return CHANGED
        return ""

    # ---- across restarts -------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """What a restart needs to go on."""
        return {
            "due": self.due,
            "asked": self.asked,
            "failures": self.failures,
            "checked": self.checked,
            "installed": self.installed,
            "last": list(self.last) if self.last else None,
        }

    @classmethod
    def from_json(cls, body: Any, every: float) -> Schedule:
        """The schedule as it was saved; whatever cannot be understood is as if it had never been."""
        plan = cls(every)
        if not isinstance(body, dict):
            return plan
        plan.due = _time(body.get("due"))
        plan.asked = body.get("asked") is True
        failures = body.get("failures")
        plan.failures = failures if type(failures) is int and 0 <= failures < 1000 else 0
        plan.checked, plan.installed = _text(body.get("checked")), _text(body.get("installed"))
        plan.last = _last(body.get("last"))
        return plan


class LookedUp(NamedTuple):
    """How the last look-up without being asked went: how many things were looked up, how many are still to be."""

    started: float
    finished: float
    outcome: str
    looked_up: int = 0
    left: int = 0
    error: dict[str, str] | None = None


@dataclass(slots=True)
class Discovery:
    """Looks up what is missing after each finished cycle, if the person switched it on. Pure, as `Schedule` is.

    What a person asks for goes first, and a prompt too: then the look-up pauses and goes on later with what is left.
    """

    last: LookedUp | None = None
    _wanted: bool = False  # a cycle ended and what it found was not looked up yet
    _began: Now | None = None
    _failed: float | None = None  # steady time at which the last one failed

    def cycle_ended(self) -> None:
        """A cycle was finished, so there may be something new to look up."""
        self._wanted = True

    def decide(self, now: Now, *, on: bool, prompts: int = 0, searching: bool = False, free: int | None = None) -> Step:
        """What to do at this moment. `on`: the person's switch; `searching`: a search that they asked for runs."""
        if not on or not self._wanted or self._began is not None:
            return Step(IDLE)
        if self._failed is not None and now.steady - self._failed < RETRY:
            return Step(IDLE)
        if searching:
            return Step(WAIT, SEARCHING)
        if prompts > 0:
            return Step(WAIT, PROMPT_RUNNING)
        if not enough(MEMORY_TO_CHECK, free):
            return Step(WAIT, LOW_MEMORY)
        return Step(RUN)

    def start(self, now: Now) -> None:
        """It begins. A cycle that ends from here on makes another one due."""
        self._began, self._wanted = now, False

    def finish(
        self, outcome: str, now: Now, *, looked_up: int = 0, left: int = 0, error: dict[str, str] | None = None
    ) -> None:
        """It ended: DONE, FAILED, CANCELLED, or PAUSED, after which it goes on as soon as it may."""
        began = self._began or now
        self.last = LookedUp(began.wall, now.wall, outcome, looked_up, left, error)
        self._failed = now.steady if outcome == FAILED else None
        self._wanted |= outcome == PAUSED
        self._began = None

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._began is not None

    def to_json(self) -> dict[str, Any]:
        """What is shown after a restart."""
        return {"last": list(self.last) if self.last else None}

    @classmethod
    def from_json(cls, body: Any) -> Discovery:
        """As it was saved; whatever cannot be understood is as if it had never been."""
        return cls(_looked_up(body.get("last")) if isinstance(body, dict) else None)


def enough(wanted: int, free: int | None) -> bool:
    """Whether a part that wants this many bytes may run now. Where free memory is not known, it may."""
    return free is None or free >= wanted


def _time(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e11 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 200 else ""


_ERROR = ("code", "message", "hint")


def _last(raw: Any) -> Last | None:
    if not isinstance(raw, list) or len(raw) != len(Last._fields):
        return None
    started, finished, seconds = _time(raw[0]), _time(raw[1]), _time(raw[4])
    known = raw[2] in (DONE, FAILED, CANCELLED) and isinstance(raw[3], str) and type(raw[5]) is int
    if started is None or finished is None or seconds is None or not known:
        return None
    return Last(started, finished, raw[2], raw[3][:40], seconds, raw[5], _error(raw[6]))


def _looked_up(raw: Any) -> LookedUp | None:
    if not isinstance(raw, list) or len(raw) != len(LookedUp._fields):
        return None
    started, finished = _time(raw[0]), _time(raw[1])
    known = raw[2] in (DONE, FAILED, CANCELLED, PAUSED) and type(raw[3]) is int and type(raw[4]) is int
    if started is None or finished is None or not known:
        return None
    return LookedUp(started, finished, raw[2], raw[3], raw[4], _error(raw[5]))


def _error(raw: Any) -> dict[str, str] | None:
    whole = isinstance(raw, dict) and all(isinstance(raw.get(key), str) for key in _ERROR)
    return {key: raw[key] for key in _ERROR} if whole else None
