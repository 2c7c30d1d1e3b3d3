"""The tables of practice: every figure has a source, every rule can be asked, and variants are told apart by names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from comfyfixersmart.core.explanation.facts.practice import (
    accelerator,
    documented,
    named_steps,
    paths,
    plain,
    profile,
    vae_of,
)
from comfyfixersmart.core.knowledge import document

FIGURES = {
    "label": 1, "makes": 1, "use": 1, "pixels": 1, "multiple": 1, "steps": 2, "cfg": 2, "guidance": 2, "shift": 2,
    "frames": 2, "fps": 2, "count": 1, "clip_skip": 1, "distilled": 1, "negative": 1, "vae": 1, "licence": 2, "scheduler": 1,
}  # fmt: skip
RANGES = {"steps", "cfg", "guidance", "shift", "fps"}


def table() -> dict[str, Any]:
    return document("practice_families")


def figures() -> Iterator[tuple[str, str, Any]]:
    for path in paths():
        for name, value in documented(path).items():
            if isinstance(value, list) and name not in ("words", "variants"):
                yield path, name, value


def test_every_figure_names_sources_that_are_listed() -> None:
    used = set()
    for path, name, value in figures():
        assert len(value) == FIGURES[name] + 1, (path, name)
        for source in str(value[-1]).split(" "):
            used.add(source)
            assert source in table()["sources"], (path, name, source)
    used |= {vae["source"] for vae in table()["vaes"].values()}
    assert used == set(table()["sources"])
    assert all(re.match(r"https://[^ ]+$", one["url"]) and one["title"] for one in table()["sources"].values())


def test_ranges_are_ranges() -> None:
    for path, name, value in figures():
        if name in RANGES:
            assert 0 < value[0] <= value[1], (path, name)
        if name == "licence":
            assert value[1] in ("free", "terms", "non_commercial"), path
        if name == "distilled":
            assert value[0] in ("steps", "guidance"), path
        if name == "vae":
            assert value[0] in table()["vaes"], path


def test_families_are_those_of_the_table_of_families_or_have_words_of_their_own() -> None:
    known = document("families")["families"]
    for key, entry in table()["families"].items():
        assert key in known or entry.get("words"), key
        assert entry.get("of") is None or entry["of"] in table()["families"]


@pytest.mark.parametrize(
    ("family", "name", "path", "label"),
    [
        ("flux", "flux1-schnell-fp8.safetensors", "flux.schnell", "FLUX.1 [schnell]"),
        ("flux", "flux1-dev-kontext_fp8_scaled.safetensors", "flux.kontext", "FLUX.1 Kontext [dev]"),
        ("flux", "harbour_flux.safetensors", "flux", "FLUX.1"),
        ("sdxl", "photoXL_v2Lightning.safetensors", "sdxl.lightning", "SDXL Lightning"),
        ("wan", "wan2.2_ti2v_5B_fp16.safetensors", "wan.5b", "Wan 2.2 5B"),
        ("wan", "wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors", "wan.22", "Wan 2.2"),
        ("pony", "ponyHarbour_v3.safetensors", "pony", "Pony (SDXL)"),
        ("", "acestep_v1.5_turbo.safetensors", "ace_step.15_turbo", "ACE-Step 1.5 Turbo"),
    ],
)
def test_a_file_name_tells_the_variant(family: str, name: str, path: str, label: str) -> None:
    found = profile(family, name)
    assert found is not None and (found.path, found.label) == (path, label)


def test_a_variant_takes_over_what_it_does_not_say() -> None:
    schnell, pony = profile("flux", "flux1-schnell.safetensors"), profile("pony", "pony.safetensors")
    assert schnell is not None and pony is not None
    assert schnell.figure("vae") is not None and schnell.figure("guidance") is None
    assert pony.figure("pixels") is not None and pony.figure("clip_skip") is not None
    assert profile("", "harbour.safetensors") is None and profile("nothing", "harbour.safetensors") is None


def test_what_is_distilled_says_how_many_steps() -> None:
    for path in paths():
        entry = documented(path)
        if isinstance(entry.get("distilled"), list) and entry["distilled"][0] == "steps" and "steps" in entry:
            assert entry["steps"] is None or entry["steps"][1] <= 28, path


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("Qwen-Image-Lightning-8steps-V1.0.safetensors", 8),
        ("wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors", 4),
        ("lcm_lora_sdxl.safetensors", None),
    ],
)
def test_loras_for_few_steps_are_told_by_their_names(name: str, steps: int | None) -> None:
    found = accelerator(name)
    assert found is not None and found.steps == steps == named_steps(name)
    assert accelerator("harbour_mist.safetensors") is None


def test_names_become_words() -> None:
    assert plain("sub\\Wan2.2-t2v_high.safetensors") == " wan2 2 t2v high "
    assert plain("photoLightning.gguf") == " photolightning / photo lightning "
    assert vae_of("ae.safetensors")[0] == "flux" and vae_of("wan_2.1_vae.safetensors")[0] == "wan21"
    assert vae_of("harbour_ae_v2.safetensors") == ("", "")


def test_rules_are_whole() -> None:
    rules = document("practice")["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["each"] in ("sampling", "model", "size", "pair", "input", "licence", "workflow")
        assert rule["weight"] in (0, 1, 2) and rule["text"].endswith(".") and rule["when"]
        assert rule["source"].startswith("@") or rule["source"] == "graph" or rule["url"].startswith("https://")
        for line in rule["when"]:
            assert line[1] in ("=", "!=", "<", ">", "<=", ">=", "in", "known"), rule["id"]


def test_every_kind_of_workflow_has_a_purpose_and_every_step_words() -> None:
    practice, tasks = document("practice"), document("tasks")
    assert set(tasks["tasks"]) == set(practice["purposes"])
    assert set(tasks["stages"]) <= set(practice["stages"]) | {"group"}
    assert not any("—" in text or "!" in text for text in _texts(practice))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) and value not in ("!=",):
        yield value
