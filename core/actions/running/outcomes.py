"""What becomes of one action: its executor's answer, or whatever it raised, as one value; and its lines in the journal."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ...errors import ComfyFixerError
from ...http import NoAnswer
from ..types import BY_HAND, CANCELLED, DONE, FAILED, PAUSED, SKIPPED, Action, ActionFailed, Done, Json, Output, Stopped
from .control import Handle

if TYPE_CHECKING:
    from ...http import Http
    from ..packs.manager import Manager

_log = logging.getLogger("comfyfixersmart.actions")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})


class Tools(NamedTuple):
    """What executors need beside the action. Both are given what says whether to give up. `http`: a client of one's own,
    to be closed; `manager`: the ComfyUI-Manager that answers, None without one."""

    http: Callable[[Callable[[], bool]], Http]
    manager: Callable[[Callable[[], bool]], AbstractContextManager[Manager | None]]


Executor = Callable[[Action, Handle, Tools], Done]


class Writes(Protocol):
    """What is needed of a Journal here."""

    def write(
        self,
        event: str,
        *,
        actor: str,
        run: str = "",
        plan: str = "",
        action: Action | None = None,
        inputs: Mapping[str, Any] | None = None,
        outputs: Iterable[Output] = (),
        check: str = "",
        error: Mapping[str, Any] | None = None,
        text: str = "",
    ) -> object: ...


class Outcome(NamedTuple):
    """The state that the action has now, and why. `voids`: the whole approval is void."""

    state: str
    check: str = ""
    text: str = ""
    error: dict[str, str] | None = None
    outputs: tuple[Output, ...] = ()
    restart: bool = False
    voids: bool = False
    offer: str = ""


def perform(executor: Executor | None, action: Action, handle: Handle, tools: Tools) -> Outcome:
    """Do it. Whatever it raises becomes an outcome."""
    try:
        if executor is None:
            raise ActionFailed("unknown_kind", f"Nothing here can do {action.kind!r}.", "Update ComfyFixerSmart.")
        handle.check()
        done = executor(action, handle, tools)
    except Stopped as stop:
        return Outcome(CANCELLED if stop.cancelled else PAUSED)
    except ActionFailed as failed:
        if failed.code == BY_HAND:  # the person's turn, and no failure
            return Outcome(SKIPPED, text=failed.message)
        state = PAUSED if failed.pauses and not failed.voids else FAILED
        return Outcome(state, failed.check, error=said(failed), outputs=failed.outputs, voids=failed.voids)
    except NoAnswer as error:
        if error.code == "cancelled" and handle.stopped:
            return _as_told(handle)
        text = f"{error.host or 'The source'} did not answer: {error.message}."
        return Outcome(PAUSED, error={"code": error.code, "message": text, "hint": error.hint})
    except OSError as error:
        return Outcome(PAUSED if error.errno in _FULL else FAILED, error=said(error))
    except BaseException as error:
        if not isinstance(error, ComfyFixerError):
            _log.warning("%s of %s failed. That is our fault; please report it.", action.kind, action.id, exc_info=True)
        return Outcome(FAILED, error=said(error))
    return Outcome(DONE, done.check, done.text, None, done.outputs, done.restart, offer=done.offer)


def _as_told(handle: Handle) -> Outcome:
    try:
        handle.check()
    except Stopped as stop:
        return Outcome(CANCELLED if stop.cancelled else PAUSED)
    return Outcome(PAUSED)


def said(error: BaseException) -> dict[str, str]:
    """Any error as code, message and hint."""
    if isinstance(error, ComfyFixerError):
        return {"hint": "", **error.as_json()}
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        full = error.errno in _FULL
        hint = "Free some space, then resume." if full else "Check the path, its permissions and the free space."
        code = "disk_full" if full else "os_error"
        return {"code": code, "message": f"{where}{error.strerror or error}", "hint": hint}
    return {
        "code": "internal_error",
        "message": f"ComfyFixerSmart failed ({type(error).__name__}). That is our fault.",
        "hint": "The log says more. Please report it.",
    }


def served_by(action: Action, offer: str) -> Action:
    """The action with the offer that served it in front, so that the journal names its author and licence."""
    first = [one for one in action.offers if one.id == offer]
    return replace(action, offers=(*first, *(one for one in action.offers if one.id != offer))) if first else action


def inputs(action: Action) -> Json:
    """What went into an action, for the journal: what is known of it, and nothing that is signed or secret."""
    pack = action.pack
    told = {
        "origin": action.origin,
        "origin_size": action.origin_size,
        "origin_mtime_ns": action.origin_mtime_ns,
        "destination": action.destination,
        "size": action.size,
        "sha256": action.sha256,
        "link": action.link,
        "edits": [one._asdict() for one in action.edits],
        "offers": [one.id for one in action.offers],
        "pack": {"id": pack.registry_id, "repo": pack.repo, "version": pack.version, "through": pack.through}
        if pack is not None
        else None,
        "aside": action.aside,
        "why": action.why,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}
