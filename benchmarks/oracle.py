"""Do we call runnable what ComfyUI itself accepts? A real ComfyUI judges more than a thousand cases, and so do we.

    benchmarks/oracle.py [--json] [--corpus DIR] [--limit N]

Workflows go through ComfyUI's own page, whose prompts go through the server's own validation, without being run.
Runnable means accepted with no node errors. Each case changes one thing in the installation. Truth never comes from
our code: which inputs name files the server says itself (tests/host/packs/oracle).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from host_accuracy import _server_module as server_module
from oracle_cases import COMPLETE, NO_TYPE, Case, State, Subject, hiding_states, states, subject
from oracle_host import PACKS, Host, write_second_roots
from oracle_ours import Answer, Ways
from oracle_page import Page, Sent, absent, open_page
from scan_accuracy import template_files
from table import Table

CASES, SHARE, AGREEMENT, WORKFLOWS = 1000, 0.30, 0.995, 80  # the targets


class Judged(NamedTuple):
    """One case with both answers."""

    case: Case
    runnable: bool  # by ComfyUI
    why: str  # what it said
    ours: Answer


def main() -> int:
    """Run and print; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="a folder with workflows/, of which more cases are made")
    parser.add_argument("--limit", type=int, help="only so many workflows, for a quick look")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = Table("oracle")
    server = server_module()
    why = server if isinstance(server, str) else absent()
    if why:
        table.not_run("verdicts against a real ComfyUI", why)
    else:
        with tempfile.TemporaryDirectory(prefix="cfs-oracle-") as folder:
            measure(table, server, Path(folder), options)
    return table.finish(options.json)


def measure(table: Table, server: Any, folder: Path, options: argparse.Namespace) -> None:
    """One ComfyUI, one page, all cases."""
    base = folder / "base"
    config = write_second_roots(folder / "roots.yaml", folder / "second")
    arguments = ["--extra-model-paths-config", str(config)]
    with server.running(base, packs=PACKS, api_nodes=True, args=arguments) as running:
        host = Host(running)
        with open_page(running.url) as page:
            files = list(_workflows(options))
            sent = dict(_sent(page, files))
        ways = Ways(running.url, base, server.installer.installed(), config, folder / "state")
        as_they_are(table, sent, host, ways, {name: data for name, data, template in files if template})
        subjects = [
            subject(name, data, sent[name].prompt, host.rules)
            for name, data, _ in files
            if name in sent and set(sent[name].types.values()) <= host.info.keys()
        ]
        judged = {way: [] for way in ways.names}
        for state in _states(host, subjects):
            for way, rows in judge(host, ways, state):
                judged[way] += rows
    for way, rows in judged.items():
        show(table, way, rows)


def _workflows(options: argparse.Namespace) -> Iterator[tuple[str, bytes, bool]]:
    """Name, bytes, and whether it is one of the official templates."""
    paths = [(path.name, path, True) for path in template_files()]
    if options.corpus:
        folder = options.corpus / "workflows"
        paths += [(path.relative_to(folder).as_posix(), path, False) for path in sorted(folder.rglob("*.json"))]
    for name, path, template in paths[: options.limit]:
        data = path.read_bytes()
        try:
            graph = json.loads(data)
        except ValueError:
            continue
        if isinstance(graph, dict) and isinstance(graph.get("nodes"), list):
            yield name, data, template


def _sent(page: Page, files: Iterable[tuple[str, bytes, bool]]) -> Iterator[tuple[str, Sent]]:
    for name, data, _ in files:
        try:
            yield name, page.sent(json.loads(data))
        except Exception as error:  # the page's own faults: it cannot run them either
            print(f"the page cannot send {name}: {str(error).splitlines()[0]}", file=sys.stderr)


# ---- the cases ---------------------------------------------------------------------------------------------


def _states(host: Host, subjects: list[Subject]) -> Iterator[State]:
    """All present first. What ComfyUI refuses then is no ground for further cases: nothing changed would be seen."""
    host.place(file for one in subjects for file in one.files)
    yield State([], [Case(one, COMPLETE, "") for one in subjects])
    answers = host.validate([one.prompt for one in subjects])
    sound = [one for one, answer in zip(subjects, answers, strict=True) if _runnable(answer)]
    yield from states(sound, host.two_roots())
    yield from hiding_states(sound)


def judge(host: Host, ways: Ways, state: State) -> Iterator[tuple[str, list[Judged]]]:
    """Both answers to every case of one state, by each of our ways to look."""
    host.change(state.changes)
    try:
        answers = host.validate([case.subject.prompt for case in state.cases])
        for way in ways.names:
            if way == "disk" and any(change.kind == NO_TYPE for change in state.changes):
                continue  # what the test hides in the server's memory is still in the source
            ours = ways.answers(way, [case.subject for case in state.cases])
            yield (
                way,
                [
                    Judged(case, _runnable(answer), _said(answer), own)
                    for case, answer, own in zip(state.cases, answers, ours, strict=True)
                ],
            )
    finally:
        host.undo(state.changes)


def _runnable(answer: dict[str, Any]) -> bool:
    return answer["accepted"] and not answer["node_errors"]


def _said(answer: dict[str, Any]) -> str:
    errors = [
        f"{node_id} {kind} {details}" for node_id, found in answer["node_errors"].items() for kind, _, details in found
    ]
    return "; ".join([answer["error"] or "accepted", *errors])


# ---- the figures -------------------------------------------------------------------------------------------


def show(table: Table, way: str, rows: list[Judged]) -> None:
    """The matrix, the agreement, and every disagreement."""
    apart = [row for row in rows if stricter(row)]
    counted = [row for row in rows if not stricter(row)]
    matrix = Counter((row.runnable, row.ours.status == "runnable") for row in counted)
    wrong = [row for row in counted if row.runnable != (row.ours.status == "runnable") or row.ours.status == "unknown"]
    runnable = sum(row.runnable for row in counted)
    total = max(1, len(counted))
    kinds = Counter(row.case.kind for row in rows)
    names = {row.case.subject.name for row in rows}
    if way == "disk":
        CASES_HERE, SHARE_HERE = "", None
    table.add(f"{way}: workflows", str(len(names)), f"≥ {WORKFLOWS}", len(names) >= WORKFLOWS)
    table.add(
        f"{way}: cases",
        str(len(counted)),
        f"≥ {CASES}",
        len(counted) >= CASES,
        [f"{n:5} {k}" for k, n in kinds.items()],
    )
    share = min(runnable, len(counted) - runnable) / total
    table.add(f"{way}: smaller class", f"{share:.1%}", f"≥ {SHARE:.0%}", share >= SHARE)
    lines = [
        "                       we: runnable  we: not",
        f"ComfyUI: runnable      {matrix[True, True]:12}  {matrix[True, False]:7}",
        f"ComfyUI: not runnable  {matrix[False, True]:12}  {matrix[False, False]:7}",
    ]
    agreement = 1 - len(wrong) / total
    said = [
        f"{one.case.subject.name} | {one.case.kind} {one.case.what} | ComfyUI: {one.why} | we: {one.ours}"
        for one in wrong
    ]
    table.add(f"{way}: agreement", f"{agreement:.2%}", f"≥ {AGREEMENT:.1%}", agreement >= AGREEMENT, lines + said)
    table.add(f"{way}: stricter than ComfyUI, counted apart", str(len(apart)))


def stricter(row: Judged) -> bool:
    """ComfyUI runs it although a file is absent that no checked node on a way to an output names. We do not."""
    loose = row.case.subject.loose
    return row.runnable and bool(row.ours.files) and row.ours.only_files and row.ours.files <= loose


# ---- all templates as they are -----------------------------------------------------------------------------


def as_they_are(table: Table, sent: dict[str, Sent], host: Host, ways: Ways, templates: dict[str, bytes]) -> None:
    """The types that we call missing are those that the page sends and the host lacks."""
    for way in ways.names:
        wrong, blocked = [], 0
        names = [name for name in templates if name in sent]
        answers = ways.answers(way, [Subject(name, templates[name], {}) for name in names])
        for name, answer in zip(names, answers, strict=True):
            lacking = {str(one) for one in sent[name].types.values()} - host.info.keys()
            blocked += bool(lacking)
            if lacking != answer.types:
                wrong.append(
                    f"{name}: only we {sorted(answer.types - lacking)}, only ComfyUI {sorted(lacking - answer.types)}"
                )
        value = f"{len(names)} of {len(templates)} sent, {blocked} lack types, {len(wrong)} differ"
        table.add(f"{way}: templates' missing node types", value, "0 differ", not wrong, wrong)


if __name__ == "__main__":
    sys.exit(main())
