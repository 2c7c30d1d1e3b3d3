"""What ComfyUI's own frontend draws: the rules that hold wherever a definition comes from. Pure."""

from __future__ import annotations

_VALUES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR"})
# Drawn as a widget although no value type stands behind them.
_DRAWN = frozenset({"WEBCAM", "AUDIO_RECORD", "LOAD_3D", "LOAD_3D_ANIMATION", "LOAD3D_CAMERA", "COMFY_DYNAMICCOMBO_V3"})
_SEEDS = ("seed", "noise_seed")

# The setting that makes a list of choices an upload, and the kind of media that goes there.
UPLOADS = {
    "image_upload": "image",
    "animated_image_upload": "image",
    "video_upload": "video",
    "audio_upload": "audio",
    "file_upload": "3d",
}


def is_drawn(kind: str) -> bool:
    """Whether an input of this type is a widget, unless its settings say otherwise."""
    return kind in _VALUES or kind in _DRAWN


def is_seed(name: str, kind: str) -> bool:
    """Whether the frontend adds `control_after_generate` to this input of its own accord."""
    return kind == "INT" and name in _SEEDS
