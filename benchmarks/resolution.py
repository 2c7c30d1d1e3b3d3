"""How true is the resolver? Thousands of questions with known answers, against services that behave as the real ones.

    python benchmarks/resolution.py [--json] [--corpus DIR] [--seed N] [--quick]

The world (`resolution_world.py`) holds real repositories with the real paths that the official templates and
ComfyUI-Manager's list name, thousands of invented ones around them, and an invented Civitai. The services are real HTTP
servers on this computer and share a virtual clock with the client. Two runs: with the templates and the Manager's list
at hand as catalogues, and without. "Peers' rule" is the nearest name over 0.7 (`resolution_peer.py`). Exit code 1: a
target is missed. `--quick` asks a part of it, in a smaller world; its counts miss their targets.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import resolution_library
import resolution_packs
from resolution_real import read_real
from resolution_run import Options, Result, run
from resolution_table import REAL_REPOS, show
from table import Table

SEED = 7


def main() -> int:
    """Both runs at once, then the library."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="a folder of workflows, for more ids of real repositories")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="for development: a seventh of the cases")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    options = Options(given.seed, given.corpus, given.quick)
    table = Table("resolution")
    begun = time.monotonic()
    real = read_real(given.corpus)  # here, so that the two runs do not both fetch what is not there
    if not real.templates:
        table.not_run("resolution", "; ".join(real.problems))
        return table.finish(given.json)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        off, on = pool.map(run, (False, True), (options, options))
    world(table, off)
    for result in (off, on):
        show(table, result)
    resolution_library.measure(table, options)
    if real.manager_folder:
        resolution_packs.measure(table, real.manager_folder, options)
    else:
        table.not_run("packs, and all that the Manager's list says", "its package could not be had")
    table.add("real seconds for all of it", f"{time.monotonic() - begun:.0f}")
    return table.finish(given.json)


def world(table: Table, result: Result) -> None:
    """What the services hold, and what of the real part could not be had."""
    for problem in result.problems:
        table.not_run("a part of the real world", problem)
    what = "real repositories in the world"
    if result.problems and result.real_repos < REAL_REPOS:
        table.not_run(what, f"{result.real_repos}, since a part of it could not be had")
    else:
        table.add(what, str(result.real_repos), f"≥ {REAL_REPOS}", result.real_repos >= REAL_REPOS, result.world)


if __name__ == "__main__":
    sys.exit(main())
