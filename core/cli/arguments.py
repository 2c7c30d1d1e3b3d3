"""The commands and their options."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from ..errors import UsageError
from ..sources.roster import NAMES
from . import checks, compare, explain, fix, journal, resolve, running, tune


class _Parser(argparse.ArgumentParser):
    """Wrong arguments are an error like any other, so that `--json` holds for them too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError("bad_usage", message, f"See `{self.prog} --help`.")


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command leaves its function in `run`."""
    made = _Parser(
        prog="comfyfixersmart",
        description="Tells for every ComfyUI workflow whether it runs here, and what is missing.",
    )
    made.add_argument("--version", action="version", version=f"comfyfixersmart {_version()}")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    scan = commands.add_parser("scan", help="check a library of workflows and write reports and the dashboard")
    scan.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the saved workflows)")
    scan.add_argument(
        "--out", metavar="DIR", help="where reports go (default: output/reports/workflows of the installation)"
    )
    scan.add_argument(
        "--state", metavar="DIR", help="where caches and history go (default: the installation's protected folder)"
    )
    scan.set_defaults(run=checks.scan)
    check = commands.add_parser(
        "check", help="check files and write nothing; exit code 1 when one is blocked or unreadable"
    )
    check.add_argument("paths", nargs="+", metavar="FILE", help="workflow or media files, or folders")
    check.add_argument("--strict", action="store_true", help="exit code 1 for unknown too")
    check.add_argument("--baseline", metavar="FILE", help="an earlier `check --json`: fail on new breakage only")
    check.set_defaults(run=checks.check)
    inspect = commands.add_parser("inspect", help="print what a file or folder of workflows asks for")
    inspect.add_argument("path", metavar="PATH")
    inspect.set_defaults(run=checks.inspect)
    known = (_explain(commands), _tune(commands), _compare(commands))
    actions = (_fix(commands), _plan(commands), _apply(commands), _journal(commands))
    for command in (scan, check, inspect, *known, _resolve(commands), *actions):
        _common(command)
    return made


def _explain(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "explain", help="say what a workflow is, how it works, what to change first and what may go wrong"
    )
    made.add_argument("path", metavar="FILE", help="a workflow or media file")
    made.add_argument(
        "--for", dest="reader", choices=explain.READERS, default="newcomer", help="for whom (default: %(default)s)"
    )
    _markdown(made)
    made.set_defaults(run=explain.explain)
    return made


def _tune(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "tune", help="propose changes that make a workflow fit a given memory; exit code 1 when nothing is offered"
    )
    made.add_argument("path", metavar="FILE", help="a workflow file")
    made.add_argument("--memory", metavar="GB", type=_gigabytes, help="of the GPU (default: that of this machine)")
    made.add_argument("--goal", choices=tune.GOALS, help="which variant to write (default: the first one)")
    made.add_argument(
        "--change", metavar="ID", action="append", default=[], help="these changes instead; may be repeated"
    )
    made.add_argument("--write", action="store_true", help="plan the new version NAME.vN.json, ask, and write it")
    _state(made, "plans and the journal are kept")
    _approving(made)
    made.set_defaults(run=tune.tune)
    return made


def _compare(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "compare", help="tell what differs between two versions and what it means; exit code 1 when something does"
    )
    made.add_argument("old", metavar="OLD", help="a workflow or media file")
    made.add_argument("new", metavar="NEW", nargs="?", help="another version of it")
    made.add_argument("--good", action="store_true", help="compare one file with the version of it that last ran here")
    made.add_argument("--save", metavar="COPY", help="with --good: write that version into this new file instead")
    _markdown(made)
    _state(made, "good versions are kept")
    made.set_defaults(run=compare.compare)
    return made


def _resolve(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "resolve",
        help="find out where missing files and node packs can be had; exit code 1 when something is not settled",
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the saved workflows)")
    made.add_argument("--steps", action="store_true", help="print every step of each search")
    made.add_argument("--again", action="store_true", help="look up anew what was looked up already")
    _state(made, "answers and choices are kept")
    _who(made)
    hand = made.add_argument_group("choosing by hand (the keys are printed beside what was found)")
    hand.add_argument(
        "--choose", metavar="KEY=CANDIDATE", action="append", default=[], help="take this candidate, by number or id"
    )
    hand.add_argument("--reason", metavar="TEXT", default="", help="why; kept with the choice")
    hand.add_argument("--unchoose", metavar="KEY", action="append", default=[], help="take a choice back")
    made.set_defaults(run=resolve.resolve)
    return made


def _fix(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "fix", help="scan, look up, plan, ask, apply and scan again; exit code 1 when something is left or failed"
    )
    _planning(made)
    _approving(made)
    made.set_defaults(run=fix.fix)
    return made


def _plan(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "plan", help="make and print a plan and do nothing; exit code 1 when it leaves something out"
    )
    _planning(made)
    made.add_argument("--out", metavar="FILE", help="write the plan as JSON, too")
    made.set_defaults(run=fix.plan)
    return made


def _apply(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "apply", help="show, approve and run a plan that was made before; exit code 1 when something is left or failed"
    )
    made.add_argument(
        "plan", nargs="?", metavar="DIGEST|FILE", help="the plan, by its digest or as `plan --out` wrote it"
    )
    made.add_argument("--continue", dest="go_on", action="store_true", help="let the run go on that was interrupted")
    _state(made, "plans and the journal are kept")
    _approving(made)
    made.set_defaults(run=running.apply)
    return made


def _journal(commands: Any) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        "journal", help="print what was done, newest first, or take it back: journal undo ID"
    )
    made.add_argument("what", nargs="*", metavar="undo ID", help="take these entries back, or all of a run by its id")
    made.add_argument(
        "--limit", metavar="N", type=_count, default=journal.LIMIT, help="how many (default: %(default)s)"
    )
    made.add_argument("--all", action="store_true", help="every entry")
    made.add_argument("--run", dest="of_run", metavar="ID", default="", help="only those of this run")
    made.add_argument(
        "--confirm", metavar="ID", action="append", default=[], help="in scripts: what is undone, named once more"
    )
    _state(made, "the journal is kept")
    made.set_defaults(run=journal.journal)
    return made


def _planning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the saved workflows)")
    parser.add_argument("--leave-out", metavar="ID", action="append", default=[], help="an action that is not wanted")
    parser.add_argument(
        "--prefer",
        metavar="ID=WAY",
        action="append",
        default=[],
        help="link, or move, for a file that lies in another folder",
    )
    _state(parser, "answers, plans and the journal are kept")
    _who(parser)


def _approving(parser: argparse.ArgumentParser) -> None:
    yes = parser.add_argument_group("approving without being asked (for scripts)")
    yes.add_argument("--approve", metavar="DIGEST", help="the plan of this digest, which somebody has read")
    yes.add_argument(
        "--consent", metavar="ID=RISKS", action="append", default=[], help="confirm risks of an action of that plan"
    )


def _state(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--state", metavar="DIR", help=f"where {what} (default: the installation's protected folder)")


def _who(parser: argparse.ArgumentParser) -> None:
    who = parser.add_argument_group("who may be asked (default: what the settings say, else you are asked)")
    who.add_argument("--ask", metavar="NAMES", help=f"these services for this run: all, or some of {','.join(NAMES)}")
    who.add_argument("--offline", action="store_true", help="ask nobody: only what lies on this disk")
    who.add_argument("--remember", action="store_true", help="keep the answer in the settings")


def _markdown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--markdown", action="store_true", help="print Markdown in a terminal too, as into a file")


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of entries")
    return int(text)


def _gigabytes(text: str) -> float:
    try:
        found = float(text.lower().removesuffix("gb").strip())
    except ValueError:
        found = 0.0
    if not 0 < found <= 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is no size in GB")
    return found


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
    from ... import __version__

    return __version__
