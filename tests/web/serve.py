"""A small server with the panel's files and the answers of `scenarios.py`, on a free port of this machine."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
}
PREFIX = "/comfyfixersmart/"


class Fake(ThreadingHTTPServer):
    """`scenarios` are made when first asked for; `asked` lists every request."""

    daemon_threads = True

    def __init__(self, make: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.make = make
        self.scenarios: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.making = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was closed while it loaded is no fault."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def scenario(self, name: str) -> Any:
        with self.making:  # the page asks several things at once, and all of them are about one state
            if name not in self.scenarios:
                self.scenarios[name] = self.make[name]()
            return self.scenarios[name]


@contextmanager
def serving(make: dict[str, Any]) -> Iterator[Fake]:
    server = Fake(make)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Fake

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.asked.append(("GET", url.path))
        if url.path.startswith(PREFIX):
            return self._route(url.path.removeprefix(PREFIX), parse_qs(url.query), None)
        return self._file(url.path)

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(("POST", url.path))
        ours = self.headers["X-ComfyFixerSmart"] == "1" and self.headers["Content-Type"] == "application/json"
        if not ours:
            return self._json(415, {"error": {"code": "bad_request", "message": "Not from our page.", "hint": ""}})
        return self._route(url.path.removeprefix(PREFIX), parse_qs(url.query), body)

    def _file(self, path: str) -> None:
        if path.startswith(("/web/", "/locales/")):
            file = ROOT / path[1:]
        else:
            file = ROOT / "tests/web/fake" / (path.strip("/") or "page.html")
        if not file.resolve().is_relative_to(ROOT) or not file.is_file():
            return self._send(404, b"", "text/plain")
        return self._send(200, file.read_bytes(), TYPES[file.suffix])

    def _route(self, name: str, query: dict[str, list[str]], body: Any) -> None:
        scenario = self.server.scenario(query.get("scenario", ["library"])[0])
        if name in scenario.failing:
            status, error = scenario.failing[name]
            if status == 0:
                return self.connection.close()
            return self._json(status, {"error": error} if error else {})
        if name == "status":
            return self._json(200, scenario.status())
        if name == "library":
            return self._json(200, scenario.library)
        if name == "workflow":
            return self._json(200, {"workflow": scenario.workflow(query["slug"][0])})
        if name == "codes":
            return self._json(200, {"codes": {}})
        if name in ("scan", "cancel"):
            return self._change(name, scenario)
        if name == "check":
            return self._json(200, {"workflow": scenario.on_canvas()})
        if name in ("sources", "consent", "key", "resolve", "resolve/cancel", "choose"):
            return self._lookup(name, scenario, body)
        if name in ("plan", "plan/cancel", "approve", "run", "journal", "undo"):
            return self._guarded(scenario, body, lambda: scenario.acting.answer(name, query, body))
        if name in ("explain", "tune", "tune/estimate", "tune/graph", "compare"):
            return self._refusable(lambda: scenario.understood.answer(name, query, body))
        if name == "tune/plan":
            return self._guarded(scenario, body, lambda: scenario.understood.answer(name, query, body))
        return self._settings(scenario, body)

    def _change(self, name: str, scenario: Any) -> None:
        if not scenario.may["allowed"]:
            return self._json(403, {"error": scenario.may["error"]})
        total = len(scenario.entries)
        state = "running" if name == "scan" else "idle"
        scenario.cycle = {**scenario.cycle, "state": state, "phase": "checking", "done": 0, "total": total, "why": None}
        return self._json(200, scenario.status())

    def _lookup(self, name: str, scenario: Any, body: Any) -> None:
        """What is missing is looked up; `tests/web/lookups.py` plays it."""
        lookup = scenario.lookup
        acts = {
            "sources": lookup.sources,
            "consent": lambda: lookup.change_consent(body),
            "key": lambda: lookup.change_key(body),
            "resolve": lookup.look if body is None else lambda: lookup.begin(body),
            "resolve/cancel": lookup.cancel,
            "choose": lambda: lookup.choose(body),
        }
        return self._guarded(scenario, body, acts[name])

    def _guarded(self, scenario: Any, body: Any, act: Any) -> None:
        if body is not None and not scenario.may["allowed"]:
            return self._json(403, {"error": scenario.may["error"]})
        return self._refusable(act)

    def _refusable(self, act: Any) -> None:
        try:
            return self._json(200, act())
        except Exception as refused:
            if not hasattr(refused, "error"):
                raise
            return self._json(refused.status, {"error": refused.error})

    def _settings(self, scenario: Any, body: Any) -> None:
        for key, value in (body or {}).get("values", {}).items():
            if key == "watch" and value is False and scenario.settings["from"].get("watch") == "flag":
                return self._json(
                    400, {"error": {"code": "fixed_setting", "message": "It is fixed.", "hint": "Change it there."}}
                )
            scenario.settings["values"][key] = value
            scenario.settings["from"][key] = "file"
        return self._json(200, scenario.settings)

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)
