"""ComfyUI-Manager's own headless check beside ours: `cm-cli deps-in-workflow` of the package comfyui-manager."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import peer_environment
from table import Table

PACKAGE = "comfyui-manager==4.3"
BESIDE = "aiohttp"  # the Manager imports it and takes it from ComfyUI's own environment
SAMPLE = 40  # every so many templates over 20 kB
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)


def installed() -> Path | str:
    """The Python of an environment with the Manager, made on first use; a text says why there is none."""
    return peer_environment.installed("manager", PACKAGE, BESIDE)


def host_checkout() -> Path | None:
    """The cached real ComfyUI that the host tests use; cm-cli does not start without one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comfyfixersmart" / "host"
    found = sorted(cache.glob("*/checkout/main.py"))
    return found[-1].parent if found else None


def compare(table: Table, base: Path) -> None:
    """Time per workflow and false node types of both, on the same sample of templates."""
    from comfyfixersmart.core.app import App
    from comfyfixersmart.core.inventory.known import nothing
    from comfyfixersmart.core.library import WorkflowFile
    from comfyfixersmart.core.requirements.types import NODE_TYPE
    from scan_accuracy import FRONTEND_ONLY, template_files

    what = "cm-cli deps-in-workflow"
    python, checkout = installed(), host_checkout()
    sample = [path for path in template_files() if path.stat().st_size > 20_000][::SAMPLE]
    if isinstance(python, str) or checkout is None or not sample:
        why = python if isinstance(python, str) else "no ComfyUI in the cache" if checkout is None else "no templates"
        table.not_run(what, why)
        return
    app = App(nothing(""))
    ours: list[float] = []
    theirs: list[float] = []
    false = {"cm-cli": 0, "ours": 0}
    for path in sample:
        start = time.perf_counter()
        found = _ask(python, checkout, base, path)
        theirs.append(time.perf_counter() - start)
        if found is None:
            table.not_run(what, f"it failed on {path.name}")
            return
        false["cm-cli"] += bool({name for name in found if UUID.fullmatch(name) or name in FRONTEND_ONLY})
        start = time.perf_counter()
        (workflow,) = app.read(WorkflowFile(str(path), path.name, 0, 0, True)).workflows
        types = {item.name for item in app.requirements(workflow).of(NODE_TYPE)}
        ours.append(time.perf_counter() - start)
        false["ours"] += bool({name for name in types if UUID.fullmatch(name) or name in FRONTEND_ONLY})
    middle = sorted(theirs)[len(theirs) // 2], sorted(ours)[len(ours) // 2]
    ratio = middle[0] / middle[1]
    table.add(
        f"{what}: s per workflow",
        f"{middle[0]:.2f} s, ours {middle[1] * 1000:.1f} ms: {ratio:.0f}x",
        "≥ 200x",
        ratio >= 200,
    )
    table.add(
        f"{what}: workflows with a subgraph id or note as node type",
        f"{false['cm-cli']} of {len(sample)}, ours {false['ours']}",
        "ours 0",
        false["ours"] == 0,
    )


def _ask(python: Path, checkout: Path, base: Path, path: Path) -> set[str] | None:
    """The node types that cm-cli calls unknown, or asks a pack for."""
    out = base / "deps.json"
    environment = {**os.environ, "COMFYUI_PATH": str(checkout)}
    done = subprocess.run(
        [python.parent / "cm-cli", "deps-in-workflow", "--workflow", path, "--output", out, "--mode", "local"],
        env=environment,
        cwd=base,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0 or not out.exists():
        return None
    body = json.loads(out.read_bytes())
    return set(body.get("unknown_nodes", ())) | set(body.get("custom_nodes", ()))
