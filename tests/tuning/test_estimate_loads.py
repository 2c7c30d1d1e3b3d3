"""What ComfyUI really loads and sets aside: switches, its own reckoning, tiles, shared memory; and many passes at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from comfyfixersmart.core.tuning import stages
from comfyfixersmart.core.tuning.estimate import estimate
from comfyfixersmart.core.tuning.finding import hw_finding
from comfyfixersmart.core.tuning.known import model_of
from comfyfixersmart.core.tuning.profile import profile
from comfyfixersmart.core.tuning.types import NOT, PARTS, TIGHT, WHOLE, FileFacts, Range
from comfyfixersmart.core.tuning.working import Shape, reckoned, within
from comfyfixersmart.core.tuning.working import sampling as sampled

from .memory_samples import GB, anatomy, files, model, sampling, size, step

NOTHING = files()
WAN = model("heron2.2_14B_fp8_scaled.safetensors", "diffusion_model", "wan")


def asked(gigabytes: float) -> Any:
    return profile({}, assumed=round(gigabytes * GB))


def test_what_a_switch_leaves_out_is_not_loaded() -> None:
    lora = model("heron_4steps.safetensors", "lora", "wan", node="7")._replace(used=False)
    other = model("heron_other_14B_fp8.safetensors", "diffusion_model", "wan", node="8")._replace(used=False)
    passes, sizes = (sampling(0, 1),), (size(640, 640, 81, of="video"),)
    found = estimate(anatomy((WAN, lora, other), passes, sizes), files=NOTHING)
    assert found == estimate(anatomy((WAN,), (sampling(0),), sizes), files=NOTHING)
    assert not any("heron_4steps" in line for line in (*found.unknown, *found.assumed))
    nothing = estimate(anatomy((other,)), files=NOTHING)
    assert nothing.line.startswith("None of its models is loaded") and nothing.stages == ()


def test_a_file_that_one_of_two_nodes_uses_is_loaded_once() -> None:
    again = WAN._replace(node="9")
    found = [
        estimate(anatomy(parts, (sampling(0),), (size(640, 640, 81, of="video"),)), files=NOTHING)
        for parts in ((WAN,), (WAN, again), (WAN._replace(used=False), again))
    ]
    assert found[0].peak == found[1].peak == found[2].peak and len(found[2].weights) == 1


def test_sampling_wants_no_more_than_comfyui_sets_aside() -> None:
    wan = model_of("wan", "heron_14B")
    assert wan is not None
    shape = Shape(640, 640, 81)
    published, own = sampled(wan, shape, 1), within(sampled(wan, shape, 1), wan, shape)
    assert own.low == published.low and own.likely == round(reckoned(wan, shape, 1)) < published.likely
    assert own.likely < own.high < own.likely + 1.5 * GB < published.high
    small = Shape(512, 512)
    flux = model_of("flux")
    assert flux is not None and within(sampled(flux, small, 1), flux, small) == sampled(flux, small, 1)
    found = estimate(
        anatomy((WAN,), (sampling(0, cfg=3.5),), (size(640, 640, 81, of="video"),)), files=NOTHING, profile=asked(16)
    )
    assert found.fit == PARTS and found.peak.low > 15 * GB and found.peak.high < 27 * GB


def test_a_decoder_that_is_run_in_tiles_makes_nothing_tight() -> None:
    parts = (
        model("heron_lite.safetensors", "diffusion_model", "kandinsky5"),
        model("heron_vae.safetensors", "vae", "hunyuan_video", node="4"),
    )
    known = files(heron_lite=4_200_000_000, heron_vae=490_000_000)
    video = anatomy(parts, (sampling(0),), (size(768, 512, 121, of="video"),), (step("decode", medium="video"),))
    found = estimate(video, files=known, profile=asked(12))
    assert found.peak.low > 30 * GB and found.fit == PARTS and "decodes in tiles by itself" in found.note
    said = re.search(r"So ([0-9.]+) to ([0-9.]+) GB are wanted in all", found.note)
    assert said is not None and 4 < float(said[1]) < float(said[2]) < 13
    weights = anatomy((WAN,), (sampling(0),), (size(1280, 720, 81, of="video"),))
    assert [estimate(weights, files=NOTHING, profile=asked(one)).fit for one in (40, 24, 14, 6)] == [
        WHOLE,
        PARTS,
        TIGHT,
        NOT,
    ]


def test_what_most_likely_fits_is_no_finding() -> None:
    plain = anatomy(
        (model("heron_xl.safetensors", "checkpoint", "sdxl"),), (sampling(0),), (size(1024, 1024),), (step("decode"),)
    )
    found = estimate(plain, files=NOTHING, profile=asked(8))
    assert found.fit == PARTS and found.peak.likely < 8 * GB and found.note.startswith("It may fit whole")
    assert hw_finding(found) is None and hw_finding(estimate(plain, files=NOTHING, profile=asked(5))) is not None


@pytest.mark.parametrize(("gigabytes", "fit"), [(64, WHOLE), (16, TIGHT)])
def test_memory_that_is_shared_with_the_computer_is_told_as_such(gigabytes: int, fit: str) -> None:
    mac = profile({"devices": [{"name": "mps", "type": "mps", "vram_total": gigabytes << 30}]})
    found = estimate(anatomy((WAN,), (sampling(0),), (size(640, 640, 81, of="video"),)), files=NOTHING, profile=mac)
    assert found.fit == fit and found.line.endswith(f"your GPU shares {gigabytes} GB of RAM")
    assert ("goes to the disk" in found.note) == (fit == TIGHT) and "a part of the weights in RAM" not in found.note


@pytest.mark.parametrize(
    ("name", "family", "low"),
    [
        ("flux1-dev.safetensors", "flux", 20),
        ("heron_flux.safetensors", "flux", 10),
        ("heron_xl.safetensors", "sdxl", 4),
    ],
)
def test_a_large_file_that_says_nothing_may_have_8_bits(name: str, family: str, low: int) -> None:
    found = estimate(
        anatomy((model(name, "diffusion_model", family),), (sampling(0),), (size(1024, 1024),)), files=NOTHING
    )
    assert low * GB < found.stages[0].weights.low < (low + 3) * GB


def test_many_passes_and_decoders_are_worked_out_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = []

    def counted(load: Any) -> Any:
        asked_for.append(load)
        return real(load)

    real = stages.stages
    monkeypatch.setattr(stages, "stages", counted)
    parts = (WAN, model("heron_vae.safetensors", "vae", "wan", node="4"))
    passes = tuple(sampling(0, size=at % 5, node=f"3{at}") for at in range(200))
    sizes = tuple(size(512 + 64 * at, 512) for at in range(5))
    steps = tuple(step("decode", node=f"8{at}") for at in range(200))
    found = estimate(anatomy(parts, passes, sizes, steps), files=files(heron_vae=FileFacts(250_000_000)))
    assert len(asked_for) <= len(passes) + 5
    decode = next(one for one in found.stages if one.key == "decode")
    largest = anatomy(parts, passes[4:5], (sizes[4],) * 5, steps[:1])
    alone = estimate(largest, files=files(heron_vae=FileFacts(250_000_000)))
    assert decode.working == next(one for one in alone.stages if one.key == "decode").working > Range(0, 0, 0)


def test_sound_that_is_encoded_is_no_video() -> None:
    parts = (WAN, model("heron_vae.safetensors", "vae", "wan", node="4"))
    sound = step("encode", medium="latent")._replace(class_type="HeronAudioVAEEncode")
    for steps, keys in (((sound,), ["sample"]), ((sound, step("encode", medium="latent")), ["encode", "sample"])):
        found = estimate(anatomy(parts, (sampling(0),), (size(640, 640, 81, of="video"),), steps), files=NOTHING)
        assert [one.key for one in found.stages] == keys
