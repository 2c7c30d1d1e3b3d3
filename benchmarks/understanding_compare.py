"""Is exactly the edit reported? Generated edits of the official templates, and changes that mean nothing.

1,000 times one, two or three edits of a real workflow (what each has to be reported as stands in
`understanding_edits.py`), every second time together with new ids for all nodes, links and subgraphs, another order and
another layout. A case is right when the report is what was expected: nothing is absent, nothing else is there. With new ids,
several edits together can have a second reading that is equally true (of two alike nodes, this one was removed and that one
rewired, or the other way round): a report of no more rows on nodes of the same types is right too, and counted apart. Then
changes that mean nothing: layout, ids and order; nodes moved into a subgraph. All from fixed seeds.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from comfyfixersmart.core.app import App
from comfyfixersmart.core.comparison.compare import compare
from comfyfixersmart.core.comparison.types import SEED, Comparison
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.workflow.read import read_bytes
from comfyfixersmart.core.workflow.types import Workflow

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan_accuracy import template_files
from table import Row
from understanding_edit_values import Edit, Expected
from understanding_edits import KINDS, Editor
from understanding_graph import Graph
from understanding_layout import gather, renumber, scatter

CASES, LAYOUTS, GATHERED = 1_000, 300, 200
SIZE, LARGE = 200, 3_000  # nodes of the workflows that are timed


class Case(NamedTuple):
    """One comparison: what was done, what is expected and what was reported."""

    name: str
    kinds: tuple[str, ...]
    renumbered: bool
    missing: list[Expected]
    extra: list[Expected]
    other: bool = False  # another reading of no more rows, on nodes of the same types

    @property
    def right(self) -> bool:
        return self.other or (not self.missing and not self.extra)


def rows(verbose: bool = False) -> list[Row]:
    """The rows of this part."""
    app = App(nothing("no installation: only what the files say"))
    files = [(path.name, path.read_bytes()) for path in template_files()]
    files = [(name, data) for name, data in files if b'"nodes"' in data and isinstance(json.loads(data), dict)]
    if not files:
        return [Row("edits", "not run: the package comfyui-workflow-templates-json is not installed")]
    cases = _edits(files, app)
    found = [_row(f"edits of {len({one.name for one in cases})} workflows, and nothing else, reported", cases, verbose)]
    others = [one for one in cases if one.other]
    found.append(
        Row("  of these: another reading, no longer, of nodes of the same types", str(len(others)), "", None,
            [line for one in others for line in _said(one)] if verbose else [])
    )  # fmt: skip
    for renumbered, what in ((False, "ids kept"), (True, "new ids, order and layout")):
        found.append(_row(f"  {what}", [one for one in cases if one.renumbered == renumbered], False))
    for count in (1, 2, 3):
        found.append(_row(f"  {count} at once", [one for one in cases if len(one.kinds) == count], False))
    for kind in KINDS:
        found.append(_row(f"  with: {kind}", [one for one in cases if kind in one.kinds], False))
    layouts, gathered = _layouts(files, app)
    found.append(_row("only layout, ids and order: nothing reported", layouts, verbose))
    found.append(_row("nodes moved into a subgraph: nothing reported", gathered, verbose))
    return [*found, *_times(files, app)]


def _row(what: str, cases: list[Case], verbose: bool) -> Row:
    right = sum(one.right for one in cases)
    wrong = [line for one in cases if not one.right for line in _said(one)] if verbose else []
    share = f" ({right / len(cases):.2%})" if cases else ""
    return Row(what, f"{right} of {len(cases)}{share}", "100 %", right == len(cases), wrong)


def _said(case: Case) -> list[str]:
    ids = ", new ids" if case.renumbered else ""
    lines = [f"{case.name}: {' + '.join(case.kinds)}{ids}"]
    lines += [f"    not reported: {_short(one)}" for one in case.missing]
    return lines + [f"    reported too: {_short(one)}" for one in case.extra]


def _short(one: Expected) -> str:
    values = f": {str(one.before)[:60]!r} → {str(one.after)[:60]!r}" if one.kind in ("changed", SEED) else ""
    return f"{one.kind} {one.old or '-'} → {one.new or '-'}{values}"


# ---- cases -----------------------------------------------------------------------------------------------------


def _edits(files: list[tuple[str, bytes]], app: App) -> list[Case]:
    order = list(range(len(files)))
    random.Random("files").shuffle(order)
    cases: list[Case] = []
    attempt = 0
    while len(cases) < CASES and attempt < 20 * CASES:
        name, data = files[order[attempt % len(order)]]
        case = _edit(name, data, app, random.Random(f"edit {attempt}"), len(cases))
        attempt += 1
        if case is not None:
            cases.append(case)
    return cases


def _edit(name: str, data: bytes, app: App, rng: random.Random, number: int) -> Case | None:
    """One case; None where the workflow has no place for the edits that were drawn."""
    graph = Graph(data)
    editor = Editor(graph, rng)
    wanted = (1, 1, 2, 3)[number // 2 % 4]  # half of the cases are single edits
    edits: list[Edit] = []
    if 3 * wanted > sum(graph.plain(node) for level in graph.levels.values() for node in level.raw["nodes"]):
        return None  # where most of a workflow is edited, nothing says which node is which
    for kind in (KINDS[number // 8 % len(KINDS)], *rng.sample(KINDS, len(KINDS))):
        if len(edits) < wanted and (done := editor.edit(kind)) is not None:
            edits.append(done)
    if len(edits) < wanted:
        return None
    expected = [one for edit in edits for one in edit.expected]
    if number % 2:
        ids = renumber(graph, rng)
        scatter(graph, rng)
        expected = [one._replace(new=ids.flat(one.new)) for one in expected]
    new = json.dumps(graph.raw).encode()
    found = _reported(_compare(data, new, app))
    missing, extra = _against(expected, found)
    types = [{node.id: node.class_type for node in _read(one).nodes} for one in (data, new)]
    other = (
        bool(missing)
        and number % 2 == 1
        and len(extra) <= len(missing)
        and _types(missing, types) == _types(extra, types)
    )
    return Case(name, tuple(edit.kind for edit in edits), bool(number % 2), missing, extra, other)


def _types(rows_: list[Expected], types: list[dict[str, str]]) -> set[str]:
    """The types of the nodes that the rows are about."""
    return {types[0].get(one.old) or types[1].get(one.new, "") for one in rows_}


def _compare(old: bytes, new: bytes, app: App) -> Comparison:
    return compare(_read(old), _read(new), app.catalogue)


def _read(data: bytes) -> Workflow:
    return read_bytes(data, "workflow.json").workflows[0]


def _reported(comparison: Comparison) -> list[Expected]:
    return [
        Expected(
            one.kind,
            one.old.id if one.old else "",
            one.new.id if one.new else "",
            *((one.before, one.after) if one.kind in ("changed", SEED) else ()),
        )
        for one in comparison.differences
    ]


def _against(expected: list[Expected], found: list[Expected]) -> tuple[list[Expected], list[Expected]]:
    """What was not reported, and what was reported beside it."""
    keys = [Counter(repr(one) for one in side) for side in (expected, found)]
    missing, extra = keys[0] - keys[1], keys[1] - keys[0]
    return ([one for one in expected if missing[repr(one)] > 0], [one for one in found if extra[repr(one)] > 0])


def _layouts(files: list[tuple[str, bytes]], app: App) -> tuple[list[Case], list[Case]]:
    def case(name: str, data: bytes, change: Callable[[Graph], bool]) -> Case | None:
        graph = Graph(data)
        if not change(graph):
            return None
        found = _reported(_compare(data, json.dumps(graph.raw).encode(), app))
        return Case(name, ("layout",), True, [], found)

    def moved(rng: random.Random) -> Callable[[Graph], bool]:
        def change(graph: Graph) -> bool:
            if rng.random() < 0.8:
                renumber(graph, rng)
            scatter(graph, rng)
            return True

        return change

    def gathered(rng: random.Random) -> Callable[[Graph], bool]:
        return lambda graph: gather(graph, rng)

    layouts: list[Case] = []
    subgraphs: list[Case] = []
    order = list(files)
    random.Random("layouts").shuffle(order)
    for place in range(len(order) * 2):
        name, data = order[place % len(order)]
        for into, most, make in ((layouts, LAYOUTS, moved), (subgraphs, GATHERED, gathered)):
            if len(into) < most and (one := case(name, data, make(random.Random(f"layout {place}")))) is not None:
                into.append(one)
    return layouts, subgraphs


# ---- time ------------------------------------------------------------------------------------------------------


def _times(files: list[tuple[str, bytes]], app: App) -> list[Row]:
    """The template whose size is nearest to 200 nodes, edited and renumbered; and many copies of one in one file."""
    sized = [(abs(len(_read(data).nodes) - SIZE), name, data) for name, data in files]
    _, _, data = min(sized)
    graph = Graph(data)
    rng = random.Random("time")
    editor = Editor(graph, rng)
    for kind in ("number", "removed", "rewired"):
        editor.edit(kind)
    renumber(graph, rng)
    scatter(graph, rng)
    found = []
    for what, old, limit in ((SIZE, data, 0.1), (LARGE, _many(data, LARGE), 3.0)):
        new = json.dumps(graph.raw).encode() if what == SIZE else _edited(old)
        best, nodes = _best(old, new, app, 5 if what == SIZE else 2)
        value = f"{best * 1000:.0f} ms for {nodes} nodes"
        found.append(
            Row(
                f"time of a comparison, {what} nodes",
                value,
                f"≤ {limit * 1000:.0f} ms",
                best <= limit,
                over=best / limit,
            )
        )
    return found


def _best(old: bytes, new: bytes, app: App, runs: int) -> tuple[float, int]:
    best = float("inf")
    nodes = 0
    for _ in range(runs):
        before, after = _read(old), _read(new)
        nodes = len(before.nodes)
        start = time.perf_counter()
        compare(before, after, app.catalogue)
        best = min(best, time.perf_counter() - start)
    return best, nodes


def _many(data: bytes, nodes: int) -> bytes:
    """Copies of the root of one workflow side by side, the values of each a little different."""
    raw = json.loads(data)
    size = max(len(_read(data).nodes), 1)
    far = 1 + max(node["id"] for node in raw["nodes"])
    wide = 1 + max(link[0] for link in raw["links"])
    nodes_, links = [], []
    for copy in range(nodes // size + 1):
        text = json.loads(data)
        for node in text["nodes"]:
            node["id"] += copy * far
            for slot in node.get("inputs") or []:
                slot["link"] = slot["link"] + copy * wide if slot.get("link") is not None else None
            if isinstance(node.get("widgets_values"), list):
                node["widgets_values"] = [_shifted(value, copy) for value in node["widgets_values"]]
        nodes_ += text["nodes"]
        links += [
            [number + copy * wide, origin + copy * far, out, target + copy * far, *rest]
            for number, origin, out, target, *rest in text["links"]
        ]
    return json.dumps({**raw, "nodes": nodes_, "links": links}).encode()


def _shifted(value: Any, copy: int) -> Any:
    return value + copy if isinstance(value, int) and not isinstance(value, bool) else value


def _edited(data: bytes) -> bytes:
    graph = Graph(data)
    rng = random.Random("large")
    for node in rng.sample(graph.raw["nodes"], 40):
        if isinstance(node.get("widgets_values"), list):
            node["widgets_values"] = [_shifted(value, 1) for value in node["widgets_values"]]
    renumber(graph, rng)
    scatter(graph, rng)
    return json.dumps(graph.raw).encode()
