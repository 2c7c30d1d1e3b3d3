"""How fast and how light? Every time is a ratio against the cheapest possible way to do the same, in one run.

    python benchmarks/scan_speed.py [--json] [--corpus DIR] [--runs N] [--tolerance 1.5]

Best of N runs on both sides, taken in turn so that a drifting machine hits both. Nothing is cached across
runs except where the row says "warm". `--corpus DIR` scans the JSON files below DIR as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scan_accuracy import template_files
from table import Table

MODEL_FILES, FOLDERS, SUBFOLDERS = 10_000, ("checkpoints", "loras", "vae", "diffusion_models", "controlnet"), 40


def main() -> int:
    """Run every part that can be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--tolerance", type=float, default=1.0, help="factor on every target, for a noisy machine")
    parser.add_argument("--memory", metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        return memory_child(Path(options.memory))
    table = Table("scan speed")
    with tempfile.TemporaryDirectory(prefix="cfs-speed-") as folder:
        base = Path(folder)
        models = model_tree(base / "comfyui")
        if not template_files():
            table.not_run("scan of the templates", "the package comfyui-workflow-templates-json is not installed")
        else:
            library = copy_library(base / "library", template_files())
            scans(table, "templates", library, base / "comfyui", options)
            memory(table, base, options.tolerance)
        if options.corpus is None:
            table.not_run("scan of the corpus", "no --corpus")
        else:
            own = copy_library(base / "corpus", sorted(options.corpus.rglob("*.json")))
            scans(table, "corpus", own, base / "comfyui", options)
        inventory(table, base / "comfyui", models, options)
        imports(table, options.tolerance)
        dashboard(table, base, options.tolerance)
        from manager import compare

        compare(table, base)
    return table.finish(options.json)


def best(runs: int, *jobs: Callable[[], Any]) -> list[float]:
    """The shortest wall time of each job in seconds, the jobs taken in turn."""
    times = [float("inf")] * len(jobs)
    for _ in range(runs):
        for place, job in enumerate(jobs):
            start = time.perf_counter()
            job()
            times[place] = min(times[place], time.perf_counter() - start)
    return times


def limit(table: Table, what: str, value: float, target: float, unit: str, tolerance: float, note: str = "") -> None:
    """One row with a numeric target."""
    table.add(what, f"{value:.2f}{unit}{note}", f"≤ {target:g}{unit}", value <= target * tolerance)


# ---- the trees ---------------------------------------------------------------------------------------------


def model_tree(base: Path) -> Path:
    """A base directory with 10,000 empty model files in 5 folders of 40 sub-folders."""
    models = base / "models"
    for folder in FOLDERS:
        for sub in range(SUBFOLDERS):
            place = models / folder / f"family_{sub:02d}"
            place.mkdir(parents=True)
            for number in range(MODEL_FILES // len(FOLDERS) // SUBFOLDERS):
                (place / f"model_{sub:02d}_{number:03d}_fp16.safetensors").touch()
    for name in ("custom_nodes", "user/default/workflows", "input", "output"):
        (base / name).mkdir(parents=True)
    return models


def copy_library(folder: Path, files: list[Path]) -> Path:
    """The files side by side in a folder of their own."""
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number:04d}_{file.name}"[:200]).write_bytes(file.read_bytes())
    return folder


def walk_stat(folder: str) -> int:
    """The floor: scandir and stat of everything below `folder`."""
    count = 0
    stack = [folder]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    stack.append(entry.path)
                else:
                    entry.stat()
                    count += 1
    return count


# ---- scans -------------------------------------------------------------------------------------------------


def scans(table: Table, name: str, library: Path, comfyui: Path, options: argparse.Namespace) -> None:
    """Cold and warm scan of a folder of JSON files, against 10,000 model files and, where the host tests keep a
    real ComfyUI, against all its node definitions."""
    from comfyfixersmart.core.app import App
    from comfyfixersmart.core.inventory.disk import read_disk
    from comfyfixersmart.core.library import find
    from manager import host_checkout

    taken = read_disk(str(comfyui))
    real = host_checkout()
    whole = read_disk(str(comfyui), code=str(real)) if real is not None else None
    files = list(find([str(library)], media=False))
    apps = [App(taken) for _ in range(options.runs)]
    full = [App(whole) for _ in range(options.runs)] if whole is not None else []

    def load() -> None:
        for file in files:
            with open(file.path, "rb") as stream:
                json.loads(stream.read())

    def cold() -> None:
        apps.pop().check(files)

    def cold_full() -> None:
        if full:
            full.pop().check(files)

    floor, ours, checked = best(options.runs, load, cold, cold_full)
    for spent, case in ((ours, ""), (checked, ", a real ComfyUI's definitions")):
        what = f"cold scan of the {name}{case} / read + json.loads"
        note = f" ({spent * 1000:.0f} ms, floor {floor * 1000:.0f} ms, {len(files)} files)"
        if case and whole is None:
            table.not_run(what, "no ComfyUI in the cache; scripts/test --all installs one")
        elif name == "templates":
            limit(table, what, spent / floor, 2, "x", options.tolerance, note)
        else:
            table.add(what, f"{spent / floor:.2f}x{note}", "no target")
    app = App(taken)
    app.check(find([str(library)], media=False))
    floor, ours = best(
        options.runs * 3, lambda: walk_stat(str(library)), lambda: app.check(find([str(library)], media=False))
    )
    note = f" ({ours * 1000:.1f} ms, floor {floor * 1000:.1f} ms)"
    limit(table, f"warm rescan of the {name} / scandir + stat", ours / floor, 3, "x", options.tolerance, note)


def inventory(table: Table, comfyui: Path, models: Path, options: argparse.Namespace) -> None:
    """The model inventory against a bare walk of the same tree."""
    from comfyfixersmart.core.inventory.folders import build_table
    from comfyfixersmart.core.inventory.layout import find_layout
    from comfyfixersmart.core.inventory.models import list_models

    folders = build_table(find_layout(str(comfyui)), None, ()).folders()
    listed: list[int] = []

    def ours() -> None:
        listed.append(sum(len(files) for files in list_models(folders.values()).models.values()))

    floor, own = best(options.runs, lambda: walk_stat(str(models)), ours)
    if listed[-1] != MODEL_FILES:
        table.add("inventory of 10,000 model files", f"only {listed[-1]} listed", "10,000", False)
    note = f" ({own * 1000:.0f} ms, floor {floor * 1000:.0f} ms)"
    limit(table, "inventory of 10,000 model files / scandir + stat", own / floor, 2, "x", options.tolerance, note)


# ---- memory and import, each in a process of its own -------------------------------------------------------


def memory(table: Table, base: Path, tolerance: float) -> None:
    """What a cold scan of the templates and an inventory of 10,000 files add to the process."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", str(base)],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        table.add("memory added by scan and inventory", f"failed: {done.stderr[-200:]}", "≤ 40 MB", False)
        return
    limit(table, "memory added by scan and inventory (peak)", float(done.stdout), 40, " MB", tolerance)


def memory_child(base: Path) -> int:
    """Print the growth of this process's peak memory in MB."""
    import aiohttp  # noqa: F401 — ComfyUI has loaded these long before us
    import PIL.Image  # noqa: F401
    import psutil  # noqa: F401
    import pydantic  # noqa: F401

    before = peak_memory()
    from comfyfixersmart.core.app import App
    from comfyfixersmart.core.inventory.disk import read_disk
    from comfyfixersmart.core.library import find

    app = App(read_disk(str(base / "comfyui")))
    app.check(find([str(base / "library")], media=False))
    print(f"{(peak_memory() - before) / 1e6:.2f}")
    return 0


def peak_memory() -> int:
    """The most memory this process has held, in bytes. (ru_maxrss would count what the parent held at the fork.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell a process's peak memory")


IMPORT = """
import sys, time, types
import aiohttp.web, PIL.Image, pydantic, psutil
if sys.argv[1] == "host":
    server = types.SimpleNamespace(routes=aiohttp.web.RouteTableDef(), app=aiohttp.web.Application())
    sys.modules["server"] = types.SimpleNamespace(PromptServer=types.SimpleNamespace(instance=server))
start = time.perf_counter()
import comfyfixersmart
if sys.argv[1] != "host":
    import comfyfixersmart.core.app
spent = time.perf_counter() - start
assert sys.argv[1] != "host" or not any(server._comfyfixersmart.parts.values())
heavy = [name for name in ("httpx", "jinja2", "llama_cpp", "huggingface_hub") if name in sys.modules]
print(f"{spent * 1000:.2f} {','.join(heavy) or '-'}")
"""


def imports(table: Table, tolerance: float) -> None:
    """Import in a process like ComfyUI's: as ComfyUI does it, with everything registered, and with the stages wired."""
    for case, what in (("host", "as ComfyUI does it, registered"), ("stages", "with the stages wired")):
        times, heavy = [], "-"
        for _ in range(7):
            done = subprocess.run(
                [sys.executable, "-c", IMPORT, case],
                capture_output=True,
                text=True,
                check=True,
                cwd=tempfile.gettempdir(),
                stdin=subprocess.DEVNULL,
            )
            spent, heavy = done.stdout.split()
            times.append(float(spent))
        row = f"import beside aiohttp, PIL, pydantic, psutil: {what}"
        if case == "host":
            limit(table, row, min(times), 50, " ms", tolerance)
        else:  # the first check pays it, in a thread
            table.add(row, f"{min(times):.2f} ms", "no target")
        table.add(f"heavy packages loaded by the import {what}", heavy, "none", heavy == "-")


# ---- the dashboard -----------------------------------------------------------------------------------------


def dashboard(table: Table, base: Path, tolerance: float) -> None:
    """1,000 workflows: the templates again and again under other names, checked for real."""
    from comfyfixersmart.core.app import App
    from comfyfixersmart.core.inventory.disk import read_disk
    from comfyfixersmart.core.library import find
    from comfyfixersmart.core.reports.dashboard import render

    sources = [file for file in template_files() if not file.name.startswith("index")]
    if not sources:
        table.not_run("dashboard of 1,000 workflows", "the package comfyui-workflow-templates-json is not installed")
        return
    many = base / "thousand"
    for number in range(1000):
        place = many / f"set {number // 200}" / f"{number:04d} {sources[number % len(sources)].name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(sources[number % len(sources)].read_bytes())
    app = App(read_disk(str(base / "comfyui")))
    library = app.library(app.check(find([str(many)], media=False), maps=True), when=1.7e9)
    page = render(library)
    (spent,) = best(3, lambda: render(library))
    limit(table, "dashboard of 1,000 workflows: rendered", spent, 1, " s", tolerance)
    limit(table, "dashboard of 1,000 workflows: size", len(page.encode()) / 1e6, 4, " MB", 1)
    path = base / "dashboard.html"
    path.write_text(page, encoding="utf-8")
    from browser import usable_after

    found = usable_after(path)
    if isinstance(found, str):
        table.not_run("dashboard of 1,000 workflows: usable in Chromium", found)
    else:
        limit(table, "dashboard of 1,000 workflows: usable in Chromium", found, 1, " s", tolerance)


if __name__ == "__main__":
    sys.exit(main())
