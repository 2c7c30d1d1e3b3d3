"""How well is a workflow understood? Explanations, memory, tuning and comparison, as far as they can be counted.

    python benchmarks/understanding.py [--part NAME ...] [--json] [--verbose] [--tolerance 1.5]

Each part is a module of its own with `rows(verbose)`: `anatomy` (does every node have a meaning, every pass its
models?), `kinds` (is the type of workflow right?), `truth` (does an explanation name anything that is not there, and how
long does it take?), `memory` (against published figures that the estimator was not made on), `tuning` (variants for
8 GB, judged by a real ComfyUI) and `compare` (is exactly the edit reported?). Nothing is kept from one run to the next.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from table import Table

PARTS = ("anatomy", "kinds", "truth", "memory", "tuning", "compare")


def main() -> int:
    """Run the parts asked for; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; may be given several times")
    parser.add_argument("--corpus", help="accepted and not used: every part makes its cases of the official templates")
    parser.add_argument(
        "--tolerance", type=float, default=1.0, help="factor on times and on the share of wrong types that is allowed"
    )
    parser.add_argument("--verbose", action="store_true", help="list every case that is not as it should be")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = Table("understanding")
    for name in options.part or PARTS:
        part = importlib.import_module(f"understanding_{name}")
        for row in part.rows(options.verbose):
            row.what = f"{name}: {row.what}"
            if row.ok is False and 0 < row.over <= options.tolerance:
                row.ok = True
                row.target += ", missed within the tolerance"
            table.rows.append(row)
    return table.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
