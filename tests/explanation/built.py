"""Small graphs as a person would save them, and what is understood of them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.explanation.anatomy.build import anatomy, view_of
from comfyfixersmart.core.explanation.graph import View
from comfyfixersmart.core.explanation.types import Anatomy
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.workflow.read import read_bytes

OUTS = {
    "LoadImage": ["IMAGE", "MASK"], "LoadVideo": ["VIDEO"], "LoadAudio": ["AUDIO"], "Load3D": ["IMAGE", "MASK"],
    "CheckpointLoaderSimple": ["MODEL", "CLIP", "VAE"], "CLIPTextEncode": ["CONDITIONING"], "KSampler": ["LATENT"],
    "EmptyLatentImage": ["LATENT"], "VAEDecode": ["IMAGE"], "VAEEncode": ["LATENT"], "CreateVideo": ["VIDEO"],
    "GetVideoComponents": ["IMAGE", "AUDIO", "FLOAT"], "ControlNetLoader": ["CONTROL_NET"], "Canny": ["IMAGE"],
    "ControlNetApplyAdvanced": ["CONDITIONING", "CONDITIONING"], "ReferenceLatent": ["CONDITIONING"],
    "UpscaleModelLoader": ["UPSCALE_MODEL"], "ImageUpscaleWithModel": ["IMAGE"], "LatentUpscaleBy": ["LATENT"],
    "SetLatentNoiseMask": ["LATENT"], "ImagePadForOutpaint": ["IMAGE", "MASK"], "GetImageSize": ["INT", "INT", "INT"],
    "WanImageToVideo": ["CONDITIONING", "CONDITIONING", "LATENT"], "TextGenerate": ["STRING"],
    "WanFirstLastFrameToVideo": ["CONDITIONING", "CONDITIONING", "LATENT"], "FrameInterpolate": ["IMAGE"],
    "VAEDecodeAudio": ["AUDIO"], "VAEEncodeAudio": ["LATENT"], "EmptyAceStepLatentAudio": ["LATENT"],
    "TextEncodeAceStepAudio": ["CONDITIONING"], "ImageStitch": ["IMAGE"], "PrimitiveStringMultiline": ["STRING"],
    "RecraftTextToVectorNode": ["SVG"], "KlingFirstLastFrameNode": ["VIDEO"], "VeedLipsyncNode": ["VIDEO"],
    "HiggsfieldMotionTransferNode": ["VIDEO"], "MireloVideoToSFX": ["AUDIO"], "TripoImageToModelNodeV2": ["MODEL_TASK_ID", "FILE_3D_GLB"],
    "RecraftCreateStyleNode": ["STRING"], "RecraftTextToImageNode": ["IMAGE"], "GeminiImage2Node": ["IMAGE", "STRING"],
    "WanVaceToVideo": ["CONDITIONING", "CONDITIONING", "LATENT", "INT"], "MadeUpDreamNode": ["VIDEO"],
    "ClaudeNode": ["STRING"], "ElevenLabsSpeechToText": ["STRING"], "RemoveBackground": ["MASK"], "FogFilter": ["IMAGE"],
    "ConditioningSetMask": ["CONDITIONING"], "PadImageNode": ["IMAGE"], "LoraLoaderModelOnly": ["MODEL"], "MadeUpFilmNode": ["STRING"],
    "ImageFromBatch": ["IMAGE"], "ImageBatch": ["IMAGE"],
    "ByteDance2FirstLastFrameNode": ["VIDEO", "STRING"], "ByteDance2DraftToFinalVideoNode": ["VIDEO"], "LoadVideoFromURL": ["IMAGE"],
}  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "LoadImage": ["pier.png", "image"], "LoadVideo": ["ferry.mp4"], "LoadAudio": ["gulls.flac"],
    "CheckpointLoaderSimple": ["harbour.safetensors"], "CLIPTextEncode": ["a boat in the mist"],
    "KSampler": [7, "fixed", 20, 6.5, "euler", "normal", 1.0], "EmptyLatentImage": [768, 512, 1], "SaveImage": ["boat"],
    "SaveVideo": ["boat", "auto", "auto"], "SaveAudio": ["gulls"],
}  # fmt: skip


def graph(*nodes: tuple[Any, ...], groups: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A workflow of (id, type, {input: (node, slot)}, …): `mode=` and `values=` as a last dict where they matter."""
    made, links = [], []
    outs = {one[0]: OUTS.get(one[1], []) for one in nodes}
    for number, kind, feeds, *more in nodes:
        extra: dict[str, Any] = more[0] if more else {}
        slots = []
        for name, (origin, slot) in feeds.items():
            told = outs[origin][slot] if slot < len(outs[origin]) else "*"
            links.append([len(links) + 1, origin, slot, number, len(slots), told])
            slots.append({"name": name, "type": told, "link": len(links)})
        slots += [
            {"name": name, "type": "STRING", "link": None, "widget": {"name": name}} for name in extra.get("names", ())
        ]
        made.append({
            "id": number, "type": kind, "mode": extra.get("mode", 0), "inputs": slots, "pos": extra.get("pos", [0, 0]),
            "outputs": [{"name": one, "type": one} for one in outs[number]],
            "widgets_values": extra.get("values", VALUES.get(kind, [])),
        })  # fmt: skip
    return {"nodes": made, "links": links, "groups": groups or []}


@cache
def app() -> App:
    """Nothing is installed: only the graph and the tables speak."""
    return App(nothing("nothing is installed here"))


def understood(body: Any) -> tuple[Anatomy, View]:
    """The anatomy and the view of a graph."""
    (workflow,) = read_bytes(json.dumps(body).encode(), "harbour").workflows
    view = view_of(workflow, app().catalogue)
    return anatomy(workflow, app().requirements(workflow), app().catalogue, view=view), view


def sampled(
    *more: tuple[Any, ...], latent: tuple[int, int] = (4, 0), positive: tuple[int, int] = (2, 0), canvas: bool = True
) -> list[tuple[Any, ...]]:
    """A checkpoint, two texts, a sampler (5) and its decoded picture (6), and more nodes."""
    nodes: list[tuple[Any, ...]] = [
        (1, "CheckpointLoaderSimple", {}),
        (2, "CLIPTextEncode", {"clip": (1, 1)}),
        (3, "CLIPTextEncode", {"clip": (1, 1)}, {"values": ["rain"]}),
        (5, "KSampler", {"model": (1, 0), "positive": positive, "negative": (3, 0), "latent_image": latent}),
        (6, "VAEDecode", {"samples": (5, 0), "vae": (1, 2)}),
    ]
    return [*nodes, *([(4, "EmptyLatentImage", {})] if canvas else []), *more]
