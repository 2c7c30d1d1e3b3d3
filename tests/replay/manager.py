"""A small ComfyUI-Manager of our own: invented packs, routes and answers in the shapes of the real ones (4.3 and 3.41).

    office = manager.Office("v4")                   # "v4", "v4-old" (with the old screens) or "v3"
    office.offer("inkwell-nodes", "1.4.0")          # what its registry has
    office.serve(replay)

Nothing happens by itself: a look at the queue, its history or status, is one step of the worker. So a test sees every
state, and nobody waits.

    office.level = "strong"                         # it then refuses, each kind in its own way
    office.held = True                              # the worker does not get on
    office.packs                                    # what is installed, as `customnode/installed` lists it
    office.queue, office.history                    # what waits, and what became of the rest
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
ALLOWED = ("normal", "normal-", "weak")


class Office:
    """One Manager in one ComfyUI."""

    def __init__(self, kind: str, *, version: str = "V4.3") -> None:
        self.kind = kind
        self.version = version
        self.level = "normal"
        self.held = False
        self.start_by_get = False  # before 4.2 and 3.40
        self.mute_history = False  # before 4.2: it fails at telling what became of anything
        self.forgets = False  # whatever is put in is lost
        self.lists = True  # its copy of the registry's list has all packs; without, it enables none by that route
        self.dies = False  # its worker ends, once, before it has done anything
        self.registry: dict[str, dict[str, str]] = {}
        self.failing: dict[str, str] = {}  # registry id → what it says instead of installing
        self.packs: dict[str, Json] = {}
        self.at_start: dict[str, Json] = {}
        self.queue: list[Json] = []
        self.history: dict[str, Json] = {}
        self.working = False
        self.begun: list[Json] = []
        self.replay: Any = None

    def offer(self, pack_id: str, version: str, status: str = "Active") -> None:
        """One version that its registry has."""
        self.registry.setdefault(pack_id, {})[version] = status

    def has(self, key: str, version: str, *, pack_id: str = "", enabled: bool = True, at_start: bool = False) -> None:
        """A pack that is installed."""
        self.packs[key] = {"ver": version, "cnr_id": pack_id, "aux_id": None, "enabled": enabled}
        if at_start:
            self.at_start[key] = dict(self.packs[key])

    def serve(self, replay: Any) -> None:
        self.replay = replay
        base = "" if self.kind == "v3" else "/v2"
        replay.add(
            "GET", f"{base}/manager/version", lambda _: replay.Reply(self.version, 200, {"Content-Type": "text/plain"})
        )
        replay.add("GET", f"{base}/manager/queue/status", self._status)
        replay.add("GET", f"{base}/customnode/installed", self._installed)
        replay.add("GET" if self.start_by_get else "POST", f"{base}/manager/queue/start", self._start)
        if self.kind != "v3":
            old = self.kind == "v4-old"
            replay.add("GET", "/v2/manager/is_legacy_manager_ui", {"is_legacy_manager_ui": old})
            replay.add("POST", f"/v2/manager/queue/{'batch' if old else 'task'}", self._batch if old else self._task)
            if not old:
                replay.add("GET", "/v2/manager/queue/history", self._history)
        else:
            replay.add("POST", "/manager/queue/install", self._install)
        # ComfyUI knows addresses of one method only: another one is refused, not unknown.
        other = "POST" if self.start_by_get else "GET"
        replay.add(other, f"{base}/manager/queue/start", lambda _: replay.Reply("405: Method Not Allowed", 405))

    # ---- what is asked ---------------------------------------------------------------------------------

    def _status(self, request: Any) -> Json:
        self._step()
        client = request.one("client_id") if self.kind == "v4" else ""
        waiting = [one for one in self.queue if not client or one["client_id"] == client]
        running = [one for one in self.begun if not client or one["client_id"] == client]
        told = {
            "total_count": len(waiting) + len(running),
            "done_count": len(self.history),
            "in_progress_count": len(running),
            "is_processing": self.working,
        }
        return {**told, "pending_count": len(waiting)} if self.kind == "v4" else told

    def _history(self, request: Any) -> Any:
        self._step()
        found = {key: one for key, one in self.history.items() if one["client_id"] == request.one("client_id")}
        return self.replay.Reply(None, 400) if self.mute_history and found else {"history": found}

    def _installed(self, request: Any) -> Json:
        return self.at_start if request.one("mode") == "imported" else self.packs

    # ---- what is told ----------------------------------------------------------------------------------

    def _task(self, request: Any) -> Any:
        task = request.json()
        if {"ui_id", "client_id", "kind", "params"} - set(task):
            return self.replay.Reply("Invalid task data: Field required", 400)
        return self._put(task)

    def _batch(self, request: Any) -> Any:
        failed = []
        for one in request.json().get("install", ()):
            if self.level in ALLOWED:
                self._put({"ui_id": one["ui_id"], "client_id": "", "kind": "install", "params": one})
            else:
                failed.append(one["id"])
        self._start(request)
        return {"failed": failed}

    def _install(self, request: Any) -> Any:
        one = request.json()
        if self.level not in ALLOWED:
            return self.replay.Reply("A security error has occurred. Please check the terminal logs", 403)
        if one["skip_post_install"] and self._enable(one["id"]):
            return self.replay.Reply("", 200)
        return self._put({"ui_id": one["ui_id"], "client_id": "", "kind": "install", "params": one})

    def _put(self, task: Json) -> Any:
        if not self.forgets:
            self.queue.append(task)
        return self.replay.Reply("", 200)

    def _start(self, _: Any) -> Any:
        if self.working:
            return self.replay.Reply("", 201)
        self.working = not self.dies
        self.dies = False
        return self.replay.Reply("", 200)

    # ---- the worker ------------------------------------------------------------------------------------

    def _step(self) -> None:
        if not self.working or self.held:
            return
        if self.begun:
            self._finish(self.begun.pop())
        if self.queue:
            self.begun.append(self.queue.pop(0))
        else:
            self.working = bool(self.begun)

    def _finish(self, task: Json) -> None:
        said = self._do(task["kind"], task["params"])
        good = said in ("success", "skip")
        status = {"status_str": said if good else "error", "completed": True, "messages": [] if good else [said]}
        told = {name: task[name] for name in ("ui_id", "client_id", "kind", "params")}
        self.history[task["ui_id"]] = {**told, "timestamp": "2026-11-29T10:00:00", "result": said, "status": status}

    def _do(self, kind: str, params: Json) -> str:
        if kind == "enable":
            if self.lists:
                self._enable(params["cnr_id"])
            return "success"  # whatever became of it
        if self.level not in ALLOWED:
            return "failed"
        pack_id, version = params["id"], params["selected_version"]
        if params["skip_post_install"] and self._enable(pack_id):
            return "success"
        if self._is_off(pack_id, version) and self._enable(pack_id):
            return "success"
        if pack_id in self.failing:
            return self.failing[pack_id]
        if version not in self.registry.get(pack_id, {}):
            return f"not available node: {pack_id}@{version}"
        self.packs = {key: one for key, one in self.packs.items() if one["cnr_id"] != pack_id}
        self.has(pack_id, version, pack_id=pack_id)
        return "success"

    def _is_off(self, pack_id: str, version: str) -> bool:
        told = (pack_id, version, False)
        return any((one["cnr_id"], one["ver"], one["enabled"]) == told for one in self.packs.values())

    def _enable(self, name: str) -> bool:
        for key, one in list(self.packs.items()):
            if not one["enabled"] and name in (one["cnr_id"], key.partition("@")[0]):
                del self.packs[key]
                self.packs[key.partition("@")[0]] = {**one, "enabled": True}
                return True
        return False
