"""The names under which Civitai hands files out, as far as it makes them itself."""

from __future__ import annotations

from typing import Any

import pytest
from comfyfixersmart.core.sources.civitai import download_name


@pytest.mark.parametrize(
    ("model", "kind", "version", "file", "made"),
    [
        ("INK-harbor-SDXL", "Checkpoint", "v16.0", "x.safetensors", "inkHarborSDXL_v160.safetensors"),
        ("Ink harbor", "Checkpoint", "toad", "Final.CKPT", "inkHarbor_toad.CKPT"),
        ("Ink harbor", "Checkpoint", "Ink Harbor V3 Alpha", "x.ckpt", "inkHarbor_inkHarborV3Alpha.ckpt"),
        ("Inkharbor", "Checkpoint", "inkHARBOR v3", "x.ckpt", "inkharbor_V3.ckpt"),
        ("It's a harbor", "Checkpoint", "v1", "x.ckpt", "itsAHarbor_v1.ckpt"),
        ("Ink 港 (final + baked)", "Checkpoint", "v1", "x.ckpt", "inkFinalBaked_v1.ckpt"),
        ("A harbor of ink at night in winter", "Checkpoint", "v1", "x.ckpt", "aHarborOfInkAtNightIn_v1.ckpt"),
        ("Averyveryverylongharborname", "Checkpoint", "v1", "x.ckpt", "averyveryverylonghar_v1.ckpt"),
        ("港の絵", "Checkpoint", "v1", "minato.safetensors", "minato.safetensors"),
        ("Ink harbor", "LORA", "v1", "ink_r8.safetensors", "ink_r8.safetensors"),
        ("Ink harbor", "LoCon", "v1", "ink_r8.safetensors", "ink_r8.safetensors"),
        ("Ink harbor", "DoRA", "v1", "ink_r8.safetensors", "inkHarbor_v1.safetensors"),
        ("Ink harbor", "TextualInversion", "v1", "x.pt", "trigger.pt"),
        (
            "Ink harbor",
            "Checkpoint",
            "v1 inpainting",
            "a-inpainting.safetensors",
            "inkHarbor_v1-inpainting.safetensors",
        ),
        ("Ink harbor", "Checkpoint", "v1", "a.instruct-pix2pix.ckpt", "inkHarbor_v1.instruct-pix2pix.ckpt"),
    ],
)
def test_the_name_a_file_arrives_under(model: str, kind: str, version: str, file: str, made: str) -> None:
    told = {"name": version, "trainedWords": ["trigger", "other"]}
    assert download_name({"name": model, "type": kind}, told, {"name": file, "type": "Model"}) == made


@pytest.mark.parametrize(
    ("kind", "file", "made"),
    [
        ("VAE", {}, "a.safetensors"),
        ("UNet", {}, "a.safetensors"),
        ("Text Encoder", {}, "inkHarbor_v1_txt.safetensors"),
        ("Training Data", {}, "inkHarbor_v1_trainingData.zip"),
        ("Pruned Model", {}, "inkHarbor_v1.safetensors"),
        ("Model", {"overrideName": "chosen.safetensors"}, "chosen.safetensors"),
        ("Negative", {"name": None}, "inkHarbor_v1."),
    ],
)
def test_the_type_of_a_file_decides_whether_it_is_renamed(kind: str, file: Any, made: str) -> None:
    model, version = {"name": "Ink harbor", "type": "Checkpoint"}, {"name": "v1", "trainedWords": None}
    assert download_name(model, version, {"name": "a.safetensors", "type": kind, **file}) == made


def test_a_trigger_word_names_an_embedding_and_its_opposite() -> None:
    model, version = {"name": "Ink", "type": "TextualInversion"}, {"name": "v1", "trainedWords": ["inky"]}
    assert download_name(model, version, {"name": "a.pt", "type": "Negative"}) == "inky-neg.pt"
    assert download_name(model, {"name": "v1"}, {"name": "a.pt", "type": "Model"}) == "a.pt"
