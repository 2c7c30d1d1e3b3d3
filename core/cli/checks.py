"""`scan`, `check` and `inspect`: what is there, and what is missing. They ask nobody."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..files import to_json
from .shared import FINDINGS, FINE, place_of, progress_of, roots_of

# What is new or changed is reviewed once, behind the scan: for a tenth of the scan's time, the rest at the next one. A small
# library gets a second all the same: a tenth of its scan is less than one review, so its first report would say next to
# nothing of its workflows. A scan that finds nothing changed makes no review, and takes no longer.
REVIEW, SOON = 0.1, 1.0


def scan(options: argparse.Namespace) -> int:
    """Check a library and write its reports."""
    from ..app import App
    from ..library import find
    from ..reports.write import write_reports

    place = place_of(options)
    roots = roots_of(options, place)
    out = _out(options, place)
    state = Path(options.state) if options.state else place.state or out / ".state"
    with progress_of(options) as progress:
        app = App(place.inventory(state, progress), state=state)
        began = time.monotonic()
        unread: list[str] = []
        files = list(find(roots, media=bool(options.paths), unread=unread))
        checked = app.check(files, maps=True, progress=progress.count)
        progress.say("Writing reports")
        library = app.library(checked, unread=unread)
        library = app.review(library, checked, seconds=max(REVIEW * (time.monotonic() - began), SOON))
        write_reports(library, out)
    if options.json:
        from ..reports.data import report_json

        print(to_json(report_json(library)))
    else:
        from ..reports.console import print_library

        print_library(library, out / "dashboard.html")
    return FINDINGS if any(_fails(one.readiness.status, False) for one in checked) else FINE


def check(options: argparse.Namespace) -> int:
    """Check the given files; writes nothing."""
    from ..app import App
    from ..library import find

    place = place_of(options)
    for path in options.paths:
        if not os.path.lexists(path):
            raise UsageError("not_found", f"{path} does not exist", "Check the path.")
    with progress_of(options) as progress:
        app = App(place.inventory(place.state, progress, keep=False), state=place.state, keep=False)
        unread: list[str] = []
        checked = app.check(list(find(options.paths, unread=unread)), progress=progress.count)
    library = app.library(checked, unread=unread)
    failing = [one.name for one in checked if _fails(one.readiness.status, options.strict)]
    before = _baseline(options.baseline) if options.baseline else None
    places = {one.name: _key(one.path, one.name) for one in checked}
    new = [
        name for name in failing if before is None or not _fails(before.get(places[name], "runnable"), options.strict)
    ]
    if options.json:
        from ..reports.data import report_json

        print(to_json({**report_json(library), "new_breakage": new}))
    else:
        from ..reports.console import print_checked

        print_checked(library.entries, library.place, None if before is None else set(new))
    return FINDINGS if new else FINE


def inspect(options: argparse.Namespace) -> int:
    """Print what the given file or folder asks for."""
    from ..app import App
    from ..library import find
    from ..requirements.inspection import inspection

    place = place_of(options)
    if not os.path.lexists(options.path):
        raise UsageError("not_found", f"{options.path} does not exist", "Check the path.")
    with progress_of(options) as progress:
        app = App(place.inventory(place.state, progress, keep=False))
    folder = os.path.isdir(options.path)
    body: dict[str, Any] = {}
    for file in find([options.path]):
        needs, problems = app.inspect(file)
        for one in needs:
            body[one.workflow] = inspection(one)
        for problem in problems:
            if problem.code != "no_workflow" or not folder:
                body[problem.name] = {"error": {"code": problem.code, "message": problem.message}}
    single = not folder and len(body) == 1
    if options.json:
        print(to_json(next(iter(body.values())) if single else body))
    else:
        from ..reports.console import print_inspection

        print_inspection(body)
    return FINDINGS if any("error" in one for one in body.values()) else FINE


def _key(path: str, name: str) -> str:
    """A workflow by its file and its number there: names depend on which folders were given together."""
    return f"{os.path.realpath(path)}#{name.rpartition('#')[2] if '#' in name else ''}"


def _fails(status: str, strict: bool) -> bool:
    return status in ("blocked", "unreadable") or (strict and status == "unknown")


def _baseline(path: str) -> dict[str, str]:
    """Place → status of an earlier `check --json`."""
    try:
        body = json.loads(Path(path).read_bytes())
        return {_key(str(one["source"]), str(one["name"])): str(one["status"]) for one in body["workflows"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            "bad_baseline",
            f"{path} is not the output of an earlier `check --json`",
            "Make it again with `check --json > FILE`.",
        ) from None


def _out(options: argparse.Namespace, place: Any) -> Path:
    given = options.out or os.environ.get("COMFYFIXERSMART_OUT")
    if given:
        return Path(given)
    if place.output:
        return Path(place.output) / "reports" / "workflows"
    return Path("comfyfixersmart-reports")
