"""A real ComfyUI, asked over HTTP and read from disk: both answers must be the same."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from comfyfixersmart.core.inventory.disk import read_disk
from comfyfixersmart.core.inventory.server import read_server

pytestmark = pytest.mark.comfyui

FILES = (
    "models/checkpoints/base one.safetensors",
    "models/checkpoints/xl/big.ckpt",
    "models/loras/soft.safetensors",
    "models/vae/v.pt",
    "models/text_encoders/t5.safetensors",
    "models/clip/l.safetensors",
    "models/unet/old.safetensors",
    "models/diffusion_models/new.sft",
    "models/controlnet/edge.pth",
    "models/upscale_models/x4.pth",
    "models/fresh/any.thing",
    "output/loras/made.safetensors",
    "input/cat.png",
    "input/talk.wav",
)
PACK = """
import os, folder_paths
folder_paths.add_model_folder_path("fresh", os.path.join(folder_paths.models_dir, "fresh"))
class FreshLoader:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"fresh": (folder_paths.get_filename_list("fresh"),),
                             "lora": (["None"] + folder_paths.get_filename_list("loras"),)}}
    RETURN_TYPES = ("MODEL",)
    FUNCTION = "go"
    CATEGORY = "x"
NODE_CLASS_MAPPINGS = {"FreshLoader": FreshLoader}
"""


def test_the_server_and_the_disk_tell_the_same(comfyui: ModuleType, tmp_path: Path) -> None:
    base = tmp_path / "base"
    for name in FILES:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text("x")
    for name, text in (("Fresh Pack", PACK), ("failing", "import not_there_at_all\nNODE_CLASS_MAPPINGS = {}\n")):
        (base / "custom_nodes" / name).mkdir(parents=True)
        (base / "custom_nodes" / name / "__init__.py").write_text(text)
    host = comfyui.installer.install(say=lambda line: None)
    with comfyui.running(base, api_nodes=True) as running:
        served = read_server(running.url)
    disk = read_disk(base, code=host.checkout, python=host.python.parent.parent)

    assert (served.comfyui_version, served.separator) == (disk.comfyui_version, disk.separator)
    for folder, files in served.models.items():
        assert {file.name for file in files} == {file.name for file in disk.models[folder]}, folder
        assert served.folders[folder].paths == disk.folders[folder].paths or folder == "configs"
    assert served.inputs == disk.inputs

    both = set(served.definitions) & set(disk.definitions)
    assert len(both) >= 0.98 * len(served.definitions)
    assert set(served.definitions) == {name for pack in disk.packs for name in pack.node_types}
    assert {pack.name for pack in served.packs} == {"comfy-core", "Fresh Pack"}
    states = {pack.name: (pack.state, pack.reason) for pack in disk.packs}
    assert states["failing"][0] == "failed" and "not_there_at_all" in states["failing"][1]

    # Where the server's lists settle a folder, the source names it too.
    settled = [
        (node.class_type, one.name, one.folders, other.folders)
        for node in served.definitions.values()
        for one in node.inputs or ()
        if one.folders and len(one.folders) == 1
        for other in [disk.definitions[node.class_type].input(one.name)]
        if other is not None
    ]
    assert len(settled) >= 20
    assert [row for row in settled if not set(row[2]) <= set(row[3] or ())] == []
    media = {
        (node.class_type, one.name) for node in served.definitions.values() for one in node.inputs or () if one.media
    }
    assert {("LoadImage", "image"), ("LoadAudio", "audio"), ("LoadVideo", "file")} <= media
