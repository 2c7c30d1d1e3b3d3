"""Pictures of the panel's states, to be looked at: `python tests/web/shots.py FOLDER [scenario …]`.

Each scenario is shown in the dark and the light palette, at 320 and 460 px, side by side in one picture.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
MISSING = {"page": "workflow", "slug": "video-heron-much-is-missing"}
PLAN = "css:[data-key=resolve]"
LONG = "clients-nordhavn-2026-11-client-nordhavn-harbour-at-dusk-take--unbrokenunbrokenunbrokenunbroken"
EXPLAIN = {"page": "workflow", "slug": "image-kite-kite_context_edit", "focus": "explain"}
VIEWS: dict[str, dict[str, Any]] = {
    "unlock": {"scenario": "library", "view": {"page": "unlock"}},
    "compact": {"scenario": "library", "comfyfixersmart.compact": "true"},
    "zh": {"scenario": "library", "locale": "zh"},
    "zh-first": {"scenario": "first", "locale": "zh"},
    "settings": {"scenario": "refused", "then": ["More", "Settings"]},
    "menu": {"scenario": "library", "then": ["More"]},
    "sort": {"scenario": "library", "then": ["Sorted: Nearest to running"]},
    "about": {"scenario": "library", "then": ["More", "Privacy, places and keys"]},
    "searched": {"scenario": "library", "search": "FineGrain"},
    "no-match": {"scenario": "library", "search": "wan 3"},
    "consent": {"scenario": "missing", "view": MISSING, "then": ["css:[data-key=resolve]"]},
    "consent-library": {"scenario": "missing", "then": ["More", "Resolve all missing"]},
    "consent-refused": {
        "scenario": "from-afar",
        "view": MISSING,
        "then": ["css:[data-key=resolve]", "Only look on this machine"],
    },
    "services": {
        "scenario": "keyed",
        "then": ["More", "Settings", "Change which services may be asked", "Enter a key for ModelScope"],
    },
    "services-fixed": {
        "scenario": "fixed-services",
        "then": ["More", "Settings", "Change which services may be asked"],
    },
    "zh-consent": {"scenario": "missing", "view": MISSING, "locale": "zh", "then": ["css:[data-key=resolve]"]},
    "looking": {"scenario": "looking", "view": MISSING},
    "looking-library": {"scenario": "looking-library"},
    "looking-elsewhere": {"scenario": "looking-library", "view": MISSING},
    "stopped": {"scenario": "stopped", "view": MISSING},
    "lookup-failed": {"scenario": "lookup-failed", "view": MISSING},
    "looked": {"scenario": "looked", "view": MISSING, "height": 6400},
    "looked-open": {
        "scenario": "looked",
        "view": MISSING,
        "height": 3600,
        "then": ["css:.cfs-fold >> nth=0", "css:.cfs-fold >> nth=2", "Use this one: grain-works/FineGrain"],
    },
    "zh-looked": {"scenario": "looked", "view": MISSING, "locale": "zh", "height": 6400},
    "plan": {"scenario": "planned", "view": MISSING, "then": [PLAN], "height": 1500},
    "plan-ticked": {"scenario": "planned", "view": MISSING, "then": [PLAN, "css:.cfs-confirm input"], "height": 860},
    "plan-open": {
        "scenario": "planned",
        "view": MISSING,
        "then": [PLAN, "3 things are not in the plan", "Details of heron_xxl_fp8_e4m3fn_scaled.safetensors"],
        "height": 2000,
    },
    "plan-mixed": {"scenario": "planned-mixed", "view": MISSING, "then": [PLAN], "height": 2000},
    "plan-by-hand": {"scenario": "planned-by-hand", "view": MISSING, "then": [PLAN]},
    "plan-none": {"scenario": "planned-none", "view": MISSING, "then": [PLAN]},
    "plan-many": {"scenario": "planned-many", "view": MISSING, "then": [PLAN]},
    "plan-hostile": {"scenario": "planned-hostile", "view": MISSING, "then": [PLAN], "height": 3000},
    "zh-plan": {"scenario": "planned", "view": MISSING, "locale": "zh", "then": [PLAN], "height": 1500},
    "plan-ready": {"scenario": "planned", "view": MISSING},
    "plan-local": {"scenario": "planned-local", "view": MISSING},
    "unsettled": {"scenario": "unsettled", "view": MISSING},
    "run": {"scenario": "run-half", "view": MISSING, "then": ["css:.cfs-strip-going"]},
    "run-strip": {"scenario": "run-half", "view": MISSING},
    "run-troubled": {
        "scenario": "run-troubled",
        "view": MISSING,
        "then": ["css:[data-key=strip-show]"],
        "height": 1500,
    },
    "run-interrupted": {"scenario": "run-interrupted"},
    "run-interrupted-open": {
        "scenario": "run-interrupted",
        "view": MISSING,
        "then": ["css:[data-key=strip-show]"],
    },
    "run-restart": {"scenario": "run-restart", "view": MISSING},
    "zh-run": {"scenario": "run-half", "view": MISSING, "locale": "zh", "then": ["css:.cfs-strip-going"]},
    "after": {"scenario": "after", "view": {"page": "workflow", "slug": f"{MISSING['slug']}-v2"}},
    "after-shown": {
        "scenario": "after",
        "view": {"page": "workflow", "slug": f"{MISSING['slug']}-v2"},
        "then": ["css:[data-key=turned]"],
    },
    "after-old": {"scenario": "after", "view": MISSING},
    "after-library": {"scenario": "after"},
    "unlock-resolve": {"scenario": "asked", "view": {"page": "unlock"}},
    "journal": {"scenario": "journal", "view": {"page": "journal"}, "height": 1700},
    "journal-undo": {"scenario": "journal", "view": {"page": "journal"}, "then": ["Undo all of it"], "height": 1000},
    "journal-none": {"scenario": "journal-none", "view": {"page": "journal"}},
    "journal-damaged": {"scenario": "journal-damaged", "view": {"page": "journal"}},
    "zh-journal": {"scenario": "journal", "view": {"page": "journal"}, "locale": "zh", "height": 1700},
    "explain": {"scenario": "explained-notes", "view": EXPLAIN, "height": 1900},
    "explain-facts": {"scenario": "explained", "view": EXPLAIN, "then": ["css:[data-key=facts]"], "height": 2100},
    "explain-lacking": {"scenario": "explained-lacking", "view": EXPLAIN, "height": 1900},
    "explain-nothing": {"scenario": "explained-nothing", "view": EXPLAIN, "height": 400},
    "explain-unknown": {"scenario": "explained-unknown", "view": EXPLAIN, "height": 1000},
    "explain-huge": {"scenario": "explained-huge", "view": EXPLAIN, "height": 2600},
    "explain-long": {"scenario": "explained-long", "view": {**EXPLAIN, "slug": LONG}, "height": 1900},
    "explain-no-machine": {"scenario": "explained-no-machine", "view": EXPLAIN, "height": 1700},
    "explain-cpu": {"scenario": "explained-cpu", "view": EXPLAIN, "height": 1700},
    "explain-partner": {"scenario": "explained-partner", "view": EXPLAIN, "height": 1700},
    "explain-tight": {"scenario": "explained-tight", "view": EXPLAIN, "height": 1700},
    "zh-explain": {"scenario": "explained-notes", "view": EXPLAIN, "locale": "zh", "height": 1900},
    "tune": {"scenario": "explained", "view": {**EXPLAIN, "focus": "tune", "memory": 8}, "height": 1500},
    "tune-chosen": {
        "scenario": "explained",
        "view": {**EXPLAIN, "focus": "tune", "memory": 8},
        "then": ["css:[data-variant=safety]"],
        "height": 1500,
    },
    "tune-none": {"scenario": "tuned-none", "view": {**EXPLAIN, "focus": "tune", "memory": 6}, "height": 900},
    "compare": {
        "scenario": "versions",
        "view": {**EXPLAIN, "focus": "compare", "slug": "image-kite-kite_context_edit-v2"},
        "height": 1600,
    },
    "compare-same": {"scenario": "compared-same", "view": {**EXPLAIN, "focus": "compare"}, "height": 500},
    "compare-pick": {
        "scenario": "versions",
        "view": {**EXPLAIN, "focus": "compare"},
        "then": ["css:[data-key=against]"],
        "height": 900,
    },
    "zh-tune": {
        "scenario": "explained",
        "view": {**EXPLAIN, "focus": "tune", "memory": 8},
        "locale": "zh",
        "then": ["css:[data-variant=safety]"],
        "height": 1500,
    },
    "zh-compare": {"scenario": "versions", "view": {**EXPLAIN, "focus": "compare"}, "locale": "zh", "height": 1600},
    "broken": {"scenario": "broken", "view": {**EXPLAIN, "focus": ""}, "height": 1100},
    "versions": {"scenario": "versions", "view": {**EXPLAIN, "focus": "", "slug": "image-kite-kite_context_edit-v2"}},
    "many": {"scenario": "many", "view": {"page": "workflow", "slug": "many-parts"}},
}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"panel_{name}", HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def shoot(browser: Any, address: str, name: str, folder: Path, height: int, widths: tuple[int, ...]) -> None:
    wanted = dict(VIEWS.get(name, {"scenario": name}))
    then, search, height = wanted.pop("then", []), wanted.pop("search", ""), wanted.pop("height", height)
    if "view" in wanted:
        wanted["view"] = json.dumps(wanted["view"])
    wanted.setdefault("canvas", "1")
    for tone in ("dark", "light"):
        for width in widths:
            context = browser.new_context(
                viewport={"width": width + 1, "height": height}, device_scale_factor=1.5, timezone_id="UTC"
            )
            page = context.new_page()
            page.on("console", lambda said: print(name, "console:", said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: print(name, "uncaught:", error))
            query = "&".join(f"{key}={value}" for key, value in {**wanted, "tone": tone, "width": width}.items())
            page.goto(f"{address}/?{query}")
            page.wait_for_selector(".cfs[data-tone]")
            page.wait_for_function("getComputedStyle(document.querySelector('.cfs')).visibility === 'visible'")
            if "view" in wanted and "slug" in wanted["view"]:
                page.wait_for_selector(".cfs-workflow .cfs-lead, .cfs-understood:not(:has(.cfs-loading))")
            page.wait_for_timeout(250)
            if search:
                page.fill(".cfs-field", search)
            for label in then:
                press(page, label)
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{name}-{tone}-{width}.png")
            context.close()


def press(page: Any, label: str) -> None:
    """A control by its name, or after "css:" by a selector."""
    if label.startswith("css:"):
        page.locator(label.removeprefix("css:")).click()
    else:
        named = page.get_by_label(label, exact=True).or_(page.get_by_role("menuitem", name=label))
        named.or_(page.get_by_role("button", name=label, exact=True)).first.click()


def sheet(folder: Path, name: str, widths: tuple[int, ...]) -> None:
    """One picture of all four."""
    from PIL import Image

    shots = [Image.open(folder / f"{name}-{tone}-{width}.png") for tone in ("dark", "light") for width in widths]
    board = Image.new("RGB", (sum(one.width + 24 for one in shots) - 24, max(one.height for one in shots)), "#808080")
    at = 0
    for one in shots:
        board.paste(one, (at, 0))
        at += one.width + 24
    board.save(folder / f"{name}.png")
    for tone in ("dark", "light"):
        for width in widths:
            (folder / f"{name}-{tone}-{width}.png").unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--height", type=int, default=860)
    parser.add_argument("--widths", type=int, nargs="+", default=[320, 460])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    scenarios, serve = load("scenarios"), load("serve")
    names = given.names or [*scenarios.MAKE, *VIEWS]
    with serve.serving(scenarios.MAKE) as server, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("COMFYFIXERSMART_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for name in names:
            shoot(browser, server.address, name, given.folder, given.height, tuple(given.widths))
            sheet(given.folder, name, tuple(given.widths))
        browser.close()


if __name__ == "__main__":
    main()
