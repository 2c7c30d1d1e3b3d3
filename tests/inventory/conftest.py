"""A small ComfyUI of our own making."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

NODES = """
import folder_paths
MAX = 64
class Loader:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"name": (folder_paths.get_filename_list("loras"),), "size": ("INT", {"max": 9})}}
    RETURN_TYPES = ("MODEL",)
class KSampler:
    @classmethod
    def INPUT_TYPES(cls):
        import comfy.samplers
        return {"required": {"sampler_name": (comfy.samplers.KSampler.SAMPLERS,), "mode": (["a", "b"],)}}
NODE_CLASS_MAPPINGS = {"Loader": Loader, "KSampler": KSampler}
async def init_builtin_extra_nodes():
    extras_files = []
"""
FOLDER_PATHS = """
import os
supported_pt_extensions = {".safetensors", ".ckpt"}
folder_names_and_paths = {}
base_path = os.path.dirname(os.path.realpath(__file__))
models_dir = os.path.join(base_path, "models")
folder_names_and_paths["loras"] = ([os.path.join(models_dir, "loras")], supported_pt_extensions)
folder_names_and_paths["diffusion_models"] = ([os.path.join(models_dir, "unet"), os.path.join(models_dir, "diffusion_models")], supported_pt_extensions)
folder_names_and_paths["custom_nodes"] = ([os.path.join(base_path, "custom_nodes")], set())
def map_legacy(name):
    legacy = {"unet": "diffusion_models"}
    return legacy.get(name, name)
def add_model_folder_path(name, path, is_default=False):
    folder_names_and_paths.setdefault(map_legacy(name), ([], set()))[0].append(path)
def get_folder_paths(name):
    return folder_names_and_paths[map_legacy(name)][0][:]
"""
SAMPLERS = "class KSampler:\n    SAMPLERS = ['euler', 'heun']\n    SCHEDULERS = ['normal']\n"


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A small ComfyUI of our own making with a Python environment beside it."""
    base = tmp_path / "ui"
    write(base / "main.py")
    write(base / "nodes.py", NODES)
    write(base / "folder_paths.py", FOLDER_PATHS)
    write(base / "comfy/samplers.py", SAMPLERS)
    write(base / "comfyui_version.py", '__version__ = "0.9.1"\n')
    for name in ("models/loras/soft.safetensors", "models/unet/big.ckpt", "output/loras/made.ckpt", "input/a/cat.png"):
        write(base / name, "x")
    site = base / f"venv/lib/python3.{sys.version_info.minor}/site-packages"
    for name in ("torch/__init__.py", "numpy/__init__.py", "six.py", "_speed.cpython-311.so"):
        write(site / name)
    return base


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """ComfyUI's source alone, apart from any base directory."""
    for name, text in (("main.py", ""), ("nodes.py", NODES), ("folder_paths.py", FOLDER_PATHS)):
        write(tmp_path / "src" / name, text)
    return tmp_path / "src"
