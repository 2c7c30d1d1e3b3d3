"""What the hardware holds, what a workflow wants of it, and what would change that. Pure values; sizes in bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from ..workflow.raw import Json

GB = 1_000_000_000

# How ComfyUI keeps a workflow's models in the memory of the GPU.
WHOLE = "whole"  # every model of a stage fits as it is
PARTS = "parts"  # ComfyUI loads a part of the weights and brings the rest in while it samples: slower
TIGHT = "tight"  # only with what ComfyUI does in need (tiled VAE, nearly all weights outside)
NOT = "not"  # the working memory alone is more than there is
CPU = "cpu"  # there is no GPU: everything is in RAM
UNSURE = "unsure"  # the range reaches from one answer into another, or too little is known


class Range(NamedTuple):
    """An honest range in bytes: `low` to `high`, `likely` in between."""

    low: int
    likely: int
    high: int

    def __add__(self, other: object) -> Range:
        assert isinstance(other, Range)
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)


NOTHING = Range(0, 0, 0)


class Device(NamedTuple):
    """One GPU, or what stands for it. `kind`: "cuda", "rocm", "mps", "xpu", "directml" or "cpu". None: not known."""

    name: str
    kind: str
    total: int | None = None
    free: int | None = None
    compute: str = ""  # CUDA's compute capability ("8.9"), where it is known
    shared: bool = False  # its memory is the RAM (Apple, integrated GPUs)


@dataclass(frozen=True, slots=True)
class Profile:
    """The machine. `sources`: who said what ("ComfyUI", "NVML", "psutil"). `device` is the one ComfyUI uses."""

    device: Device | None = None
    devices: tuple[Device, ...] = ()
    ram_total: int | None = None
    ram_free: int | None = None
    disk_free: int | None = None
    vram_state: str = ""  # ComfyUI's own word: NORMAL_VRAM, LOW_VRAM, NO_VRAM, HIGH_VRAM, SHARED, DISABLED
    flags: tuple[str, ...] = ()  # command-line flags that bear on memory ("--lowvram", "--reserve-vram 2")
    sources: tuple[str, ...] = ()
    assumed: int | None = None  # a size in bytes that a person asked about instead ("fit this to 8 GB")

    @property
    def memory(self) -> int | None:
        """The GPU memory to plan for, in bytes."""
        return self.assumed if self.assumed is not None else self.device.total if self.device else None


class FileFacts(NamedTuple):
    """What is known of one model file. `size` in bytes, as on the disk or as a source says it. `parts`: bytes by part of the
    model ("diffusion", "text_encoder", "vae", "other", "unused") and `bits`: what one number takes on average in each; both from the
    header, {} where it was not read. `known_from`: "header" (of a file on this disk) or "size"."""

    size: int | None = None
    parts: Mapping[str, int] = MappingProxyType({})
    bits: Mapping[str, float] = MappingProxyType({})
    known_from: str = "header"

    @property
    def stored_bits(self) -> float | None:
        """Bits per number of its largest part; None where they are not known."""
        largest = max(self.bits, key=lambda part: self.parts.get(part, 0), default=None)
        return self.bits[largest] if largest is not None else None


Files = Callable[[str, tuple[str, ...]], FileFacts | None]  # a file's name and folders → what is known of it


class Weight(NamedTuple):
    """The bytes of one model part. `role` as in explanation.types. `known_from`: "header", "size" (of the file, or a
    source says it), "name" (family and precision in the name) or "" (not known: `bytes` is None)."""

    name: str
    node: str
    role: str
    bytes: int | None
    known_from: str
    stored_bits: float | None = None
    loaded_bits: float | None = None  # as ComfyUI keeps it on the GPU


class Stage(NamedTuple):
    """A moment of the run, and what is on the GPU then. `key`: "text", "sample", "encode", "decode", "upscale", "other".
    `nodes`: whose moment it is."""

    key: str
    title: str
    weights: Range
    working: Range
    nodes: tuple[str, ...] = ()

    @property
    def total(self) -> Range:
        """Weights and working memory together."""
        return self.weights + self.working


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a workflow wants. `peak`: the largest stage with everything of that stage loaded whole. `floor`: the least that
    ComfyUI gets along with by keeping weights outside. `compute`: relative work of the sampling (steps × tokens × model
    × passes), for ratios only; None when not known. `unknown`: in words, what is not counted; `assumed`: what was taken
    for granted. `fit`: WHOLE … UNSURE against `against` bytes; "" without a size to compare."""

    weights: tuple[Weight, ...] = ()
    stages: tuple[Stage, ...] = ()
    peak: Range = NOTHING
    floor: Range = NOTHING
    ram: Range = NOTHING
    compute: float | None = None
    parts: dict[str, Range] = field(default_factory=dict)  # "diffusion", "text_encoder", "vae", "other", "working"
    fit: str = ""
    against: int | None = None
    line: str = ""  # "Fits with offloading: 13.0 to 16.2 GB wanted, your GPU has 16 GB"
    note: str = ""
    unknown: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values; ranges are [low, likely, high] in bytes."""
        return {
            "weights": [one._asdict() for one in self.weights],
            "stages": [
                {"key": s.key, "title": s.title, "weights": list(s.weights), "working": list(s.working),
                 "nodes": list(s.nodes)} for s in self.stages
            ],
            "peak": list(self.peak), "floor": list(self.floor), "ram": list(self.ram), "compute": self.compute,
            "parts": {key: list(value) for key, value in self.parts.items()},
            "fit": self.fit, "against": self.against, "line": self.line, "note": self.note,
            "unknown": list(self.unknown), "assumed": list(self.assumed), "sources": list(self.sources),
        }  # fmt: skip


# What a change is for. A person asks for one of the first three.
MEMORY, SPEED, QUALITY, SAFETY = "memory", "speed", "quality", "safety"


class Edit(NamedTuple):
    """One value changed (`kind` "value": `input` of `node` from `before` to `after`), or one node replaced by another type
    that does the same (`kind` "type": `before` and `after` are class_types, `values` the new widgets by name)."""

    kind: str
    node: str
    input: str
    before: Json
    after: Json
    values: tuple[tuple[str, Json], ...] = ()


class NeedsFile(NamedTuple):
    """A file that a change needs. `here`: it is in the folder that the loader reads. `url`: where a workflow, template or
    look-up says it lies, "" when it has to be looked up. `size` in bytes."""

    name: str
    folder: str
    here: bool
    size: int | None = None
    url: str = ""
    said_by: str = ""


class Change(NamedTuple):
    """One concrete proposal. `saves`: bytes less at the peak; `time`: factor on the run's time (0.5 is twice as fast), None
    when not known; `quality`: "same", "slightly lower", "lower", "better" or "unknown". `goals`: what it serves.
    `source`: who says so (`knowledge/practice.json#id` with its link, or the definition). `excludes`: ids that it cannot be
    combined with."""

    id: str
    title: str
    goals: tuple[str, ...]
    effect: str
    reason: str
    source: str
    url: str
    nodes: tuple[str, ...]
    edits: tuple[Edit, ...]
    saves: int | None = None
    time: float | None = None
    quality: str = "unknown"
    needs: NeedsFile | None = None
    excludes: tuple[str, ...] = ()


class Variant(NamedTuple):
    """A set of changes that go together, and what would come of it. `key`: "speed", "quality" or "safety"."""

    key: str
    title: str
    why: str
    changes: tuple[str, ...]
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Tuning:
    """The answer to "fit this to N GB". `none`: in words, why no variant is offered; "" where one is. `changes` are ranked,
    the best first. `advice`: what helps but is no change of the workflow (a flag of ComfyUI)."""

    target: int
    before: Estimate
    changes: tuple[Change, ...] = ()
    variants: tuple[Variant, ...] = ()
    none: str = ""
    advice: tuple[tuple[str, str], ...] = ()  # (sentence, source)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "target": self.target,
            "before": self.before.as_json(),
            "changes": [
                {**one._asdict(), "goals": list(one.goals), "nodes": list(one.nodes), "excludes": list(one.excludes),
                 "edits": [{**e._asdict(), "values": [list(v) for v in e.values]} for e in one.edits],
                 "needs": one.needs._asdict() if one.needs else None} for one in self.changes
            ],
            "variants": [
                {"key": v.key, "title": v.title, "why": v.why, "changes": list(v.changes),
                 "estimate": v.estimate.as_json()} for v in self.variants
            ],
            "none": self.none,
            "advice": [list(one) for one in self.advice],
        }  # fmt: skip
