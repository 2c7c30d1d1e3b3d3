"""Installing and enabling packs, by ComfyUI-Manager alone. The plan's checks are made once more before it is asked.

What the Manager has begun it goes on with: a person who cancels only stops us from waiting for it. Asked again, we see
what has become of it in the meantime.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable

from ...http import NoAnswer
from ..policy import ACTIVE, bad_pack
from ..types import COMMAND, Action, ActionFailed, Control, Done, PackTask, Stopped
from . import names
from .desk import Desk, Here, Refused, State, desk_for
from .manager import Manager

POLL = 1.0  # seconds between two looks at how far it is
MOST_SILENT = 60  # looks in a row without an answer before we stop waiting
_GOES_ON = "Not waited for any longer. What ComfyUI-Manager has begun, it goes on with."


def install(action: Action, control: Control, *, manager: Manager | None) -> Done:
    """Let the Manager install exactly the version that the plan names, unless it is here already.

    Raises ActionFailed: `by_hand` where the plan or the Manager's absence leaves it to the person, `pack_refused`,
    `pack_is_checkout`, `manager_refused`, `manager_failed`, `manager_silent`; ComfyFixerError `unsafe_name`; Stopped, NoAnswer.
    """
    task = _task(action)
    names.checked(task)
    _refuse(task)
    if task.status != ACTIVE:
        said = f"says {task.status} of" if task.status else "has not checked"
        raise ActionFailed(
            "pack_refused", f"The Comfy Registry {said} version {task.version} of {action.title}.", "Make a new plan."
        )
    if manager is None or task.through == COMMAND:
        raise by_hand(task)
    desk, queued = _desk(action, control, manager)
    found = _find(desk.here(), task)
    if found is not None and found.enabled:
        if _same(found.version, task.version):
            return _done(desk, task, found, f"Version {task.version} is here already")
        if found.checkout:
            raise ActionFailed(
                "pack_is_checkout",
                f"{action.title} is here as a git checkout, which ComfyUI-Manager would put aside.",
                "Update it by hand with git pull, or remove it first.",
            )
    if not queued:
        _ask(control, action, manager, lambda: desk.install(task), "install")
    state = _over(desk, control, "ComfyUI-Manager installs it")
    found = _find(desk.here(), task)
    if found is not None and found.enabled and _same(found.version, task.version):
        return _done(desk, task, found, f"Installed by {manager.called}")
    raise _failed(action, manager, state, "install")


def enable(action: Action, control: Control, *, manager: Manager | None) -> Done:
    """Let the Manager switch on a pack that is here. Raises as `install`, and ActionFailed `pack_gone`."""
    task = _task(action)
    _refuse(task)
    if manager is None or task.through == COMMAND:
        raise by_hand(task)
    desk, queued = _desk(action, control, manager)
    found = _find(desk.here(), task)
    if found is None:
        raise ActionFailed("pack_gone", f"{action.title} is not there any more.", "Make a new plan.")
    if found.enabled:
        return _done(desk, task, found, "It is enabled already")
    state = State(True)
    for ask in desk.enabling(task, found):
        if not queued:
            _ask(control, action, manager, ask, "enable")
        queued = False
        state = _over(desk, control, "ComfyUI-Manager enables it")
        now = _find(desk.here(), task)
        if now is not None and now.enabled:
            return _done(desk, task, now, f"Enabled by {manager.called}")
    raise _failed(action, manager, state, "enable")


def by_hand(task: PackTask) -> ActionFailed:
    """Not a failure but the person's turn: the hint is what to paste."""
    return ActionFailed("by_hand", "To be done by hand", _one_line(task) or "See the pack's own page.")


def _task(action: Action) -> PackTask:
    if action.pack is None:
        raise ActionFailed("bad_action", f"{action.title} names no pack.", "Make a new plan.")
    return action.pack


def _refuse(task: PackTask) -> None:
    folder = os.path.basename(task.folder.rstrip("/\\")).removesuffix(".disabled").partition("@")[0]
    refused = bad_pack((task.registry_id, task.repo, folder), task.version)
    if refused is not None:
        raise ActionFailed("pack_refused", refused.why, refused.hint)


# ---- asking and waiting ------------------------------------------------------------------------------------


def _desk(action: Action, control: Control, manager: Manager) -> tuple[Desk, bool]:
    """Who to ask, once it can be asked; and whether an earlier request of ours is still in its queue.

    That comes before any look at what is installed: whatever ends between the two is then seen there.
    """
    control.tell(0, None, "Asking ComfyUI-Manager")
    desk = desk_for(manager, f"comfyfixersmart-{action.id}")
    while not desk.ready():
        control.tell(0, None, "Waiting until ComfyUI-Manager has done what it does for others")
        _wait(control, POLL)
    return desk, desk.queued()


def _ask(control: Control, action: Action, manager: Manager, ask: Callable[[], None], verb: str) -> None:
    control.check()
    try:
        ask()
    except Refused:
        raise _failed(action, manager, State(True, refused=True), verb) from None


def _over(desk: Desk, control: Control, note: str) -> State:
    """Wait until it has no more to do with it. A person who does not want to wait is told that it goes on."""
    silent = 0
    try:
        while True:
            _wait(control, POLL)
            try:
                state = desk.state()
                if state.stands:
                    desk.start()  # its worker ends when a task fails badly, and leaves the rest of the queue
            except NoAnswer as error:
                silent = _silent(error, silent)
                continue
            silent = 0
            if state.over:
                return state
            control.tell(0, None, "It waits in ComfyUI-Manager's queue" if state.waits else note)
    except Stopped:
        control.tell(0, None, _GOES_ON)
        raise


def _silent(error: NoAnswer, before: int) -> int:
    """How often in a row there was no answer now. Installing keeps a server busy, so some silence is no harm."""
    if error.code == "cancelled":
        raise error
    if before + 1 >= MOST_SILENT:
        text = "ComfyUI-Manager does not answer any more, so what became of it is not known."
        raise ActionFailed("manager_silent", text, "Restart ComfyUI, then resume.", pauses=True) from None
    return before + 1


def _wait(control: Control, seconds: float) -> None:
    """Wait, but not a moment longer than the person wants."""
    woken = threading.Event()
    control.on_stop(woken.set)
    try:
        control.check()
        woken.wait(seconds)
    finally:
        control.on_stop(None)
    control.check()


# ---- what became of it -------------------------------------------------------------------------------------


def _find(here: Iterable[Here], task: PackTask) -> Here | None:
    """The pack of this id, else of this folder; an enabled one before one that is switched off."""
    folder = os.path.basename(task.folder.rstrip("/\\")).removesuffix(".disabled").partition("@")[0].lower()
    wanted = task.registry_id.lower()
    found = [one for one in here if wanted and wanted in (one.id.lower(), one.folder.lower())]
    found = found or [one for one in here if folder and one.folder.lower() == folder]
    return next((one for one in found if one.enabled), found[0] if found else None)


def _same(one: str, other: str) -> bool:
    """Whether two versions are one: the Manager writes 2.5 as 2.5.0."""

    def plain(version: str) -> str:
        number, sign, rest = version.removeprefix("v").partition("-")
        while number.endswith(".0"):
            number = number[:-2]
        return number + sign + rest

    return plain(one) == plain(other)


def _done(desk: Desk, task: PackTask, found: Here, text: str) -> Done:
    """ComfyUI has it only when it was there in this version, and enabled, when it was started."""
    before = _find(desk.here(at_start=True), task)
    loaded = before is not None and before.enabled and before.version == found.version
    return Done(text=text if loaded else f"{text}; restart ComfyUI", restart=not loaded)


def _failed(action: Action, manager: Manager, state: State, verb: str) -> ActionFailed:
    """The Manager's refusal, or its failure in its own words."""
    command = _one_line(_task(action))
    by_hand_hint = f"By hand: {command}" if command else "See the pack's own page."
    if state.refused:
        level = (
            f"its security level is {manager.level}" if manager.level else "its security level must be normal or lower"
        )
        text = f"ComfyUI-Manager refused to {verb} {action.title}: {level}."
        return ActionFailed("manager_refused", text, by_hand_hint)
    said = f": {state.words.rstrip('.')}." if state.words else ", and does not say why."
    text = f"ComfyUI-Manager did not {verb} {action.title}{said}"
    return ActionFailed("manager_failed", text, f"Its messages stand where ComfyUI runs. {by_hand_hint}")


def _one_line(task: PackTask) -> str:
    return " && ".join(task.command.splitlines())
