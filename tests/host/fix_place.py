"""A saved workflow that lacks three things, the services that have them, and ComfyUI's own word on whether it runs.

    checkpoint   nowhere on this disk; at "Hugging Face", which sends on to a storage on another host
    LoRA         on this disk, among the VAEs
    VAE          in the right folder, under another name; the workflow knows its hash and size

The services are those of tests/replay; `load(name)` gives a module of that folder. The node types are ComfyUI's own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]
NAME = "harbour at night"
INK, LANTERN, GLOW, GLOW_HERE = (
    *("inkwash_xl_v4.safetensors", "paper_lantern_rank8.safetensors"),
    *("glow_vae_v2.safetensors", "glow vae (1).safetensors"),
)
WRONG_FOLDER = "vae"  # where the LoRA lies
PROMPT = "a lighthouse keeper mending nets, of which nobody outside may hear"
CANARY = "canary-0123456789abcdef-key"  # a key of Hugging Face
SIZE = 3 << 20  # bytes of the checkpoint
SERVICES = ("huggingface", "civitai", "modelscope", "registry")
OURS = {"X-ComfyFixerSmart": "1"}
PREFIX = "/comfyfixersmart"
# id, type, widget values by name (a name that begins with "_" is of the page alone), inputs by (node, output)
NODES: tuple[tuple[int, str, Json, dict[str, tuple[int, int]]], ...] = (
    (1, "CheckpointLoaderSimple", {"ckpt_name": INK}, {}),
    (
        2,
        "LoraLoader",
        {"lora_name": LANTERN, "strength_model": 0.8, "strength_clip": 0.8},
        {"model": (1, 0), "clip": (1, 1)},
    ),
    (3, "VAELoader", {"vae_name": GLOW}, {}),
    (4, "CLIPTextEncode", {"text": PROMPT}, {"clip": (2, 1)}),
    (5, "CLIPTextEncode", {"text": ""}, {"clip": (2, 1)}),
    (6, "EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}, {}),
    (
        7,
        "KSampler",
        {
            "seed": 7,
            "_control": "fixed",
            "steps": 1,
            "cfg": 1.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
        },
        {"model": (2, 0), "positive": (4, 0), "negative": (5, 0), "latent_image": (6, 0)},
    ),
    (8, "VAEDecode", {}, {"samples": (7, 0), "vae": (3, 0)}),
    (9, "SaveImage", {"filename_prefix": "harbour"}, {"images": (8, 0)}),
)
OUTPUTS = {
    "CheckpointLoaderSimple": ("MODEL", "CLIP", "VAE"),
    "LoraLoader": ("MODEL", "CLIP"),
    "VAELoader": ("VAE",),
    "CLIPTextEncode": ("CONDITIONING",),
    "EmptyLatentImage": ("LATENT",),
    "KSampler": ("LATENT",),
    "VAEDecode": ("IMAGE",),
    "SaveImage": (),
}


class World(NamedTuple):
    """The services, each on a replay server of its own, and what they have.

    The storage shares ModelScope's, for no other host on this computer may be spoken to than those in the settings.
    """

    hosts: dict[str, Any]
    store: Any
    ink: str  # SHA-256 of the checkpoint

    @property
    def hub(self) -> Any:
        """Hugging Face."""
        return self.hosts["huggingface"]

    def asked(self) -> list[Any]:
        """All requests to all of them."""
        return [request for one in self.hosts.values() for request in one.log]

    def environment(self) -> dict[str, str]:
        """Under which the extension asks these services."""
        names = [f"{name}={one.address}" for name, one in self.hosts.items()]
        return {
            "COMFYFIXERSMART_ENDPOINTS": ",".join(names),
            "COMFYFIXERSMART_HUGGINGFACE_KEY": CANARY,
        }

    def served(self) -> int:
        """Bytes of the checkpoint that the storage has sent."""
        return int(self.store.served[self.ink])


@contextmanager
def services(load: Callable[[str], Any], size: int = SIZE) -> Iterator[World]:
    """They run until the block ends. `size`: bytes of the checkpoint."""
    with ExitStack() as stack:
        hosts = {name: stack.enter_context(load("server").serving()) for name in SERVICES}
        face, store = load("huggingface"), load("files").Store(hosts["modelscope"])
        ink = store.add(load("files").safetensors("inkwash", size))
        hub = face.Hub()
        hub.repo("brushworks/inkwash-xl", {INK: face.stored(store, ink)})
        hub.serve(hosts["huggingface"], store)
        load("civitai").Shop().serve(hosts["civitai"], store=store)
        load("modelscope").Hall().serve(hosts["modelscope"], store)
        load("registry").Desk().serve(hosts["registry"])
        yield World(hosts, store, ink)


def lay_out(base: Path, load: Callable[[str], Any]) -> None:
    """The base folder of a ComfyUI: the workflow, the LoRA in the wrong folder, the VAE under another name."""
    made = load("files").safetensors
    for path, seed in ((f"{WRONG_FOLDER}/{LANTERN}", "lantern"), (f"vae/{GLOW_HERE}", "glow")):
        place = base / "models" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(made(seed))
    saved = base / "user/default/workflows"
    saved.mkdir(parents=True, exist_ok=True)
    (saved / f"{NAME}.json").write_text(json.dumps(workflow(made("glow"))))


def workflow(glow: bytes) -> Json:
    """As ComfyUI saves it. `glow`: what the VAE is, by which the workflow knows it."""
    known = {"name": GLOW, "url": "", "directory": "vae", "size": len(glow), "hash_type": "SHA256"}
    known["hash"] = hashlib.sha256(glow).hexdigest()
    nodes, links = [], []
    for number, kind, values, wires in NODES:
        inputs = []
        for name, (origin, slot) in wires.items():
            links.append([len(links) + 1, origin, slot, number, len(inputs), _type(origin, slot)])
            inputs.append({"name": name, "type": links[-1][5], "link": len(links)})
        place = [60 + 340 * ((number - 1) % 4), 80 + 260 * ((number - 1) // 4)]
        models = {"models": [known]} if kind == "VAELoader" else {}
        nodes.append(
            {
                "id": number,
                "type": kind,
                "pos": place,
                "size": [300, 140],
                "flags": {},
                "order": number - 1,
                "mode": 0,
                "inputs": inputs,
                "outputs": [],
                "widgets_values": list(values.values()),
                "properties": {"Node name for S&R": kind, "cnr_id": "comfy-core", **models},
            }
        )
    for node in nodes:
        for slot, kind in enumerate(OUTPUTS[node["type"]]):
            own = [link[0] for link in links if link[1] == node["id"] and link[2] == slot]
            node["outputs"].append({"name": kind, "type": kind, "links": own or None})
    last = {"last_node_id": len(nodes), "last_link_id": len(links)}
    return {"id": "0b8f3c1e-2222-4222-8333-000000000001", "revision": 0, **last, "nodes": nodes, "links": links} | {
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _type(origin: int, slot: int) -> str:
    return OUTPUTS[next(kind for number, kind, _, _ in NODES if number == origin)][slot]


def newest(base: Path) -> Path:
    """The workflow's newest version: "<name>.v3.json" where there is one."""
    folder = base / "user/default/workflows"
    found = {int(one[1]): path for path in folder.glob("*.json") if (one := re.search(r"\.v(\d+)\.json$", path.name))}
    return found[max(found)] if found else folder / f"{NAME}.json"


def prompt(path: Path) -> Json:
    """What ComfyUI's page sends for this file."""
    saved = {node["id"]: node["widgets_values"] for node in json.loads(path.read_text())["nodes"]}
    made = {}
    for number, kind, values, wires in NODES:
        widgets = {name: value for name, value in zip(values, saved[number], strict=True) if name[0] != "_"}
        inputs = {**widgets, **{name: [str(origin), slot] for name, (origin, slot) in wires.items()}}
        made[str(number)] = {"class_type": kind, "inputs": inputs}
    return made


def refused(server: Any, path: Path) -> Json:
    """What ComfyUI's own check says against this file, by node; {} when it takes it. Nothing is left to run."""
    status, answer = server.post("/prompt", {"prompt": prompt(path)})
    server.post("/queue", {"clear": True})
    server.post("/interrupt", {})
    assert status in (200, 400), answer
    errors: Json = answer["node_errors"]
    assert (status == 200) == (not errors), answer
    return errors


def lacking(errors: Json) -> dict[str, str]:
    """Input → value that is not in its list, of such an answer."""
    return {
        one["extra_info"]["input_name"]: one["extra_info"]["received_value"]
        for node in errors.values()
        for one in node["errors"]
        if one["type"] == "value_not_in_list"
    }
