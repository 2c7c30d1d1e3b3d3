"""The installation behind the pictures: the sample one, and what only shows in a ComfyUI that runs for a while.

A workflow that broke, a file whose size is remembered, a node that does not say which folder it reads, dates that
differ, and something to look at in LoadImage.
"""

from __future__ import annotations

import copy
import json
import os
import struct
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image, ImageDraw

HOUR = 3600.0
LOST = "loras/light/winter-light-xl.safetensors"  # there at the first check, gone at the second
LOST_SIZE = 151 << 20
# The dialogs and notices of ComfyUI itself that would cover the picture, in the names of all pinned pages.
QUIET = {
    "Comfy.TutorialCompleted": True,
    "Comfy.ColorPalette": "dark",
    "Comfy.Locale": "en",
    "Comfy.Minimap.Visible": False,
    "Comfy.Graph.CanvasInfo": False,
    "comfyfixersmart.compact": True,
    "Comfy.VueNodes.Enabled": False,
    "Comfy.Workflow.ShowMissingNodesWarning": False,
    "Comfy.Workflow.ShowMissingModelsWarning": False,
    "Comfy.Workflow.ShowMissingMediaWarning": False,
    "Comfy.ErrorSystem.ShowMissingModels": False,
    "Comfy.RightSidePanel.ShowErrorsTab": False,
}
TABLE_PACK = '''"""A node pack with a node that takes a file by its name and does not say where it looks."""


class SampleColourTable:
    CATEGORY = "image"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "table": ("STRING", {"default": ""})}}

    def run(self, image, table):
        return (image,)


NODE_CLASS_MAPPINGS = {"SampleColourTable": SampleColourTable}
'''


def build(base: Path, sample: ModuleType) -> None:
    """Lay it out. `sample`: the module scripts/sample_installation.py."""
    sample.build(base)
    pack = base / "custom_nodes/sample-colour-table/__init__.py"
    pack.parent.mkdir()
    pack.write_text(TABLE_PACK)
    _hollow_model(base / "models" / LOST, LOST_SIZE)
    _dusk().save(base / "input/example-sketch.png")
    workflows = base / "user/default/workflows"
    for name, (example, *changes) in _extra(sample).items():
        graph = copy.deepcopy(json.loads((sample.EXAMPLES / f"{example}.json").read_text()))
        for change in changes:
            change(graph)
        path = workflows / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(graph))
    _age(workflows)
    (base / "user/default/comfy.settings.json").write_text(json.dumps(QUIET))


def _extra(sample: ModuleType) -> dict[str, tuple[Any, ...]]:
    put, before_saving = sample._set_widget, sample._before_saving
    return {
        "portraits/winter light": ("text-to-image-sdxl", put("LoraLoader", LOST.removeprefix("loras/"))),
        "posters/risograph": (
            "text-to-image-flux",
            put("LoraLoaderModelOnly", "risograph-two-colours.safetensors"),
            put("UNETLoader", "poster-flux-fp8.safetensors"),
            before_saving("SampleFilmGrain", [0.2]),
        ),
        "harbour at dusk": ("image-to-image", before_saving("SampleFilmGrain", [0.2])),
        "posters/old film": ("upscale-image", before_saving("SampleColourTable", ["slide-film-1974.safetensors"])),
    }


def _hollow_model(path: Path, size: int) -> None:
    """A valid model file of this size with no weights in it, which takes no room on the disk."""
    weights = size - 128
    head = {"weight": {"dtype": "F16", "shape": [weights // 2], "data_offsets": [0, weights]}}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 120) + json.dumps(head).encode().ljust(120))
        file.truncate(size)


def _sky(part: float) -> tuple[int, int, int]:
    """From the dark above, 0, to the glow at the horizon, 1."""
    return int(40 + 200 * part), int(50 + 90 * part), int(110 - 10 * part)


def _dusk() -> Image.Image:
    """A harbour at dusk, drawn of few shapes."""
    picture = Image.new("RGB", (768, 512))
    draw = ImageDraw.Draw(picture)
    for y in range(340):
        draw.line((0, y, 768, y), fill=_sky((y / 340) ** 1.5))
    for y in range(340, 512):
        draw.line((0, y, 768, y), fill=tuple(int(one * 0.55) for one in _sky(((512 - y) / 172) ** 2)))
    draw.ellipse((470, 250, 590, 370), fill=(255, 205, 130))
    draw.rectangle((0, 341, 768, 372), fill=(120, 78, 78))
    for left, width, height in ((0, 110, 90), (110, 70, 130), (180, 95, 60), (640, 128, 105), (590, 50, 70)):
        draw.rectangle((left, 342 - height, left + width, 342), fill=(34, 30, 52))
    for x in (250, 360):
        draw.polygon([(x, 395), (x + 90, 395), (x + 70, 420), (x + 15, 420)], fill=(24, 22, 38))
        draw.line((x + 45, 395, x + 45, 275), fill=(24, 22, 38), width=4)
        draw.polygon([(x + 50, 280), (x + 50, 385), (x + 95, 385)], fill=(214, 190, 170))
    return picture


def _age(workflows: Path) -> None:
    """Saved over the last weeks, not all in this second."""
    for number, path in enumerate(sorted(workflows.rglob("*.json"))):
        saved = time.time() - (5 + 31 * number) * HOUR
        os.utime(path, (saved, saved))
