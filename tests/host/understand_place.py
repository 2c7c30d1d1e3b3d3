"""A ComfyUI to be understood: two of the bundled examples with all their files here, model files of true size and headers.

    portraits/papercut   SDXL, one checkpoint and a LoRA
    fern                 Flux, a large model of 16 bits beside the same in fp8, two text encoders

The files hold no weights and take no room on the disk. Their headers are those of benchmarks/memory_files.py.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from .fix_place import OURS, PREFIX

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "example_workflows"
PAPERCUT, FERN = "portraits/papercut", "fern"
CHECKPOINT, LORA = "sd_xl_base_1.0.safetensors", "papercut-layers-xl.safetensors"
FLUX, FLUX_SMALL = "flux1-dev.safetensors", "flux1-dev-fp8.safetensors"
FLUX_LORA = "flux/cyanotype-print.safetensors"
PROMPT = "layered papercut diorama"  # begins the prompt of PAPERCUT
_BLOCK, _WORDS, _PIXELS = (
    "model.diffusion_model.middle_block.1",
    "conditioner.embedders.1.model",
    "first_stage_model.mid",
)
# where → which of the cases in memory_files.py, and what the real file has beyond that: name, type, millions of numbers
_FILES: dict[str, tuple[str, tuple[tuple[str, str, int], ...]]] = {
    f"checkpoints/{CHECKPOINT}": (
        "heron_xl_f16.safetensors",
        (
            (f"{_BLOCK}.weight", "F16", 2045),
            (f"{_WORDS}.text_projection", "F16", 542),
            (f"{_PIXELS}.weight", "F16", 65),
        ),
    ),
    f"diffusion_models/{FLUX}": ("heron_flux_bf16.safetensors", (("txt_in.weight", "BF16", 2935),)),
    f"diffusion_models/{FLUX_SMALL}": ("heron_flux_f8_e4m3.safetensors", (("txt_in.weight", "F8_E4M3", 2935),)),
    "text_encoders/clip_l.safetensors": ("heron_clip_l.safetensors", ()),
    "text_encoders/t5xxl_fp16.safetensors": ("heron_t5xxl_fp16.safetensors", ()),
    "vae/ae.safetensors": ("heron_vae_fp32.safetensors", ()),
}
_LORAS = (LORA, FLUX_LORA)


def lay_out(base: Path, files: ModuleType) -> None:
    """The base folder. `files`: benchmarks/memory_files.py."""
    cases = {one.name: one for one in files.cases()}
    for path, (name, more) in _FILES.items():
        place, case = base / "models" / path, cases[name]
        place.parent.mkdir(parents=True, exist_ok=True)
        rest = tuple((tensor, kind, millions * 1_000_000) for tensor, kind, millions in more)
        files.write(place.parent, case._replace(name=place.name, tensors=(*case.tensors, *rest)))
    for name in _LORAS:
        lora(base / "models/loras" / name, name)
    save(base, PAPERCUT, example("text-to-image-sdxl"))
    save(base, FERN, fern())


def lora(path: Path, seed: str) -> None:
    """A LoRA of 24 MB, each `seed` another."""
    head = json.dumps(
        {
            "__metadata__": {"ss_output_name": seed},
            "lora_unet_input_blocks_4_1_proj_in.lora_down.weight": {
                "dtype": "F16",
                "shape": [8, 1_500_000],
                "data_offsets": [0, 24_000_000],
            },
        }
    ).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        file.truncate(8 + len(head) + 24_000_000)


def example(name: str) -> dict[str, Any]:
    """A bundled workflow."""
    graph: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return graph


def fern() -> dict[str, Any]:
    """The one for Flux, with its weights as they come and the large text encoder."""
    graph = example("text-to-image-flux")
    for node in graph["nodes"]:
        if node["type"] == "UNETLoader":
            node["widgets_values"] = [FLUX, "default"]
        elif node["type"] == "DualCLIPLoader":
            node["widgets_values"][1] = "t5xxl_fp16.safetensors"
        elif node["type"] == "LoraLoaderModelOnly":
            node["widgets_values"][0] = FLUX_LORA
    return graph


def save(base: Path, name: str, graph: dict[str, Any]) -> Path:
    """As a person saves it; the file."""
    path = saved(base, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(graph))
    return path


def saved(base: Path, name: str) -> Path:
    """Where the workflow of this name lies."""
    return base / f"user/default/workflows/{name}.json"


# ---- what its server says -------------------------------------------------------------------------------------------


def until(what: str, ready: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not in time: {what}")


def listed(server: Any) -> dict[str, str]:
    """Status by name, once there is a report; of its newest version."""
    status, answer = server.get(f"{PREFIX}/library")
    return {one["name"]: one["status"] for one in answer["workflows"]} if status == 200 else {}


def slug_of(server: Any, name: str) -> str:
    all_of_it = server.get(f"{PREFIX}/library")[1]["workflows"]
    every = [each for one in all_of_it for each in (one, *(one.get("versions") or []))]
    return next(str(one["slug"]) for one in every if one["name"] == name)


def posted(server: Any, route: str, body: Any) -> Any:
    status, answer = server.post(f"{PREFIX}/{route}", body, OURS)
    assert status == 200, answer
    return answer
