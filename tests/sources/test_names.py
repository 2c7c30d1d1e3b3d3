"""What names say, and what is searched for by them."""

from __future__ import annotations

import pytest
from comfyfixersmart.core.knowledge import document
from comfyfixersmart.core.sources import names
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "words", "queries", "family", "folder"),
    [
        ("wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors", "wan2.2 i2v high noise 14b", "wan2.2_i2v_high_noise_14B_fp8_scaled wan2.2-i2v-high-noise-14B-fp8-scaled wan2.2_i2v_high_noise_14B wan2.2-i2v-high-noise-14B wan2.2_i2v wan2.2-i2v wan2.2", "wan", ""),
        ("waiIllustriousSDXL_v160.safetensors", "wai illustrious sdxl v160", "waiIllustriousSDXL_v160 waiIllustriousSDXL-v160 waiIllustriousSDXL", "illustrious", ""),
        ("flux1-dev-Q4_K_S.gguf", "flux1 dev", "flux1-dev-Q4_K_S flux1-dev-Q4-K-S flux1_dev_Q4_K_S flux1-dev flux1_dev flux1", "flux", ""),
        ("mage_flow_int8_convrot.safetensors", "mage flow", "mage_flow_int8_convrot mage-flow-int8-convrot mage_flow mage-flow mage", "", ""),
        ("Some-LoRA_comfyui.safetensors", "some lora", "Some-LoRA_comfyui Some-LoRA-comfyui Some_LoRA_comfyui Some-LoRA Some_LoRA Some", "", "loras"),
        ("4x-UltraSharp.pth", "4x ultra sharp", "4x-UltraSharp 4x_UltraSharp UltraSharp", "", ""),
        ("clip_vision_g.safetensors", "clip vision g", "clip_vision_g clip-vision-g clip_vision clip-vision vision clip", "", "clip_vision"),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, words: str, queries: str, family: str, folder: str) -> None:
    assert " ".join(names.core_words(names.stem(name))) == words
    assert " ".join(names.repository_queries(name)) == queries
    assert names.family_of(names.stem(name)) == family
    assert names.folder_of(name) == folder


def test_civitais_own_names_are_searched_by_the_model_s_words() -> None:
    assert names.model_queries("waiIllustriousSDXL_v160.safetensors")[0] == "wai illustrious sdxl"
    assert names.model_queries("inkHarborSDXL_midnightEdition.safetensors") == (
        "ink harbor sdxl",
        "ink harbor sdxl midnight edition",
        "ink harbor midnight edition",
    )
    assert names.model_queries("Amber_Galaxy_Pony-000012.safetensors") == ("amber galaxy", "amber galaxy pony")


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("split_files/text_encoders/qwen.safetensors", "text_encoders"),
        ("split_files/model_patches/x_controlnet_union.safetensors", "model_patches"),
        ("vae/diffusion_pytorch_model.safetensors", "vae"),
        ("unet/diffusion_pytorch_model.safetensors", "diffusion_models"),
        ("x.safetensors", ""),
    ],
)
def test_the_folder_of_a_path_says_more_than_its_name(path: str, folder: str) -> None:
    assert names.folder_of(path) == folder


def test_families() -> None:
    assert names.fits_family("pony", "illustrious") and names.fits_family("sdxl", "pony")
    assert names.fits_family("sd15", "sdxl") is False and names.fits_family("", "sdxl") is None
    assert names.family_of_base_model("Flux.1 D") == "flux" and names.family_of_base_model("no such") == ""
    assert names.family_label("sd15") == "Stable Diffusion 1.5"


def test_likeness_sorts() -> None:
    near = names.likeness("lumen_v2_fp8.safetensors", "lumen_v2_fp16.safetensors")
    far = names.likeness("lumen_v2_fp8.safetensors", "harbor_xl.safetensors")
    assert 1.0 == names.likeness("A.safetensors", "a.ckpt") > near > far


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb.safetensors", "x" * 200, " ".join(["word"] * 30), "https://x/y.safetensors"]
)
def test_what_is_no_name_is_not_sent(name: str) -> None:
    assert not names.sendable(name)


@given(st.text(max_size=200))
def test_no_name_breaks_anything_and_queries_are_bounded(name: str) -> None:
    assert len(names.repository_queries(name)) <= 10 and len(names.model_queries(name)) <= 3
    assert 0 <= names.likeness(name, name[::-1]) <= 1
    names.family_of(name)
    names.folder_of(name)
    assert "/" not in names.base(name)


def test_the_tables_agree_with_each_other() -> None:
    families = document("families")["families"]
    assert all(entry.get("of", name) in families for name, entry in families.items())
    spelled = [one for entry in families.values() for one in entry["base_models"]]
    assert len(spelled) == len(set(spelled)) and all(one == one.lower() for one in spelled)
    known = set(document("folders")["folders"]) | set(document("references")["pack_folders"])
    told = {folder for folder, _ in document("names")["folders"]}
    told |= set(document("names")["civitai_types"].values()) | set(document("names")["civitai_file_types"].values())
    assert told <= known
