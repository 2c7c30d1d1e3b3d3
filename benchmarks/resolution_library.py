"""A library of 500 missing names as a person has one: what it costs, how polite it is, what a kill in between costs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from resolution_cases import exact_cases
from resolution_civitai_api import Civitai
from resolution_more_cases import Maker
from resolution_run import Options, make_world, services
from resolution_services import Clock, Servers, serving
from resolution_sight import Sight
from resolution_world import World
from table import Table

NAMES = 500
GROWTH = 100 << 20  # bytes of memory from the first names to the last
RESTART = 20.0  # seconds that a killed ComfyUI takes to come back
_LIMIT = 600  # seconds of real time for one child


def measure(table: Table, options: Options) -> None:
    """Undisturbed, then killed at a moment that the seed chooses and run again on the same folder."""
    world = make_world(options)
    wants = _wants(world, 60 if options.quick else NAMES)
    with tempfile.TemporaryDirectory(prefix="cfs-library-") as folder:
        base = Path(folder)
        clock = Clock(base / "clock")
        with serving(services(world), clock) as servers:
            job = {"wants": wants, "endpoints": servers.endpoints, "clock": str(base / "clock")}
            begun = clock.steady()
            whole = _run(base / "whole", job)
            if isinstance(whole, str):
                table.add("library: it ran", "no", "it runs", False, [whole])
                return
            _cost(table, servers, whole, clock.steady() - begun, len(wants))
            clock.sleep(1000)  # the windows in which requests are counted are over
            _killed(table, servers, base / "killed", job, whole, Random(f"{options.seed} kill"))
            _polite(table, servers)


def _wants(world: World, count: int) -> list[dict[str, Any]]:
    exact = [case for case in exact_cases(world, Sight(world, Civitai(world)), frozenset()) if case.want.folders]
    more = [case for case in Maker(world, exact).make() if not case.want.urls and not case.want.notes]
    once = {case.want.key: case.want for case in (*exact, *more)}
    return [want._asdict() for want in Random(f"{world.seed} library").sample(list(once.values()), count)]


def _cost(table: Table, servers: Servers, whole: dict[str, Any], seconds: float, names: int) -> None:
    resolved = sum(one[1] == "RESOLVED" for one in whole["verdicts"])
    growth = whole["growth"]
    table.add(f"library of {names}: memory from the first names to the last", f"{growth / 2**20:+.0f} MiB", f"≤ {GROWTH >> 20} MiB", growth <= GROWTH)  # fmt: skip
    table.add(
        f"library of {names}: requests per name",
        f"{whole['sent'] / names:.1f}, {whole['sent'] / max(1, resolved):.1f} per RESOLVED",
    )
    table.add(
        f"library of {names}: virtual seconds per name",
        f"{seconds / names:.1f}, {0.05 * whole['sent'] / names:.2f} of them latency",
    )


def _killed(
    table: Table, servers: Servers, folder: Path, job: dict[str, Any], whole: dict[str, Any], rng: Random
) -> None:
    before = servers.total()
    at = int(whole["sent"] * rng.uniform(0.2, 0.8))
    child = _start(folder, job)
    end = time.monotonic() + _LIMIT
    while servers.total() - before < at and child.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    child.kill()
    child.wait()
    died = servers.total() - before
    servers.clock.sleep(RESTART)
    again = _run(folder, job)
    if isinstance(again, str):
        table.add("library: goes on after a kill", "no", "it goes on", False, [again])
        return
    total, allowed = servers.total() - before, whole["sent"] + whole["most"]
    value = f"{total} requests with a kill after {died}, {whole['sent']} without"
    table.add("library: goes on after a kill", value, f"≤ {allowed}", total <= allowed and died < whole["sent"])
    differ = [
        f"{a} | after the kill: {b}" for a, b in zip(whole["verdicts"], again["verdicts"], strict=False) if a != b
    ]
    same = not differ and len(whole["verdicts"]) == len(again["verdicts"])
    table.add(
        "library: verdicts after a kill", f"{len(differ)} of {len(whole['verdicts'])} differ", "0 differ", same, differ
    )


def _polite(table: Table, servers: Servers) -> None:
    for name, traffic in servers.traffic.items():
        for kind, peak in traffic.peak.items():
            limit = servers.services[name].limits[kind]
            documented = name == "huggingface"
            table.add(
                f"library: requests in the fullest 5 minutes, {name} {kind}",
                f"{peak}, {traffic.refused} refused",
                f"≤ {limit}" if documented else "0 refused",
                (peak <= limit or not documented) and not traffic.refused,
            )


def _start(folder: Path, job: dict[str, Any]) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    path = folder.with_suffix(".json")
    path.write_text(json.dumps({**job, "state": str(folder), "out": str(folder.with_suffix(".out"))}))
    script = Path(__file__).with_name("resolution_child.py")
    return subprocess.Popen(
        [sys.executable, script, path], stdin=subprocess.DEVNULL, stderr=folder.with_suffix(".err").open("wb")
    )


def _run(folder: Path, job: dict[str, Any]) -> dict[str, Any] | str:
    """What the child found; a text says why it found nothing."""
    child = _start(folder, job)
    try:
        code = child.wait(_LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return f"it took longer than {_LIMIT} seconds"
    if code != 0:
        with suppress(OSError):
            return folder.with_suffix(".err").read_text().strip()[-500:]
        return f"exit code {code}"
    found: dict[str, Any] = json.loads(folder.with_suffix(".out").read_bytes())
    return found
