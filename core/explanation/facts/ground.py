"""What all facts stand on: the anatomy with its view, the steps, and what is usual for each pass. Pure.

Everything that several builders ask for is worked out here once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from ...knowledge import document
from ...readiness.types import Readiness
from ..graph import Given, View
from ..stages.build import StageStep
from ..types import CHECKPOINT, DIFFUSION_MODEL, LORA, Anatomy, ModelPart, Sampling, Size
from .practice import Accelerator, Figure, Profile, accelerator, named_steps, plain, profile

Docs = Callable[[str], Any]  # class_type → text, (text, source) or None

MAIN = (DIFFUSION_MODEL, CHECKPOINT)
_RATES = ("fps", "frame_rate")
_EDITORS = (
    "edit",
    "kontext",
    "fill",
    "inpaint",
    "i2v",
    "ti2v",
    "e1",
    "omnigen2",
    "vace",
    "seedvr2",
    "lotus",
    "marigold",
)


class Usual(NamedTuple):
    """What is usual for one pass. `quick`: the LoRA or the model itself that makes few steps enough."""

    part: ModelPart | None
    known: Profile | None
    quick: Accelerator | None
    quick_part: ModelPart | None
    few: bool

    def figure(self, name: str) -> Figure | None:
        """The usual range of "steps", "cfg", "guidance", "shift" …, as the LoRA for few steps changes it."""
        if self.quick is not None and name in ("steps", "cfg", "guidance"):
            return {"steps": self.quick.usual, "cfg": self.quick.cfg}.get(name)
        return self.known.figure(name) if self.known is not None else None


class Ground:
    """One workflow, ready to be told of. `docs`: what ComfyUI's documentation says of a type; `sizes`: file → bytes."""

    def __init__(
        self,
        anatomy: Anatomy,
        view: View,
        steps: tuple[StageStep, ...] = (),
        *,
        readiness: Readiness | None = None,
        docs: Docs | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.anatomy, self.view, self.steps = anatomy, view, steps
        self.readiness, self._docs = readiness, docs
        self.sizes = sizes or {}
        table = document("practice")
        self.things: Mapping[str, Mapping[str, str]] = table["things"]
        self.knobs: Mapping[str, Mapping[str, Any]] = table["knobs"]
        self.roles: Mapping[str, Mapping[str, str]] = table["roles"]
        self._usual: dict[str, Usual] = {}

    # ---- words for nodes --------------------------------------------------------------------------------------

    def title(self, node_id: str) -> str:
        """The name on the node, as the author gave it, else its type."""
        node = self.view.by_id.get(node_id)
        return node.title if node is not None else ""

    @cached_property
    def medium(self) -> str:
        """The medium of what the workflow is for."""
        outs = [one.medium for one in self.anatomy.outputs if not one.preview] or [
            one.medium for one in self.anatomy.outputs
        ]
        if self.anatomy.kinds:
            gives = str(document("tasks")["tasks"].get(self.anatomy.kinds[0], {}).get("gives", ""))
            if gives and gives in self.things:
                return gives
        return next((one for one in outs if one in self.things), "")

    @cached_property
    def worded(self) -> bool:
        """Whether any pass is told in words what to make."""
        return any(one.samplers and one.use != "instruction" for one in self.anatomy.texts)

    @cached_property
    def fps(self) -> Given | None:
        """The frames per second at which the video is kept, where one number is the only one and no frames are added."""
        if any(one.does == "interpolate" for one in self.anatomy.steps):
            return None
        nodes = [one.node for one in self.anatomy.steps if one.does == "video"]
        nodes += [one.node for one in self.anatomy.outputs if one.medium in ("video", "image")]
        found: dict[float, Given] = {}
        for node_id in nodes:
            node = self.view.by_id.get(node_id)
            for name in _RATES if node is not None else ():
                given = self.view.value(node, name) if node is not None else None
                value = number(given)
                if given is not None and value is not None and value > 0:
                    found.setdefault(value, given)
        return next(iter(found.values())) if len(found) == 1 else None

    @cached_property
    def mains(self) -> Mapping[str, list[ModelPart]]:
        """Sampling pass → the main models that work in it."""
        models = self.anatomy.models
        return {
            one.node: [models[place] for place in one.models if place < len(models) and models[place].role in MAIN]
            for one in self.anatomy.samplings
        }

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Sampling pass → its place in the order in which data flows."""
        return {one.node: place for place, one in enumerate(self.anatomy.samplings)}

    @cached_property
    def main_names(self) -> frozenset[str]:
        """The files of the main models that any pass uses."""
        return frozenset(one.name for one in self.anatomy.models if one.role in MAIN and one.samplers)

    def rate(self, size: Size) -> Given | None:
        """The frames per second of what is made at a size."""
        return size.fps if size.fps is not None or size.of != "video" else self.fps

    def thing(self, medium: str | None = None) -> str:
        """What people call it: "picture", "video" …"""
        return self.things.get(self.medium if medium is None else medium, self.things[""])["one"]

    def docs(self, class_type: str) -> tuple[str, str] | None:
        """What the installed documentation says of a type: (first sentences, whose documentation)."""
        found = self._docs(class_type) if self._docs is not None else None
        if not found:
            return None
        if isinstance(found, str):
            return found, f"ComfyUI's documentation of {class_type}"
        return str(found[0]), str(found[1])

    # ---- what is usual ----------------------------------------------------------------------------------------

    def usual(self, sampling: Sampling) -> Usual:
        """What is usual for a pass: of its main model, and of the LoRAs for few steps that it goes through."""
        found = self._usual.get(sampling.node)
        if found is None:
            found = self._usual[sampling.node] = self._work_out(sampling)
        return found

    def _work_out(self, sampling: Sampling) -> Usual:
        parts = [self.anatomy.models[place] for place in sampling.models if place < len(self.anatomy.models)]
        part = next((one for one in parts if one.role in MAIN), None)
        known = profile(part.family, part.name) if part is not None else None
        quick, quick_part = None, None
        for one in parts:
            if one.role == LORA and not switched_off(one):
                quick = accelerator(one.name)
                if quick is not None:
                    quick_part = one
                    break
        if quick is None and part is not None and (steps := named_steps(part.name)) is not None:
            cfg = known.figure("cfg") if known is not None and known.distilled == "steps" else None
            quick, quick_part = Accelerator(part.name, steps, None, cfg, ""), part
        few = quick is not None or (known is not None and known.distilled == "steps")
        return Usual(part, known, quick, quick_part, few)

    def sampling_of(self, size: int) -> Sampling | None:
        """The first pass that works at a size."""
        return next((one for one in self.anatomy.samplings if one.size == size), None)

    def size_of(self, sampling: Sampling) -> Size | None:
        """The size that a pass works at."""
        sizes = self.anatomy.sizes
        return sizes[sampling.size] if sampling.size is not None and sampling.size < len(sizes) else None

    def reads_picture(self, sampling: Sampling) -> bool:
        """Whether the picture is given beside the latent too, so that a denoise of 1 is right."""
        if any(one.does in ("reference", "control", "inpaint") for one in self.anatomy.steps):
            return True
        part = self.usual(sampling).part
        name = plain(part.name) if part is not None else ""
        return any(f" {word} " in name for word in _EDITORS)


def starts_from(ground: Ground, sampling: Sampling) -> str:
    """The medium of the person's own file that a pass starts from; "" for noise, and for what was made on the way."""
    own = sampling.start in ("image", "video", "audio")
    return sampling.start if own and any(one.medium == sampling.start for one in ground.anatomy.inputs) else ""


def switched_off(part: ModelPart) -> bool:
    """A LoRA whose strengths are all zero."""
    values = [number(one) for one in part.strengths]
    return bool(values) and all(value == 0 for value in values)


def number(given: Given | None) -> float | None:
    """The value as a number; None where it is not known or none."""
    value = given.value if given is not None else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value == value and abs(value) < 1e15 else None  # not NaN, no seed


def same(given: Given | None) -> tuple[str, str] | None:
    """Where a value stands, None where it is worked out; two passes that read the same place share one knob."""
    return (given.node, given.input) if given is not None and given.input and given.value is not None else None
