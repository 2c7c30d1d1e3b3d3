"""What a workflow wants, from its anatomy and what is known of its files; whether it fits, and the words for it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.readiness.types import INFO
from comfyfixersmart.core.tuning.estimate import estimate
from comfyfixersmart.core.tuning.facts import cost_facts
from comfyfixersmart.core.tuning.finding import hw_finding
from comfyfixersmart.core.tuning.profile import profile
from comfyfixersmart.core.tuning.types import (
    CPU,
    NOT,
    PARTS,
    TIGHT,
    UNSURE,
    WHOLE,
    Estimate,
    FileFacts,
    Profile,
    Range,
)
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))
from memory_samples import GB, anatomy, files, given, model, sampling, size, step

NOTHING = files()
CARD = {"name": "cuda:0 Card", "type": "cuda", "vram_total": 16 << 30}


def card(gigabytes: float, **more: Any) -> Profile:
    return profile({"devices": [{**CARD, "vram_total": round(gigabytes * (1 << 30))}], "ram_total": 64 * GB} | more)


def picture(cfg: float = 1.0, side: int = 1024, batch: int = 1, tiled: bool = False) -> Any:
    """A FLUX workflow of four files."""
    return anatomy(
        (
            model("heron_dev.safetensors", "diffusion_model", "flux"),
            model("t5xxl_fp16.safetensors", "text_encoder", node="2"),
            model("clip_l.safetensors", "text_encoder", node="2"),
            model("heron_vae.safetensors", "vae", "flux", node="4"),
        ),
        (sampling(0, cfg=cfg),),
        (size(side, side, batch=batch),),
        (step("decode_tiled", tile_size=256) if tiled else step("decode"),),
    )


def stage(found: Estimate, key: str) -> Any:
    return next(one for one in found.stages if one.key == key)


KNOWN = files(
    heron_dev=FileFacts(11_901_000_000, {"diffusion": 11_900_000_000}, {"diffusion": 8.0}),
    t5xxl_fp16=FileFacts(9_787_000_000, {"text_encoder": 9_786_000_000}, {"text_encoder": 16.0}),
    clip_l=FileFacts(246_000_000, {"text_encoder": 246_000_000}, {"text_encoder": 16.0}),
    heron_vae=FileFacts(335_000_000, {"vae": 334_000_000}, {"vae": 32.0}),
)


def test_weights_come_from_headers_and_stages_hold_only_what_works_in_them() -> None:
    found = estimate(picture(), files=KNOWN, profile=card(16))
    assert [one.key for one in found.stages] == ["text", "sample", "decode"]
    assert stage(found, "text").weights == Range(10_032_000_000, 10_032_000_000, 10_032_000_000)
    assert stage(found, "sample").weights.likely == 11_900_000_000
    assert stage(found, "decode").weights.likely == 167_000_000  # 32 bits are kept as 16
    assert [(one.bytes, one.known_from, one.loaded_bits) for one in found.weights] == [
        (11_900_000_000, "header", 8.0),
        (9_786_000_000, "header", 16.0),
        (246_000_000, "header", 16.0),
        (334_000_000, "header", 16),
    ]
    assert found.peak.low > 11_900_000_000 and found.peak.high < 16 * GB
    assert found.fit == WHOLE and found.against == 16 * GB
    assert re.fullmatch(r"Fits: 1\d\.\d to 1\d\.\d GB wanted, your GPU has 16 GB", found.line)
    assert found.note == "The text encoders (10.0 GB) leave the GPU before it samples."
    assert found.parts["diffusion"] == stage(found, "sample").weights
    assert found.parts["working"] == stage(found, "sample").working
    assert found.unknown == () and found.sources[0] == "headers of the files"
    json.dumps(found.as_json())


@pytest.mark.parametrize(
    ("gigabytes", "fit", "line"),
    [
        (24, WHOLE, r"Fits: .* wanted, your GPU has 24 GB"),
        (12, PARTS, r"Fits with offloading: 1\d\.\d to 1\d\.\d GB wanted, your GPU has 12 GB"),
        (3, TIGHT, r"Very tight: .* wanted, your GPU has 3 GB"),
        (0.5, NOT, r"Does not fit: at least [01]\.\d GB wanted, your GPU has 0\.5 GB"),
    ],
)
def test_modes(gigabytes: float, fit: str, line: str) -> None:
    found = estimate(picture(), files=KNOWN, profile=card(gigabytes))
    assert found.fit == fit and re.fullmatch(line, found.line), found.line
    assert found.floor.low < found.floor.likely < found.floor.high < found.peak.high


def test_without_a_gpu_it_is_ram_that_counts_and_without_a_machine_nothing_is_compared() -> None:
    found = estimate(picture(), files=KNOWN, profile=profile({"no_gpu": True, "ram_total": 32 * GB}))
    assert found.fit == CPU
    assert re.fullmatch(r"Runs on the CPU: \d+\.\d to \d+\.\d GB of RAM wanted, this computer has 32 GB", found.line)
    for unknown in (None, profile({})):
        found = estimate(picture(), files=KNOWN, profile=unknown)
        assert (found.fit, found.against) == ("", None) and found.line.endswith("GB of GPU memory wanted")


def test_too_little_ram_is_said() -> None:
    found = estimate(picture(), files=KNOWN, profile=card(12, ram_total=8 * GB))
    assert found.note.endswith(" RAM is short: at least 13.9 GB of it is wanted, and this computer has 8 GB.")
    assert "RAM is short" not in estimate(picture(), files=KNOWN, profile=card(12)).note


def test_a_size_that_a_person_asks_about_comes_before_the_machine() -> None:
    asked = profile({"devices": [CARD], "flags": ["--cpu", "--reserve-vram 4"]}, assumed=8 * GB)
    found = estimate(picture(), files=KNOWN, profile=asked)
    assert (found.fit, found.against) == (PARTS, 8 * GB) and found.line.endswith("8 GB asked for")


def test_flags_of_comfyui_count() -> None:
    def plain(**more: Any) -> Estimate:
        return estimate(picture(), files=KNOWN, profile=card(24, **more))

    assert plain(flags=["--reserve-vram 10"]).against == 24 * GB - 10 * (1 << 30)
    assert plain(flags=["--novram"]).fit == PARTS
    stays = plain(flags=["--highvram"])
    assert stays.peak.low > 22 * GB and "told to leave all models" in stays.note


def test_a_larger_picture_a_batch_and_two_passes_want_more_and_tiles_less() -> None:
    plain = estimate(picture(), files=KNOWN)
    for more in (picture(side=2048), picture(batch=4), picture(cfg=4.0)):
        found = estimate(more, files=KNOWN)
        assert stage(found, "sample").working.high >= stage(plain, "sample").working.high
        assert found.compute is not None and plain.compute is not None and found.compute > plain.compute
    tiled = estimate(picture(tiled=True), files=KNOWN)
    assert stage(tiled, "decode").working.high < stage(plain, "decode").working.likely


def test_the_loader_may_halve_the_weights() -> None:
    parts = (model("heron_dev.safetensors", "diffusion_model", "flux", dtype="fp8_e4m3fn"),)
    sixteen = files(heron_dev=FileFacts(24 * GB, {"diffusion": 24 * GB}, {"diffusion": 16.0}))
    found = estimate(anatomy(parts, (sampling(0),), (size(512, 512),)), files=sixteen)
    assert stage(found, "sample").weights.likely == 12 * GB
    thirty_two = files(heron_dev=FileFacts(48 * GB, {"diffusion": 48 * GB}, {"diffusion": 32.0}))
    plain = anatomy((model("heron_dev.safetensors", "diffusion_model", "flux"),), (sampling(0),), (size(512, 512),))
    assert stage(estimate(plain, files=thirty_two), "sample").weights.likely == 24 * GB


def test_a_checkpoint_is_three_parts_by_its_header_by_its_size_and_by_its_name() -> None:
    one = anatomy(
        (model("heron_xl.safetensors", "checkpoint", "sdxl"),),
        (sampling(0, cfg=7.0),),
        (size(1024, 1024),),
        (step("decode"),),
    )
    sizes = {"diffusion": 5_135_000_000, "text_encoder": 1_636_000_000, "vae": 167_000_000, "unused": 900_000_000}
    header = files(heron_xl=FileFacts(7_900_000_000, sizes, dict.fromkeys(sizes, 16.0)))
    found = estimate(one, files=header)
    assert {weight.role: weight.bytes for weight in found.weights} == {
        "diffusion_model": 5_135_000_000,
        "text_encoder": 1_636_000_000,
        "vae": 167_000_000,
    }
    for known in (files(heron_xl=6_938_000_000), NOTHING):
        guess = estimate(one, files=known)
        assert [weight.role for weight in guess.weights] == [weight.role for weight in found.weights]
        for ours, real in zip(guess.weights, found.weights, strict=True):
            assert ours.bytes == pytest.approx(real.bytes, rel=0.01)
    assert guess.assumed == ("the size of heron_xl.safetensors, by its name",)


def test_a_loader_takes_its_own_part_of_a_file_that_holds_several() -> None:
    both = files(heron=FileFacts(30 * GB, {"diffusion": 20 * GB, "vae": 2 * GB, "other": 1 * GB}, {"vae": 16.0}))
    parts = (model("heron.safetensors", "checkpoint", "ltxv"), model("heron.safetensors", "vae", "ltxv", node="2"))
    found = estimate(anatomy(parts, (sampling(0),), (size(768, 512, 97, of="video"),), (step("decode"),)), files=both)
    assert {(one.role, one.bytes) for one in found.weights if one.node == "2"} == {("vae", 2 * GB)}


def test_video_counts_frames_and_is_told_by_family_and_size() -> None:
    def video(frames: Any) -> Estimate:
        parts = (
            model("heron_14B_fp8.safetensors", "diffusion_model", "wan"),
            model("v.safetensors", "vae", "wan", node="2"),
        )
        return estimate(
            anatomy(parts, (sampling(0),), (size(832, 480, frames, of="video"),), (step("decode", medium="video"),)),
            files=files(heron_14B_fp8=14_290_000_000, v=254_000_000),
        )

    long, short = video(161), video(41)
    assert stage(long, "sample").working.likely > 3 * stage(short, "sample").working.likely
    assert stage(long, "decode").working.likely < 2 * stage(short, "decode").working.likely
    unknown = video(None)
    assert "81 frames, since their number is only known while it runs" in unknown.assumed


def test_two_passes_with_their_own_models_are_two_stages() -> None:
    parts = (
        model("high_14B_fp8.safetensors", "diffusion_model", "wan"),
        model("low_14B_fp8.safetensors", "diffusion_model", "wan", node="2"),
        model("soft.safetensors", "lora", "wan", node="7"),
    )
    passes = (sampling(0, 2, node="3"), sampling(1, node="6"))
    found = estimate(anatomy(parts, passes, (size(640, 640, 81, of="video"),)), files=files(soft=1_227_000_000))
    first, second = found.stages
    assert (first.nodes, second.nodes) == (("3",), ("6",))
    assert first.weights.likely == second.weights.likely  # LoRAs are merged
    assert first.weights.high == second.weights.high + 1_227_000_000
    assert found.ram.likely > 30 * GB


def test_what_is_not_known_is_said_and_makes_the_answer_unsure() -> None:
    plain = anatomy((model("something.safetensors", "diffusion_model"),), (sampling(0),), (size(None, None),))
    found = estimate(plain, files=NOTHING, profile=card(16))
    assert found.fit == UNSURE and found.unknown == ("the size of something.safetensors",)
    assert found.peak.high > 5 * found.peak.low
    assert found.assumed == ("1024 x 1024 pixels, since the size is only known while it runs",)
    bare = estimate(anatomy((), (sampling(),), (size(512, 512),)), files=NOTHING, profile=card(16))
    assert bare.fit == UNSURE and bare.unknown == ("the model of KSampler, of which no file is named",)
    hidden = anatomy((model("t5xxl_fp16.safetensors", "text_encoder"),), opaque=(("4", "HeronSampler"),))
    found = estimate(hidden, files=KNOWN, profile=card(80))
    assert found.fit == UNSURE and found.unknown == ("what HeronSampler loads",)


def test_what_needs_no_local_memory_says_so() -> None:
    partner = estimate(anatomy(partners=(("1", "HeronCloudNode"),)), files=NOTHING, profile=card(8))
    assert partner.line == "Computed by a partner service: no GPU memory of this computer is wanted."
    assert (partner.fit, partner.peak) == ("", Range(0, 0, 0))
    assert estimate(anatomy(), files=NOTHING).line.startswith("No model file is named")
    assert "unknown nodes" in estimate(anatomy(opaque=(("1", "X"),)), files=NOTHING).line
    for one in (partner, estimate(anatomy(), files=NOTHING)):
        assert hw_finding(one) is None and len(cost_facts(one)) == 1


def test_sound_and_meshes_have_no_pixels() -> None:
    parts = (model("heron_step.safetensors", "checkpoint", "ace_step"),)
    found = estimate(anatomy(parts, (sampling(0, size=None),)), files=files(heron_step=7_700_000_000), profile=card(12))
    assert found.fit == WHOLE and found.assumed == ()


def test_finding_and_facts_say_the_same(golden_file: Callable[[str, str], None]) -> None:
    found = estimate(picture(), files=KNOWN, profile=card(12))
    finding = hw_finding(found)
    assert finding is not None and finding.weight == INFO and finding.code in document("findings")["codes"]
    assert hw_finding(estimate(picture(), files=KNOWN, profile=card(24))) is None
    body = finding._asdict()
    for key in ("nodes", "evidence", "fixes"):
        body[key] = [one._asdict() for one in body[key]]
    golden_file("findings/HW001.json", json.dumps(body, indent=2, ensure_ascii=False) + "\n")
    facts = {fact.id: fact for fact in cost_facts(found)}
    assert facts["cost.memory"].text.startswith(f"{found.line}. ")
    assert facts["cost.memory"].brief[:2] == ("Fits with offloading", finding.name)
    assert facts["cost.peak"].nodes == ("3",)
    assert len(facts["cost.peak"].measured) == 1, "parts beside the whole, each as a range, do not add up for a reader"
    for fact in facts.values():
        written = re.sub("|".join(map(re.escape, map(str, fact.measured))) or "$", "", fact.text)
        assert not re.search(r"\d", written), (fact.id, written)


ROLES = ["checkpoint", "diffusion_model", "lora", "controlnet", "text_encoder", "vae", "upscaler", "other", "embedding"]
FAMILIES = ["", "sdxl", "wan", "ltxv", "stable_audio", "chroma", "nonsense"]
ANY = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.integers(), max_size=2)
)
PARTS_OF = st.builds(
    lambda name, role, family, dtype: model(name, role, family)._replace(dtype=given(dtype)),
    st.text(max_size=12),
    st.sampled_from(ROLES),
    st.sampled_from(FAMILIES),
    ANY,
)
PASSES = st.builds(
    lambda at, steps, cfg, where: sampling(*at, steps=steps, cfg=cfg, size=where),
    st.lists(st.integers(-2, 5), max_size=3),
    ANY,
    ANY,
    st.none() | st.integers(-1, 3),
)
SIZES = st.builds(
    lambda w, h, f, b, of: size(w, h, f, b, of), ANY, ANY, ANY, ANY, st.sampled_from(["image", "video", "audio"])
)
STEPS = st.builds(
    lambda does, tile: step(does, tile_size=tile), st.sampled_from(["decode", "decode_tiled", "encode", "mask"]), ANY
)
FACTS = st.builds(
    FileFacts,
    st.none() | st.integers(0, 10**13),
    st.dictionaries(st.sampled_from(["diffusion", "text_encoder", "vae", "other", "unused"]), st.integers(0, 10**12)),
    st.dictionaries(st.sampled_from(["diffusion", "vae"]), st.floats(0.5, 64)),
    st.sampled_from(["header", "size"]),
)


@hypothesis_given(
    st.lists(PARTS_OF, max_size=5),
    st.lists(PASSES, max_size=3),
    st.lists(SIZES, max_size=3),
    st.lists(STEPS, max_size=3),
    st.none() | FACTS,
    st.none() | st.integers(1, 10**12),
)
@settings(max_examples=200, deadline=None)
def test_any_anatomy_gives_ordered_ranges(
    parts: Any, passes: Any, sizes: Any, steps: Any, facts: FileFacts | None, memory: int | None
) -> None:
    one = anatomy(tuple(parts), tuple(passes), tuple(sizes), tuple(steps))
    found = estimate(one, files=lambda name, folders: facts, profile=profile({}, assumed=memory))
    for low, likely, high in (
        found.peak,
        found.floor,
        found.ram,
        *(s.total for s in found.stages),
        *found.parts.values(),
    ):
        assert 0 <= low <= likely <= high
    assert found.floor.likely <= found.peak.likely or not found.stages
    assert found.line and asdict(found) and json.dumps(found.as_json())
    assert cost_facts(found) and (hw_finding(found) is None or found.fit in (PARTS, TIGHT, NOT))
