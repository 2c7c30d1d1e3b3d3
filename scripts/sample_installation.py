"""Lay out a small ComfyUI installation to look at: models of a few bytes, two node packs, workflows in every state.

    python scripts/sample_installation.py TARGET

TARGET is made anew. Its workflows are the bundled examples, and variants of them that each lack one thing. The model
files are valid but hold no weights; the packs are ours. What ComfyUI itself would offer stands in a snapshot, as the
extension writes it from a running ComfyUI.
"""

from __future__ import annotations

import copy
import json
import shutil
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "example_workflows"
CORE_TYPES = Path(__file__).with_name("sample_types.json")
MARK = ".comfyfixersmart-sample"  # a folder without it is never deleted

MODELS = (
    "checkpoints/sd_xl_base_1.0.safetensors",
    "checkpoints/dreamshaper_8.safetensors",
    "diffusion_models/flux1-dev.safetensors",
    "loras/styles/papercut-layers-xl.safetensors",  # the example asks for it without the sub-folder
    "loras/flux/cyanotype-print.safetensors",  # the example writes it with a backslash
    "loras/never-used.safetensors",
    "loras/vae-ft-mse-840000-ema-pruned.safetensors",  # downloaded into the wrong folder
    "text_encoders/clip_l.safetensors",
    "text_encoders/t5xxl_fp8_e4m3fn.safetensors",
    "vae/ae.safetensors",
    "embeddings/soft-pigment.safetensors",
)
CUT_SHORT = "checkpoints/tidepool-illustration-xl.safetensors"  # an interrupted download
ZIPPED = "upscale_models/RealESRGAN_x4plus.pth"  # .pth files are zip archives; nobody may unpickle one to look inside
FOLDERS = ("configs", "clip_vision", "controlnet", "style_models")  # there, and empty

TONE_PACK = '''"""A node pack that loads."""


class SampleToneCurve:
    CATEGORY = "image"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": ("IMAGE",),
                "curve": (["soft", "hard"],),
                "strength": ("FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0}),
            }
        }

    def run(self, image, curve, strength):
        return (image,)


NODE_CLASS_MAPPINGS = {"SampleToneCurve": SampleToneCurve}
'''
BROKEN_PACK = '''"""A node pack that was edited by hand and does not load."""


class SampleGlow:
    CATEGORY = "image"
    def INPUT_TYPES(cls)
        return {"required": {"image": ("IMAGE",)}}


NODE_CLASS_MAPPINGS = {"SampleGlow": SampleGlow}
'''
PACKS = {"sample-tone-pack": TONE_PACK, "sample-broken-pack": BROKEN_PACK}

Graph = dict[str, Any]


def build(target: Path) -> None:
    """Make the installation. Raises FileExistsError when `target` is there and is not one of ours."""
    _make_room(target)
    for name in MODELS:
        _write(target / "models" / name, tiny_safetensors())
    _write(target / "models" / CUT_SHORT, tiny_safetensors()[:-40])
    _write(target / "models" / ZIPPED, b"")
    with zipfile.ZipFile(target / "models" / ZIPPED, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02N.")
    for folder in FOLDERS:
        (target / "models" / folder).mkdir(parents=True)
    for name, source in PACKS.items():
        _write(target / "custom_nodes" / name / "__init__.py", source.encode())
    _write(target / "input/example-sketch.png", tiny_png())
    (target / "output").mkdir()
    _write_workflows(target / "user/default/workflows")
    _write_snapshot(target)


def tiny_safetensors() -> bytes:
    """One tensor of 8 x 8 half floats, all zero."""
    header = json.dumps({"weight": {"dtype": "F16", "shape": [8, 8], "data_offsets": [0, 128]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(128)


def tiny_png() -> bytes:
    """A grey picture of 8 x 8."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * 8 for _ in range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _write_workflows(folder: Path) -> None:
    for example in sorted(EXAMPLES.glob("*.json")):
        _write(folder / example.name, example.read_bytes())
    for name, (example, change) in VARIANTS.items():
        graph = copy.deepcopy(json.loads((EXAMPLES / f"{example}.json").read_text()))
        change(graph)
        _write(folder / f"{name}.json", json.dumps(graph, indent=1).encode())
    _write(folder / "cut off while saving.json", (EXAMPLES / "upscale-image.json").read_bytes()[:700])


def _set_widget(class_type: str, value: str) -> Callable[[Graph], None]:
    """A change that puts `value` first among the widgets of the only node of this type."""

    def change(graph: Graph) -> None:
        _node(graph, class_type)["widgets_values"][0] = value

    return change


def _bypass(class_type: str) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        _node(graph, class_type)["mode"] = 4

    return change


def _all(*changes: Callable[[Graph], None]) -> Callable[[Graph], None]:
    def change(graph: Graph) -> None:
        for each in changes:
            each(graph)

    return change


def _before_saving(class_type: str, widgets: list[Any]) -> Callable[[Graph], None]:
    """A change that puts a node of this type between the picture and SaveImage."""

    def change(graph: Graph) -> None:
        save = _node(graph, "SaveImage")
        into = next(link for link in graph["links"] if link[3] == save["id"])
        new_id, new_link = graph["last_node_id"] + 1, graph["last_link_id"] + 1
        graph["last_node_id"], graph["last_link_id"] = new_id, new_link
        x, y = save["pos"]
        graph["nodes"].append(
            {
                "id": new_id,
                "type": class_type,
                "pos": [x, y - 180],
                "size": [260, 100],
                "flags": {},
                "order": len(graph["nodes"]),
                "mode": 0,
                "inputs": [{"name": "image", "type": "IMAGE", "link": into[0]}],
                "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [new_link]}],
                "properties": {"Node name for S&R": class_type},
                "widgets_values": widgets,
            }
        )
        graph["links"].append([new_link, new_id, 0, save["id"], into[4], "IMAGE"])
        save["inputs"][into[4]]["link"] = new_link
        into[3], into[4] = new_id, 0

    return change


def _node(graph: Graph, class_type: str) -> Graph:
    found: Graph = next(node for node in graph["nodes"] if node["type"] == class_type)
    return found


VARIANTS: dict[str, tuple[str, Callable[[Graph], None]]] = {
    "portraits/papercut": ("text-to-image-sdxl", _set_widget("LoraLoader", "styles/papercut-layers-xl.safetensors")),
    "portraits/papercut without its lora": ("text-to-image-sdxl", _bypass("LoraLoader")),
    "portraits/woodcut": ("text-to-image-sdxl", _set_widget("LoraLoader", "woodcut-linework-xl.safetensors")),
    "harbour with the right vae": ("image-to-image", _set_widget("VAELoader", "ae.safetensors")),
    "harbour from a lost sketch": (
        "image-to-image",
        _all(_set_widget("VAELoader", "ae.safetensors"), _set_widget("LoadImage", "sketch-of-2024.png")),
    ),
    "upscale with tone": ("upscale-image", _before_saving("SampleToneCurve", ["soft", 0.4])),
    "upscale with glow": ("upscale-image", _before_saving("SampleGlow", [])),
    "upscale with grain": ("upscale-image", _before_saving("SampleFilmGrain", [0.2])),
    "cyanotype": ("text-to-image-flux", _set_widget("LoraLoaderModelOnly", "flux/cyanotype-print.safetensors")),
}


def _write_snapshot(target: Path) -> None:
    """What the extension would write inside this ComfyUI: core node types, the packs, the folders."""
    from comfyfixersmart.core.inventory.encode import decode_types
    from comfyfixersmart.core.inventory.folders import build_table
    from comfyfixersmart.core.inventory.layout import find_layout
    from comfyfixersmart.core.inventory.snapshot import write_snapshot
    from comfyfixersmart.core.inventory.types import FAILED, LOADED, Inventory, Pack

    base = target.resolve()
    facts = json.loads(CORE_TYPES.read_text())
    definitions = decode_types(facts["types"])
    assert definitions is not None, f"{CORE_TYPES} is damaged"
    core = frozenset(name for name, node in definitions.items() if node.pack == "comfy-core")
    tone, broken = (str(base / "custom_nodes" / name) for name in PACKS)
    write_snapshot(
        base / "user/__comfyfixersmart/snapshot.json",
        Inventory(
            origin="snapshot",
            place=str(base),
            comfyui_version=facts["comfyui_version"],
            definitions=definitions,
            packs=(
                Pack("comfy-core", LOADED, core, version=facts["comfyui_version"]),
                Pack("sample-tone-pack", LOADED, frozenset({"SampleToneCurve"}), path=tone),
                Pack("sample-broken-pack", FAILED, complete=False, reason="SyntaxError: expected ':'", path=broken),
            ),
            folders=build_table(find_layout(base)).folders(),
            aliases={"unet": "diffusion_models", "clip": "text_encoders"},
            directories={name: str(base / name) for name in ("input", "output", "temp", "user")} | {"base": str(base)},
            taken=time.time(),
        ),
    )


def _make_room(target: Path) -> None:
    if target.exists():
        if any(target.iterdir()) and not (target / MARK).is_file():
            raise FileExistsError(f"{target} is not empty and no sample installation: name another folder")
        shutil.rmtree(target)
    _write(target / MARK, b"Made by scripts/sample_installation.py; deleted and made anew by its next run.\n")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: sample_installation.py TARGET")
    try:
        build(Path(sys.argv[1]))
    except FileExistsError as refused:
        sys.exit(str(refused))
