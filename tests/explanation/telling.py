"""Invented workflows for the explanation, and how they are explained with nothing installed."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from comfyfixersmart.core.app import App
from comfyfixersmart.core.explanation.explain import explain
from comfyfixersmart.core.explanation.types import Explanation, Fact
from comfyfixersmart.core.inventory.known import nothing
from comfyfixersmart.core.workflow.read import read_bytes
from comfyfixersmart.core.workflow.types import Workflow

Prompt = dict[str, dict[str, Any]]


@cache
def app() -> App:
    """An installation in which nothing is installed."""
    return App(nothing("nothing is installed here"))


def workflow(graph: Any, name: str = "harbour") -> Workflow:
    """The one workflow of a graph."""
    return read_bytes(json.dumps(graph).encode(), name).workflows[0]


def told(graph: Any, name: str = "harbour", **more: Any) -> Explanation:
    """The graph explained."""
    read = workflow(graph, name)
    return explain(read, app().requirements(read), app().catalogue, **more)


def facts(graph: Any, *kinds: str, **more: Any) -> list[Fact]:
    """The facts of these kinds."""
    return [fact for fact in told(graph, **more).facts if fact.kind in kinds]


def risks(graph: Any) -> dict[str, Fact]:
    """Rule → fact of every rule that holds."""
    return {fact.id.split(".")[1]: fact for fact in told(graph).facts if fact.kind in ("risk", "licence")}


def picture(model: str = "harbour_sdxl.safetensors", **settings: Any) -> Prompt:
    """A text to image workflow; `settings` are those of the KSampler, `width` and `height` of its latent."""
    size = {"width": settings.pop("width", 1024), "height": settings.pop("height", 1024), "batch_size": 1}
    sampler = {
        "seed": 11, "steps": 24, "cfg": 6.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
        "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0], **settings,
    }  # fmt: skip
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=model),
        "2": node("CLIPTextEncode", text="a pier at dawn", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="fog", clip=["1", 1]),
        "4": node("EmptyLatentImage", **size),
        "5": node("KSampler", **sampler),
        "6": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": node("SaveImage", filename_prefix="pier", images=["6", 0]),
    }


def flux(model: str = "flux1-dev.safetensors", **settings: Any) -> Prompt:
    """The same with separate files and guidance as an input of its own."""
    graph = picture(**{"cfg": 1.0, "steps": 20, "positive": ["9", 0], "model": ["1", 0], **settings})
    graph["1"] = node("UNETLoader", unet_name=model, weight_dtype="fp8_e4m3fn")
    graph["8"] = node(
        "DualCLIPLoader", clip_name1="t5xxl_fp16.safetensors", clip_name2="clip_l.safetensors", type="flux"
    )
    graph["9"] = node("FluxGuidance", guidance=3.5, conditioning=["2", 0])
    graph["10"] = node("VAELoader", vae_name="ae.safetensors")
    graph["2"]["inputs"]["clip"] = graph["3"]["inputs"]["clip"] = ["8", 0]
    graph["6"]["inputs"]["vae"] = ["10", 0]
    return graph


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """One node of the API format."""
    return {"class_type": kind, "inputs": inputs}


def from_picture(denoise: float = 0.6, **settings: Any) -> Prompt:
    """An image to image workflow."""
    graph = picture(**{"denoise": denoise, "latent_image": ["9", 0], **settings})
    del graph["4"]
    graph["8"] = node("LoadImage", image="pier.png")
    graph["9"] = node("VAEEncode", pixels=["8", 0], vae=["1", 2])
    return graph


def with_lora(graph: Prompt, name: str, strength: float = 0.8) -> Prompt:
    """The graph with a LoRA between the loader and the sampler."""
    own = json.loads(json.dumps(graph))
    own["20"] = node("LoraLoaderModelOnly", lora_name=name, strength_model=strength, model=["1", 0])
    own["5"]["inputs"]["model"] = ["20", 0]
    return own


def video(model: str = "wan2.1_t2v_1.3B_fp16.safetensors", length: int = 81, **settings: Any) -> Prompt:
    """A text to video workflow."""
    graph = flux(model, **{"steps": 30, "cfg": 6.0, "positive": ["2", 0], **settings})
    del graph["9"]
    graph["4"] = node("EmptyHunyuanLatentVideo", width=832, height=480, length=length, batch_size=1)
    graph["8"] = node("CLIPLoader", clip_name="umt5_xxl_fp16.safetensors", type="wan")
    graph["10"] = node("VAELoader", vae_name="wan_2.1_vae.safetensors")
    graph["7"] = node("CreateVideo", images=["6", 0], fps=16.0)
    graph["11"] = node("SaveVideo", video=["7", 0], filename_prefix="tide")
    return graph
