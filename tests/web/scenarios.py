"""What the fake server answers: the panel's states, made from core's own types with invented names."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from comfyfixersmart.core.readiness.types import BLOCKED, RUNNABLE, Distance, Readiness
from comfyfixersmart.core.reports import panel
from comfyfixersmart.core.reports.slugs import slugs
from comfyfixersmart.core.reports.types import Change, Entry, Library

Json = dict[str, Any]


def _load(name: str, path: str) -> ModuleType:
    """A helper module of a test folder: it has to be loaded by its path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).resolve().parent / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


samples = _load("panel_samples", "../reports/samples.py")  # the libraries that the report tests use
lookups = _load("panel_lookups", "lookups.py")
verdicts = _load("panel_verdicts", "verdicts.py")
plans = _load("panel_plans", "plans.py")
runs = _load("panel_runs", "runs.py")
acting = _load("panel_acting", "acting.py")
understood = _load("panel_understood", "understood.py")
NOW: float = samples.NOW
LOCAL = {"allowed": True, "error": None}
FROM_AFAR = {
    "allowed": False,
    "error": {
        "code": "remote_refused",
        "message": "This ComfyUI is reached over the network, so checks can only be started on its own machine.",
        "hint": "Open it at 127.0.0.1, or allow it in the settings file.",
    },
}


def cycle(**changes: Any) -> Json:
    last = {
        "started": NOW - 725,
        "finished": NOW - 720,
        "outcome": "done",
        "error": None,
        "workflows": 146,
        "seconds": 4.2,
        "reason": "due",
    }
    usual: Json = {
        "state": "idle",
        "why": None,
        "reason": None,
        "done": 0,
        "total": 0,
        "phase": None,
        "last": last,
        "next": NOW + 6480,
        "every": 7200.0,
    }
    return {**usual, **changes}


def running(done: int = 96, total: int = 146, phase: str = "checking", **more: Any) -> Json:
    return cycle(state="running", reason="asked", done=done, total=total, phase=phase, **more)


class Scenario:
    """One state of the server. `failing` maps a route to (HTTP status, error)."""

    def __init__(
        self,
        library: Library | None,
        *,
        now: Json | None = None,
        may: Json = LOCAL,
        parts: list[Json] | None = None,
        failing: dict[str, tuple[int, Json]] | None = None,
        origin: dict[str, str] | None = None,
        lookup: dict[str, Any] | None = None,
        acts: Any = None,
        knows: Any = None,
        health: dict[str, Json] | None = None,
    ) -> None:
        self.cycle = now or cycle()
        self.may, self.parts, self.failing = may, parts or [], failing or {}
        self.entries = {}
        self.library: Json | None = None
        self.revision = 1
        self.lookup = lookups.Lookup(**{"found": verdicts.found(), "now": NOW, **(lookup or {})})
        self.acting = acts or acting.Acting()
        self.understood = knows or understood.Understood()
        self.understood.acting = self.acting
        self.health = health or {}  # by slug
        self.settings = {
            "values": {"cycle_hours": 2.0, "watch": True, "allow_remote": False, "allowed_hosts": []},
            "from": {"cycle_hours": "default", "watch": "dialog", "allow_remote": "default", **(origin or {})},
        }
        if library is not None:
            self.take(library)

    def take(self, library: Library) -> None:
        slug = slugs(entry.name for entry in library.entries)
        paths = {entry.name: f"workflows/{entry.name}" for entry in library.entries}
        self.entries = {slug[entry.name]: entry for entry in library.entries}
        self.library = {"revision": f"r{self.revision}", **panel.library_body(library, slug, paths)}
        self.revision += 1

    def status(self) -> Json:
        known = self.library
        return {
            "version": "0.1.0",
            "parts": [{"part": "routes", "error": None}, *self.parts],
            "user": "default",
            "multi_user": False,
            "may_change": self.may,
            "cycle": self.cycle,
            "library": known and {"revision": known["revision"], "when": known["when"], "counts": known["counts"]},
            "reports": {"folder": "/srv/comfy/output/reports/workflows"},
            "host": {
                "comfyui": "0.3.75",
                "device": "cpu",
                "ram_free": 9_000_000_000,
                "vram_free": None,
                "disk_free": None,
            },
            "now": NOW,
        }

    def on_canvas(self) -> Json:
        """The verdict on whatever graph is sent."""
        return panel.workflow_body(self._judged(samples.showcase()), "", None, None)

    def workflow(self, slug: str) -> Json:
        one, rows = self.entries[slug], (self.library or {}).get("workflows", ())
        told = next(
            (row["versions"] for row in rows if any(each["slug"] == slug for each in row.get("versions", ()))), ()
        )
        body = panel.workflow_body(self._judged(one), slug, f"workflows/{one.name}", None, told)
        return {**body, "health": self.health.get(slug), **self.understood.outline(one.name)}

    def _judged(self, entry: Entry) -> Entry:
        """The workflow with what was looked up so far."""
        found = {at: self.lookup.verdict(one.name) for at, one in enumerate(entry.readiness.findings)}
        return replace(entry, resolutions=entry.resolutions or {at: one for at, one in found.items() if one})


def hostile(count: int = 300) -> Library:
    """Workflows whose every text tries to become markup."""
    payloads = samples.HOSTILE
    made = []
    for at in range(count):
        evil = payloads[at % len(payloads)]
        finding = samples.missing(0)._replace(name=evil, message=evil, folders=(evil,))
        change = Change(NOW - 86_400, RUNNABLE, BLOCKED, evil, NOW - 172_800)
        ready = Readiness(f"{evil}/{at} {evil}", BLOCKED, (finding,), Distance(1, 5_000_000), 3, 1)
        made.append(Entry(f"{evil}/{at} {evil}", ready, None, change, NOW, evil, (evil, f"{evil}{at}")))
    needs = samples.Need("file", payloads[1], payloads[0], 5)
    return Library(NOW, samples.place(), tuple(made), (samples.UnlockStep((needs,), (made[0].name,)),))


LONG = (
    "clients/nordhavn/2026-11/Client Nordhavn, harbour at dusk, take 14 (final, really final) inpaint + upscale.json",
    "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/deep.json",
    f"{'unbroken' * 30}.json",
    "عربي/سير العمل الجديد النهائي 14 لتحسين الصورة وتكبيرها.json",
    "עברית/תהליך.json",
    "日本語/高解像度アップスケールと部分修復のワークフロー最終版.json",
    "emoji/👩‍🚀 launch 🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀.json",
    "turned/gpj.\u202egnp.json",
    "control/a\x00b\x1b[31mred\x07.json",
    "lone \ud800 surrogate.json",
    "second graph.json#2",
)


def long_names() -> Library:
    rng = random.Random(5)
    made = []
    for at, name in enumerate(LONG):
        one = samples.entry(rng, at, BLOCKED if at % 2 else RUNNABLE)
        away = Distance(files=12, bytes=1_284_000_000_000, packs=3, local=4, inputs=11) if at % 2 else Distance()
        ready = one.readiness._replace(workflow=name, distance=away)
        made.append(Entry(name, ready, None, one.change, NOW, name, one.uses))
    return Library(NOW, samples.place(), tuple(made))


def changed() -> Library:
    """The library with things that changed this week."""
    library = samples.library()
    entries = list(library.entries)
    broken = [at for at, one in enumerate(entries) if one.readiness.status == BLOCKED][:6]
    for at, place in enumerate(broken):
        change = Change(NOW - (at + 1) * 86_400, RUNNABLE, BLOCKED, "a file is gone", NOW - 30 * 86_400)
        entries[place] = replace(entries[place], change=change)
    return Library(library.when, library.place, tuple(entries), library.unlock, library.unused, library.history)


_failed = {
    "started": NOW - 60,
    "finished": NOW - 55,
    "outcome": "failed",
    "workflows": 0,
    "seconds": 5.0,
    "reason": "due",
    "error": {
        "code": "os_error",
        "message": "/srv/comfy/output/reports: No space left on device",
        "hint": "Check the path, its permissions and the free space.",
    },
}
_disk_full = {
    "code": "os_error",
    "message": "/srv/comfy/user/__comfyfixersmart/resolutions: No space left on device",
    "hint": "Free some space. What was found until then is kept.",
}
_broken_part = {
    "part": "cycle",
    "error": {
        "code": "internal_error",
        "message": "ComfyFixerSmart failed (KeyError). That is our fault.",
        "hint": "The log says more. Please report it.",
    },
}
_forbidden = {
    "code": "foreign_host",
    "message": "This ComfyUI is not known under the name media-box.",
    "hint": "Add it to allowed_hosts in settings.json.",
}
_no_report = {"code": "no_report", "message": "Your workflows have not been checked yet.", "hint": "Check them now."}
_starting = {"code": "starting", "text": "ComfyUI has just started."}
_prompt = {"code": "prompt_running", "text": "Waiting for the running prompt to end."}
NEVER = {"last": None, "next": None}

ASKED = {"consent": ["huggingface", "civitai", "modelscope", "registry", "direct"]}


def _with_missing(*entries: Entry) -> Library:
    """The library with these workflows as well."""
    library = changed()
    return Library(library.when, library.place, (*entries, *library.entries), library.unlock)


def _under_way(scope: str, done: int, **how: Any) -> Scenario:
    """A look-up that was begun before the page was loaded. `how`: {fails} or {state} it ended with."""
    made = Scenario(_with_missing(verdicts.missing()), lookup=ASKED)
    lookup = made.lookup
    slug = next(slug for slug, entry in made.entries.items() if entry.name == verdicts.missing().name)
    lookup.begin({"slug": slug if scope == "workflow" else None, "workflow": {} if scope == "open" else None})
    for _ in range(done):
        lookup.look()
    lookup.held = True
    lookup.job.update(how)
    return made


MAKE: dict[str, Callable[[], Scenario]] = {
    "library": lambda: Scenario(changed()),
    "missing": lambda: Scenario(_with_missing(verdicts.missing())),
    "asked": lambda: Scenario(_with_missing(verdicts.missing()), lookup=ASKED),
    "looked": lambda: Scenario(_with_missing(verdicts.missing()), lookup={**ASKED, "looked": True}),
    "from-afar": lambda: Scenario(_with_missing(verdicts.missing()), lookup={"local": False}),
    "fixed-services": lambda: Scenario(changed(), lookup={**ASKED, "fixed": "COMFYFIXERSMART_SOURCES"}),
    "keyed": lambda: Scenario(
        changed(), lookup={**ASKED, "keys": {"civitai": "file", "huggingface": "environment", "brave": "file"}}
    ),
    "looking": lambda: _under_way("workflow", 4),
    "looking-library": lambda: _under_way("library", 4),
    "stopped": lambda: _under_way("workflow", 4, state="cancelled", now=None),
    "lookup-failed": lambda: _under_way("workflow", 2, state="failed", now=None, error=_disk_full),
    "many": lambda: Scenario(_with_missing(verdicts.many(1000)), lookup=ASKED),
    "hostile-verdicts": lambda: Scenario(samples.hostile()),
    "first": lambda: Scenario(None, now=cycle(**NEVER), failing={"library": (404, _no_report)}),
    "first-waiting": lambda: Scenario(None, now=cycle(state="waiting", why=_starting, **NEVER)),
    "first-scan": lambda: Scenario(None, now=running(last=None, next=None)),
    "first-refused": lambda: Scenario(None, now=cycle(**NEVER), may=FROM_AFAR),
    "scanning": lambda: Scenario(changed(), now=running()),
    "waiting": lambda: Scenario(changed(), now=cycle(state="waiting", why=_prompt)),
    "thousand": lambda: Scenario(samples.large(1000)),
    "five-thousand": lambda: Scenario(samples.large(5000)),
    "long": lambda: Scenario(long_names()),
    "hostile": lambda: Scenario(hostile()),
    "fine": lambda: Scenario(samples.all_fine()),
    "empty": lambda: Scenario(samples.empty()),
    "refused": lambda: Scenario(changed(), may=FROM_AFAR, origin={"cycle_hours": "environment"}),
    "failed": lambda: Scenario(changed(), now=cycle(last=_failed), parts=[_broken_part]),
    "absent": lambda: Scenario(None, failing={"status": (404, {})}),
    "forbidden": lambda: Scenario(None, failing={"status": (403, _forbidden)}),
    "broken-library": lambda: Scenario(changed(), failing={"library": (500, _broken_part["error"])}),
    "silent": lambda: Scenario(None, failing={"status": (0, {})}),
}

MAKE |= _load("panel_acted", "acted.py").MAKE
MAKE |= _load("panel_known", "known.py").MAKE
