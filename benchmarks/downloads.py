"""How fast, how light and how safe is a verified download? Beside curl, aria2 and huggingface_hub, all in one run.

    benchmarks/downloads.py [--json] [--size 1024] [--runs 3] [--kills 12] [--tolerance 1.5] [--folder DIR]

nginx serves one file of random weights on loopback; everything lies in a tmpfs. Best of N runs, the clients in turn. A
rate counts from the start of the program for curl and aria2, and without the start of Python for huggingface_hub and
ours, which runs inside ComfyUI. Exit code 1 when a target is missed, 2 when a tool is missing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import downloads_clients as clients
import downloads_kills as kills
from downloads_clients import Client, Spent
from downloads_loop import beside_an_event_loop
from downloads_server import MB, Nginx, missing, place, served
from table import Table

OVER_CURL, OVER_ARIA2, OVER_HUB = 0.5, 1.0, 1.5  # times their rate
CPU = 3.5  # seconds of the processor for a GiB
AGAIN = 4.0  # MiB sent again after a kill: one of ours, and what lay in the sockets
GIB = 1 << 30


def main() -> int:
    """Run and print; the exit code is 1 when a target is missed, 2 when it cannot be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the file")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--tolerance", type=float, default=1.0, help="factor on every target, for a noisy machine")
    parser.add_argument("--folder", type=Path, help="where the files lie, in place of a tmpfs")
    parser.add_argument("--corpus", type=Path, help="ignored: every benchmark of scripts/test is given it")
    options = parser.parse_args()
    absent = missing()
    if absent:
        print(
            f"This benchmark needs {', '.join(absent)}; on Debian: apt install nginx-light aria2 curl", file=sys.stderr
        )
        return 2
    size = max(options.size, 8) * MB
    try:
        where, what = (options.folder, str(options.folder)) if options.folder else place(5 * size + 512 * MB)
    except OSError as problem:
        print(problem, file=sys.stderr)
        return 2
    table = Table("downloads")
    with tempfile.TemporaryDirectory(prefix="cfs-downloads-", dir=where) as folder:
        base = Path(folder)
        with served(base / "nginx", size) as server:
            table.add("one file, served by nginx on loopback", f"{size // MB:,} MiB, from and to {what}")
            speed(table, server, base, options)
            to_disk(table, server, base, options)
            after_kills(table, server, base, options)
            beside_an_event_loop(table, server, base, options.runs, options.tolerance)
    return table.finish(options.json)


# ---- speed ---------------------------------------------------------------------------------------------------------


def speed(table: Table, server: Nginx, base: Path, options: argparse.Namespace) -> None:
    """All clients to the same tmpfs."""
    with ExitStack() as stack:
        mine = opened(stack, clients.ours(server, base / "start"))
        curl, aria2 = clients.curl_sha256sum(), clients.aria2()
        hub = clients.huggingface(server, base / "start")
        whole = clients.huggingface(server, base / "start", whole=True)
        peers = [opened(stack, one) for one in (hub, whole) if not isinstance(one, str)]
        best = in_turn([mine, curl, aria2, *peers], server, base / "to", options.runs)
    own, size = best[mine.name], server.big.size
    table.add("ours, verified by SHA-256", rate(own, size))
    for name, target in ((curl.name, OVER_CURL), (aria2.name, OVER_ARIA2)):
        against(table, name, best[name], own, size, target, options.tolerance)
    if isinstance(hub, str):
        table.not_run("ours / huggingface_hub", hub)
    else:
        against(
            table, "huggingface_hub http_get", best["huggingface_hub http_get"], own, size, OVER_HUB, options.tolerance
        )
        against(table, "hf_hub_download", best["hf_hub_download"], own, size, None, 1.0)
    cpu = own.cpu * GIB / size
    table.add("processor time of ours for a GiB", f"{cpu:.2f} s", f"≤ {CPU} s", cpu <= CPU * options.tolerance)


def opened(stack: ExitStack, client: Client) -> Client:
    """The same; it is closed with the stack."""
    stack.callback(client.close)
    return client


def in_turn(some: Sequence[Client], server: Nginx, folder: Path, runs: int) -> dict[str, Spent]:
    """The fastest run of each, taken in turn so that a drifting machine hits all."""
    best: dict[str, Spent] = {}
    for _ in range(max(1, runs)):
        for one in some:
            folder.mkdir()
            spent = one.fetch(server, server.big, folder)
            found = folder / server.big.name
            if found.stat().st_size != server.big.size:
                raise OSError(f"{one.name} left {found.stat().st_size} bytes")
            shutil.rmtree(folder)
            best[one.name] = min(best.get(one.name, spent), spent)
    return best


def rate(spent: Spent, size: int) -> str:
    """In words."""
    return f"{size / MB / spent.seconds:,.0f} MiB/s, {spent.cpu * GIB / size:.2f} CPU s a GiB"


def against(
    table: Table, name: str, peer: Spent, own: Spent, size: int, target: float | None, tolerance: float
) -> None:
    """One row: how many times as fast as the peer we are."""
    times = peer.seconds / own.seconds
    note = f"{times:.2f}x ({rate(peer, size)})"
    if target is None:
        table.add(f"ours / {name}", note, "no target")
    else:
        table.add(f"ours / {name}", note, f"≥ {target:g}x", times >= target / tolerance)


def to_disk(table: Table, server: Nginx, base: Path, options: argparse.Namespace) -> None:
    """To a real disk, until it lies there for good."""
    what = "to disk and synced: ours / curl, then sync"
    disk = Path(tempfile.gettempdir())
    if shutil.disk_usage(disk).free < 2 * server.big.size:
        table.not_run(what, f"{disk} has no room")
        return
    if disk.stat().st_dev == base.stat().st_dev or kind(disk) == "tmpfs":
        table.not_run(what, f"{disk} is no disk of its own")
        return
    with tempfile.TemporaryDirectory(prefix="cfs-downloads-", dir=disk) as folder, ExitStack() as stack:
        mine = opened(stack, clients.ours(server, Path(folder) / "start"))
        curl = clients.curl_sync()
        best = in_turn([mine, curl], server, Path(folder) / "to", options.runs)
    own, peer = best[mine.name], best[curl.name]
    note = f"{peer.seconds / own.seconds:.2f}x ({rate(own, server.big.size)}; {rate(peer, server.big.size)})"
    table.add(what, note, "no target")


def kind(folder: Path) -> str:
    """The file system of this folder, as /proc/mounts calls it."""
    found = ("", "")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, name, *_ = line.split()
        if folder.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, name)
    return found[1]


# ---- kills ---------------------------------------------------------------------------------------------------------


def after_kills(table: Table, server: Nginx, base: Path, options: argparse.Namespace) -> None:
    """What is sent twice, and whether the file is right in the end."""
    size = server.small.size / MB
    for name, command in (("ours", kills.ours), ("curl -C -", kills.curl), ("aria2c -c -x1", kills.aria2)):
        found = kills.killed(command, server, base / "killed", options.kills)
        mean, worst = found.total / max(1, found.kills) / MB, max(found.again, default=0) / MB
        note = f"{worst:.2f} MiB at most, {mean:.2f} on average ({found.kills} kills in {size:.0f} MiB)"
        what = f"sent again after kill -9: {name}"
        if name == "ours":
            enough = found.kills == options.kills and worst <= AGAIN
            table.add(what, note, f"≤ {AGAIN:g} MiB", enough)
            table.add(
                "ours has the right content after all of them", "yes" if found.right else "NO", "yes", found.right
            )
        else:
            table.add(what, note + ("" if found.right else "; WRONG content"), "no target")


if __name__ == "__main__":
    sys.exit(main())
