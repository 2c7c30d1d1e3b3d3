"""Small invented workflows, and ways to write the same one differently."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.comparison.compare import compare
from comfyfixersmart.core.comparison.types import Comparison
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.workflow.read import read_value
from comfyfixersmart.core.workflow.types import Workflow

APP = App(nothing("nothing is installed here"))
Raw = dict[str, Any]


def node(number: int, kind: str, values: list[Any] | None = None, takes: str = "", gives: str = "", **more: Any) -> Raw:
    """A node; `takes` and `gives` are link types by slot, named in small letters ("model:MODEL" names one itself)."""
    inputs = [{"name": one.split(":")[0].lower(), "type": one.split(":")[-1], "link": None} for one in takes.split()]
    outputs = [{"name": one, "type": one, "links": []} for one in gives.split()]
    return {
        "id": number, "type": kind, "mode": 0, "pos": [0, 0], "inputs": inputs, "outputs": outputs,
        "widgets_values": values or [], **more,
    }  # fmt: skip


def graph(nodes: list[Raw], *links: tuple[int, int, int, int], **more: Any) -> Raw:
    """A workflow; a link is (from, output, to, input)."""
    raw: Raw = {"nodes": nodes, "links": [], "version": 0.4, **more}
    for number, (origin, out, target, into) in enumerate(links, 1):
        by_id = {one["id"]: one for one in nodes}
        kind = by_id[origin]["outputs"][out]["type"]
        raw["links"].append([number, origin, out, target, into, kind])
        by_id[target]["inputs"][into]["link"] = number
    return raw


def picture() -> Raw:
    """Text to image: checkpoint, LoRA, two prompts, sampler, decoder, save."""
    return graph(
        [
            node(1, "CheckpointLoaderSimple", ["harbour_xl.safetensors"], "", "MODEL CLIP VAE"),
            node(2, "LoraLoaderModelOnly", ["mist.safetensors", 0.8], "MODEL", "MODEL"),
            node(3, "CLIPTextEncode", ["a lighthouse above the bay at dusk"], "CLIP", "CONDITIONING"),
            node(4, "CLIPTextEncode", ["blurry, text, watermark, low quality"], "CLIP", "CONDITIONING"),
            node(5, "EmptyLatentImage", [1024, 768, 1], "", "LATENT"),
            node(6, "KSampler", [7, "fixed", 24, 6.5, "euler", "normal", 1.0],
                 "MODEL positive:CONDITIONING negative:CONDITIONING latent_image:LATENT", "LATENT"),
            node(7, "VAEDecode", [], "samples:LATENT VAE", "IMAGE"),
            node(8, "SaveImage", ["bay"], "images:IMAGE"),
        ],
        (1, 0, 2, 0), (1, 1, 3, 0), (1, 1, 4, 0), (2, 0, 6, 0), (3, 0, 6, 1), (4, 0, 6, 2), (5, 0, 6, 3), (6, 0, 7, 0),
        (1, 2, 7, 1), (7, 0, 8, 0),
    )  # fmt: skip


def find(raw: Raw, number: int) -> Raw:
    """A node of a graph."""
    return next(one for one in raw["nodes"] if one["id"] == number)


def unlink(raw: Raw, target: int, into: int) -> None:
    """Cuts what feeds an input."""
    raw["links"] = [link for link in raw["links"] if (link[3], link[4]) != (target, into)]
    find(raw, target)["inputs"][into]["link"] = None


def link(raw: Raw, origin: int, out: int, target: int, into: int) -> None:
    """Feeds an input anew."""
    unlink(raw, target, into)
    number = 1 + max((one[0] for one in raw["links"]), default=0)
    raw["links"].append([number, origin, out, target, into, "*"])
    find(raw, target)["inputs"][into]["link"] = number


def remove(raw: Raw, number: int) -> None:
    """Takes a node out, with its links."""
    for one in list(raw["links"]):
        if number in (one[1], one[3]):
            unlink(raw, one[3], one[4])
    raw["nodes"].remove(find(raw, number))


def shuffled(raw: Raw, seed: int = 1) -> Raw:
    """The same with other ids, another order and another layout."""
    rng = random.Random(seed)
    made = copy.deepcopy(raw)
    ids = dict(zip([n["id"] for n in made["nodes"]], rng.sample(range(1, 500), len(made["nodes"])), strict=True))
    links = dict(zip([one[0] for one in made["links"]], rng.sample(range(1, 900), len(made["links"])), strict=True))
    for one in made["nodes"]:
        one.update(id=ids[one["id"]], pos=[rng.random(), 9], size=[5, 5], color="#322", flags={"collapsed": True})
        for slot in one["inputs"]:
            slot["link"] = links.get(slot["link"])
    made["links"] = [[links[n], ids[a], out, ids[b], into, kind] for n, a, out, b, into, kind in made["links"]]
    rng.shuffle(made["nodes"])
    rng.shuffle(made["links"])
    return {**made, "extra": {"ds": {"scale": 3}}, "revision": 8}


def copied(raw: Raw) -> Raw:
    """A version to edit."""
    found: Raw = json.loads(json.dumps(raw))
    return found


def workflow(raw: Any, name: str = "bay.json") -> Workflow:
    """The workflow that the JSON holds."""
    return read_value(raw, name).workflows[0]


def between(old: Any, new: Any, **more: Any) -> Comparison:
    """The comparison of two graphs."""
    return compare(workflow(old), workflow(new, "bay.v2.json"), APP.catalogue, **more)


def rows(comparison: Comparison) -> list[tuple[Any, ...]]:
    """(kind, id in the old version, id in the new one, input, before, after), without words for links."""
    return [
        (one.kind, one.old and one.old.id, one.new and one.new.id, one.input, one.before, one.after)
        for one in comparison.differences
    ]
