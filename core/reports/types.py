"""What the reports are written from. Values only; `core/app.py` fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..actions.credits import Credit
from ..health.types import Health
from ..readiness.types import Readiness, UnlockStep, UnusedModel
from ..resolution.types import Resolution
from ..workflow.map import GraphMap


class Change(NamedTuple):
    """The last time a workflow's status changed: "broke on Tuesday, because …"."""

    when: float  # seconds since the epoch
    before: str
    after: str
    why: str  # plain words: "umt5_xxl.safetensors is gone"; "" when not known
    last_good: float | None = None  # when it last ran here


class Point(NamedTuple):
    """One scan in the history plot."""

    when: float
    total: int
    runnable: int
    broke: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One workflow of the library. `name` is its path below the library with "/", "#2" for a second graph."""

    name: str
    readiness: Readiness
    graph: GraphMap | None = None
    change: Change | None = None
    modified: float | None = None
    source: str = ""  # absolute path on this disk
    uses: tuple[str, ...] = ()  # model files and node types it names, active ones: what the search looks in
    resolutions: Mapping[int, Resolution] = field(
        default_factory=dict
    )  # by the finding's place in `readiness.findings`
    credits: tuple[Credit, ...] = ()  # of its files, those that plans brought
    health: Health | None = None  # what broke it and what practice says, as far as that was worked out


@dataclass(frozen=True, slots=True)
class Place:
    """The installation in a few words, for the "This machine" card. Empty values are not shown."""

    origin: str  # "disk", "server", "snapshot", "host" (from inside a running ComfyUI) or "none"
    place: str
    comfyui_version: str = ""
    packs_loaded: int = 0
    packs_failed: tuple[tuple[str, str], ...] = ()  # name, reason
    packs_disabled: int = 0
    packs_unreadable: tuple[tuple[str, str], ...] = ()
    models: int = 0
    models_bytes: int = 0
    disk_free: int | None = None
    disk_total: int | None = None
    gpu: str = ""
    vram_bytes: int | None = None
    ram_bytes: int | None = None
    gaps: tuple[str, ...] = ()
    taken: float | None = None  # when a snapshot was taken, seconds since the epoch


@dataclass(frozen=True, slots=True)
class Library:
    """One finished scan of a library."""

    when: float
    place: Place
    entries: tuple[Entry, ...]
    unlock: tuple[UnlockStep, ...] = ()
    unused: tuple[UnusedModel, ...] = ()
    history: tuple[Point, ...] = field(default=())
    command: str = "comfyfixersmart"  # how to call this program again, for "copy command"
