"""The folder table is built in ComfyUI's order, whatever stands in the YAML files."""

from __future__ import annotations

from pathlib import Path

import pytest
from comfyfixersmart.core.inventory.folders import FolderTable, build_table
from comfyfixersmart.core.inventory.layout import Layout, find_layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    for name in ("main.py", "folder_paths.py", "nodes.py"):
        (tmp_path / name).write_text("")
    return find_layout(tmp_path)


def relative(table: FolderTable, name: str, base: str) -> list[str]:
    return [path.removeprefix(base + "/") for path in table.paths[name]]


def test_without_the_source_the_known_table_is_used(layout: Layout) -> None:
    table = build_table(layout)
    assert relative(table, "diffusion_models", layout.base) == [
        "models/unet",
        "models/diffusion_models",
        "output/diffusion_models",
    ]
    assert relative(table, "text_encoders", layout.base)[-1] == "output/clip"
    assert relative(table, "datasets", layout.base) == ["datasets"]
    assert table.suffixes["loras"] >= {".safetensors", ".ckpt"} and ".gguf" not in table.suffixes["loras"]
    assert (table.suffixes["classifiers"], table.suffixes["custom_nodes"]) == ({""}, set())
    assert "unet" not in table.paths and table.aliases["unet"] == "diffusion_models"


def test_the_installations_own_table_replaces_the_known_one(layout: Layout) -> None:
    table = build_table(layout, {"loras": (["models/loras", "/elsewhere/loras"], [".safetensors"])})
    assert table.paths["loras"] == [f"{layout.base}/models/loras", "/elsewhere/loras", f"{layout.base}/output/loras"]
    assert "controlnet" not in table.paths


def test_extra_paths_as_comfyui_reads_them(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF", "/shelf")
    monkeypatch.setenv("HOME", "/home/someone")
    (tmp_path / "extra_model_paths.yaml").write_text(
        "shop:\n  base_path: $SHELF/sd\n  loras: models/Lora\n  unet: |\n    a\n    ../b/\n  custom_nodes: packs\n"
        "home:\n  base_path: ~/ai\n  is_default: true\n  loras: loras\n"
        "relative:\n  base_path: side\n  vae: v\n"
        "bare:\n  vae: own/vae\n  brand_new: /new\n"
        "empty:\n"
    )
    (tmp_path / "more.yaml").write_text("x:\n  loras: /third\n")
    table = build_table(layout, extra_configs=[tmp_path / "more.yaml"])
    assert table.gaps == [] and not table.doubtful
    assert table.paths["loras"] == [
        "/home/someone/ai/loras",
        f"{tmp_path}/models/loras",
        "/shelf/sd/models/Lora",
        "/third",
        f"{tmp_path}/output/loras",
    ]
    assert table.paths["diffusion_models"][2:4] == ["/shelf/sd/a", "/shelf/b"]
    assert table.paths["custom_nodes"] == [f"{tmp_path}/custom_nodes", "/shelf/sd/packs"]
    assert table.paths["vae"][1:3] == [f"{tmp_path}/side/v", f"{tmp_path}/own/vae"]
    assert (table.paths["brand_new"], table.suffixes["brand_new"]) == (["/new"], frozenset())


def test_a_default_moves_a_path_that_is_there_to_the_front(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "extra_model_paths.yaml").write_text(
        f"a:\n  is_default: true\n  base_path: {tmp_path}\n  diffusion_models: models/diffusion_models\n"
    )
    paths = relative(build_table(layout), "diffusion_models", layout.base)
    assert paths[:2] == ["models/diffusion_models", "models/unet"]


@pytest.mark.parametrize("text", [b"a: [", b"- 1\n- 2", b"\xff\xfe\x00", b"[" * 1000, b"a: 1\n" + b" " * (1 << 20)])
def test_a_config_that_cannot_be_read_puts_every_folder_in_doubt(layout: Layout, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "extra_model_paths.yaml").write_bytes(text)
    table = build_table(layout)
    assert table.doubtful and "extra_model_paths.yaml could not be read" in table.gaps[0]
    assert "\n" not in table.gaps[0]


def test_entries_of_a_wrong_type_are_named_and_left_out(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "extra_model_paths.yaml").write_text("a: text\nb:\n  vae: [1]\n  7: x\n  loras: /l\n  clip:\n")
    table = build_table(layout, extra_configs=["absent.yaml"])
    assert "/l" in table.paths["loras"]
    assert len(table.gaps) == 5 and table.doubtful  # the absent file
