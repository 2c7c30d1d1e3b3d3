"""Whatever a file holds: it is explained, and what is said of it is true."""

from __future__ import annotations

import json
from typing import Any

from comfyfixersmart.core.explanation.check import untrue
from hypothesis import given, settings
from hypothesis import strategies as st

from .telling import app, told, workflow

KINDS = (
    "KSampler", "KSamplerAdvanced", "CheckpointLoaderSimple", "UNETLoader", "LoraLoader", "LoraLoaderModelOnly", "VAELoader",
    "CLIPTextEncode", "EmptyLatentImage", "EmptyHunyuanLatentVideo", "LoadImage", "SaveImage", "PreviewImage", "VAEDecode",
    "VAEEncode", "FluxGuidance", "LatentUpscaleBy", "ControlNetApplyAdvanced", "ComfySwitchNode", "FogMaker", "BasicScheduler",
    "SamplerCustomAdvanced", "CLIPSetLastLayer", "ConditioningZeroOut", "ModelSamplingSD3", "ImageUpscaleWithModel",
)  # fmt: skip
NAMES = (
    "seed", "steps", "cfg", "denoise", "sampler_name", "scheduler", "model", "positive", "negative", "latent_image", "text",
    "clip", "vae", "samples", "pixels", "images", "image", "ckpt_name", "unet_name", "lora_name", "strength_model",
    "strength_clip", "vae_name", "width", "height", "length", "batch_size", "guidance", "conditioning", "scale_by", "strength",
    "start_at_step", "end_at_step", "stop_at_clip_layer", "shift", "switch", "on_true", "on_false", "filename_prefix", "fps",
)  # fmt: skip
TEXTS = (
    "flux1-dev.safetensors", "sdxl_lightning_4step.safetensors", "wan2.2_ti2v_5B.safetensors", "ponyXL.ckpt", "ae.safetensors",
    "a|b“c”.safetensors", "12", "3.5 steps", "", "  ", "line\nline", "“quoted” 44", "x" * 90,
)  # fmt: skip

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.integers()
    | st.floats()
    | st.sampled_from(TEXTS)
    | st.text(max_size=8)
)
links = st.tuples(st.sampled_from([str(n) for n in range(8)]), st.integers(0, 3)).map(list)
values = scalars | links | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=4), scalars, max_size=2)
nodes = st.fixed_dictionaries(
    {"class_type": st.sampled_from(KINDS), "inputs": st.dictionaries(st.sampled_from(NAMES), values, max_size=9)},
    optional={"_meta": st.fixed_dictionaries({"title": scalars})},
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([str(n) for n in range(8)]), nodes, min_size=1, max_size=8))
def test_any_prompt_is_explained_and_true(graph: dict[str, Any]) -> None:
    explanation = told(graph)
    assert untrue(explanation, workflow(graph)) == []
    assert json.dumps(explanation.as_json(), allow_nan=True)


saved = st.fixed_dictionaries(
    {"id": st.integers(0, 6), "type": st.sampled_from((*KINDS, "Note", "MarkdownNote", "PrimitiveNode"))},
    optional={
        "widgets_values": st.lists(scalars, max_size=8) | st.dictionaries(st.sampled_from(NAMES), scalars, max_size=4),
        "title": scalars,
        "mode": st.sampled_from([0, 2, 4, None, "x"]),
        "inputs": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(NAMES), "type": st.just("MODEL"), "link": st.integers(0, 5)}
            ),
            max_size=3,
        ),
    },
)
joined = st.tuples(
    st.integers(0, 5), st.integers(0, 6), st.integers(0, 2), st.integers(0, 6), st.integers(0, 2), st.just("MODEL")
).map(list)


@settings(max_examples=60, deadline=None)
@given(st.lists(saved, max_size=7), st.lists(joined, max_size=6))
def test_any_saved_graph_is_explained_and_true(nodes: list[dict[str, Any]], links: list[Any]) -> None:
    graph = {"nodes": nodes, "links": links}
    explanation = told(graph)
    assert untrue(explanation, workflow(graph)) == []
    assert app().requirements(workflow(graph)) is not None
