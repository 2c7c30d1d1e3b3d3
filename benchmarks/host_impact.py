"""What does the extension do to its host? A real ComfyUI is measured from inside (tests/host/packs/impact).

    benchmarks/host_impact.py [--json] [--servers 3] [--tolerance 1.5]

A cold scan of all templates and an inventory of 10,000 model files run in freshly started servers, while a task on
ComfyUI's own event loop notes how late it wakes. Of several servers the median counts; all are shown.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from host_accuracy import _server_module as server_module
from host_impact_page import Visit, absent, visit
from host_impact_server import MODEL_FILES, Host, Scan, lay_out, look_at_the_disk, share_of_a_core, started
from scan_accuracy import template_files
from table import Table

P99, LONGEST, ENTRY, MEMORY, LOOK_SHARE = 10.0, 50.0, 3072, 40.0, 0.5  # ms, ms, bytes, MB, percent of one core
ABSENT = ("httpx", "llama_cpp")  # of what ComfyUI has not loaded itself
TEMPLATES = 644


def main() -> int:
    """Run and print; the exit code is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument(
        "--tolerance", type=float, default=1.0, help="factor on every time and on memory, for a noisy machine"
    )
    parser.add_argument("--corpus", type=Path, help="ignored: every benchmark of scripts/test is given it")
    options = parser.parse_args()
    table = Table("host impact")
    server = server_module()
    if isinstance(server, str) or not template_files():
        why = server if isinstance(server, str) else "the package comfyui-workflow-templates-json is not installed"
        table.not_run("a scan inside a real ComfyUI", why)
        return table.finish(options.json)
    with tempfile.TemporaryDirectory(prefix="cfs-impact-") as folder:
        scans: list[Scan] = []
        again: list[Scan] = []
        printed: list[str] = []
        for number in range(max(1, options.servers)):
            base = lay_out(Path(folder) / f"base {number}")
            with started(server, base) as host:
                scans.append(host.scan())
                again.append(host.scan())
                printed.append(host.import_time())
                if number == 0:
                    at_start(table, host)
                    afterwards(table, host, base, options.tolerance)
        usual = sorted(printed)[(len(printed) - 1) // 2]
        table.add("import as ComfyUI prints it", ", ".join(printed), "0.0 seconds", usual == "0.0 seconds")
        event_loop(table, scans, again, options.tolerance)
    return table.finish(options.json)


# ---- the event loop ----------------------------------------------------------------------------------------


def event_loop(table: Table, scans: list[Scan], again: list[Scan], tolerance: float) -> None:
    """How late the task on ComfyUI's loop woke during the scans, and during the cycles right after them."""
    workflows = min(one.workflows for one in scans)
    table.add(f"cold scans of {workflows} workflows beside {MODEL_FILES:,} model files", f"{len(scans)}", "", None)
    if workflows < TEMPLATES:
        table.add("workflows in a scan", str(workflows), f"≥ {TEMPLATES}", False)
    took = [one.seconds for one in scans]
    table.add(
        "time of such a scan, inventory and reports included", f"{min(took):.1f} to {max(took):.1f} s", "no target"
    )
    for name, target, read, quiet in (
        ("p99", P99, lambda one: one.p99, lambda one: one.idle_p99),
        ("longest", LONGEST, lambda one: one.longest, lambda one: one.idle_longest),
    ):
        for when, rows in (("", scans), (", a cycle with nothing changed", again)):
            values = sorted(map(read, rows))
            middle, idle = statistics.median(values), statistics.median(map(quiet, rows))
            note = f"{middle:.1f} ms (best {values[0]:.1f}, worst {values[-1]:.1f}; idle {idle:.1f})"
            details = max(rows, key=read).late if name == "longest" else []
            limit = middle <= target * tolerance
            table.add(f"a task of 5 ms is late, {name}{when}", note, f"≤ {target:g} ms", limit, details)
    slow = [one.answer for one in scans]
    table.add("slowest answer of a route of ComfyUI meanwhile", f"{statistics.median(slow):.0f} ms", "no target")
    passes = sum(one.full_collections for one in (*scans, *again))
    table.add("full collections of garbage that our thread started", str(passes), "0", passes == 0)


# ---- start -------------------------------------------------------------------------------------------------


def at_start(table: Table, host: Host) -> None:
    """What is loaded after our import, and what ComfyUI's page loads by itself."""
    heavy, ours = host.modules()
    early = [name for name in ABSENT if name in heavy] + [name for name in ours if name.endswith(".core.app")]
    table.add("heavy modules loaded by then", ", ".join(early) or "none", "none", not early, [f"{len(ours)} of ours"])
    scripts = host.scripts()
    size = sum(scripts.values())
    said = ", ".join(f"{Path(name).name} {count:,} bytes" for name, count in scripts.items()) or "none"
    fine = [Path(name).name for name in scripts] == ["index.js"] and size <= ENTRY
    table.add("scripts that ComfyUI's page loads by itself", said, f"1, ≤ {ENTRY:,} bytes", fine)


# ---- memory, a visit, what was called --------------------------------------------------------------


def afterwards(table: Table, host: Host, base: Path, tolerance: float) -> None:
    """Memory after two cycles, the cheap look, and every address that was called."""
    grown = (host.memory() - host.at_first) / 1e6
    table.add("memory added by two cycles", f"{grown:.1f} MB", f"≤ {MEMORY:g} MB", grown <= MEMORY * tolerance)
    seconds, floor = look_at_the_disk(base)
    share = share_of_a_core(seconds)
    note = f"{share:.2f} % of one core ({seconds * 1000:.1f} ms; scandir + stat of all of it {floor * 1000:.1f} ms)"
    table.add("the look at the disk between cycles", note, f"≤ {LOOK_SHARE:g} %", share <= LOOK_SHARE)
    why = absent()
    if why:
        table.not_run("a visit of the page", why)
    else:
        page(table, visit(host.server.url))
    addresses(table, host)


def page(table: Table, seen: Visit) -> None:
    """What the browser asked of other machines because of us."""
    note = f"{len(seen.ours)} of {seen.requests} requests (ComfyUI's own page: {len(seen.others)})"
    table.add("the page asks another machine because of us", note, "0", not seen.ours, seen.ours)
    table.add("the panel was open", seen.shown, "a list of workflows", bool(seen.shown))


def addresses(table: Table, host: Host) -> None:
    """What the audit hook saw of the server process since before anything was imported."""
    calls = host.calls()
    far = [one for one in calls if one.event.startswith("socket.") and not one.near]
    ours = [f"{one.event} {one.what}" for one in far if one.ours]
    table.add("addresses beyond this machine, by our code", str(len(ours)), "0", not ours, ours)
    table.add(
        "addresses beyond this machine, by anyone in ComfyUI", str(len(far)), "0", not far, [one.what for one in far]
    )
    programs = sorted({one.what for one in calls if one.ours and not one.event.startswith("socket.")})
    strange = [one for one in programs if one.strip("'") != host.python]
    table.add("programs that our code started, beside this Python", ", ".join(strange) or "none", "none", not strange)
    seen = host.sees_calls()
    table.add("the hook would have seen one", "yes" if seen else "no", "yes", seen)


if __name__ == "__main__":
    sys.exit(main())
