"""The rules of practice: each fires on what it is about, and stays quiet on what is right."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.knowledge import document

from .telling import flux, from_picture, node, picture, risks, video, with_lora

TURBO = "z_image_turbo_bf16.safetensors"


def control(model: str) -> dict[str, Any]:
    graph = picture()
    graph["8"] = node("LoadImage", image="pier.png")
    graph["9"] = node("ControlNetLoader", control_net_name=model)
    graph["10"] = node(
        "ControlNetApplyAdvanced",
        strength=0.8,
        positive=["2", 0],
        negative=["3", 0],
        control_net=["9", 0],
        image=["8", 0],
    )
    graph["5"]["inputs"] |= {"positive": ["10", 0], "negative": ["10", 1]}
    return graph


def passes(last: int, first: int) -> dict[str, Any]:
    graph = picture()
    own = {key: value for key, value in graph["5"]["inputs"].items() if key not in ("seed", "denoise")}
    first_pass = {**own, "noise_seed": 1, "start_at_step": 0, "end_at_step": last, "add_noise": "enable"}
    graph["5"] = node("KSamplerAdvanced", **first_pass, return_with_leftover_noise="enable")
    second = {
        **first_pass,
        "start_at_step": first,
        "end_at_step": 10000,
        "latent_image": ["5", 0],
        "add_noise": "disable",
    }
    graph["8"] = node("KSamplerAdvanced", **second, return_with_leftover_noise="disable")
    graph["6"]["inputs"]["samples"] = ["8", 0]
    return graph


def shown(graph: dict[str, Any]) -> dict[str, Any]:
    graph["7"] = node("PreviewImage", images=["6", 0])
    return graph


def zeroed() -> dict[str, Any]:
    graph = picture()
    graph["8"] = node("ConditioningZeroOut", conditioning=["3", 0])
    graph["5"]["inputs"]["negative"] = ["8", 0]
    return graph


def vae(name: str) -> dict[str, Any]:
    graph = flux()
    graph["10"]["inputs"]["vae_name"] = name
    return graph


def no_prompt() -> dict[str, Any]:
    graph = picture()
    graph["2"]["inputs"]["text"] = "  "
    return graph


def deep_clip() -> dict[str, Any]:
    graph = picture()
    graph["8"] = node("CLIPSetLastLayer", stop_at_clip_layer=-4, clip=["1", 1])
    graph["2"]["inputs"]["clip"] = ["8", 0]
    return graph


def spare_input() -> dict[str, Any]:
    return {**picture(), "8": node("LoadImage", image="boat.png")}


FIRES = {
    "lora_family": with_lora(picture(), "flux_mist.safetensors"),
    "control_family": control("control_flux_canny.safetensors"),
    "vae_family": vae("wan_2.1_vae.safetensors"),
    "lora_off": with_lora(picture(), "mist_sdxl.safetensors", 0),
    "lora_strong": with_lora(picture(), "mist_sdxl.safetensors", -3.5),
    "steps_many": flux(TURBO, steps=30),
    "steps_few": picture(steps=6),
    "cfg_quick": flux("flux1-schnell.safetensors", steps=4, cfg=7.0),
    "cfg_guided": flux(cfg=6.0),
    "cfg_high": picture(cfg=22.0),
    "cfg_low": picture(cfg=1.0),
    "denoise_whole": from_picture(1.0),
    "denoise_none": from_picture(0.0),
    "negative_unread": picture(cfg=1.0),
    "negative_zeroed": zeroed(),
    "prompt_empty": no_prompt(),
    "size_multiple": flux(width=1030, height=1024),
    "size_small": picture(width=320, height=320),
    "size_large": picture(width=2048, height=2048),
    "frames_rule": video(length=80),
    "passes_gap": passes(10, 16),
    "passes_overlap": passes(16, 10),
    "clip_skip": picture("ponyXL_harbour.safetensors"),
    "clip_deep": deep_clip(),
    "nothing_saved": shown(picture()),
    "no_output": {"1": node("CLIPTextEncode", text="a pier")},
    "input_unused": spare_input(),
    "licence_non_commercial": flux("flux1-dev.safetensors"),
    "licence_terms": video("hunyuan_video_t2v_720p_bf16.safetensors"),
    "decode_large": picture(width=4096, height=4096),
}

QUIET = {
    "lora_family": with_lora(picture(), "mist_sdxl.safetensors"),
    "control_family": control("control_sdxl_canny.safetensors"),
    "vae_family": vae("ae.safetensors"),
    "steps_many": flux(TURBO, steps=9),
    "steps_few": with_lora(picture(steps=4, cfg=1.0), "sdxl_lightning_4step_lora.safetensors"),
    "cfg_low": with_lora(picture(steps=4, cfg=1.0), "sdxl_lightning_4step_lora.safetensors"),
    "cfg_quick": flux("flux1-schnell.safetensors", steps=4, cfg=1.0),
    "denoise_whole": from_picture(0.6),
    "frames_rule": video(length=81),
    "passes_gap": passes(12, 12),
    "size_small": picture(width=832, height=1216),
    "size_large": picture(width=1216, height=832),
    "nothing_saved": picture(),
    "input_unused": from_picture(),
    "prompt_empty": picture(),
    "licence_non_commercial": flux("flux1-schnell.safetensors"),
}


@pytest.mark.parametrize("rule", FIRES)
def test_a_rule_finds_what_it_is_about(rule: str) -> None:
    found = risks(FIRES[rule])
    assert rule in found, sorted(found)
    fact = found[rule]
    assert fact.text.endswith(".") and "{" not in fact.text
    assert fact.source != "graph"


@pytest.mark.parametrize("rule", QUIET)
def test_a_rule_is_quiet_where_all_is_right(rule: str) -> None:
    assert rule not in risks(QUIET[rule])


def test_every_rule_has_a_case_that_it_finds() -> None:
    rules = {rule["id"] for rule in document("practice")["rules"]}
    untried = {"guidance_off", "guidance_low", "fps_other", "fps_slow", "partner"}
    assert rules - untried == FIRES.keys()


def test_nothing_is_wrong_with_a_plain_workflow() -> None:
    assert risks(picture()) == {}


def test_guidance_far_from_usual() -> None:
    graph = flux()
    graph["9"]["inputs"]["guidance"] = 40.0
    assert risks(graph)["guidance_off"].text == "Guidance is 40; FLUX.1 [dev] is usually run at 3.5."
    graph["9"]["inputs"]["guidance"] = 0.5
    assert "guidance_low" in risks(graph)


def test_a_paid_service_is_named_once() -> None:
    graph = {"1": node("FluxProUltraImageNode", prompt="a pier"), "2": node("SaveImage", images=["1", 0])}
    found = risks(graph)
    assert found["partner"].code == "API001" and "FluxProUltraImageNode" in found["partner"].text


def test_the_same_sentence_is_said_once_with_all_its_nodes() -> None:
    graph = passes(12, 12)
    for place in ("5", "8"):
        graph[place]["inputs"]["cfg"] = 30.0
    assert risks(graph)["cfg_high"].nodes == ("5", "8")
