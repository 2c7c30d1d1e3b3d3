"""Downloads in processes of their own, to be killed. Run by conftest.py; speaks JSON lines.

{"do": "start", "action": {…}, "host": "127.0.0.1:…", "result": path, …} → {"pid": n}: a fork of this process fetches, and
writes what came of it to `result`. More keys: "exit": [n, "before" | "after"], ends it at the n-th call that changes
the disk; "flock": true, as if every lock were granted; "largest": bytes of a file (RLIMIT_FSIZE); "free": bytes that
the disk claims to have; "look": seconds that an owner is watched.
{"do": "run", "command": "…"} → {"out": "…"}: a shell command where this process lives
{"do": "wait", "pid": n} → {"code": exit code, or minus the signal}
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from typing import Any

import httpx  # noqa: F401  # else each fork would import it anew, on first use
from comfyfixersmart.core.actions.download import fetch_file, owner, part
from comfyfixersmart.core.actions.download.place import Place
from comfyfixersmart.core.actions.types import DOWNLOAD, Action, ActionFailed, Offer, Quiet
from comfyfixersmart.core.http import Http, Limit, Timeouts

ENDED = 99  # exit code of a process that ended itself on the way
CHANGING = (
    "open",
    "mkdir",
    "link",
    "rename",
    "replace",
    "unlink",
    "ftruncate",
    "pwrite",
    "write",
    "fsync",
    "fdatasync",
)


def fetch(asked: dict[str, Any]) -> dict[str, Any]:
    """What came of one download."""
    body = asked["action"]
    action = Action(**{**body, "kind": DOWNLOAD, "offers": tuple(Offer(**one) for one in body["offers"])})
    http = Http(trusted={asked["host"]}, limits={asked["host"]: Limit(1000.0, 1000)}, timeouts=Timeouts(5, 5, 10))
    try:
        done = fetch_file(action, http, Quiet())
    except ActionFailed as failed:
        return {"code": failed.code, "pauses": failed.pauses, "message": failed.message}
    finally:
        http.close()
    return {"check": done.check, "text": done.text, "outputs": [one._asdict() for one in done.outputs]}


class Steps:
    """Counts the calls that change the disk, and ends the process at one of them."""

    def __init__(self, at: int, when: str) -> None:
        self.count = 0
        self._at, self._when = at, when
        self._thread = threading.get_ident()
        for name in ("fsync", "fdatasync") if when else ():
            setattr(os, name, lambda _: None)  # what is killed is a process; the system lives on, and goes faster so
        for name in CHANGING:
            setattr(os, name, self._counted(getattr(os, name), name))
        part._WRITE = os.pwrite

    def _counted(self, call: Any, name: str) -> Any:
        def counted(*args: Any, **more: Any) -> Any:
            if threading.get_ident() != self._thread or (name == "open" and not args[1] & os.O_CREAT):
                return call(*args, **more)
            self.count += 1
            if self.count == self._at and self._when == "before":
                os._exit(ENDED)
            mine = self.count
            try:
                return call(*args, **more)
            finally:
                if mine == self._at:
                    os._exit(ENDED)

        return counted


def work(asked: dict[str, Any]) -> None:
    """In the fork."""
    if asked.get("flock"):
        import fcntl

        fcntl.flock = fcntl.lockf = lambda *_: None  # type: ignore[assignment]
    if asked.get("largest"):
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest"], resource.RLIM_INFINITY))
    if asked.get("free"):
        Place.free = lambda _: asked["free"]  # type: ignore[method-assign]
    owner.LOOK = asked.get("look", owner.LOOK)
    steps = Steps(*asked.get("exit", (0, "")))
    told = fetch(asked)
    count = steps.count
    with open(asked["result"], "w") as file:
        json.dump({**told, "steps": count}, file)


def main() -> None:
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "wait":
            print(json.dumps({"code": os.waitstatus_to_exitcode(os.waitpid(asked["pid"], 0)[1])}), flush=True)
            continue
        if asked["do"] == "run":
            out = subprocess.run(["sh", "-c", asked["command"]], capture_output=True, text=True, check=True).stdout
            print(json.dumps({"out": out}), flush=True)
            continue
        pid = os.fork()
        if pid:
            print(json.dumps({"pid": pid}), flush=True)
            continue
        code = 1
        try:
            sys.stdin.close()
            work(asked)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


if __name__ == "__main__":
    main()
