"""The family that a file's name speaks of: the same words as the search for files uses, read on their own."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.explanation.anatomy.family import family_of
from comfyfixersmart.core.sources import names
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = [
    ("flux1-cove-dev_fp8.safetensors", "flux"),
    ("FLUX.2-pier-Turbo.safetensors", "flux2"),
    ("acestep_v1.5_xl_turbo_bf16.safetensors", "ace_step"),
    ("pier_xl_base_1.0.safetensors", "sdxl"),
    ("SDXL\\harbour.safetensors", "sdxl"),
    ("wan2.2_i2v_high_noise_14B.safetensors", "wan"),
    ("qwen_image_edit_2511.safetensors", "qwen_image"),
    ("minimax_h3_video_vae.safetensors", "minimax_h3"),
    ("hunyuanvideo15_vae.safetensors", "hunyuan_video"),
    ("harbour_v3.safetensors", ""),
    ("", ""),
]


@pytest.mark.parametrize(("name", "family"), NAMES)
def test_what_a_name_says(name: str, family: str) -> None:
    assert family_of(name) == family


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("aA1._- flux2wanSDXLlora/"), max_size=40))
def test_the_search_for_files_reads_the_same_family(name: str) -> None:
    assert family_of(name) == names.family_of(name)
