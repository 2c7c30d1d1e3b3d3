"""Do we call runnable what ComfyUI itself accepts? A real ComfyUI judges more than a thousand cases, and so do we.

    benchmarks/oracle.py [--json] [--corpus DIR] [--limit N]

Workflows go through ComfyUI's own page, whose prompts go through the server's own validation, without being run.
Runnable means accepted with no node errors. Each case changes one thing, in the installation or on the canvas. Truth
never comes from our code: which inputs name files the server says itself (tests/host/packs/oracle).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from host_accuracy import _server_module as server_module
from oracle_cases import COMPLETE, NO_TYPE, Case, State, Subject, hiding_states, states, subject
from oracle_host import PACKS, Host, write_second_roots
from oracle_ours import DISK, WAYS, Ours
from oracle_page import Page, Sent, absent, open_page
from oracle_table import Judged, as_they_are, show
from scan_accuracy import template_files
from table import Table


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
    config = write_second_roots(folder / "roots.yaml", folder / "second")
    arguments = ["--extra-model-paths-config", str(config)]
    with server.running(folder / "base", packs=PACKS, api_nodes=True, args=arguments) as running:
        host = Host(running)
        ours = Ours(running, server.installer.installed(), config, folder / "state")
        with open_page(running.url) as page:
            files = list(_workflows(options))
            sent = dict(_sent(page, files))
            subjects = [
                subject(name, data, sent[name].prompt, host.rules)
                for name, data, _ in files
                if name in sent and not sent[name].fault and set(sent[name].types) <= host.info.keys()
            ]
            edited = list(_edited(page, subjects, host))
        templates = {name: data for name, data, template in files if template}
        as_they_are(table, sent, host.info.keys(), ours, templates)
        judged: dict[str, list[Judged]] = {way: [] for way in WAYS}
        for state in _states(host, subjects, edited):
            for way, rows in _judge(host, ours, state):
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
    known = page.types()
    for name, data, template in files:
        if not template and _foreign(json.loads(data), known):
            continue  # no case can be made of it, and loading takes its time
        try:
            yield name, page.sent(data)
        except Exception as error:  # the page's own faults: it cannot run these either
            print(f"the page cannot load {name}: {str(error).splitlines()[0]}", file=sys.stderr)


def _foreign(graph: dict[str, Any], known: set[str]) -> bool:
    """Whether a node of the first level that runs is of a type that the page does not know."""
    definitions = graph.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    own = {one.get("id") for one in _objects(subgraphs)}
    types = {node.get("type") for node in _objects(graph["nodes"]) if node.get("mode") not in (2, 4)}
    return not types <= known | own


def _objects(raw: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list that a stranger may have written."""
    return (one for one in raw if isinstance(one, dict)) if isinstance(raw, list) else iter(())


def _edited(page: Page, subjects: list[Subject], host: Host) -> Iterator[Case]:
    """Every workflow with one change each on the canvas."""
    for turn, one in enumerate(subjects):
        for edit in page.edits(one.data, turn):
            changed = subject(one.name, json.dumps(edit.graph).encode(), edit.prompt, host.rules)
            yield Case(changed, edit.kind, edit.what)


# ---- the cases ---------------------------------------------------------------------------------------------


def _states(host: Host, subjects: list[Subject], edited: list[Case]) -> Iterator[State]:
    """All present first. What ComfyUI refuses then is no ground for further cases: no change would be seen."""
    host.place(file for one in subjects for file in one.files)
    answers = host.validate([one.prompt for one in subjects])
    sound = [one for one, answer in zip(subjects, answers, strict=True) if _runnable(answer)]
    names = {one.name for one in sound}
    complete = [Case(one, COMPLETE, "") for one in subjects]
    yield State([], [*complete, *(case for case in edited if case.subject.name in names)])
    yield from states(sound, host.two_roots())
    yield from hiding_states(sound)


def _judge(host: Host, ours: Ours, state: State) -> Iterator[tuple[str, list[Judged]]]:
    """Both answers to every case of one state, by each of our ways to look."""
    host.change(state.changes)
    hidden = any(change.kind == NO_TYPE for change in state.changes)
    try:
        answers = host.validate([case.subject.prompt for case in state.cases])
        for way in WAYS:
            if way == DISK and hidden:
                continue  # what the test hides in the server's memory is still in the source
            found = ours.answers(way, [case.subject for case in state.cases])
            rows = zip(state.cases, answers, found, strict=True)
            yield way, [Judged(case, _runnable(answer), _said(answer), own) for case, answer, own in rows]
    finally:
        host.undo(state.changes)


def _runnable(answer: dict[str, Any]) -> bool:
    return bool(answer["accepted"] and not answer["node_errors"])


def _said(answer: dict[str, Any]) -> str:
    found = [f"{node_id} {kind} {text}" for node_id, many in answer["node_errors"].items() for kind, _, text in many]
    return "; ".join([answer["error"] or "accepted", *found])


if __name__ == "__main__":
    sys.exit(main())
