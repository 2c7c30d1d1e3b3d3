"""Any graph that can be read has an anatomy: damaged, circular, with values of any type."""

from __future__ import annotations

import json
from typing import Any

from comfyfixersmart.core.explanation.anatomy.build import anatomy, view_of
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.workflow.read import read_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from .built import app

WILD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
COMMON = [
    "KSampler", "SamplerCustomAdvanced", "BasicGuider", "SplitSigmas", "ManualSigmas", "ComfySwitchNode", "PrimitiveInt",
    "ComfyMathExpression", "GetImageSize", "ImageScale", "VAEEncode", "VAEDecode", "LatentUpscaleBy", "LoraLoader",
    "CheckpointLoaderSimple", "CLIPTextEncode", "StringConcatenate", "ConditioningZeroOut", "SaveImage", "LoadImage",
    "Any Switch (rgthree)", "ImpactSwitch", "CustomCombo", "ResizeImageMaskNode", "Power Lora Loader (rgthree)", "Reroute",
    "Efficient Loader", "easy kSampler", "WanVideoSampler", "ToBasicPipe", "GetNode", "SetNode", "PrimitiveNode", "FogMaker",
]  # fmt: skip
NAMES = [
    "model", "positive", "negative", "latent_image", "samples", "text", "switch", "on_true", "on_false", "image", "sigmas",
    "guider", "values.a", "pipe", "vae", "clip", "steps", "width",
]  # fmt: skip
TYPES = ["MODEL", "CONDITIONING", "LATENT", "IMAGE", "SIGMAS", "GUIDER", "STRING", "INT", "BASIC_PIPE", "VAE", "*", ""]
SLOT = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES), "type": st.sampled_from(TYPES), "link": st.none() | st.integers(1, 14)},
    optional={"widget": st.fixed_dictionaries({"name": st.sampled_from(NAMES)}) | WILD},
)
NODE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(COMMON) | st.sampled_from(sorted(document("roles")["types"])),
        "inputs": st.lists(SLOT, max_size=5),
        "outputs": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(NAMES), "type": st.sampled_from(TYPES)}), max_size=3
        )
        | WILD,
    },
    optional={
        "widgets_values": st.lists(WILD, max_size=8) | WILD,
        "mode": st.sampled_from([0, 0, 2, 4]),
        "title": WILD,
    },
)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(NODE, max_size=8),
    st.lists(st.tuples(st.integers(0, 8), st.integers(-1, 3), st.integers(0, 8), st.integers(0, 5)), max_size=14),
)
def test_any_graph_has_an_anatomy(nodes: list[dict[str, Any]], links: list[tuple[int, int, int, int]]) -> None:
    body = {
        "nodes": [{"id": at, **node} for at, node in enumerate(nodes)],
        "links": [[at + 1, *link, "*"] for at, link in enumerate(links)],
    }
    for workflow in read_bytes(json.dumps(body).encode(), "any").workflows:
        view = view_of(workflow, app().catalogue)
        found = anatomy(workflow, app().requirements(workflow), app().catalogue, view=view)
        assert len(view.order()) == len(view.nodes)
        assert {one.node for one in found.steps} <= set(view.by_id)


LINK = st.tuples(st.sampled_from(["1", "2", "3", "4"]), st.integers(0, 3)).map(list)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["1", "2", "3", "4", "x"]),
        st.fixed_dictionaries(
            {
                "class_type": st.sampled_from(COMMON),
                "inputs": st.dictionaries(st.sampled_from(NAMES), LINK | WILD, max_size=6),
            }
        ),
        max_size=5,
    )
)
def test_any_api_prompt_has_an_anatomy(body: dict[str, Any]) -> None:
    for workflow in read_bytes(json.dumps(body).encode(), "any").workflows:
        anatomy(workflow, app().requirements(workflow), app().catalogue)


def test_thousands_of_nodes_in_a_row_are_followed_without_recursion() -> None:
    count = 3000
    nodes = [
        {"id": at, "type": "LatentFlip", "inputs": [{"name": "samples", "type": "LATENT", "link": at}],
         "outputs": [{"name": "LATENT", "type": "LATENT"}], "widgets_values": ["x"]}
        for at in range(1, count)
    ]  # fmt: skip
    links = [[at, at - 1 if at > 1 else count - 1, 0, at, 0, "LATENT"] for at in range(1, count)]
    (workflow,) = read_bytes(json.dumps({"nodes": nodes, "links": links}).encode(), "row").workflows
    found = anatomy(workflow, app().requirements(workflow), app().catalogue)
    assert found.counts.active == count - 1
