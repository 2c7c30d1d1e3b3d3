"""20,000 mutations of real files, by the byte and by the value: none crashes, none takes a second.

A failing case is saved under `regressions/`, where the default suite finds it again.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..workflow import media_samples as media
from ..workflow.graphs import graph, node, proxies, socket, subgraph, widget
from .chain import installation, look

pytestmark = pytest.mark.slow

SEED = 20261122
CASES = 20_000
LARGEST = 60_000  # bytes: a mutation of a large file teaches no more than one of a small file
REGRESSIONS = Path(__file__).with_name("regressions")
EXAMPLES = Path(__file__).resolve().parents[2] / "example_workflows"
BYTES = [
    b"",
    b"\0",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"NaN",
    b"1e999",
    b"-",
    b"\\u",
    b"\\ud800",
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 3.5, 2, 4, 10**400, float("nan"), "", "x", "\ud800", "-10", "1:2", "None"),
    *([], {}, [[]], [None], [1, 0], ["1", 0], {"id": 1}, {"name": "a.pt"}, "thorn.safetensors"),
]


def sources() -> list[bytes]:
    """Real files: the examples, the official templates where they are installed, and the rarer shapes by hand."""
    found = [path.read_bytes() for path in sorted(EXAMPLES.glob("*.json"))]
    package = importlib.util.find_spec("comfyui_workflow_templates_json")
    if package is not None and package.submodule_search_locations:
        templates = Path(next(iter(package.submodule_search_locations))) / "templates"
        found += [path.read_bytes() for path in sorted(templates.glob("*.json")) if path.stat().st_size <= LARGEST]
    return found + handmade()


def handmade() -> list[bytes]:
    inner = node(3, "LoadBramble", "a.pt", 1, inputs=[widget("file", 21), socket("image", 22)])
    definition = subgraph(
        "s", inner, links=((21, -10, 0, 3, 0, "COMBO"), (22, -10, 1, 3, 1, "IMAGE")), inputs=("file", "image")
    )
    flow = graph(
        node(1, "PrimitiveNode", "b.pt"),
        node(2, "s", "c.pt", inputs=[widget("file", 7), socket("image", 8)], properties=proxies(("3", "file"))),
        node(4, "Reroute", inputs=[socket("", 9)], mode=4),
        node(5, "workflow/Nest", "d.pt"),
        node(6, "Power Lora Loader (rgthree)", {"on": True, "lora": "e.pt", "strength": 1}),
        node(8, "GetNode", "x"),
        node(9, "SetNode", "x", inputs=[socket("IMAGE", 9)]),
        links=((7, 1, 0, 2, 0), (8, 4, 0, 2, 1), (9, 8, 0, 4, 0)),
        subgraphs=[definition],
        extra={"groupNodes": {"Nest": {"nodes": [{"type": "LoadBramble", "widgets_values": ["f.pt"]}], "links": []}}},
    )
    text = json.dumps(flow)
    prompt = json.dumps({"1": {"class_type": "LoadBramble", "inputs": {"file": "a.pt", "image": ["2", 0]}}})
    exif = media.exif({0x010F: b"workflow:" + text.encode(), 0x0110: b"prompt:" + prompt.encode()})
    return [
        text.encode(),
        prompt.encode(),
        text.encode("utf-16"),
        json.dumps({"input": {"workflow": flow}, "prompt": prompt}).encode(),
        media.png(media.text("workflow", text), media.text("prompt", prompt)),
        media.png(media.itxt("workflow", text, True), media.ztxt("prompt", prompt)),
        media.webp(exif),
        media.jpeg(exif),
        media.avif(exif),
        media.mp4(media.box(b"udta", media.mdta({"workflow": text}))),
        media.webm(media.simple_tags({"workflow": text})),
        media.flac(media.comments([("workflow", text)])),
    ]


# ---- mutations ---------------------------------------------------------------------------------------------


def by_bytes(data: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, cut out, put in or repeated; or the end cut off."""
    out = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 5, 20])):
        if not out:
            break
        at = dice.randrange(len(out))
        what = dice.randrange(6)
        if what == 0:
            out[at] = dice.randrange(256)
        elif what == 1:
            del out[at : at + dice.randrange(1, 40)]
        elif what == 2:
            out[at:at] = dice.choice(BYTES)
        elif what == 3:
            out[at:at] = out[at : at + dice.randrange(1, 200)]
        elif what == 4:
            del out[at:]
        else:
            out[at : at + 4] = dice.randbytes(4)
    return bytes(out)


def by_values(data: bytes, dice: random.Random) -> bytes:
    """Some values of the parsed JSON replaced, dropped, doubled or wrapped. Other files are changed by the byte."""
    try:
        body = json.loads(data)
    except ValueError:
        return by_bytes(data, dice)
    for _ in range(dice.choice([1, 2, 4, 10])):
        holders = list(_holders(body))
        if not holders:
            break
        holder, other = dice.choice(holders), dice.choice(holders)
        key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        what = dice.randrange(5)
        if what == 0:
            holder[key] = copy.deepcopy(dice.choice(VALUES))
        elif what == 1:
            del holder[key]
        elif what == 2 and _small(other):
            holder[key] = copy.deepcopy(other)
        elif what == 3 and isinstance(holder, list) and _small(holder[key]):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = [holder[key]]
    return json.dumps(body).encode()


def _holders(body: Any) -> Iterator[Any]:
    """Every list and object that holds something, the outermost first."""
    queue = [body]
    while queue:
        one = queue.pop()
        if isinstance(one, (dict, list)) and one:
            yield one
            queue += list(one.values() if isinstance(one, dict) else one)


def _small(value: Any) -> bool:
    return sum(1 for _ in zip(_holders(value), range(50), strict=False)) < 50


# ---- the run -----------------------------------------------------------------------------------------------


def _save(data: bytes) -> Path:
    REGRESSIONS.mkdir(exist_ok=True)
    path = REGRESSIONS / f"{hashlib.sha256(data).hexdigest()[:16]}.bin"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("mutate", [by_bytes, by_values], ids=lambda mutate: mutate.__name__)
def test_mutations_of_real_files(mutate: Callable[[bytes, random.Random], bytes]) -> None:
    app, files, dice = installation(), sources(), random.Random(SEED)
    failures: list[str] = []
    for number in range(CASES // 2):
        data = mutate(dice.choice(files), dice)
        try:
            look(app, data)
        except Exception as error:
            failures.append(f"case {number} of seed {SEED}: {type(error).__name__}: {error} (saved as {_save(data)})")
            if len(failures) >= 10:
                break
    assert not failures, "\n".join(failures)
