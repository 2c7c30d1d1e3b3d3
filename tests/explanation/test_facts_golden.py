"""Golden explanations: our own examples, invented ones of many kinds, and 25 official templates. Each was read by eye.

The templates themselves are not in the repository: where their package is not installed, those tests are left out.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.explanation.check import untrue

from .telling import flux, from_picture, node, picture, told, video, with_lora, workflow

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = (
    "compare-checkpoints-subgraph",
    "image-to-image",
    "text-to-image-flux",
    "text-to-image-sdxl",
    "upscale-image",
)
READERS = ("newcomer", "expert")
TEMPLATES = (
    "3d_hunyuan3d-v2.1", "api_anthropic_claude", "api_kling2_6_i2v", "audio_ace_step_1_t2a_song",
    "audio_stable_audio_example", "flux_fill_inpaint_example", "flux_fill_outpaint_example", "flux_kontext_dev_basic",
    "flux_redux_model_example", "flux_schnell", "hidream_i1_full", "image_flux2_klein_text_to_image",
    "image_qwen_image_edit_2511", "image_z_image_turbo", "sd3.5_large_canny_controlnet_example", "sdxl_simple_example",
    "template_rob_realistic_2k_images_quick_variations", "txt_to_image_to_video", "utility_image_segment_sam3",
    "utility_seedvr2_7b_int8_upscale_image", "video_ltx2_t2v", "video_wan2_2_14B_i2v", "video_wan2_2_5B_ti2v",
    "video_wan_vace_14B_v2v", "wan2.1_flf2v_720_f16",
)  # fmt: skip


def inpaint() -> dict[str, Any]:
    graph = from_picture(0.85)
    graph["9"] = node("VAEEncodeForInpaint", pixels=["8", 0], vae=["1", 2], mask=["8", 1], grow_mask_by=6)
    return graph


def upscaled() -> dict[str, Any]:
    graph = picture()
    graph["8"] = node("UpscaleModelLoader", model_name="4x_harbour.pth")
    graph["9"] = node("ImageUpscaleWithModel", upscale_model=["8", 0], image=["6", 0])
    graph["7"]["inputs"]["images"] = ["9", 0]
    return graph


def second_pass() -> dict[str, Any]:
    graph = picture()
    graph["8"] = node("LatentUpscaleBy", upscale_method="nearest-exact", scale_by=1.5, samples=["5", 0])
    graph["9"] = node("KSampler", **{**graph["5"]["inputs"], "latent_image": ["8", 0], "denoise": 0.45, "steps": 12})
    graph["6"]["inputs"]["samples"] = ["9", 0]
    return graph


def with_unknown() -> dict[str, Any]:
    graph = picture()
    graph["8"] = node("FogMaker", image=["6", 0], density=0.3)
    graph["7"]["inputs"]["images"] = ["8", 0]
    return graph


INVENTED: dict[str, Callable[[], dict[str, Any]]] = {
    "second pass": second_pass,
    "inpaint": inpaint,
    "upscaled": upscaled,
    "unknown node": with_unknown,
    "video": video,
    "much that is odd": lambda: with_lora(
        picture(cfg=22.0, steps=6, width=2048, height=2048), "flux_mist.safetensors", 3.0
    ),
    "separate files": flux,
}


def golden(explanation: Any, read: Any, name: str, golden_file: Callable[[str, str], None], readers: Any) -> None:
    assert untrue(explanation, read) == []
    for reader in readers:
        golden_file(f"explanations/{name}.{reader}.md", explanation.markdown[reader])


@pytest.mark.parametrize("name", EXAMPLES)
def test_our_examples(name: str, golden_file: Callable[[str, str], None]) -> None:
    graph = json.loads((ROOT / "example_workflows" / f"{name}.json").read_text(encoding="utf-8"))
    golden(told(graph, name), workflow(graph, name), name, golden_file, READERS)


@pytest.mark.parametrize("name", INVENTED)
def test_invented_ones(name: str, golden_file: Callable[[str, str], None]) -> None:
    graph = INVENTED[name]()
    golden(told(graph, name), workflow(graph, name), f"invented/{name}", golden_file, READERS)


@pytest.mark.parametrize("name", TEMPLATES)
def test_official_templates(name: str, golden_file: Callable[[str, str], None]) -> None:
    package = importlib.util.find_spec("comfyui_workflow_templates_json")
    if package is None or package.origin is None:
        pytest.skip("the package comfyui-workflow-templates-json is not installed")
    path = Path(package.origin).parent / "templates" / f"{name}.json"
    graph = json.loads(path.read_text(encoding="utf-8"))
    golden(told(graph, name), workflow(graph, name), f"templates/{name}", golden_file, ("newcomer",))
