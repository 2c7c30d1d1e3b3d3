"""What ComfyUI-Manager is asked and told: what is installed, what is to be done, how far it is. One class per kind of it.

Its answers say little: one generation reports a refusal as a status, another as the word "failed", a third reports
nothing at all. What counts in the end is therefore what it then lists as installed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ...http import NoAnswer
from ..types import MANAGER_V4, PackTask
from .manager import Manager, is_status

_LONGEST = 300  # characters of the Manager's own words that a person is shown
_SAYS_NO = (400, 401, 403, 404)
_FIXED = re.compile(r"v?\d+(?:\.\d+)+.*")  # a version, not the name of a commit


class Here(NamedTuple):
    """A pack that the Manager lists. `id`: in the registry, "" for others; `folder`: without what switching off added."""

    id: str
    folder: str
    version: str
    enabled: bool

    @property
    def checkout(self) -> bool:
        """Whether it was cloned, and so has no fixed version."""
        return not _FIXED.fullmatch(self.version)


class State(NamedTuple):
    """How far one task is. `over`: nothing further is to be expected; `words`: the Manager's own, where it has any."""

    over: bool
    waits: bool = False  # it has not begun yet
    stands: bool = False  # nobody works on what is in the queue
    refused: bool = False
    words: str = ""


class Refused(Exception):
    """The Manager does not do this, by its own rules."""


class Desk:
    """The fourth generation: every task has a name, and a history tells what became of it. Calls may raise NoAnswer."""

    def __init__(self, manager: Manager, client: str) -> None:
        self._manager = manager
        self._client = client
        self._seen: frozenset[str] = frozenset()
        self._idle = 0  # how often in a row it was seen doing nothing

    def here(self, *, at_start: bool = False) -> list[Here]:
        """What is installed; `at_start`: when ComfyUI was started."""
        body = self._get("customnode/installed", **({"mode": "imported"} if at_start else {}))
        items = body.items() if isinstance(body, dict) else ()
        return [_here(str(key), one) for key, one in items if isinstance(one, dict)]

    def ready(self) -> bool:
        """Whether something can be asked of it now."""
        return True

    def queued(self) -> bool:
        """Whether an earlier request of ours is still in its queue: a person paused while it was at work."""
        self._seen = frozenset(self._history() or ())
        return bool(self._status(client_id=self._client)["total_count"])

    def install(self, task: PackTask) -> None:
        """Ask for this version. Raises Refused."""
        self._put("install", _request(task))

    def enabling(self, task: PackTask, here: Here) -> Iterator[Callable[[], None]]:
        """Ways to ask it to switch on what is here, best first. Each raises Refused.

        What is meant for that silently does nothing for packs that are not in its copy of the registry's list. To install
        the version that is here switches it on as well, and fetches nothing.
        """
        yield lambda: self._put("enable", {"cnr_id": here.id or here.folder})
        if here.id and not here.checkout:
            yield lambda: self._put("install", _request(_as_it_is(task, here)))

    def state(self) -> State:
        """How far it is."""
        told = [one for key, one in (self._history() or {}).items() if key not in self._seen and isinstance(one, dict)]
        if told:
            return _told(told[-1])
        status = self._status()
        working = status["is_processing"] is True
        waits = _count(status, "pending_count") > 0
        self._idle = 0 if working or waits else self._idle + 1
        # Twice in a row: between two of its lists a task is in neither for a moment.
        return State(self._idle >= 2, waits and not _count(status, "in_progress_count"), waits and not working)

    def start(self) -> None:
        """Let the queue go on. Older ones take this as a GET."""
        url = self._manager.url("manager/queue/start")
        try:
            self._manager.http.json(url, post={}, accept=(200, 201))
        except NoAnswer as error:
            if error.status not in (404, 405):
                raise
            self._manager.http.json(url, accept=(200, 201))

    def _put(self, kind: str, params: Mapping[str, Any]) -> None:
        self._seen, self._idle = frozenset(self._history() or ()), 0
        ui_id = f"{self._client}-{secrets.token_hex(4)}"
        task = {"ui_id": ui_id, "client_id": self._client, "kind": kind, "params": params}
        self._tell("manager/queue/task", task)
        self.start()

    def _history(self) -> dict[str, Any] | None:
        """What became of our tasks. None where it cannot tell: before 4.2 it fails at this once there is anything."""
        try:
            body = self._get("manager/queue/history", client_id=self._client)
        except NoAnswer as error:
            if error.status != 400:
                raise
            return None
        history = body.get("history") if isinstance(body, dict) else None
        return history if isinstance(history, dict) else None

    def _status(self, **params: str) -> dict[str, Any]:
        body: dict[str, Any] = self._get("manager/queue/status", **params)
        if not is_status(body):
            raise NoAnswer("unexpected_shape", "its Manager answers otherwise than it used to", "Try again later.")
        return body

    def _get(self, path: str, **params: str) -> Any:
        return self._manager.http.json(self._manager.url(path), params=params).body

    def _tell(self, path: str, body: Any) -> Any:
        try:
            return self._manager.http.json(self._manager.url(path), post=body, accept=(200, 201)).body
        except NoAnswer as error:
            if error.status in _SAYS_NO:
                raise Refused from None
            raise


class BatchDesk(Desk):
    """The fourth generation with the old screens: it takes a batch, and has no word of what became of it."""

    def ready(self) -> bool:
        """Whether it does nothing: what is put in while it ends its work can get lost."""
        return self._status()["is_processing"] is not True

    def queued(self) -> bool:
        return False

    def install(self, task: PackTask) -> None:
        self._request({**_request(task), "ui_id": self._client})

    def enabling(self, task: PackTask, here: Here) -> Iterator[Callable[[], None]]:
        """A request that only switches on what is there in this very version."""
        told = {**_request(_as_it_is(task, here)), "ui_id": self._client, "skip_post_install": True}
        yield lambda: self._request(told)

    def state(self) -> State:
        self._idle = self._idle + 1 if self.ready() else 0
        return State(self._idle >= 2)

    def _request(self, request: dict[str, Any]) -> None:
        self._idle = 0
        body = self._tell("manager/queue/batch", {"install": [request]})
        if isinstance(body, dict) and request["id"] in (body.get("failed") or ()):
            raise Refused


class OldDesk(BatchDesk):
    """The third generation."""

    def _request(self, request: dict[str, Any]) -> None:
        self._idle = 0
        self._tell("manager/queue/install", request)
        self.start()


def desk_for(manager: Manager, client: str) -> Desk:
    """How this Manager is spoken to. `client`: our name for one action, the same each time."""
    if manager.through != MANAGER_V4:
        return OldDesk(manager, client)
    return (BatchDesk if manager.old_screens else Desk)(manager, client)


def _as_it_is(task: PackTask, here: Here) -> PackTask:
    return task._replace(registry_id=here.id or here.folder, version=here.version)


def _request(task: PackTask) -> dict[str, Any]:
    return {
        "id": task.registry_id,
        "version": task.version,
        "selected_version": task.version,
        "mode": "cache",
        "channel": "default",
        "skip_post_install": False,
    }


def _here(key: str, one: Mapping[str, Any]) -> Here:
    folder = key.removesuffix(".disabled").partition("@")[0]
    return Here(str(one.get("cnr_id") or ""), folder, str(one.get("ver") or ""), one.get("enabled") is True)


def _told(item: Mapping[str, Any]) -> State:
    """What the history says of a task. Its word for a refusal is a bare "failed"."""
    status = item.get("status")
    status = status if isinstance(status, dict) else {}
    if status.get("status_str") in ("success", "skip"):
        return State(True)
    messages = status.get("messages")
    listed = [one for one in messages if isinstance(one, str)] if isinstance(messages, list) else []
    said = " ".join(" ".join(listed or [str(item.get("result") or "")]).split())[:_LONGEST]
    return State(True, refused=said == "failed", words="" if said == "failed" else said)


def _count(status: Mapping[str, Any], name: str) -> int:
    value = status.get(name)
    return value if isinstance(value, int) else 0
