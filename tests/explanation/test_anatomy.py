"""A graph in the field's terms: models with their roles, passes with their settings, texts with their effect, sizes."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.explanation.graph import Given
from comfyfixersmart.core.explanation.types import Anatomy, Sampling, Text

from .built import graph, sampled, understood

SAVE = (30, "SaveImage", {"images": (6, 0)})
PICTURE = (10, "LoadImage", {})
ENCODE = (12, "VAEEncode", {"pixels": (10, 0), "vae": (1, 2)})


def made(*nodes: tuple[Any, ...]) -> Anatomy:
    return understood(graph(*nodes))[0]


def only(found: Anatomy) -> Sampling:
    (one,) = found.samplings
    return one


def texts(found: Anatomy, places: tuple[int, ...]) -> list[tuple[str, Any, bool]]:
    return [(found.texts[at].use, found.texts[at].given.value, found.texts[at].effect) for at in places]


def test_a_plain_picture() -> None:
    found = made(*sampled(SAVE))
    one = only(found)
    assert (one.steps, one.cfg, one.sampler) == (
        Given(20, "5", "steps"),
        Given(6.5, "5", "cfg"),
        Given("euler", "5", "sampler_name"),
    )
    assert (one.seed, one.seed_control, one.denoise) == (Given(7, "5", "seed"), "fixed", Given(1.0, "5", "denoise"))
    assert one.start == "noise" and not one.masked and one.size is not None
    size = found.sizes[one.size]
    assert (size.of, size.width, size.height) == ("image", Given(768, "4", "width"), Given(512, "4", "height"))
    assert texts(found, one.positive) == [("positive", "a boat in the mist", True)]
    assert texts(found, one.negative) == [("negative", "rain", True)]
    (model,) = found.models
    assert (model.name, model.role, model.samplers, model.used) == ("harbour.safetensors", "checkpoint", ("5",), True)
    assert [(end.node, end.medium, end.preview) for end in found.outputs] == [("30", "image", False)]
    assert [step.does for step in found.steps] == ["decode"]
    assert found.opaque == () and found.off == () and found.counts.nodes == 7


def test_a_cfg_of_one_leaves_the_negative_text_without_effect() -> None:
    nodes = [
        (*one[:3], {"values": [7, "fixed", 4, 1, "euler", "normal", 1.0]}) if one[1] == "KSampler" else one
        for one in sampled(SAVE)
    ]
    found = made(*nodes)
    assert found.texts[only(found).negative[0]] == Text("3", "negative", Given("rain", "3", "text"), ("5",), False, "5")


def test_a_text_that_is_zeroed_out_has_no_effect() -> None:
    zero = (13, "ConditioningZeroOut", {"conditioning": (3, 0)})
    nodes = [(5, "KSampler", {**one[2], "negative": (13, 0)}) if one[1] == "KSampler" else one for one in sampled(SAVE)]
    found = made(*nodes, zero)
    assert [(text.effect, text.why) for text in found.texts if text.use == "negative"] == [(False, "13")]


@pytest.mark.parametrize("names", [("cond", "uncond"), ("first", "second")])
def test_a_node_that_takes_and_gives_both_sides_keeps_them_apart(names: tuple[str, str]) -> None:
    both = (13, "ControlNetApplyAdvanced", {names[0]: (2, 0), names[1]: (3, 0)})
    nodes = [
        (5, "KSampler", {**one[2], "positive": (13, 0), "negative": (13, 1)}) if one[1] == "KSampler" else one
        for one in sampled(SAVE)
    ]
    found = made(*nodes, both)
    assert [(text.use, text.node) for text in found.texts] == [("positive", "2"), ("negative", "3")]


def test_the_positive_text_zeroed_out_is_no_negative_text() -> None:
    zero = (13, "ConditioningZeroOut", {"conditioning": (2, 0)})
    nodes = [
        (5, "KSampler", {**one[2], "negative": (13, 0)}) if one[1] == "KSampler" else one
        for one in sampled(SAVE)
        if one[0] != 3
    ]
    found = made(*nodes, zero)
    assert only(found).negative == ()
    assert [(text.use, text.effect) for text in found.texts] == [("positive", True)]


def test_a_second_pass_says_which_pass_it_follows_and_how_large_it_is() -> None:
    larger = (14, "LatentUpscaleBy", {"samples": (5, 0)}, {"values": ["nearest-exact", 1.5]})
    second = (15, "KSampler", {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "latent_image": (14, 0)},
              {"values": [7, "randomize", 12, 6.5, "euler", "normal", 0.5]})  # fmt: skip
    found = made(
        *sampled(
            larger,
            second,
            (16, "VAEDecode", {"samples": (15, 0), "vae": (1, 2)}),
            (30, "SaveImage", {"images": (16, 0)}),
        )
    )
    first, last = found.samplings
    assert (first.node, last.node, last.start, last.after, last.seed_control) == ("5", "15", "pass", "5", "randomize")
    assert last.size is not None and found.sizes[last.size].width == Given(1152, "14", "")


def test_a_person_s_picture_is_where_it_starts_and_its_size_is_not_known() -> None:
    found = made(*sampled(PICTURE, ENCODE, SAVE, latent=(12, 0), canvas=False))
    one = only(found)
    assert one.start == "image" and one.size is not None
    assert found.sizes[one.size].width == Given(None, "10", "")
    assert [(end.name, end.medium, end.used) for end in found.inputs] == [("pier.png", "image", True)]


def test_a_mask_is_seen_on_the_latent_s_way() -> None:
    masked = (13, "SetLatentNoiseMask", {"samples": (12, 0), "mask": (10, 1)})
    assert only(made(*sampled(PICTURE, ENCODE, masked, SAVE, latent=(13, 0), canvas=False))).masked


def test_what_no_output_needs_does_not_run() -> None:
    found = made(*sampled(PICTURE, (40, "Canny", {"image": (10, 0)}), SAVE))
    assert [(end.node, end.used) for end in found.inputs] == [("10", False)]
    assert "40" not in {step.node for step in found.steps}


def test_a_branch_that_a_switch_leaves_out_is_not_loaded() -> None:
    lora = (20, "LoraLoaderModelOnly", {"model": (1, 0)}, {"values": ["fog.safetensors", 0.7]})
    switch = (21, "ComfySwitchNode", {"on_true": (20, 0), "on_false": (1, 0)}, {"values": [False]})
    nodes = [(5, "KSampler", {**one[2], "model": (21, 0)}) if one[1] == "KSampler" else one for one in sampled(SAVE)]
    found = made(*nodes, lora, switch)
    (fog,) = [model for model in found.models if model.role == "lora"]
    assert (fog.used, fog.samplers, fog.strengths) == (False, (), (Given(0.7, "20", "strength_model"),))
    (choice,) = found.switches
    assert (choice.node, choice.takes, choice.given) == ("21", "on_false", Given(False, "21", "switch"))
    taken = made(*nodes, lora, (*switch[:3], {"values": [True]}))
    assert [model.samplers for model in taken.models if model.role == "lora"] == [("5",)]


def test_a_sampler_in_parts_is_put_together() -> None:
    found = made(
        (1, "UNETLoader", {}, {"values": ["flux1-cove.safetensors", "fp8_e4m3fn"]}),
        (2, "DualCLIPLoader", {}, {"values": ["clip_l.safetensors", "t5xxl.safetensors", "flux", "default"]}),
        (3, "CLIPTextEncode", {"clip": (2, 0)}, {"values": ["a lighthouse"]}),
        (4, "FluxGuidance", {"conditioning": (3, 0)}, {"values": [3.5]}),
        (5, "BasicGuider", {"model": (1, 0), "conditioning": (4, 0)}),
        (6, "BasicScheduler", {"model": (1, 0)}, {"values": ["simple", 24, 1.0]}),
        (7, "KSamplerSelect", {}, {"values": ["euler"]}),
        (8, "RandomNoise", {}, {"values": [99, "randomize"]}),
        (9, "EmptySD3LatentImage", {}, {"values": [1024, 576, 1]}),
        (10, "SamplerCustomAdvanced", {"noise": (8, 0), "guider": (5, 0), "sampler": (7, 0), "sigmas": (6, 0), "latent_image": (9, 0)}),
        (11, "VAELoader", {}, {"values": ["ae.safetensors"]}),
        (12, "VAEDecode", {"samples": (10, 0), "vae": (11, 0)}),
        (13, "SaveImage", {"images": (12, 0)}),
    )  # fmt: skip
    one = only(found)
    assert (one.steps, one.scheduler, one.guidance) == (
        Given(24, "6", "steps"),
        Given("simple", "6", "scheduler"),
        Given(3.5, "4", "guidance"),
    )
    assert (one.seed, one.cfg, set(one.nodes)) == (Given(99, "8", "noise_seed"), None, {"10", "8", "5", "7", "6"})
    parts = {model.name: model for model in found.models}
    unet = parts["flux1-cove.safetensors"]
    assert (unet.role, unet.family, unet.family_from) == ("diffusion_model", "flux", "file name")
    assert unet.dtype == Given("fp8_e4m3fn", "1", "weight_dtype")
    assert (parts["t5xxl.safetensors"].role, parts["t5xxl.safetensors"].family_from) == ("text_encoder", "loader")
    assert parts["ae.safetensors"].samplers == ("10",)  # it decodes what this pass makes
    assert found.models[one.models[0]] == unet


def test_a_list_of_noise_levels_is_counted() -> None:
    nodes = [
        (5, "SamplerCustom", {"model": (1, 0), "positive": (2, 0), "negative": (3, 0), "sigmas": (14, 0), "latent_image": (4, 0)})
        if one[1] == "KSampler" else one for one in sampled(SAVE)
    ]  # fmt: skip
    found = made(*nodes, (14, "ManualSigmas", {}, {"values": ["1.0, 0.75, 0.5, 0.25, 0.0"]}))
    assert only(found).steps == Given(4, "14", "")


def test_the_strength_of_a_controlnet_stands_where_it_is_applied() -> None:
    found = made(*sampled(
        PICTURE, (14, "Canny", {"image": (10, 0)}), (15, "ControlNetLoader", {}, {"values": ["cove_canny_sdxl.safetensors"]}),
        (16, "ControlNetApplyAdvanced", {"positive": (2, 0), "negative": (3, 0), "control_net": (15, 0), "image": (14, 0)},
         {"values": [0.6, 0.0, 1.0]}),
        SAVE, positive=(16, 0)))  # fmt: skip
    (net,) = [model for model in found.models if model.role == "controlnet"]
    assert (net.strengths, net.samplers, net.family) == ((Given(0.6, "16", "strength"),), ("5",), "sdxl")
    assert texts(found, only(found).positive) == [("positive", "a boat in the mist", True)]


def test_texts_that_are_joined_count_each_where_it_was_written() -> None:
    joined = (20, "StringConcatenate", {}, {"values": ["a pier", "at dawn", ", "]})
    nodes = [(2, "CLIPTextEncode", {"clip": (1, 1), "text": (20, 0)}) if one[0] == 2 else one for one in sampled(SAVE)]
    found = made(*nodes, joined)
    assert [found.texts[at].given for at in only(found).positive] == [
        Given("a pier", "20", "string_a"),
        Given("at dawn", "20", "string_b"),
    ]


def test_a_text_that_a_model_writes_has_no_value_yet_and_the_instruction_is_a_person_s() -> None:
    writer = (20, "TextGenerate", {"clip": (1, 1)}, {"values": ["Describe a harbour.", 256]})
    nodes = [(2, "CLIPTextEncode", {"clip": (1, 1), "text": (20, 0)}) if one[0] == 2 else one for one in sampled(SAVE)]
    found = made(*nodes, writer)
    assert [found.texts[at].given for at in only(found).positive] == [Given(None, "20", "")]
    assert [(text.use, text.given.value) for text in found.texts if text.use == "instruction"] == [
        ("instruction", "Describe a harbour.")
    ]


def test_a_family_comes_from_the_header_where_one_is_told() -> None:
    body = graph(*sampled(SAVE))
    from comfyfixersmart.core.explanation.anatomy.build import anatomy

    from .built import app

    _, view = understood(body)
    needs = app().requirements(view.workflow)
    (model,) = anatomy(view.workflow, needs, app().catalogue, families={"harbour.safetensors": "sd15"}).models
    assert (model.family, model.family_from) == ("sd15", "header")


def test_a_type_that_nothing_here_knows_is_said_to_be_unknown() -> None:
    found = made(*sampled((20, "FogFilter", {"image": (6, 0)}), (30, "SaveImage", {"images": (20, 0)})))
    assert found.opaque == (("20", "FogFilter"),)
    assert [(step.node, step.does, step.medium) for step in found.steps if step.node == "20"] == [
        ("20", "process", "image")
    ]


@pytest.mark.parametrize(
    ("kind", "feeds", "outs"),
    [
        ("FogPatcher", {"model": (1, 0)}, "patch"),
        ("FogEncode", {"clip": (1, 1)}, "text"),
        ("FogVAE", {"samples": (5, 0), "vae": (1, 2)}, "decode"),
    ],
)
def test_sockets_alone_tell_what_leaves_no_choice(kind: str, feeds: dict[str, tuple[int, int]], outs: str) -> None:
    from comfyfixersmart.core.explanation.anatomy.sockets import by_sockets

    told = {"patch": ["MODEL"], "text": ["CONDITIONING"], "decode": ["IMAGE"]}[outs]
    body = graph(*sampled((20, kind, feeds), SAVE))
    next(node for node in body["nodes"] if node["id"] == 20)["outputs"] = [{"name": one, "type": one} for one in told]
    _, view = understood(body)
    assert by_sockets(view, view.by_id["20"]) == outs


def test_rows_of_loras_bring_the_strengths_beside_their_names() -> None:
    rows = [
        {"on": True, "lora": "fog.safetensors", "strength": 0.4, "strengthTwo": None},
        {"on": False, "lora": "rain.safetensors", "strength": 1},
    ]
    found = made(
        *sampled((20, "Power Lora Loader (rgthree)", {"model": (1, 0), "clip": (1, 1)}, {"values": rows}), SAVE)
    )
    assert [(one.name, one.strengths) for one in found.models if one.role == "lora"] == [
        ("fog.safetensors", (Given(0.4, "20", ""),))
    ]


def test_a_pass_in_a_subgraph_in_a_subgraph_finds_its_model_outside() -> None:
    body = graph((1, "CheckpointLoaderSimple", {}))
    sampler = graph((5, "KSampler", {}), (6, "VAEDecode", {"samples": (5, 0)}), (7, "SaveImage", {"images": (6, 0)}))
    sampler["nodes"][0]["inputs"] = [{"name": "model", "type": "MODEL", "link": 90}]

    def definition(name: str, nodes: list[Any], inner: int, links: list[Any]) -> dict[str, Any]:
        border = {"id": 90, "origin_id": -10, "origin_slot": 0, "target_id": inner, "target_slot": 0, "type": "MODEL"}
        fields = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        return {
            "id": name,
            "name": name,
            "nodes": nodes,
            "inputs": [{"name": "model", "type": "MODEL"}],
            "outputs": [],
            "links": [border, *(dict(zip(fields, link, strict=True)) for link in links)],
        }

    host = {"id": 2, "type": "inner", "inputs": [{"name": "model", "type": "MODEL", "link": 90}], "outputs": []}
    body["nodes"].append({**host, "id": 3, "type": "outer", "inputs": [{**host["inputs"][0], "link": 40}]})  # type: ignore[index]
    body["links"].append([40, 1, 0, 3, 0, "MODEL"])
    body["definitions"] = {
        "subgraphs": [definition("outer", [host], 2, []), definition("inner", sampler["nodes"], 5, sampler["links"])]
    }
    found, _ = understood(body)
    one = only(found)
    assert (one.node, one.steps) == ("3:2:5", Given(20, "3:2:5", "steps"))
    assert [found.models[at].name for at in one.models] == ["harbour.safetensors"]
    assert found.counts.subgraphs == 2


def test_a_group_node_is_looked_into() -> None:
    inner = graph(*sampled(SAVE))
    places = {node["id"]: at for at, node in enumerate(inner["nodes"])}
    links = [[places[a], slot, places[b], into, kind] for _, a, slot, b, into, kind in inner["links"]]
    for node in inner["nodes"]:
        for slot in node["inputs"]:
            slot["link"] = None if slot["link"] is None else slot["link"] - 1
        node["id"] = None
    body = {
        "nodes": [{"id": 9, "type": "workflow>Pier", "inputs": [], "outputs": [], "widgets_values": []}],
        "links": [],
        "extra": {"groupNodes": {"Pier": {"nodes": inner["nodes"], "links": links}}},
    }
    found, _ = understood(body)
    assert only(found).steps == Given(20, f"9:{places[5]}", "steps")
    assert [model.name for model in found.models] == ["harbour.safetensors"]


def test_settings_texts_and_size_come_through_a_pipe() -> None:
    loaded = {
        "names": ["ckpt_name", "empty_latent_width", "empty_latent_height", "positive", "negative"],
        "values": ["harbour.safetensors", 832, 640, "a ferry", "fog"],
    }
    body = graph(
        (1, "easy a1111Loader", {}, loaded),
        (2, "easy preSampling", {}, {"values": [22, 5.5, "euler", "karras", 1.0, 3, "fixed"]}),
        (3, "easy kSampler", {}, {"values": ["Preview", 0, "pier"]}),
    )
    pipe = [{"name": "PIPE_LINE", "type": "PIPE_LINE"}]
    for node, link in zip(body["nodes"], (None, 1, 2), strict=True):
        node["outputs"] = pipe
        node["inputs"] += [{"name": "pipe", "type": "PIPE_LINE", "link": link}] if link else []
    body["links"] = [[1, 1, 0, 2, 0, "PIPE_LINE"], [2, 2, 0, 3, 0, "PIPE_LINE"]]
    found, _ = understood(body)
    one = only(found)
    assert (one.steps, one.cfg) == (Given(22, "2", "steps"), Given(5.5, "2", "cfg"))
    assert texts(found, one.positive) == [("positive", "a ferry", True)]
    assert texts(found, one.negative) == [("negative", "fog", True)]
    assert one.size is not None and found.sizes[one.size].width == Given(832, "1", "empty_latent_width")


def test_a_file_is_what_it_is_used_for() -> None:
    found = made(
        PICTURE,
        (1, "CheckpointLoaderSimple", {}, {"values": ["sam3_pier.safetensors"]}),
        (2, "CLIPTextEncode", {"clip": (1, 1)}, {"values": ["a gull"]}),
        (3, "SAM3_Detect", {"model": (1, 0), "image": (10, 0), "conditioning": (2, 0)}),
        (4, "MaskPreview", {"mask": (3, 0)}),
        (5, "CLIPLoader", {}, {"values": ["qwen_pier.safetensors", "qwen_image", "default"]}),
        (6, "TextGenerate", {"clip": (5, 0), "image": (10, 0)}, {"values": ["Say what you see.", 256]}),
        (7, "SaveText", {"text": (6, 0)}, {"values": ["pier", "txt"]}),
    )
    assert {model.name: model.role for model in found.models} == {
        "sam3_pier.safetensors": "detector",
        "qwen_pier.safetensors": "language_model",
    }
    assert [(text.use, text.given.value) for text in found.texts] == [
        ("text", "a gull"),
        ("instruction", "Say what you see."),
    ]
