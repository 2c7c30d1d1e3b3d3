"""The estimator's core: loads, stages and their ranges, and the published figures that it was made on."""

from __future__ import annotations

import importlib
import statistics
import sys
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.explanation import types as explanation
from comfyfixersmart.core.inventory.hardware import MEMORY_FLAGS
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.tuning.known import (
    any_model,
    billions,
    bits_in,
    latents,
    model_of,
    models,
    named,
    named_file,
    plain,
    typical,
)
from comfyfixersmart.core.tuning.load import (
    ALLOCATED,
    DEVICE,
    OFFLOAD,
    RESIDENT,
    Load,
    Piece,
    estimate_load,
    stages,
    whole,
)
from comfyfixersmart.core.tuning.types import Range
from comfyfixersmart.core.tuning.working import Shape, Tile, decoding, encoding, reckoned, sampling
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
figures = importlib.import_module("memory_figures")

FLUX = model_of("flux")
assert FLUX is not None
PIECES = (
    Piece("diffusion", whole(12e9)),
    Piece("text_encoder", whole(10e9)),
    Piece("vae", whole(0.2e9)),
)


def load(**changes: Any) -> Load:
    return Load(FLUX, None, PIECES, Shape(1024, 1024))._replace(**changes)


def test_what_comfyui_reckons_is_its_own_arithmetic() -> None:
    # 128 x 128 latent pixels, 2 bytes, 0.01 MiB, factor 3.1
    assert FLUX is not None
    assert reckoned(FLUX, Shape(1024, 1024), 1) == pytest.approx(128 * 128 * 2 * 0.01 * 3.1 * (1 << 20))
    assert reckoned(FLUX, Shape(1024, 1024, batch=2), 2, bits=32) == pytest.approx(
        8 * reckoned(FLUX, Shape(1024, 1024), 1)
    )
    wan = model_of("wan", "wan_14B")
    assert wan is not None
    assert reckoned(wan, Shape(832, 480, 81), 1) == pytest.approx(21 * 60 * 104 * 2 * 0.01 * 2.3 * (1 << 20))


def test_who_stays_on_the_gpu_makes_the_difference() -> None:
    apart, together = estimate_load(load(counter=ALLOCATED)), estimate_load(load(mode=RESIDENT, counter=ALLOCATED))
    assert 12e9 < apart.likely < 14e9 and 22.2e9 < together.likely < 26e9
    other = estimate_load(load(mode=OFFLOAD, counter=ALLOCATED, shape=Shape(4096, 4096)))
    assert (
        other.high > estimate_load(load(counter=ALLOCATED, shape=Shape(4096, 4096))).high
    )  # it may stay while decoding
    assert estimate_load(load(counter=DEVICE)).likely > apart.likely
    assert [stage.key for stage in stages(load(only="encode"))] == ["encode"]
    assert [stage.key for stage in stages(load(model=None))] == ["text"]
    assert estimate_load(load(model=None, pieces=(), counter=ALLOCATED)) == Range(0, 0, 0)


def test_tiles_and_slices_bound_a_decoder() -> None:
    for key, latent in latents().items():
        if not latent.scale or key == "pixels":
            continue
        large = Shape(4096, 4096, 97 if latent.time > 1 else 1, 4)
        assert decoding(latent, large, tile=Tile(512, 16)).likely < decoding(latent, large).likely / 4, key
        assert encoding(latent, large, tile=Tile(512)).likely < encoding(latent, large).likely, key
    sliced, at_once = (
        estimate_load(load(shape=Shape(1024, 1024, batch=8), mode=RESIDENT, sliced=one)) for one in (True, False)
    )
    assert sliced.likely < at_once.likely


@given(
    st.sampled_from([one.key for one in models()]),
    st.integers(8, 4096),
    st.integers(8, 4096),
    st.integers(1, 200),
    st.integers(1, 8),
    st.sampled_from([16, 32]),
)
def test_more_of_anything_never_wants_less(
    key: str, width: int, height: int, frames: int, batch: int, bits: int
) -> None:
    model = next(one for one in models() if one.key == key)
    latent, small = latents()[model.latent], Shape(width, height, frames, batch)
    for large in (
        small._replace(width=width + 64),
        small._replace(frames=frames + 8),
        small._replace(batch=batch + 1),
    ):
        for work in (
            lambda shape: sampling(model, shape, 1, bits),
            lambda shape: decoding(latent, shape, bits),
            lambda shape: encoding(latent, shape, bits),
        ):
            less, more = work(small), work(large)
            assert 0 <= less.low <= less.likely <= less.high
            assert all(one <= two for one, two in zip(less, more, strict=True))
    assert all(one <= two for one, two in zip(sampling(model, small, 1), sampling(model, small, 2), strict=True))


# ---- the published figures -------------------------------------------------------------------------------------


def test_the_figures_that_it_was_made_on_are_met() -> None:
    found = [figures.judged(one) for one in document("memory_figures")["figures"]]
    assert len(found) >= 40
    assert statistics.median(one.error for one in found) <= 0.08
    assert sum(one.inside for one in found) / len(found) >= 0.9
    assert statistics.median(one.width for one in found) <= 1.6


def test_a_figure_is_put_as_a_load_without_a_look_at_what_was_measured() -> None:
    figure = document("memory_figures")["figures"][0]
    assert figures.load_of(figure) == figures.load_of({**figure, "gigabytes": 1, "quote": "", "as_written": "1 MB"})


# ---- what is known -----------------------------------------------------------------------------------------------


def test_the_document_holds_together() -> None:
    roles = {value for name, value in vars(explanation).items() if name.isupper() and isinstance(value, str)}
    families = document("families")["families"]
    for one in models():
        assert one.latent in latents() and one.params > 1e8 and one.factor > 0, one.key
        assert set(one.holds) <= {"text_encoder", "vae", "other"}, one.key
        assert one.family in families or one.family in {
            "sana",
            "cogvideo",
            "cogview",
            "allegro",
            "latte",
            "anima",
            "kandinsky5",
        }
    assert {one.role for one in named()} <= roles
    assert set(document("memory")["typical"]) <= roles
    for low, likely, high in (typical(role) for role in roles):
        assert 0 <= low <= likely <= high
    for latent in latents().values():
        for factors in (latent.fitted, latent.fitted_frames, latent.cast):
            assert factors is None or factors[0] <= factors[1] <= factors[2]
    assert all(flag.startswith("--") for flag in MEMORY_FLAGS)


@pytest.mark.parametrize(
    ("family", "name", "key"),
    [
        ("wan", "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors", "wan_14b"),
        ("wan", "wan2.1_t2v_1.3B_fp16.safetensors", "wan_1b"),
        ("wan", "wan2.2_ti2v_5B_fp16.safetensors", "wan_5b"),
        ("wan", "wan_animate.safetensors", "wan_14b"),
        ("sd3", "sd3.5_large_fp8_scaled.safetensors", "sd35_large"),
        ("sdxl", "sd_xl_refiner_1.0.safetensors", "sdxl_refiner"),
        ("ltxv", "ltx-2-19b-dev-fp8.safetensors", "ltx2"),
        ("ltxv", "ltx-video-2b-v0.9.safetensors", "ltxv_2b"),
        ("flux2", "flux-2-klein-4b-fp8.safetensors", "flux2_klein_4b"),
        ("qwen_image", "qwen_image_fp8_e4m3fn.safetensors", "qwen_image"),
    ],
)
def test_models_by_the_words_of_a_name(family: str, name: str, key: str) -> None:
    found = model_of(family, name)
    assert found is not None and found.key == key


def test_models_by_parameters_and_stand_ins() -> None:
    by_size = model_of("wan", "mine.safetensors", 1.5e9)
    assert by_size is not None and by_size.key == "wan_1b"
    assert model_of("nothing") is None
    assert any_model(12e9).factor == pytest.approx(1.9, abs=0.2) and any_model(None, "audio").latent == "audio"


@pytest.mark.parametrize(
    ("name", "bits", "number"),
    [
        ("umt5_xxl_fp8_e4m3fn_scaled.safetensors", 8, None),
        ("flux1-dev-Q4_K_M.gguf", 4.85, None),
        ("flux1-dev-Q8_0.gguf", 8.5, None),
        ("sub/heron_bf16.safetensors", 16, None),
        ("qwen3.5_9b_w4a8.safetensors", 4.5, 9e9),
        ("humo_17B_fp8_e4m3fn.safetensors", 8, 17e9),
        ("heron_v1.5b_2.safetensors", None, None),
        ("heron.safetensors", None, None),
    ],
)
def test_what_a_name_says(name: str, bits: float | None, number: float | None) -> None:
    assert bits_in(name) == bits and billions(name) == number


def test_files_by_their_names() -> None:
    assert plain("a\\B/Flux1-dev_fp8.safetensors") == " flux1 dev fp8 safetensors "
    found = named_file("t5xxl_fp8_e4m3fn.safetensors")
    assert found is not None and (found.role, found.params) == ("text_encoder", 4.762e9)
    umt5 = named_file("umt5_xxl_fp16.safetensors")
    assert umt5 is not None and umt5.params == 5.68e9
    assert named_file("heron.safetensors") is None
