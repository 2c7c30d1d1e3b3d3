"""ComfyUI's own nodes: nodes.py, the extras it lists, and its partner (API) nodes."""

from __future__ import annotations

import ast
from pathlib import Path

from .host import Host
from .interpreter.tree import BASE, Unreadable
from .interpreter.values import PackRaised
from .read import CORE, SourcePack, collect_module


def read_core(comfyui_dir: Path, host: Host | None = None) -> tuple[SourcePack, SourcePack]:
    """(nodes.py and the extras, the API nodes) of an installation.

    They are apart because `--disable-api-nodes` leaves the second out. A file that cannot be read
    makes its pack incomplete. Files that ComfyUI does not list are not read.
    """
    host = host or Host(comfyui_dir)
    extras, partners = _listed(host)
    base = _merge(CORE, [collect_module(host, "nodes", CORE), *(_one(host, "comfy_extras", n) for n in extras)])
    return base, _merge(CORE, [_one(host, "comfy_api_nodes", name) for name in partners])


def _one(host: Host, folder: str, file: str) -> SourcePack:
    return collect_module(host, f"{folder}.{file.removesuffix('.py')}", CORE)


def _listed(host: Host) -> tuple[list[str], list[str]]:
    """The file names that nodes.py loads from comfy_extras and comfy_api_nodes; all there when it has no such list."""
    lists: dict[str, list[str]] = {}
    try:
        tree = host.machine.tree.parse(f"{BASE}/nodes.py")
    except (PackRaised, Unreadable):
        tree = ast.Module([], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.List):
            files = [e.value for e in node.value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            if files and all(file.endswith(".py") for file in files):
                lists[node.targets[0].id] = files
    extras = lists.get("extras_files") or _all(host, "comfy_extras")
    return extras, lists.get("api_nodes_files") or _all(host, "comfy_api_nodes")


def _all(host: Host, folder: str) -> list[str]:
    names = host.machine.tree.listing(f"{BASE}/{folder}") or []
    return [name for name in names if name.startswith("nodes_") and name.endswith(".py")]


def _merge(name: str, parts: list[SourcePack]) -> SourcePack:
    definitions = {kind: known for part in reversed(parts) for kind, known in part.definitions.items()}
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    return SourcePack(
        name,
        definitions,
        complete=all(part.complete for part in parts),
        reasons=reasons,
        unsure=frozenset().union(*(part.unsure for part in parts)),
        needs={kind: modules for part in parts for kind, modules in part.needs.items()},
    )
