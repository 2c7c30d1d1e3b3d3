"""Runs the cycle inside ComfyUI: looks at the disk now and then, asks the schedule, and lets one scan run at a time.

Nothing is decided here; `core/schedule.py` decides. All that reads or writes happens in the worker's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core import schedule as plan
from ..core.errors import ComfyFixerError
from ..core.files import read_json, write_json
from ..core.schedule import Now, Schedule, Step
from .watch import Watch
from .worker import Worker

if TYPE_CHECKING:
    from .service import Service

_log = logging.getLogger("comfyfixersmart.cycle")

SCHEMA = 1
TICK = 1.0  # seconds between two decisions
LOOK = 3.0  # seconds between two looks at the disk, at the least
LOOK_SHARE = 100  # a look that took t seconds is not repeated before 100 t: one percent of one core at most
TELL = 0.25  # seconds between two progress events
AFTER_FAULT = 30.0  # seconds of rest after a fault of our own

_WAITS = {
    plan.PROMPT_RUNNING: "Waiting for the running prompt to end.",
    plan.LOW_MEMORY: "Waiting for memory: less than 256 MB are free.",
    plan.SETTLING: "Files are changing; checking when they are at rest.",
    plan.STARTING: "ComfyUI has just started.",
}


def _now() -> Now:
    return Now(time.time(), time.monotonic())


class Cycle:
    """The task that lives as long as ComfyUI. `clock` gives the moment, so that tests can move it."""

    def __init__(self, service: Service, clock: Callable[[], Now] = _now) -> None:
        self._service = service
        self._clock = clock
        self._worker = Worker("comfyfixersmart")
        self._watch = Watch()
        self._schedule = Schedule(every=7200.0)
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cancelled = False
        self._watching = True
        self._settings_stale = True
        self._next_look = 0.0
        self._step = Step(plan.IDLE)
        self._progress: tuple[str | None, int, int] = (None, 0, 0)
        self._told = 0.0
        self._unkept = ""
        service.ask, service.stop = self.ask, self.stop
        service.preferences.on_change.append(self.settings_changed)
        service.cycle_json = self.as_json

    # ---- from other threads ----------------------------------------------------------------------------

    def ask(self) -> None:
        """A person wants a check now. Kept on disk at once, so that not even a kill loses it."""
        self._schedule.ask()
        self._save()
        self._wake()

    def stop(self) -> None:
        """Let the running cycle end between two files; one that was only asked for does not begin."""
        self._cancelled = True
        if self._schedule.asked and not self._schedule.running:
            self._schedule.asked = False
            self._save()
            self._wake()

    def settings_changed(self) -> None:
        """Read the settings again before the next decision."""
        self._settings_stale = True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    # ---- the task --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Goes on until it is cancelled. A fault of ours is logged and shown, and never ends it."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._worker.run(self._load)
        except Exception as error:
            self._fault(error)
        while True:
            rest = TICK
            try:
                await self.turn()
                self._service.parts["cycle"] = None
            except Exception as error:
                self._fault(error)
                rest = AFTER_FAULT
            with contextlib.suppress(TimeoutError, asyncio.TimeoutError):  # two classes until Python 3.11
                await asyncio.wait_for(self._woken.wait(), rest)
            self._woken.clear()

    async def turn(self) -> None:
        """Look, decide, and run a cycle if one is due."""
        if self._settings_stale:
            await self._worker.run(self._read_settings)
        moment = self._clock()
        if moment.steady >= self._next_look:
            await self._worker.run(self._look)
        step = self._decide()
        if step != self._step:
            self._step = step
            self._tell()
        if step.action == plan.RUN:
            await self._cycle(step.why)
        if self._service.discovery.turn(self._clock()):
            await self._worker.run(self._save)

    def _decide(self) -> Step:
        free = self._service.machine.get("ram_free")
        return self._schedule.decide(self._clock(), prompts=self._service.host.busy(), free=free)

    async def _cycle(self, reason: str) -> None:
        self._cancelled = False
        self._progress = (None, 0, 0)
        self._schedule.start(reason, self._clock())
        self._tell()
        workflows, error, outcome = 0, None, plan.DONE
        try:
            workflows = await self._worker.run(lambda: self._service.checks.scan(self._say, lambda: self._cancelled))
            outcome = plan.CANCELLED if self._cancelled else plan.DONE
            if outcome == plan.DONE:
                self._service.discovery.cycle_ended()
        except Exception as raised:
            outcome, error = plan.FAILED, as_error(raised)
            if isinstance(raised, ComfyFixerError) and raised.code == "cancelled":
                outcome, error = plan.CANCELLED, None
            else:
                _log.warning("The check of the workflows failed: %s", error["message"], exc_info=_surprising(raised))
        finally:
            self._schedule.finish(outcome, self._clock(), workflows=workflows, error=error)
            self._progress = (None, 0, 0)
            self._step = Step(plan.IDLE)
        await self._worker.run(self._save)
        self._tell()

    # ---- in the worker's thread ------------------------------------------------------------------------

    def _load(self) -> None:
        before = self._schedule
        body = read_json(self._path, SCHEMA)
        self._schedule = Schedule.from_json(body, before.every)
        self._schedule.asked |= before.asked  # asked for while this was read
        self._service.discovery.load((body or {}).get("discovery"))

    def _save(self) -> None:
        try:
            write_json(self._path, SCHEMA, {**self._schedule.to_json(), "discovery": self._service.discovery.to_json()})
        except (OSError, ComfyFixerError) as error:
            if str(error) != self._unkept:  # said once, not at every cycle
                self._unkept = str(error)
                _log.warning("The schedule was not kept: %s", error)

    @property
    def _path(self) -> Any:
        return self._service.host.state_folder() / "schedule.json"

    def _read_settings(self) -> None:
        self._settings_stale = False
        values = self._service.preferences.resolved().values
        self._service.heed(values)
        self._schedule.use(values.cycle_hours * 3600.0, self._clock())
        self._watching = values.watch

    def _look(self) -> None:
        began = time.monotonic()
        host = self._service.host
        self._next_look = self._clock().steady + LOOK
        self._read_settings()  # ComfyUI's dialog writes without telling
        self._service.look_at_machine()
        files = ""
        if self._watching:
            roots = [*host.model_roots(), host.directories().get("input", "")]
            workflows = [self._service.shelf(user).workflows for user in host.users()]
            files = self._watch.look(workflows, [root for root in roots if root])
        self._schedule.see(files, self._clock(), installed=host.fingerprint())
        self._next_look = self._clock().steady + max(LOOK, LOOK_SHARE * (time.monotonic() - began))

    def _say(self, phase: str, done: int, total: int) -> None:
        self._progress = (phase, done, total)
        moment = time.monotonic()
        if moment - self._told >= TELL:
            self._told = moment
            self._tell()

    # ---- what others see -------------------------------------------------------------------------------

    def _tell(self) -> None:
        self._service.host.send("comfyfixersmart.cycle", {"cycle": self.as_json()})

    def _fault(self, error: Exception) -> None:
        said = as_error(error)
        _log.warning("ComfyFixerSmart's cycle: %s", said["message"], exc_info=_surprising(error))
        self._service.parts["cycle"] = self._for_all(said)

    def as_json(self) -> dict[str, Any]:
        """The cycle as the status shows it. Holds no names: events go to every user."""
        schedule, (phase, done, total) = self._schedule, self._progress
        running, step = schedule.running, self._step
        waiting = not running and step.action == plan.WAIT
        return {
            "state": "running" if running else "waiting" if waiting else "idle",
            "why": {"code": step.why, "text": _WAITS[step.why]} if waiting else None,
            "reason": running or None,
            "phase": phase,
            "done": done,
            "total": total,
            "last": self._last(),
            "next": schedule.due,
            "every": schedule.every,
        }

    def _last(self) -> dict[str, Any] | None:
        last = self._schedule.last
        if last is None:
            return None
        return {**last._asdict(), "error": last.error and self._for_all(last.error)}

    def _for_all(self, error: dict[str, str]) -> dict[str, str]:
        """What every user may see: with several, the path in an error may be another's."""
        if not self._service.host.multi_user():
            return error
        return {"code": error["code"], "message": "The check failed.", "hint": "ComfyUI's log says more."}


def as_error(error: Exception) -> dict[str, str]:
    """Any error as code, message and hint."""
    if isinstance(error, ComfyFixerError):
        return {"hint": "", **error.as_json()}
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        hint = "Check the path, its permissions and the free space."
        return {"code": "os_error", "message": f"{where}{error.strerror or error}", "hint": hint}
    name = type(error).__name__
    return {
        "code": "internal_error",
        "message": f"ComfyFixerSmart failed ({name}). That is our fault.",
        "hint": "The log says more. Please report it.",
    }


def _surprising(error: Exception) -> Exception | None:
    """The traceback is only worth its lines where we did not foresee the error."""
    return None if isinstance(error, ComfyFixerError | OSError) else error
