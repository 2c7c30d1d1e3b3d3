"""ComfyUI-Manager's `model-list.json` → what it says of model files. Its sizes are rounded ("4.12GB"), so none is taken."""

from __future__ import annotations

from typing import Any

from ... import jsontext
from ...errors import UnreadableFile
from ...files import read_small
from .said import MOST_SAID, Said, said

MAX_BYTES = 16 << 20
# Where the Manager puts a file whose `save_path` is "default", by its type in lower case (comfyui_manager 4.3, model_utils).
_BY_TYPE = {
    "checkpoint": "checkpoints",
    "checkpoints": "checkpoints",
    "unclip": "checkpoints",
    "clip": "text_encoders",
    "text_encoders": "text_encoders",
    "vae": "vae",
    "lora": "loras",
    "t2i-adapter": "controlnet",
    "t2i-style": "controlnet",
    "controlnet": "controlnet",
    "clip_vision": "clip_vision",
    "gligen": "gligen",
    "upscale": "upscale_models",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "unet": "diffusion_models",
    "diffusion_model": "diffusion_models",
}


def harvest_list(path: str) -> list[Said] | None:
    """What the list says, each thing once; None when the file cannot be read now. What is no such list says nothing."""
    try:
        data = read_small(path, MAX_BYTES)
        body = jsontext.loads(data) if data is not None else None
    except UnreadableFile:
        return None
    except (ValueError, RecursionError):
        return []
    listed = body.get("models") if isinstance(body, dict) else None
    found: dict[Said, None] = {}
    for item in listed if isinstance(listed, list) else ():
        # A whole repository goes by the name "<huggingface>"; that is no model file's name, so it falls out here.
        one = said(item.get("filename"), item.get("url"), _folder(item)) if isinstance(item, dict) else None
        if one is not None:
            found[one] = None
        if len(found) >= MOST_SAID:
            break
    return list(found)


def _folder(item: dict[str, Any]) -> str:
    place, kind = item.get("save_path"), item.get("type")
    if not isinstance(place, str) or place == "default":
        return _BY_TYPE.get(kind.lower(), "") if isinstance(kind, str) else ""
    if ".." in place or place.startswith("custom_nodes"):
        return ""
    return place
