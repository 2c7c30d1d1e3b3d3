"""Facts about ComfyUI that hold when its source is not at hand."""

from __future__ import annotations

# Its own top-level modules: importing them never needs a package. From the file list of ComfyUI 0.3.75.
HOST_NAMES = frozenset(
    {
        "app",
        "comfy",
        "comfy_api",
        "comfy_api_nodes",
        "comfy_config",
        "comfy_execution",
        "comfy_extras",
        "comfyui_version",
        "execution",
        "folder_paths",
        "latent_preview",
        "node_helpers",
        "nodes",
        "server",
    }
)

# What packs use of folder_paths to register folders, in our own words; read like a pack's source.
STAND_IN = """
import os
base_path = os.path.dirname(os.path.realpath(__file__))
models_dir = os.path.join(base_path, "models")
input_directory = os.path.join(base_path, "input")
output_directory = os.path.join(base_path, "output")
temp_directory = os.path.join(base_path, "temp")
user_directory = os.path.join(base_path, "user")
supported_pt_extensions = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
folder_names_and_paths = {}

def get_input_directory():
    return input_directory

def get_output_directory():
    return output_directory

def get_temp_directory():
    return temp_directory

def get_user_directory():
    return user_directory

def add_model_folder_path(name, path, is_default=False):
    if name in folder_names_and_paths:
        folder_names_and_paths[name][0].append(path)
    else:
        folder_names_and_paths[name] = ([path], set())

def get_folder_paths(name):
    return folder_names_and_paths[name][0][:]
"""
