"""The `comfyfixersmart` command.

Exit codes: 0 fine, 1 findings (blocked or unreadable workflows), 2 the command could not do its work.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from .errors import ComfyFixerError, UsageError
from .files import to_json

FINE, FINDINGS, CANNOT = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code. Errors are one line on standard error, with the remedy."""
    for stream in (sys.stdout, sys.stderr):  # a name with a lone surrogate must not end the program
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = argparse.Namespace(json="--json" in (sys.argv[1:] if argv is None else argv))
    try:
        options = _parser().parse_args(argv)
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output has gone: nobody is left to tell
        _silence()
        return CANNOT
    except ComfyFixerError as error:
        return _fail(options, error.as_json())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(
            options,
            {
                "code": "os_error",
                "message": f"{where}{error.strerror or error}",
                "hint": "Check the path and its permissions.",
            },
        )
    except KeyboardInterrupt:
        print("Cancelled. What was written before is whole.", file=sys.stderr)
        return CANNOT


def _fail(options: argparse.Namespace, error: dict[str, str]) -> int:
    """Say what went wrong, where it was asked for; where nothing can be printed any more, the exit code says it."""
    from .reports.words import visible

    hint = f" {error['hint']}" if error.get("hint") else ""
    line = f"comfyfixersmart: {visible(error['message'].rstrip('.'))}.{hint}"
    try:
        if getattr(options, "json", False):
            print(to_json({"error": error}, indent=None), flush=True)
        else:
            print(line, file=sys.stderr, flush=True)
    except OSError:
        _silence()
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)
    return CANNOT


def _silence() -> None:
    """Let what is still buffered for a closed or full output go, so that the interpreter's end is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---- the commands ------------------------------------------------------------------------------------------


def _scan(options: argparse.Namespace) -> int:
    """Check a library and write its reports."""
    from .app import App
    from .library import find
    from .reports.write import write_reports

    place = _place(options)
    roots = options.paths or list(place.workflow_folders)
    if not roots:
        raise UsageError(
            "no_workflows",
            f"There are no saved workflows in {place.base or 'the given place'}",
            "Name a folder of workflows.",
        )
    missing = [root for root in roots if not os.path.exists(root)]
    if missing:
        raise UsageError("not_found", f"{missing[0]} does not exist", "Check the path.")
    out = _out(options, place)
    state = Path(options.state) if options.state else place.state or out / ".state"
    with _progress(options) as progress:
        app = App(place.inventory(state, progress), state=state)
        unread: list[str] = []
        files = list(find(roots, media=bool(options.paths), unread=unread))
        checked = app.check(files, maps=True, progress=progress.count)
        progress.say("Writing reports")
        library = app.library(checked, unread=unread)
        write_reports(library, out)
    if options.json:
        from .reports.data import report_json

        print(to_json(report_json(library)))
    else:
        from .reports.console import print_library

        print_library(library, out / "dashboard.html")
    return FINDINGS if any(_fails(one.readiness.status, False) for one in checked) else FINE


def _check(options: argparse.Namespace) -> int:
    """Check the given files; writes nothing."""
    from .app import App
    from .library import find

    place = _place(options)
    for path in options.paths:
        if not os.path.lexists(path):
            raise UsageError("not_found", f"{path} does not exist", "Check the path.")
    with _progress(options) as progress:
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
        from .reports.data import report_json

        print(to_json({**report_json(library), "new_breakage": new}))
    else:
        from .reports.console import print_checked

        print_checked(library.entries, library.place, None if before is None else set(new))
    return FINDINGS if new else FINE


def _inspect(options: argparse.Namespace) -> int:
    """Print what the given file or folder asks for."""
    from .app import App
    from .library import find
    from .requirements.inspection import inspection

    place = _place(options)
    if not os.path.lexists(options.path):
        raise UsageError("not_found", f"{options.path} does not exist", "Check the path.")
    with _progress(options) as progress:
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
        from .reports.console import print_inspection

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


# ---- where to look -----------------------------------------------------------------------------------------


def _place(options: argparse.Namespace) -> Any:
    from .place import Place

    return Place.from_options(
        comfyui=options.comfyui or os.environ.get("COMFYFIXERSMART_COMFYUI"),
        code=options.code,
        url=options.url,
        snapshot=options.snapshot,
        extra_configs=options.extra_model_paths,
        python=options.python,
        from_source=options.from_source,
    )


def _out(options: argparse.Namespace, place: Any) -> Path:
    given = options.out or os.environ.get("COMFYFIXERSMART_OUT")
    if given:
        return Path(given)
    if place.output:
        return Path(place.output) / "reports" / "workflows"
    return Path("comfyfixersmart-reports")


def _progress(options: argparse.Namespace) -> Any:
    from .reports.console import Progress

    return Progress(shown=not options.json and not options.quiet)


class _Parser(argparse.ArgumentParser):
    """Wrong arguments are an error like any other, so that `--json` holds for them too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError("bad_usage", message, f"See `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="comfyfixersmart",
        description="Tells for every ComfyUI workflow whether it runs here, and what is missing.",
    )
    parser.add_argument("--version", action="version", version=f"comfyfixersmart {_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    scan = commands.add_parser("scan", help="check a library of workflows and write reports and the dashboard")
    scan.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the saved workflows)")
    scan.add_argument(
        "--out", metavar="DIR", help="where reports go (default: output/reports/workflows of the installation)"
    )
    scan.add_argument(
        "--state", metavar="DIR", help="where caches and history go (default: the installation's protected folder)"
    )
    scan.set_defaults(run=_scan)
    check = commands.add_parser(
        "check", help="check files and write nothing; exit code 1 when one is blocked or unreadable"
    )
    check.add_argument("paths", nargs="+", metavar="FILE", help="workflow or media files, or folders")
    check.add_argument("--strict", action="store_true", help="exit code 1 for unknown too")
    check.add_argument("--baseline", metavar="FILE", help="an earlier `check --json`: fail on new breakage only")
    check.set_defaults(run=_check)
    inspect = commands.add_parser("inspect", help="print what a file or folder of workflows asks for")
    inspect.add_argument("path", metavar="PATH")
    inspect.set_defaults(run=_inspect)
    for command in (scan, check, inspect):
        _common(command)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("where to look (default: the environment's COMFYFIXERSMART_COMFYUI)")
    where.add_argument("--comfyui", metavar="DIR", help="a ComfyUI folder, base directory or portable install")
    where.add_argument("--code", metavar="DIR", help="ComfyUI's own source, when it lies apart from the base directory")
    where.add_argument("--url", metavar="URL", help="a running ComfyUI, e.g. http://127.0.0.1:8188")
    where.add_argument("--snapshot", metavar="FILE", help="a snapshot that the extension wrote")
    where.add_argument(
        "--from-source", action="store_true", help="read the packs' source even when there is a snapshot"
    )
    where.add_argument(
        "--extra-model-paths", metavar="YAML", action="append", default=[], help="as for ComfyUI; may be repeated"
    )
    where.add_argument(
        "--python", metavar="DIR", help="the environment that runs ComfyUI, its python, or its site-packages"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def _version() -> str:
    from .. import __version__

    return __version__


if __name__ == "__main__":
    sys.exit(main())
