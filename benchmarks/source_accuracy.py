"""How well node definitions read from source agree with what a real ComfyUI answers at /object_info.

    python benchmarks/source_accuracy.py COMFYUI_DIR OBJECT_INFO.json [OBJECT_INFO_WITH_API_NODES.json]

`compare` is also called by scan_accuracy. Nothing is started: the answers are files saved before.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.inventory.source import Host, read_core

UPLOADS = ("image_upload", "video_upload", "audio_upload", "file_upload", "animated_image_upload")


def compare(types: dict[str, NodeType], info: dict[str, Any]) -> dict[str, Any]:
    """Shares (0..1) of names and inputs read right, and up to 30 differences of each kind.

    `info` is one /object_info answer; `types` what was read from the same installation's source.
    Choices that come from files are compared by kind only: the answer does not say their folder.
    """
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong: dict[str, list[str]] = {}

    def count(kind: str, ok: bool, text: str) -> None:
        total[kind] += 1
        right[kind] += ok
        if not ok:
            wrong.setdefault(kind, []).append(text)

    for name in info:
        count("names", name in types, name)
    for name in types:
        count("claims", name in info, name)
    for name in sorted(types.keys() & info.keys()):
        _compare_node(types[name], info[name], count)
    return {
        "shares": {kind: right[kind] / total[kind] for kind in total},
        "counts": dict(total),
        "wrong": {kind: texts[:30] for kind, texts in wrong.items()},
    }


def _compare_node(known: NodeType, server: dict[str, Any], count: Any) -> None:
    name = known.class_type
    count("output", known.output == bool(server.get("output_node")), name)
    count("api", known.api == (server.get("api_node") is True), name)
    count("inputs read", known.inputs is not None, name)
    if known.inputs is None:
        return
    expected = _expected(server)
    count("input order", [one.name for one in known.inputs] == [e[0] for e in expected], name)
    by_name = {one.name: one for one in known.inputs}
    for input_name, required, entry in expected:
        one = by_name.get(input_name)
        if one is not None:
            _compare_input(f"{name}.{input_name}", one, required, entry, count)


def _expected(server: dict[str, Any]) -> list[tuple[str, bool, list[Any]]]:
    sections = server.get("input", {})
    return [(n, s == "required", e) for s in ("required", "optional") for n, e in sections.get(s, {}).items()]


def _compare_input(where: str, one: Input, required: bool, entry: list[Any], count: Any) -> None:
    kind, settings = entry[0], entry[1] if len(entry) > 1 and isinstance(entry[1], dict) else {}
    choices = kind if isinstance(kind, list) else settings.get("options") if kind == "COMBO" else None
    count("required", one.required == required, where)
    shown = "COMBO" if isinstance(kind, list) else kind
    count("type", one.type == shown, f"{where}: {one.type!r}, not {shown!r}")
    for side, mine in (("min", one.minimum), ("max", one.maximum)):
        theirs = settings.get(side)
        count(
            "range",
            mine == (theirs if isinstance(theirs, (int, float)) else None),
            f"{where} {side}: {mine}, not {theirs}",
        )
    if any(settings.get(key) for key in UPLOADS):
        other = settings.get("image_folder", "input") != "input"
        count("media", other or one.media is not None, where)
    elif isinstance(choices, list) and one.folders is None and one.media is None:
        ok = one.options == tuple(tuple(c) if isinstance(c, list) else c for c in choices)
        count("options", ok, f"{where}: {str(one.options)[:80]}, not {str(choices)[:80]}")
    elif isinstance(choices, list):
        # Everything beside the files must be among the choices that were read as extras.
        loose = [c for c in choices if "." not in str(c) and c not in one.extras]
        count("folders", not loose, f"{where}: {one.folders} {one.extras} but {loose[:4]}")


def main(argv: list[str]) -> int:
    """Print a table; 1 when fewer than 98 % of the names are right."""
    start = time.perf_counter()
    base, api = read_core(Path(argv[1]), Host(Path(argv[1])))
    print(f"core read in {time.perf_counter() - start:.2f} s; complete: {base.complete and api.complete}")
    worst = 1.0
    for index, path in enumerate(argv[2:4]):
        types = base.definitions if index == 0 else {**base.definitions, **api.definitions}
        result = compare(types, json.loads(Path(path).read_text()))
        print(path)
        for kind, share in result["shares"].items():
            print(f"  {kind:12} {100 * share:6.2f} %  of {result['counts'][kind]}")
            for text in result["wrong"].get(kind, ()):
                print(f"      {text}")
        worst = min(worst, result["shares"]["names"], result["shares"].get("claims", 1.0))
    return 0 if worst >= 0.98 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
