"""Small invented graphs for the tests of tuning, and a catalogue that knows their types."""

from __future__ import annotations

import json
from typing import Any

from comfyfixersmart.core.catalogue.build import build
from comfyfixersmart.core.catalogue.types import Input, NodeType
from comfyfixersmart.core.explanation.graph import View
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.tuning.types import Change, Edit, NeedsFile
from comfyfixersmart.core.workflow.types import Workflow


def _type(name: str, sockets: str, widgets: dict[str, Any], outputs: str) -> NodeType:
    inputs = [Input(one.split(":")[0], one.split(":")[1], widget=False) for one in sockets.split()]
    for key, kind in widgets.items():
        options = tuple(kind) if isinstance(kind, list) else None
        folders = (kind[1:],) if isinstance(kind, str) and kind.startswith("/") else None
        text = "COMBO" if options or folders else kind
        inputs.append(Input(key, text, options=options, folders=folders, control=key == "seed"))
    return NodeType(name, tuple(inputs), source="server", pack="comfy-core", outputs=tuple(outputs.split()))


_DTYPES = ["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"]
_TILES = {"tile_size": "INT", "overlap": "INT", "temporal_size": "INT", "temporal_overlap": "INT"}
_SAMPLER = {"seed": "INT", "steps": "INT", "cfg": "FLOAT", "sampler_name": ["euler", "lcm"], "scheduler": ["normal", "simple"],
            "denoise": "FLOAT"}  # fmt: skip
TYPES = {
    one.class_type: one
    for one in (
        _type("UNETLoader", "", {"unet_name": "/diffusion_models", "weight_dtype": _DTYPES}, "MODEL"),
        _type("CLIPLoader", "", {"clip_name": "/text_encoders", "type": ["wan", "qwen_image"], "device": ["default", "cpu"]}, "CLIP"),
        _type("VAELoader", "", {"vae_name": "/vae"}, "VAE"),
        _type("LoraLoaderModelOnly", "model:MODEL", {"lora_name": "/loras", "strength_model": "FLOAT"}, "MODEL"),
        _type("CLIPTextEncode", "clip:CLIP", {"text": "STRING"}, "CONDITIONING"),
        _type("EmptyLatentImage", "", {"width": "INT", "height": "INT", "batch_size": "INT"}, "LATENT"),
        _type("KSampler", "model:MODEL positive:CONDITIONING negative:CONDITIONING latent_image:LATENT", _SAMPLER, "LATENT"),
        _type("VAEDecode", "samples:LATENT vae:VAE", {}, "IMAGE"),
        _type("VAEDecodeTiled", "samples:LATENT vae:VAE", _TILES, "IMAGE"),
        _type("UpscaleModelLoader", "", {"model_name": "/upscale_models"}, "UPSCALE_MODEL"),
        _type("ImageUpscaleWithModel", "upscale_model:UPSCALE_MODEL image:IMAGE", {}, "IMAGE"),
        _type("PrimitiveInt", "", {"value": "INT"}, "INT"),
        _type("SaveImage", "images:IMAGE", {"filename_prefix": "STRING"}, ""),
    )
}  # fmt: skip
CATALOGUE = build(TYPES, document("nodes"), document("virtual_types"))


def view_of(workflow: Workflow) -> View:
    """As `core/explanation/anatomy/build.py` makes it."""
    return View(workflow, CATALOGUE, document("roles")["types"])


class Graph:
    """A UI graph, built node by node. Sockets and links are written as the page writes them."""

    def __init__(self, number: int = 0) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.links: list[Any] = []
        self.last = number

    def node(self, kind: str, values: list[Any] | None = None, **feeds: tuple[int, int] | None) -> int:
        """A node with these widget values; `feeds`: input → (node, output slot). Its id."""
        self.last += 1
        known = TYPES.get(kind)
        inputs = []
        for one in (known.inputs or ()) if known else ():
            if one.widget and one.name not in feeds:
                continue
            slot: dict[str, Any] = {"name": one.name, "type": one.type, "link": None}
            if one.widget:
                slot["widget"] = {"name": one.name}
            inputs.append(slot)
        names = known.outputs or () if known else ("INT",)
        outputs = [{"name": name, "type": name, "links": []} for name in names]
        raw = {"id": self.last, "type": kind, "pos": [100 * self.last, 0], "mode": 0, "inputs": inputs, "outputs": outputs,
               "properties": {"Node name for S&R": kind}, "widgets_values": values or []}  # fmt: skip
        self.nodes.append(raw)
        for name, feed in feeds.items():
            if feed is not None:
                self.link(feed, self.last, name)
        return self.last

    def link(self, origin: tuple[int, int], target: int, name: str) -> None:
        """A link from (node, slot) to an input, which is there already."""
        number = len(self.links) + 1
        inputs = self.raw(target)["inputs"]
        place = next(i for i, one in enumerate(inputs) if one["name"] == name)
        inputs[place]["link"] = number
        self.raw(origin[0])["outputs"][origin[1]]["links"].append(number)
        self.links.append([number, *origin, target, place, inputs[place]["type"]])

    def raw(self, id: int) -> dict[str, Any]:
        """The node's own object."""
        return next(one for one in self.nodes if one["id"] == id)

    def value(self) -> dict[str, Any]:
        """The graph as a file holds it."""
        return {"last_node_id": self.last, "last_link_id": len(self.links), "nodes": self.nodes, "links": self.links,
                "groups": [], "version": 0.4}  # fmt: skip

    def data(self, indent: int | None = None) -> bytes:
        """The same in bytes."""
        return json.dumps(self.value(), indent=indent).encode()


def picture(unet: str = "lake_fp16.safetensors", *, steps: int = 30, side: int = 1024, batch: int = 1) -> Graph:
    """Text to image with separate files: 1 UNET, 2 CLIP, 3 VAE, 4 and 5 texts, 6 latent, 7 sampler, 8 decode, 9 save."""
    graph = Graph()
    model = graph.node("UNETLoader", [unet, "default"])
    clip = graph.node("CLIPLoader", ["umt5_xxl_fp16.safetensors", "wan", "default"])
    vae = graph.node("VAELoader", ["ae.safetensors"])
    good = graph.node("CLIPTextEncode", ["a boat on a lake"], clip=(clip, 0))
    bad = graph.node("CLIPTextEncode", ["fog"], clip=(clip, 0))
    latent = graph.node("EmptyLatentImage", [side, side, batch])
    sampler = graph.node("KSampler", [7, "randomize", steps, 6.5, "euler", "normal", 1.0], model=(model, 0), positive=(good, 0),
                         negative=(bad, 0), latent_image=(latent, 0))  # fmt: skip
    image = graph.node("VAEDecode", [], samples=(sampler, 0), vae=(vae, 0))
    graph.node("SaveImage", ["lake"], images=(image, 0))
    return graph


def value_edit(node: int | str, name: str, before: Any, after: Any) -> Edit:
    """A value that changes."""
    return Edit("value", str(node), name, before, after)


def change(*edits: Edit, needs: NeedsFile | None = None) -> Change:
    """A change of these edits, without words."""
    nodes = tuple(edit.node for edit in edits)
    return Change("test", "Test", (), "", "", "", "", nodes, edits, needs=needs)
