"""What a person sees in a terminal: progress while work goes on, then the verdicts in few lines."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ..readiness.types import BLOCKED, INFO, NEEDS_INPUT, RUNNABLE, UNKNOWN, UNREADABLE, Finding
from ..resolution.types import NOT_FOUND, RESOLVED, UNCERTAIN, Resolution
from . import health, verdicts, words
from .overview import headline, step_title
from .rows import listed
from .types import Entry, Library, Place

_SIGNS = {RUNNABLE: "✓", NEEDS_INPUT: "▣", UNKNOWN: "◆", BLOCKED: "▲", UNREADABLE: "✗"}
_COLOURS = {RUNNABLE: "green", NEEDS_INPUT: "blue", UNKNOWN: "magenta", BLOCKED: "yellow", UNREADABLE: "red"}
_VERDICT_COLOURS = {RESOLVED: "green", UNCERTAIN: "magenta", NOT_FOUND: "bright_black"}
_MOST_FINDINGS = 12  # per workflow: the reports hold them all
_NODE = re.compile(r"(?<!\\)\[((?:[^\]\\]|\\.)*)\]\(#node-[^)\s]*\)")  # a link to a node, as explanations write it
_NODES = re.compile(rf"(?:\| )?{_NODE.pattern}(?:, {_NODE.pattern})*")


class Progress:
    """A progress bar on standard error while it is a terminal; nothing otherwise. Used as a context."""

    def __init__(self, *, shown: bool = True) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._shown = shown and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        if self._shown:
            from rich import progress
            from rich.console import Console

            told = progress.TextColumn("{task.description}", markup=False)
            columns = [told, progress.BarColumn(), progress.MofNCompleteColumn()]
            self._bar = progress.Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """What goes on now, when it cannot be counted."""
        if self._bar is not None:
            self._bar.update(self._task, description=text, total=None, completed=0)

    def count(self, done: int, total: int, name: str, did: str = "") -> None:
        """`done` of `total` things are finished; `name` is the one at hand, `did` the step that is taken for it."""
        if self._bar is not None:
            said = short(name, 48).ljust(48) if not did else f"{short(name, 32)}: {short(did, 46)}".ljust(80)
            self._bar.update(self._task, description=said, total=total, completed=done)


def short(text: str, most: int) -> str:
    """A text that keeps its beginning and its end."""
    shown = words.visible(text)
    half = most // 2
    return shown if len(shown) <= most else f"{shown[:half]}…{shown[half + 1 - most :]}"


def print_library(library: Library, dashboard: Path) -> None:
    """The outcome of a scan: counts, the shortest way to more, and where the dashboard lies."""
    shown = listed(library).entries  # as the dashboard counts
    counts = words.counts(entry.readiness.status for entry in shown)
    out = console()
    total = len(shown)
    if not total:
        out.print("No workflow was found there.")
    else:
        parts = [
            f"[{_COLOURS[s]}]{_SIGNS[s]} {count} {words.LABEL[s].lower()}[/]" for s, count in counts.items() if count
        ]
        out.print(f"{headline(counts)}: " + "  ".join(parts))
    broke = health.summary(shown)
    if broke:
        out.print(f"  {safe(broke)}")
    for told in verdicts.summary(shown):
        out.print(f"  {told}", style="dim")
    for step in library.unlock[:3]:
        needs = ", ".join(safe(words.pack(need.name)) for need in step.needs[:4]) + (
            " …" if len(step.needs) > 4 else ""
        )
        out.print(f"  {safe(step_title(step))}: {needs}.", style="dim")
    _print_age(out, library.place, library.when)
    for gap in library.place.gaps[:5]:
        out.print(f"  Not known: {safe(gap)}", style="dim")
    out.print(f"Dashboard: {safe(str(dashboard.resolve()))}")


def print_checked(entries: Sequence[Entry], place: Place, new: set[str] | None) -> None:
    """One block per workflow: verdict, then its findings. `new`: with a baseline, the workflows that broke since."""
    out = console()
    for entry in entries:
        mark = "" if new is None or entry.name not in new else "  [bold](new)[/]"
        out.print(f"{headed(entry)}{mark}")
        _print_findings(out, entry)
    _print_age(out, place, time.time())
    for gap in place.gaps:
        out.print(f"Not known: {safe(gap)}", style="dim")


def headed(entry: Entry) -> str:
    """A workflow's name with its sign and verdict."""
    ready = entry.readiness
    sign = f"[{_COLOURS[ready.status]}]{_SIGNS[ready.status]}[/]"
    return f"{sign} [bold]{safe(entry.name)}[/]  {safe(words.verdict(ready))}"


def _print_age(out: Any, place: Place, now: float) -> None:
    """A snapshot says how old it is: what ComfyUI loaded since is not in it."""
    if place.origin == "snapshot":
        age = words.ago(place.taken, now)
        text = f"Node types as ComfyUI had them {age or 'at an unknown time'}; model files as they lie here now."
        out.print(f"  {text}", style="dim")


def _print_findings(out: Any, entry: Entry) -> None:
    lines: dict[tuple[bool, str, str, str], tuple[list[str], Resolution | None]] = {}
    for at, one in enumerate(entry.readiness.findings):  # the same thing said of several names is said once
        resolution = entry.resolutions.get(at)
        key = (one.weight == INFO, one.code, _sentence(one), resolution.key if resolution else "")
        lines.setdefault(key, ([], resolution))[0].append(one.name)
    for (info, code, said, _), (names, resolution) in list(lines.items())[:_MOST_FINDINGS]:
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        out.print(f"    {code:<9} {safe(shown)}: {safe(said)}", style="dim" if info else None)
        if resolution is not None:
            out.print(f"              {verdict_word(resolution)}  {safe(verdicts.line(resolution))}")
    if len(lines) > _MOST_FINDINGS:
        out.print(f"    and {len(lines) - _MOST_FINDINGS} more", style="dim")


def _sentence(finding: Finding) -> str:
    found = f" {finding.evidence[0].text}" if finding.evidence else ""
    if finding.code.startswith("NODE") or not finding.nodes or not finding.nodes[0].id:
        return finding.message + found  # the name is the node's own type
    return f"{finding.message}{found} ({words.listed([f'{node.title} {node.id}' for node in finding.nodes[:2]])})"


def verdict_word(one: Resolution) -> str:
    """RESOLVED, UNCERTAIN or NOT FOUND in its colour."""
    return f"[{_VERDICT_COLOURS.get(one.state, 'magenta')}]{verdicts.WORD.get(one.state, '')}[/]"


def print_inspection(body: Mapping[str, Mapping[str, Any]]) -> None:
    """What each workflow asks for, in words."""
    out = console()
    for name, one in body.items():
        out.print(f"[bold]{safe(name)}[/]")
        if "error" in one:
            out.print(f"    {safe(one['error']['message'])}")
            continue
        out.print(f"    {one['format'].upper()} format, {words.plural(len(one['node_types']), 'node type')}")
        seen: set[tuple[str, bool]] = set()
        for model in one["models"]:
            if (model["name"], model["active"]) in seen:
                continue
            seen.add((model["name"], model["active"]))
            folder = ", ".join(model["folders"]) or "folder not known"
            off = "" if model["active"] else "  (muted or bypassed)"
            out.print(f"    model    {safe(model['name'])}  [dim]{safe(folder)}{off}[/]")
        for ref in one["text_refs"]:
            out.print(f"    {ref['kind']:<8} {safe(ref['name'])}")
        for media in one["input_media"]:
            out.print(f"    input    {safe(media)}")
        for warning in one["warnings"]:
            out.print(f"    warning  {safe(warning)}")


def console(*, error: bool = False) -> Any:
    """Standard output, or standard error, where lines are as long as they are."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:  # rich would end the program with 1, which stands for findings
            raise BrokenPipeError

    return Ours(highlight=False, soft_wrap=True, emoji=False, stderr=error)


def print_markdown(text: str, *, raw: bool = False) -> None:
    """Markdown as it is into a file or a pipe, and with `raw`; else set for reading in a terminal, where a node that is a
    link in Markdown is its id in brackets. Nothing in it can steer the terminal."""
    shown = "\n".join(map(words.visible, text.rstrip("\n").split("\n")))
    if raw or not sys.stdout.isatty():
        print(shown)
        return
    from rich.markdown import Markdown
    from rich.theme import Theme

    out = console()
    with out.use_theme(Theme({"markdown.code": "bold", "markdown.h1": "bold"})):
        out.print(Markdown(_NODES.sub(_bracketed, shown), hyperlinks=False), soft_wrap=False)


def _bracketed(found: re.Match[str]) -> str:
    """The ids of nodes: in brackets behind a sentence, bare in the column of a table."""
    ids = ", ".join(one[1] for one in _NODE.finditer(found[0]))
    return f"| {ids}" if found[0].startswith("|") else f"({ids})"


def safe(text: str) -> str:
    """Text from a file: no control characters, and no meaning to rich's markup."""
    from rich.markup import escape

    return escape(words.visible(text))
