"""Proposals for a size of memory: which ones, what they say, what goes together, and why there are none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from comfyfixersmart.core.explanation.anatomy.build import anatomy
from comfyfixersmart.core.explanation.types import Anatomy
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.requirements.references import Vocabulary
from comfyfixersmart.core.requirements.scan import Scanner
from comfyfixersmart.core.tuning.advice.builds import packing, same_words
from comfyfixersmart.core.tuning.advice.tune import tune
from comfyfixersmart.core.tuning.edit.edited import edited
from comfyfixersmart.core.tuning.types import GB, Change, Estimate, NeedsFile, Profile, Range, Stage, Tuning
from comfyfixersmart.core.workflow.read import read_value
from comfyfixersmart.core.workflow.types import Workflow

from .tune_graphs import CATALOGUE, Graph, picture, view_of

SCANNER = Scanner(CATALOGUE, Vocabulary.from_document(document("references")))
SIZES = {"lake_fp16.safetensors": 12 * GB, "lake_fp8.safetensors": 6 * GB, "umt5_xxl_fp16.safetensors": 10 * GB,
         "umt5_xxl_fp8_e4m3fn_scaled.safetensors": 6_740_000_000}  # fmt: skip


def understood(workflow: Workflow) -> Anatomy:
    """As the anatomy stage reads it."""
    return anatomy(workflow, SCANNER.scan(workflow), CATALOGUE)


def measure(found: Anatomy, files: Any) -> Estimate:
    """A plain estimator: sizes by name, half for fp8; 1 GB for a million pixels while sampling, 3 GB while decoding."""
    weights = {"text": 0, "sample": 0, "decode": GB // 5}
    for part in found.models:
        facts = files(part.name, part.folders)
        size = facts.size if facts is not None and facts.size else SIZES.get(part.name, GB // 10)
        if part.dtype is not None and str(part.dtype.value).startswith("fp8"):
            size //= 2
        if part.device is not None and part.device.value == "cpu":
            size = 0
        weights["text" if part.role == "text_encoder" else "decode" if part.role == "vae" else "sample"] += size
    pixels = sum(one.width.value * one.height.value * one.batch.value for one in found.sizes if one.width) / 1e6
    work = {"text": 0, "sample": round(pixels * GB), "decode": round(3 * pixels * GB)}
    if any(step.does == "decode_tiled" for step in found.steps):
        work["decode"] = GB
    stages = tuple(Stage(key, key, _sure(weights[key]), _sure(work[key])) for key in weights)
    most = max(stage.total.likely for stage in stages)
    steps = sum(one.steps.value for one in found.samplings if one.steps)
    return Estimate(stages=stages, peak=Range(most, most, round(most * 1.1)), compute=steps * pixels or None)


def _sure(size: int) -> Range:
    return Range(size, size, size)


def tuned(graph: Graph | dict[str, Any], target: int = 8 * GB, **more: Any) -> Tuning:
    """The proposals for one graph."""
    value = graph.value() if isinstance(graph, Graph) else graph
    (workflow,) = read_value(value, "lake.json").workflows
    more.setdefault("measure", measure)
    return tune(understood(workflow), view_of(workflow), target=target, files=lambda name, folders: None,
                reread=understood, **more)  # fmt: skip


def by_id(found: Tuning) -> dict[str, Change]:
    """The changes by their ids."""
    return {one.id: one for one in found.changes}


def test_changes_say_what_they_do_in_numbers_that_were_estimated() -> None:
    found = by_id(tuned(picture()))
    one = found["dtype.lake_fp16.safetensors"]
    assert one.saves and f"{one.saves / GB:.1f} GB less GPU memory at the peak" in one.effect
    assert "while the text is read; another step wants more" in found["encoder.cpu"].effect
    assert all(change.effect and change.reason and change.source and change.nodes for change in found.values())


def test_what_lowers_nothing_is_not_proposed() -> None:
    assert "decode_tiled" not in by_id(tuned(picture(), 8 * GB))  # 3.3 GB: no trouble
    assert "decode_tiled" in by_id(tuned(picture(side=2048), 8 * GB))


@pytest.mark.parametrize(
    ("target", "key"), [(8 * GB, "quality"), (8 * GB, "speed"), (8 * GB, "safety"), (16 * GB, "speed")]
)
def test_every_variant_can_be_written_and_is_lower(target: int, key: str) -> None:
    graph = picture()
    found = tuned(graph, target)
    variant = next(one for one in found.variants if one.key == key)
    changes = [by_id(found)[id] for id in variant.changes]
    new = edited(graph.data(), changes, view_of)
    (workflow,) = read_value(json.loads(new), "lake.json").workflows
    again = measure(understood(workflow), lambda name, folders: None)
    assert again.peak == variant.estimate.peak and again.compute == variant.estimate.compute
    lower = again.peak.likely < found.before.peak.likely or (again.compute or 0) < (found.before.compute or 0)
    assert lower and again.peak.likely <= found.before.peak.likely


def test_quality_takes_the_least_loss_that_fits() -> None:
    found = tuned(picture(), 11 * GB)
    quality = next(one for one in found.variants if one.key == "quality")
    losses = {by_id(found)[id].quality for id in quality.changes}
    assert losses <= {"same", "slightly lower"} and quality.estimate.peak.likely <= 11 * GB


def test_safety_stays_below_the_target_at_the_high_end() -> None:
    found = tuned(picture(), 8 * GB)
    safety = next(one for one in found.variants if one.key == "safety")
    assert safety.estimate.peak.high <= 8 * GB


def test_changes_of_a_variant_never_exclude_each_other() -> None:
    found = tuned(picture(side=2048, batch=4), 8 * GB, known=known)
    changes = by_id(found)
    for variant in found.variants:
        assert not any(set(changes[id].excludes) & set(variant.changes) for id in variant.changes)
    assert "size.step.0" in changes["size.less.0"].excludes


def known(name: str, folder: str) -> Sequence[NeedsFile]:
    """A catalogue that knows two builds of one model, and one of another."""
    return [
        NeedsFile("lake_fp8.safetensors", "diffusion_models", False, 6 * GB, "https://example.org/fp8", "a catalogue"),
        NeedsFile(
            "lake_int8.safetensors", "diffusion_models", False, 6 * GB, "https://example.org/int8", "a catalogue"
        ),
        NeedsFile("pond_fp8.safetensors", "diffusion_models", False, GB, "https://example.org/pond", "a catalogue"),
    ]


def test_a_smaller_build_that_is_here_comes_before_one_that_has_to_be_fetched() -> None:
    here = {
        "diffusion_models": [
            ("sub/lake-Q4_K_M.gguf", 4 * GB),
            ("lake_FP8_scaled.safetensors", 6 * GB),
            ("lake_fp16.safetensors", 12 * GB),
        ]
    }
    found = by_id(tuned(picture(), here=lambda name, folder: here.get(folder, []), known=known))
    builds = [one for one in found.values() if one.id.startswith("build.lake")]
    assert [one.needs.name for one in builds if one.needs and one.needs.here] == ["lake_FP8_scaled.safetensors"]
    fetched = [one for one in builds if one.needs and not one.needs.here]
    assert [one.needs.name for one in fetched if one.needs] == [
        "lake_fp8.safetensors"
    ]  # int8 and others are not proposed
    assert fetched[0].url == "https://example.org/fp8" and "has to be downloaded (6.0 GB)" in fetched[0].effect


def test_gguf_is_proposed_only_where_its_loader_is_installed() -> None:
    graph = picture("flux1-dev.safetensors")
    assert not any(id.endswith(".gguf") for id in by_id(tuned(graph)))
    assert any("ComfyUI-GGUF" in text for text, _ in tuned(graph).advice)


def test_what_is_packed_already_is_not_packed_again() -> None:
    assert not any(id.startswith("dtype") for id in by_id(tuned(picture("lake_fp8.safetensors"))))


def test_batch_steps_and_size() -> None:
    found = by_id(tuned(picture("sd_xl_base_1.0.safetensors", steps=50, side=1536, batch=4), 4 * GB))
    assert [edit.after for edit in found["batch.0"].edits] == [1]
    assert [edit.after for edit in found["size.native.0"].edits] == [1024, 1024]
    assert found["steps"].edits[0].after == 20 and found["steps"].time == pytest.approx(0.4)
    distilled = found["distilled.sdxl_lightning_8step_lora.safetensors"]
    assert {(one.kind, one.after) for one in distilled.edits} == {
        ("value", 8), ("value", 1.0), ("value", "sgm_uniform"), ("insert", "LoraLoaderModelOnly"),
    }  # fmt: skip
    assert "steps" in distilled.excludes and distilled.needs and distilled.needs.url.startswith("https://")


def test_upscaling_can_be_left_out() -> None:
    graph = picture()
    model = graph.node("UpscaleModelLoader", ["x4.pth"])
    big = graph.node("ImageUpscaleWithModel", [], upscale_model=(model, 0), image=(8, 0))
    graph.node("SaveImage", ["large"], images=(big, 0))

    def with_upscaling(found: Anatomy, files: Any) -> Estimate:
        plain = measure(found, files)
        high = any(step.does == "upscale_model" for step in found.steps)
        return replace(plain, peak=Range(20 * GB, 20 * GB, 20 * GB)) if high else plain

    one = by_id(tuned(graph, measure=with_upscaling))[f"off.{big}"]
    assert one.edits[0].kind == "mode" and one.quality == "lower"
    alone = Graph()
    model = alone.node("UpscaleModelLoader", ["x4.pth"])
    source = alone.node("LoadImage", ["a.png"])
    big = alone.node("ImageUpscaleWithModel", [], upscale_model=(model, 0), image=(source, 0))
    alone.node("SaveImage", ["large"], images=(big, 0))
    assert not any(
        id.startswith("off.") for id in by_id(tuned(alone, measure=with_upscaling))
    )  # it is all that is made


# ---- none ---------------------------------------------------------------------------------------------------


def test_without_models_the_reason_is_given() -> None:
    graph = Graph()
    graph.node("SaveImage", ["x"])
    found = tuned(graph)
    assert not found.variants and "no model file" in found.none


def test_what_cannot_be_lowered_says_so() -> None:
    graph = Graph()
    graph.node("UpscaleModelLoader", ["x4.pth"])
    found = tuned(graph, 8 * GB)
    assert not found.variants and found.none.startswith("It already fits into 8 GB.")


def test_what_is_in_a_group_node_is_not_offered() -> None:
    inner = {"type": "EmptyLatentImage", "mode": 0, "inputs": [], "outputs": [], "widgets_values": [4096, 4096, 4]}
    graph = Graph()
    graph.node("workflow/Latents", [4096, 4096, 4])
    graph.node("UNETLoader", ["lake_fp8.safetensors", "default"])
    value = graph.value() | {"extra": {"groupNodes": {"Latents": {"nodes": [inner], "links": []}}}}
    found = tuned(value)
    assert not any(one.id.startswith(("size", "batch")) for one in found.changes)


@pytest.mark.parametrize(
    "value", [{"nodes": [], "links": []}, {"1": {"class_type": "Odd", "inputs": {"model": ["1", 0]}}}]
)
def test_odd_graphs_are_survived(value: dict[str, Any]) -> None:
    assert tuned(value).none


def test_the_real_estimator_and_json() -> None:
    found = tuned(picture("flux1-dev.safetensors"), measure=None, profile=Profile(ram_total=16 * GB))
    assert json.loads(json.dumps(found.as_json()))["target"] == 8 * GB
    assert found.variants and all(one.estimate.against == 8 * GB for one in found.variants)
    assert any("--cache-none" in text for text, _ in found.advice)


# ---- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("flux1-dev.safetensors", "flux1-dev-fp8.safetensors", True),
        ("flux1-dev.safetensors", "FLUX1-dev-Q4_K_S.gguf", True),
        ("qwen_image_fp8_e4m3fn.safetensors", "Qwen_Image-Q3_K_M.gguf", True),
        ("Wan2_1-T2V-14B_fp8_e4m3fn_scaled_KJ.safetensors", "wan2.1_t2v_14B_fp16.safetensors", True),
        ("flux1-dev.safetensors", "flux1-schnell-fp8.safetensors", False),
        ("hidream_i1_full_fp16.safetensors", "hidream_i1_dev_fp8.safetensors", False),
        ("clip_l.safetensors", "clip_g.safetensors", False),
        ("depth-1.safetensors", "depth-2_fp8.safetensors", False),
        ("wan2.2_i2v_high_noise_14B_fp16.safetensors", "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors", False),
        ("qwen_image_edit_2509_fp8_e4m3fn.safetensors", "qwen_image_edit_2511_fp8mixed.safetensors", False),
    ],
)  # fmt: skip
def test_builds_of_one_model_are_told_by_their_words(one: str, other: str, alike: bool) -> None:
    assert (same_words(one) == same_words(other)) is alike


@pytest.mark.parametrize(
    ("name", "label", "here_only"),
    [
        ("x_fp8_scaled.safetensors", "fp8", False),
        ("x-fp8mixed.safetensors", "fp8", False),
        ("x-Q4_K_S.gguf", "GGUF with 4 bits", False),
        ("x_int8_convrot.safetensors", "int8", True),
        ("x_nvfp4.safetensors", "nvfp4", True),
        ("x.safetensors", "", False),
    ],
)
def test_packing_is_read_from_the_name(name: str, label: str, here_only: bool) -> None:
    assert (packing(name)[0], packing(name)[2]) == (label, here_only)


def test_known_builds_are_builds_of_what_they_say() -> None:
    for one in document("variants")["builds"]:
        assert one["size"] > 10**9 and one["path"].endswith(one["name"]) and one["repository"].count("/") == 1
        assert same_words(one["of"]) and packing(one["name"])[0]
