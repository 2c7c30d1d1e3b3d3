"""How long from a fresh ComfyUI with our extension to the first blocked workflow runnable, and how many clicks?

    benchmarks/first_run.py [--json] [--page 1.58.1] [--tolerance 1.5]

A copy of the real ComfyUI, the extension cloned into it, a saved workflow that lacks a checkpoint, has a LoRA in the wrong
folder and a VAE under another name. Chromium clicks as a person would; the services are those of tests/replay, asked at
the pace at which the real ones are asked. ComfyUI's own check of the newest version ends it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from first_run_parts import chromium, load, page_folder, server_module, the_place, the_walk
from table import Table

ROOT = Path(__file__).resolve().parent.parent
NAME = "ComfyFixerSmart"
LIMIT = 300.0  # seconds, without the transfer
STEP = 300  # seconds for one command


class Phases:
    """Seconds of each part of the way, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Everything in the block is this part."""
        began = time.perf_counter()
        yield
        self.seconds[what] = time.perf_counter() - began

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self.seconds.values())


def main() -> int:
    """Run and print; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", default="", help="version of ComfyUI's page; by default its own")
    parser.add_argument("--tolerance", type=float, default=1.0, help="factor on the time, for a noisy machine")
    parser.add_argument("--corpus", type=Path, help="ignored: every benchmark of scripts/test is given it")
    options = parser.parse_args()
    table = Table("first run")
    server, page = server_module(), page_folder(options.page)
    browser = chromium()
    absent = next((one for one in (server, browser, page) if isinstance(one, str) and one), "")
    if absent:
        table.not_run("from a fresh ComfyUI to a runnable workflow", absent)
        return table.finish(options.json)
    with tempfile.TemporaryDirectory(prefix="cfs-first-") as folder, the_place().services(load) as world:
        walked(table, server, browser, page, Path(folder), world, options.tolerance)
    return table.finish(options.json)


def walked(
    table: Table, server: Any, browser: Any, page: Path | None, folder: Path, world: Any, tolerance: float
) -> None:
    """The whole way, and the rows that it gives."""
    place, phases = the_place(), Phases()
    comfyui = folder / "ComfyUI"
    with phases.of("ComfyUI is copied"):
        shutil.copytree(server.installer.installed().checkout, comfyui, ignore=shutil.ignore_patterns("__pycache__"))
    place.lay_out(comfyui, load)
    target = comfyui / "custom_nodes" / NAME
    with phases.of("the extension is cloned"):
        run(["git", "clone", "--quiet", str(ROOT), str(target)])
    changed = overlaid(target)
    with phases.of("its requirements are installed, all of them here already"):
        python = str(server.installer.installed().python)
        run([python, "-m", "pip", "install", "--quiet", "--no-input", "-r", str(target / "requirements.txt")])
    arguments = ["--front-end-root", str(page)] if page else []
    began = time.perf_counter()
    with server.running(comfyui, env=world.environment(), args=arguments, checkout=comfyui, first=True) as running:
        phases.seconds["ComfyUI starts"] = time.perf_counter() - began
        before = place.lacking(place.refused(running, place.newest(comfyui)))
        with browser() as tab:
            walk = the_walk()(tab, running.url)
            refused = clicked(walk, running, place, phases, comfyui)
        took, moved = transfer(running)
    rows(table, phases, walk, took, changed, tolerance)
    told = ", ".join(f"{name}: {value}" for name, value in refused.items()) or "nothing"
    table.add("what ComfyUI's own check refused at first", f"{len(before)} files", "3 files", len(before) == 3)
    table.add("what it refuses of the newest version", told, "nothing", not refused)
    what = f"{world.served():,} bytes sent for a file of {moved:,}, in {took:.2f} s"
    table.add("transfer", what, "each byte once", world.served() == moved)


def clicked(walk: Any, running: Any, place: Any, phases: Phases, comfyui: Path) -> dict[str, Any]:
    """From the open page to the workflow on the canvas; what ComfyUI has against it then."""
    with phases.of("the page opens"):
        walk.begin()
    with phases.of("the panel shows what is missing"):
        walk.to_the_workflow(place.NAME)
    with phases.of("the look-up, and the plan"):
        walk.ask()
        walk.plan()
    with phases.of("approved until all is done"):
        walk.approve()
        walk.arrived()
    with phases.of("checked again: runnable"):
        walk.runnable()
    newest = place.newest(comfyui)
    with phases.of("onto the canvas, and ComfyUI's own check"):
        walk.onto_the_canvas(newest.name)
        status, answer = running.post("/prompt", {"prompt": walk.sent()})
        running.post("/queue", {"clear": True})
    found: dict[str, Any] = answer["node_errors"]
    return found if status in (200, 400) else {"status": status}


def transfer(running: Any) -> tuple[float, int]:
    """Seconds between the beginning and the end of the download, as the journal has them, and its bytes."""
    entries = running.get("/comfyfixersmart/journal")[1]["entries"]
    mine = {one["event"]: one for one in entries if (one["action"] or {}).get("kind") == "download"}
    size = sum(one["size"] or 0 for one in mine["done"]["outputs"] if one["after"])
    return mine["done"]["time"] - mine["begun"]["time"], size


def rows(table: Table, phases: Phases, walk: Any, took: float, changed: int, tolerance: float) -> None:
    """The table."""
    for what, seconds in phases.seconds.items():
        table.add(what, f"{seconds:.1f} s", "no target")
    whole = phases.total - took
    note = f"{whole:.0f} s"
    table.add("all of it, without the transfer", note, f"≤ {LIMIT:g} s", whole <= LIMIT * tolerance)
    table.add(
        "clicks", str(len(walk.clicks)), "no target", details=[f"{n}. {one}" for n, one in enumerate(walk.clicks, 1)]
    )
    if changed:
        table.add("files of the clone that are not committed yet", str(changed), "no target")


def overlaid(target: Path) -> int:
    """What this working tree has and its last commit has not, put into the clone; how many files."""
    count = 0
    for name in listed("-m", "-o", "--exclude-standard"):
        source, copy = ROOT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
            count += 1
    for name in listed("-d"):
        (target / name).unlink(missing_ok=True)
        count += 1
    return count


def listed(*options: str) -> list[str]:
    """Files of the working tree, as git names them."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", *options], capture_output=True, check=True, stdin=subprocess.DEVNULL
    )
    return sorted({os.fsdecode(one) for one in done.stdout.split(b"\0") if one})


def run(command: list[str]) -> None:
    """Run it to its end. Raises OSError where it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STEP)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout).strip()[-300:]}")


if __name__ == "__main__":
    sys.exit(main())
