"""The real `folder_paths` of ComfyUI lists the same files, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from comfyfixersmart.core.inventory.folders import build_table
from comfyfixersmart.core.inventory.layout import find_layout
from comfyfixersmart.core.inventory.models import list_models

pytestmark = pytest.mark.comfyui

# main.py adds the extra paths and the output folders; it imports torch, so its few calls are made here.
ASK = """
import json, os, sys
code, base = sys.argv[1:3]
configs = sys.argv[3:]
sys.argv = ["main.py", "--base-directory", base]
sys.path.insert(0, code)
import comfy.options
comfy.options.enable_args_parsing()
import folder_paths
import utils.extra_config
for config in configs:
    utils.extra_config.load_extra_path_config(config)
for name in ("checkpoints", "clip", "vae", "diffusion_models", "loras"):
    folder_paths.add_model_folder_path(name, os.path.join(folder_paths.get_output_directory(), name))
folder_paths.add_model_folder_path("packed", os.path.join(base, "models", "packed"))
folder_paths.folder_names_and_paths["unet_gguf"] = (folder_paths.get_folder_paths("unet"), {".gguf"})
table = folder_paths.folder_names_and_paths
print(json.dumps({
    "paths": {name: entry[0] for name, entry in table.items()},
    "files": {name: folder_paths.get_filename_list(name) for name in table if name != "custom_nodes"},
    "aliases": {name: folder_paths.get_filename_list(name) for name in ("unet", "clip")},
}))
"""


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def installation(base: Path) -> list[Path]:
    """Ten model folders, extra roots, links to files and folders, a link loop, odd names."""
    models = base / "models"
    folders = [
        "checkpoints",
        "loras",
        "vae",
        "text_encoders",
        "clip",
        "unet",
        "diffusion_models",
        "controlnet",
        "t2i_adapter",
        "embeddings",
    ]
    for folder in (*folders, "upscale_models", "classifiers", "configs", "packed"):
        for n in range(6):
            put(models / folder / f"sub {n % 3}" / f"model{n}.safetensors")
        for name in (
            "a.CKPT",
            "b.pt",
            "c.txt",
            "d",
            ".hidden.pt",
            "e.gguf",
            "f.yaml",
            "g.sft",
            "deep/er/h.pth",
            "ü.bin",
        ):
            put(models / folder / name)
        put(models / folder / ".git" / "i.ckpt")
        put(models / folder / "put_models_here")
    for folder in ("checkpoints", "clip", "loras"):
        put(base / "output" / folder / "made.safetensors")
    for name in ("Lora/x.safetensors", "Lora/model1.safetensors", "SD/y.ckpt", "enc/z.safetensors", "new/any.file"):
        put(base / "shelf" / name)
    (models / "loras" / "linked").symlink_to(base / "shelf/Lora")
    (models / "loras" / "linked too").symlink_to(base / "shelf/Lora")
    (models / "vae" / "one.safetensors").symlink_to(base / "shelf/SD/y.ckpt")
    (models / "controlnet" / "loop").symlink_to(models / "controlnet")
    first, second = base / "first.yaml", base / "second.yaml"
    first.write_text(
        "shelf:\n  base_path: shelf\n  loras: Lora\n  checkpoints: |\n    SD\n    ../shelf/Lora\n  clip: enc\n  brand_new: new\n"
    )
    second.write_text(
        f"mine:\n  is_default: true\n  base_path: {base}/models\n  unet: diffusion_models\n  vae: ../shelf/SD\n"
    )
    return [first, second]


def loops(name: str) -> bool:
    return name.startswith("loop" + os.sep)


def test_lists_and_paths_equal_those_of_the_real_folder_paths(comfyui: ModuleType, tmp_path: Path) -> None:
    host = comfyui.installer.install(say=lambda line: None)
    configs = installation(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", ASK, str(host.checkout), str(tmp_path), *map(str, configs)],
        capture_output=True,
        text=True,
        cwd=host.checkout,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    real = json.loads(ran.stdout)

    table = build_table(find_layout(tmp_path, code=host.checkout), extra_configs=configs)
    table.add("packed", os.path.join(str(tmp_path), "models", "packed"))
    table.put("unet_gguf", table.paths["diffusion_models"], [".gguf"])
    ours = list_models(table.folders().values())

    newer = {"datasets", "background_removal", "frame_interpolation", "geometry_estimation", "optical_flow"}
    newer |= {"detection", "fonts"}
    assert set(table.paths) - set(real["paths"]) <= newer
    assert real["paths"] == {name: table.paths[name] for name in real["paths"]}
    for folder, files in real["files"].items():
        found = {file.name for file in ours.models[folder]}
        assert found == {name for name in files if not loops(name)}, folder
        # Through a loop ComfyUI lists the same files forty times; each is there under its plain name.
        assert {name.split(os.sep)[-1] for name in files if loops(name)} <= {os.path.basename(name) for name in found}
    assert sum(map(len, real["files"].values())) > 200
    for alias, files in real["aliases"].items():
        assert {file.name for file in ours.models[table.aliases[alias]]} == set(files)
