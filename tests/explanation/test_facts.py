"""Facts: what is said of a workflow, of which nodes, and what it rests on."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.explanation.check import untrue
from comfyfixersmart.core.explanation.types import GRAPH, Fact
from comfyfixersmart.core.readiness.types import INFO, UNKNOWN, Finding, Fix, Readiness
from comfyfixersmart.core.requirements.types import NodeRef

from .telling import facts, flux, from_picture, node, picture, told, video, with_lora, workflow


def one(found: list[Fact], id: str) -> Fact:
    return next(fact for fact in found if fact.id == id)


def test_a_picture_from_a_sentence() -> None:
    found = told(picture()).facts
    assert one(list(found), "task").brief[0] == "Picture from a sentence"
    assert one(list(found), "result").text == "Out comes a picture of 1024 × 1024 pixels."
    sampling = one(list(found), "sampling.5")
    assert sampling.text == (
        "Sampling (KSampler): 24 steps, sampler euler, scheduler normal, cfg 6.5, seed 11. It starts from pure noise."
    )
    assert sampling.nodes == ("5",) and sampling.source == GRAPH
    assert {24, 6.5, 11, "euler", "normal"} <= set(sampling.graph)


def test_ids_are_unique_and_every_fact_is_a_sentence() -> None:
    for graph in (picture(), flux(), from_picture(), video(), with_lora(picture(), "mist_sdxl.safetensors")):
        found = told(graph).facts
        assert len({fact.id for fact in found}) == len(found)
        for fact in found:
            assert fact.text and "  " not in fact.text and fact.text == fact.text.strip(), fact


def test_models_say_role_family_strength_precision_and_size() -> None:
    graph = with_lora(flux(), "flux_mist.safetensors", 0.75)
    found = facts(graph, "model", "lora", sizes={"flux1-dev.safetensors": 23_800_000_000})
    main, lora = one(found, "model.1.unet_name"), one(found, "lora.20.lora_name")
    assert main.brief == (
        "flux1-dev.safetensors", "23.8 GB", "Makes the picture, step by step out of noise (diffusion model, FLUX.1 [dev])."
    )  # fmt: skip
    assert main.measured == ("23.8 GB",)
    assert "strength 0.75" in lora.text and "for FLUX.1" in lora.text and 0.75 in lora.graph
    assert one(found, "dtype.1.unet_name").text == "flux1-dev.safetensors is loaded as fp8_e4m3fn."
    assert [fact.brief[0] for fact in found if fact.id.startswith("model.8")] == [
        "t5xxl_fp16.safetensors", "clip_l.safetensors",
    ]  # fmt: skip


def test_a_lora_for_few_steps_is_told_by_its_name() -> None:
    graph = with_lora(picture(steps=4, cfg=1.0), "harbour_sdxl_lightning_4step_lora.safetensors")
    found = told(graph).facts
    assert "finish in 4 steps" in one(list(found), "lora.20.lora_name").text
    assert one(list(found), "purpose.speed").text == (
        "It is set up for speed: 4 steps, thanks to the LoRA harbour_sdxl_lightning_4step_lora.safetensors."
    )
    assert "made for 4" in one(list(found), "knob.steps.5.steps").text


def test_knobs_say_the_value_now_and_what_is_usual_with_its_source() -> None:
    found = facts(flux(), "knob")
    titles = [fact.brief[0] for fact in found]
    assert titles[:3] == ["Prompt", "Steps", "Guidance"] and "cfg" not in titles  # cfg has to stay at 1
    guidance = one(found, "knob.guidance.9.guidance")
    assert guidance.brief[1] == "3.5" and guidance.brief[2].startswith("Usually 3.5.")
    assert "knowledge/practice_families.json#flux" in guidance.source and 3.5 in guidance.known
    assert guidance.url.startswith("https://")


def test_a_prompt_is_quoted_shortly_and_never_judged() -> None:
    graph = picture()
    graph["2"]["inputs"]["text"] = "a very long pier " * 40
    prompt = one(facts(graph, "text"), "text.2.positive")
    assert len(prompt.text) < 100 and prompt.brief[2].endswith("…”")
    assert prompt.graph == ("a very long pier " * 40,)


def test_denoise_is_a_knob_only_where_it_does_something() -> None:
    assert not [fact for fact in facts(picture(), "knob") if "denoise" in fact.id]
    knob = one(facts(from_picture(0.55), "knob"), "knob.denoise.5.denoise")
    assert knob.brief[1] == "0.55" and "your picture may change" in knob.brief[2]


def test_a_video_says_frames_and_seconds() -> None:
    found = told(video()).facts
    assert "81 frames" in one(list(found), "result").text
    length = one(list(found), next(fact.id for fact in found if fact.id.startswith("knob.frames")))
    assert length.brief[1] == "81 frames" and length.brief[2].startswith("A multiple of 4, and 1 more.")


def test_what_is_missing_comes_from_the_check() -> None:
    finding = Finding(
        "MODEL001", "blocked", "harbour_sdxl.safetensors", "Not in models/checkpoints.",
        (NodeRef("1", "CheckpointLoaderSimple", "Load"),), fixes=(Fix("download", "Look for it"),),
    )  # fmt: skip
    informing = finding._replace(code="API001", weight=INFO)
    readiness = Readiness("harbour", "blocked", (finding, informing))
    found = facts(picture(), "missing", readiness=readiness)
    assert [(fact.code, fact.nodes) for fact in found] == [("MODEL001", ("1",))]
    assert found[0].brief == ("harbour_sdxl.safetensors", "", "Not in models/checkpoints. Look for it.")


def blind(code: str, name: str, message: str) -> Finding:
    return Finding(code, UNKNOWN, name, message, (NodeRef("1", "CheckpointLoaderSimple", "Load"),))


def test_what_could_not_be_looked_at_is_one_sentence() -> None:
    graph = picture()
    types = [blind("NODE001", one["class_type"], "Which node types are here cannot be told.") for one in graph.values()]
    file = blind("MODEL001", "harbour_sdxl.safetensors", "Whether it is here cannot be told: no model folder.")
    found = told(graph, readiness=Readiness("harbour", "unknown", (*types, file)))
    rows = [fact.text for fact in found.facts if fact.kind == "missing"]
    assert rows == ["Whether six node types and one model file are here could not be told: no ComfyUI was looked at."]
    assert untrue(found, workflow(graph)) == []
    for sheet in found.pages:
        assert [len(one.rows) for one in sheet.sections if one.key == "missing"] == [1]
    other = file._replace(name="mist.safetensors")
    found = told(graph, readiness=Readiness("harbour", "unknown", (file, other)))
    rows = [fact.text for fact in found.facts if fact.kind == "missing"]
    assert rows == ["Whether two model files are here could not be told: no model folder."]


def test_what_is_missing_alike_at_several_nodes_is_one_row() -> None:
    refused = [
        Finding("VALUE001", "blocked", "euler", "It does not take euler.", (NodeRef(id, "KSampler", "Sample"),))
        for id in ("1", "2")
    ]
    unlinked = Finding("LINK002", "blocked", "no output node", "Nothing is saved.")
    found = told(picture(), readiness=Readiness("harbour", "blocked", (*refused, unlinked)))
    assert [fact.nodes for fact in found.facts if fact.kind == "missing"] == [("1", "2"), ()]
    assert untrue(found, workflow(picture())) == []


def test_a_checkpoint_brings_what_leads_on_from_it() -> None:
    graph = picture()
    assert (
        "brings the main model, its text encoder and its VAE (" in one(facts(graph, "model"), "model.1.ckpt_name").text
    )
    graph["10"] = node("VAELoader", vae_name="sdxl_vae.safetensors")
    graph["6"]["inputs"]["vae"] = ["10", 0]
    assert "brings the main model and its text encoder (" in one(facts(graph, "model"), "model.1.ckpt_name").text


def test_a_lora_that_no_pass_goes_through_is_nothing_to_tune() -> None:
    graph = picture()
    graph["20"] = node("LoraLoaderModelOnly", lora_name="mist.safetensors", strength_model=0.7, model=["1", 0])
    assert not [fact for fact in facts(graph, "knob") if fact.id.startswith("knob.lora")]


def test_a_model_without_a_role_of_its_own_is_told_by_who_works_with_it() -> None:
    graph = picture()
    graph["20"] = node("RIFE VFI", ckpt_name="mist_rife.pth", frames=["6", 0], multiplier=2)
    graph["7"]["inputs"]["images"] = ["20", 0]
    found = one(facts(graph, "model"), "model.20.ckpt_name")
    assert found.brief[2].startswith("Adds frames in between (model)")


def test_a_prompt_that_is_made_on_the_way_is_told_as_one() -> None:
    graph = flux()
    graph["30"] = node("TextGenerate", prompt="Describe a pier.", clip=["8", 0])
    graph["2"]["inputs"]["text"] = ["30", 0]
    said = "The text encoder reads a text that is made while it runs."
    assert [fact.brief[2] for fact in facts(graph, "stage") if said in fact.text] == [
        f"Negative prompt: “fog” (no effect here). {said}"
    ]


def test_unknown_nodes_are_explained_by_their_documentation_or_not_at_all() -> None:
    graph = {**picture(), "8": node("FogMaker", image=["6", 0])}
    graph["7"]["inputs"]["images"] = ["8", 0]
    silent = facts(graph, "unknown")
    assert [fact.text for fact in silent] == ["What FogMaker does is not known here."]
    spoken = facts(graph, "unknown", docs=lambda kind: ("Adds fog.", f"the documentation of {kind}"))
    assert spoken[0].text == "FogMaker: Adds fog." and spoken[0].source == "the documentation of FogMaker"


def test_what_a_paid_service_does_is_told_by_its_documentation() -> None:
    graph = {"1": node("FluxProUltraImageNode", prompt="a pier"), "2": node("SaveImage", images=["1", 0])}
    found = facts(graph, "doc", docs=lambda kind: f"{kind} paints 4 piers.")
    assert found[0].text == "FluxProUltraImageNode: FluxProUltraImageNode paints 4 piers."
    assert found[0].source == "ComfyUI's documentation of FluxProUltraImageNode"
    assert untrue(told(graph, docs=lambda kind: f"{kind} paints 4 piers."), workflow(graph)) == []


def test_notes_switched_off_parts_and_pictures_of_a_saved_file() -> None:
    graph = {
        "nodes": [
            {"id": 1, "type": "LoadImage", "mode": 0, "widgets_values": ["pier.png", "image"],
             "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]},
            {"id": 2, "type": "SaveImage", "mode": 0, "widgets_values": ["out"],
             "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]},
            {"id": 3, "type": "LoadImage", "mode": 4, "widgets_values": ["boat.png", "image"], "title": "Second"},
            {"id": 4, "type": "MarkdownNote", "widgets_values": ["## Links\n[model](https://x)\nUse the long lens for boats."]},
            {"id": 5, "type": "Note", "widgets_values": ["https://pier.example"]},
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    }  # fmt: skip
    found = list(told(graph).facts)
    assert one(found, "input.1").text == "A picture of yours goes in: pier.png."
    assert one(found, "off.3").text == "Second (LoadImage) is bypassed. Switched on, it would bring in a picture."
    assert [fact.text for fact in found if fact.kind == "note"] == [
        "A note of the author: “Use the long lens for boats.”", "A note of the author: Holds links.",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, [], {}, "nan", True, float("inf"), -3, 10**40, "\n|“x”", ["9", 9]])
@pytest.mark.parametrize("name", ["steps", "cfg", "seed", "denoise", "sampler_name", "latent_image"])
def test_odd_values_are_left_out_and_break_nothing(name: str, value: Any) -> None:
    graph = picture(**{name: value})
    assert told(graph).markdown["newcomer"]


def test_an_empty_and_a_cyclic_graph_are_explained() -> None:
    assert told({"nodes": [], "links": []}).facts
    circle = {"1": node("VAEDecode", samples=["2", 0]), "2": node("KSampler", latent_image=["1", 0], steps=["2", 0])}
    assert told(circle).markdown["expert"].startswith("# harbour")
