"""How true is the scanner? Official templates with their metadata stripped, a corpus of outside files, a real ComfyUI.

    python benchmarks/scan_accuracy.py [--corpus DIR] [--json]

The truth about a template is read by the small walker in this file, which shares no code with the product:
the names in `properties.models` of nodes that would run. The scanner then sees the same file without them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.library import WorkflowFile, find
from comfyfixersmart.core.requirements.types import MODEL, NODE_TYPE, Requirements
from comfyfixersmart.core.workflow.read import read_bytes

sys.path.insert(0, str(Path(__file__).resolve().parent))
from table import Table

FRONTEND_ONLY = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode", "GetNode", "SetNode"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)


def main() -> int:
    """Run every part that can be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="a folder with workflows/ and media/ (with expected.json)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = Table("scan accuracy")
    app = App(nothing("no installation: only what the files ask for is measured"))
    templates(table, app)
    corpus(table, app, options.corpus)
    host(table)
    return table.finish(options.json)


# ---- the official templates --------------------------------------------------------------------------------


def template_files() -> list[Path]:
    """The JSON files of the installed templates package."""
    try:
        import comfyui_workflow_templates_json as package
    except ImportError:
        return []
    return sorted((Path(package.__file__).parent / "templates").glob("*.json"))


def truth(graph: dict[str, Any]) -> tuple[dict[str, set[str]], set[str]]:
    """Name → folders named by nodes that run, and the names on nodes that do not; straight from the file."""
    definitions = {item["id"]: item for item in graph.get("definitions", {}).get("subgraphs", [])}
    active: dict[str, set[str]] = {}
    inactive: set[str] = set()

    def walk(nodes: list[dict[str, Any]], on: bool) -> None:
        for node in nodes:
            runs = on and node.get("mode", 0) not in (2, 4)
            if node["type"] in definitions:
                walk(definitions[node["type"]]["nodes"], runs)
            for model in (node.get("properties") or {}).get("models") or []:
                if runs:
                    active.setdefault(model["name"], set()).add(model["directory"])
                else:
                    inactive.add(model["name"])

    walk(graph["nodes"], True)
    return active, inactive - set(active)


def stripped(value: Any) -> Any:
    """The same JSON without any `models` metadata."""
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in value.items() if not (k == "models" and isinstance(v, list))}
    return [stripped(item) for item in value] if isinstance(value, list) else value


def templates(table: Table, app: App) -> None:
    """Recall, false references, folders, inactive and frontend-only types over all templates."""
    files = template_files()
    if not files:
        table.not_run("templates", "the package comfyui-workflow-templates-json is not installed")
        return
    pairs = found = hits = folders = 0
    missed, false, wrong, off, ghosts, crashes = ([] for _ in range(6))
    workflows = 0
    for path in files:
        graph = json.loads(path.read_bytes())
        if not isinstance(graph, dict) or "nodes" not in graph:
            continue
        workflows += 1
        try:
            needs = only(app, json.dumps(stripped(graph)).encode(), path.name)
        except Exception as error:
            crashes.append(f"{path.name}: {type(error).__name__}: {error}")
            continue
        active, inactive = truth(graph)
        said: dict[str, set[str]] = {}
        for item in needs.of(MODEL):
            said.setdefault(item.name, set()).update(item.folders)
        pairs, found = pairs + len(active), found + len(said)
        for name, directories in active.items():
            if name not in said:
                missed.append(f"{path.name}: {name}")
                continue
            hits += 1
            if said[name] == directories:
                folders += 1
            else:
                wrong.append(f"{path.name}: {name}: {sorted(said[name])}, the file says {sorted(directories)}")
        false += [f"{path.name}: {name}" for name in said if name not in active and name not in inactive]
        off += [f"{path.name}: {name}" for name in said if name in inactive]
        ghosts += [
            f"{path.name}: {item.name}"
            for item in needs.of(NODE_TYPE)
            if UUID.fullmatch(item.name) or item.name in FRONTEND_ONLY
        ]
    table.add("templates read", f"{workflows}, {len(crashes)} crashes", "0 crashes", not crashes, crashes)
    table.add("model references found", f"{hits} of {pairs} ({hits / pairs:.2%})", "100 %", hits == pairs, missed)
    table.add(
        "false references",
        f"{len(false)} of {found} ({len(false) / found:.2%})",
        "≤ 0.5 %",
        len(false) <= 0.005 * found,
        false,
    )
    table.add("right folder", f"{folders} of {pairs} ({folders / pairs:.2%})", "≥ 97 %", folders >= 0.97 * pairs, wrong)
    table.add("inactive reported active", str(len(off)), "0", not off, off)
    table.add("frontend-only or subgraph ids as node types", str(len(ghosts)), "0", not ghosts, ghosts)


def only(app: App, data: bytes, name: str) -> Requirements:
    """The requirements of the one workflow in these bytes."""
    (workflow,) = read_bytes(data, name).workflows
    return app.requirements(workflow)


# ---- outside files -----------------------------------------------------------------------------------------


def corpus(table: Table, app: App, folder: Path | None) -> None:
    """No crash on any file; what media carry; workflow against the prompt that ran."""
    if folder is None:
        for part in (
            "corpus files read",
            "media: workflows and prompts found",
            "media: workflow equals the prompt that ran",
        ):
            table.not_run(part, "no --corpus")
        return
    crashes, unreadable, files = [], [], 0
    for file in find([str(folder)]):
        files += 1
        try:
            for workflow in (reading := app.read(file)).workflows:
                app.check_workflow(workflow, maps=True)
            if file.name.startswith("workflows/") and reading.problems:
                unreadable += [f"{file.name}: {problem.message}" for problem in reading.problems]
        except Exception as error:
            crashes.append(f"{file.name}: {type(error).__name__}: {error}")
    table.add("corpus files read", f"{files}, {len(crashes)} crashes", "0 crashes", not crashes, crashes)
    table.add("corpus workflow files without a graph", str(len(unreadable)), "0", not unreadable, unreadable)
    expected = folder / "media" / "expected.json"
    if not expected.is_file():
        table.not_run("media", f"{expected} is absent")
        return
    media(table, app, folder, json.loads(expected.read_bytes())["files"])


def media(table: Table, app: App, folder: Path, expected: dict[str, dict[str, Any]]) -> None:
    """Every carrier in `expected.json`."""
    wrong, differ = [], []
    carriers = compared = 0
    for name, facts in expected.items():
        reading = app.read(WorkflowFile(str(folder / name), name, 0, 0, True))
        ui = [one for one in reading.workflows if one.format == "ui"]
        api = [one for one in (*reading.workflows, *reading.prompts) if one.format == "api"]
        for kind, found, key in (("workflow", ui, "has_ui_workflow"), ("prompt", api, "has_api_prompt")):
            carriers += bool(facts.get(key))
            if bool(found) != bool(facts.get(key)):
                wrong.append(f"{name}: {kind} {'not found' if facts.get(key) else 'found, but none is there'}")
        for kind, found, key in (("ui", ui, "ui_root_nodes"), ("api", api, "api_nodes")):
            count = len(found[0].root.nodes) if found else None
            if facts.get(key) is not None and count is not None and count != facts[key]:
                wrong.append(f"{name}: {count} {kind} nodes, {facts[key]} expected")
        if ui and api:
            compared += 1
            differ += [f"{name}: {line}" for line in differences(app.requirements(ui[0]), app.requirements(api[0]))]
    table.add(
        "media: workflows and prompts found", f"{carriers} carried, {len(wrong)} wrong", "0 wrong", not wrong, wrong
    )
    named = [line for line in differ if cause(line)]
    rest = [line for line in differ if not cause(line)]
    shown = [f"{line} [{cause(line)}]" for line in named] + rest
    table.add(
        "media: workflow equals the prompt that ran",
        f"{compared} compared, {len(differ)} differ, {len(named)} explained",
        "all explained",
        not rest,
        shown,
    )


def differences(ui: Requirements, api: Requirements) -> Iterator[str]:
    """What the workflow and the prompt beside it do not agree on."""
    for kind, word in ((NODE_TYPE, "types"), (MODEL, "models")):
        left, right = ({item.name for item in one.of(kind)} for one in (ui, api))
        if left != right:
            yield f"{word}: only in the workflow {sorted(left - right)}, only in the prompt {sorted(right - left)}"


CAUSES: dict[str, str] = {}  # file name: why its workflow and prompt truly differ (read by eye)


def cause(line: str) -> str:
    """The known reason for a difference, or ""."""
    return next((why for name, why in CAUSES.items() if name in line), "")


# ---- a real ComfyUI ----------------------------------------------------------------------------------------


def host(table: Table) -> None:
    """Class names and folder lists against the real ComfyUI, where its cached copy is there."""
    from host_accuracy import measure

    measure(table)


if __name__ == "__main__":
    sys.exit(main())
