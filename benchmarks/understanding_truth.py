"""Does an explanation say anything that is not there, and how long does it take? Over all official templates.

Every fact and every row of both pages is proved by `core/explanation/check.py`: numbers, names, node ids and quotes.
The check itself is tried too: facts are spoilt on purpose, and each has to be found. The graph of 200 nodes that is
timed is made of real templates set side by side.

    python benchmarks/understanding_truth.py [--verbose]
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from table import Row

NODES, TARGET_MS = 200, 50
ROUNDS = 15
SPOILT = 300  # facts that are spoilt, spread over the templates


def rows(verbose: bool = False) -> list[Row]:
    """Truth over all templates, the check's own sharpness, and the time for 200 nodes."""
    try:
        import comfyui_workflow_templates_json as package
    except ImportError:
        return [Row("explanations", "not run: the package comfyui-workflow-templates-json is not installed")]
    from comfyfixersmart.core.app import App
    from comfyfixersmart.core.explanation.check import untrue
    from comfyfixersmart.core.inventory.known import nothing
    from comfyfixersmart.core.workflow.read import read_value

    folder = Path(package.__file__).parent / "templates"
    app = App(nothing("nothing is installed here"))
    failed: list[str] = []
    complaints: list[str] = []
    count = facts = missed = spoilt = 0
    every: list[tuple[Any, Any]] = []
    for name, graph in graphs(folder):
        for workflow in read_value(graph, name).workflows:
            count += 1
            try:
                told = app.understanding.explain(workflow).explanation
            except Exception as error:  # a crash is a finding of this benchmark
                failed.append(f"{name}: {error!r}")
                continue
            facts += len(told.facts)
            complaints += [f"{name}: {line}" for line in untrue(told, workflow)]
            every.append((workflow, told))
    for place, (workflow, told) in enumerate(every):
        if place % max(len(every) // SPOILT, 1) == 0:
            for bad in spoil(told):
                spoilt += 1
                missed += not untrue(bad, workflow)
    times = list(timed(app, folder))
    took = median(times) * 1000 if times else 0.0
    return [
        Row("workflows explained without a failure", f"{count - len(failed)} of {count}", "all", not failed, failed),
        Row("facts and sentences that rest on nothing", f"{len(complaints)} ({facts:,} facts)", "0", not complaints, complaints),
        Row("facts spoilt on purpose that are found", f"{spoilt - missed} of {spoilt}", "all", not missed),
        Row(f"explaining a workflow of {NODES} nodes", f"{took:.0f} ms", f"≤ {TARGET_MS} ms", took <= TARGET_MS, over=took / TARGET_MS),
    ]  # fmt: skip


def graphs(folder: Path) -> Iterator[tuple[str, Any]]:
    """Every template, by name."""
    for path in sorted(folder.glob("*.json")):
        if not path.name.startswith("index"):
            graph = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(graph, dict):
                yield path.stem, graph


# ---- spoiling ----------------------------------------------------------------------------------------------------


def spoil(told: Any) -> Iterator[Any]:
    """The explanation with one fact made false: a number, a node, a name, a value that stands nowhere."""
    for place, fact in enumerate(told.facts):
        if fact.kind not in ("sampling", "model", "lora", "size"):
            continue
        for bad in (
            fact._replace(text=f"{fact.text} It takes 7777 steps."),
            fact._replace(nodes=(*fact.nodes, "90210")),
            fact._replace(text=f"{fact.text} It loads invented_harbour.safetensors."),
            fact._replace(graph=(*fact.graph, "invented_harbour")),
        ):
            yield _with(told, place, bad)
        return


def _with(told: Any, place: int, fact: Any) -> Any:
    from dataclasses import replace

    return replace(told, facts=(*told.facts[:place], fact, *told.facts[place + 1 :]))


# ---- time --------------------------------------------------------------------------------------------------------


def timed(app: Any, folder: Path) -> Iterator[float]:
    """Seconds of processor time for one explanation each: anatomy, facts, pages and Markdown, reading and scanning not.

    Processor time, so that what else the machine does is not counted.
    """
    from comfyfixersmart.core.explanation.explain import explain
    from comfyfixersmart.core.workflow.read import read_value

    graph = joined(folder, NODES)
    for _ in range(ROUNDS):
        workflow = read_value(copy.deepcopy(graph), "joined").workflows[0]
        needs = app.requirements(workflow)
        start = time.process_time()
        explain(workflow, needs, app.catalogue)
        yield time.process_time() - start


def joined(folder: Path, nodes: int) -> dict[str, Any]:
    """Templates with local models set side by side until they have so many nodes, subgraphs unfolded."""
    whole: dict[str, Any] = {"nodes": [], "links": [], "groups": [], "definitions": {"subgraphs": []}, "version": 0.4}
    count = offset = 0
    for name, graph in graphs(folder):
        if not name.startswith(("video_wan2", "image_qwen", "image_flux2", "video_ltx2", "sdxl", "flux_")):
            continue
        inside = (graph.get("definitions") or {}).get("subgraphs") or []
        own = {str(one.get("id")): len(one.get("nodes", ())) for one in inside}
        size = sum(own.get(str(node.get("type")), 1) for node in graph["nodes"])
        taken = {one["id"] for one in whole["definitions"]["subgraphs"]}
        if count + size > nodes or any(one.get("id") in taken for one in inside):
            continue
        count += size
        offset += 10_000
        for node in graph["nodes"]:
            whole["nodes"].append(_shifted(node, offset))
        for link in graph.get("links") or ():
            if isinstance(link, list) and len(link) >= 6:
                whole["links"].append([link[0] + offset, link[1] + offset, link[2], link[3] + offset, *link[4:]])
        whole["groups"] += graph.get("groups") or []
        whole["definitions"]["subgraphs"] += inside
        if count >= nodes - 5:
            break
    return whole


def _shifted(node: dict[str, Any], offset: int) -> dict[str, Any]:
    """The node with its ids moved, so that graphs do not meet."""
    moved = {**node, "id": node["id"] + offset}
    moved["inputs"] = [
        {**one, "link": one["link"] + offset} if one.get("link") is not None else one
        for one in node.get("inputs") or ()
    ]
    moved["outputs"] = [
        {**one, "links": [link + offset for link in one.get("links") or ()]} for one in node.get("outputs") or ()
    ]
    return moved


if __name__ == "__main__":
    from table import Table

    table = Table("understanding: truth")
    table.rows = rows("--verbose" in sys.argv)
    sys.exit(table.finish("--json" in sys.argv))
