"""The verdict on one workflow. Pure values; no I/O."""

from __future__ import annotations

from typing import NamedTuple

from ..requirements.types import NodeRef

UNREADABLE, BLOCKED, UNKNOWN, NEEDS_INPUT, RUNNABLE = "unreadable", "blocked", "unknown", "needs_input", "runnable"
STATUSES = (UNREADABLE, BLOCKED, UNKNOWN, NEEDS_INPUT, RUNNABLE)  # precedence: the first that holds
INFO = "info"  # a finding's weight when it never changes the status


class Evidence(NamedTuple):
    """A checked fact that supports a finding. `kind` is a stable word; `path` a file on this disk or ""."""

    kind: str  # on_disk, wrong_folder, sub_folder, case, slash, same_hash, part_file, truncated, pack_hint, url …
    text: str
    path: str = ""


class Fix(NamedTuple):
    """One thing that would settle a finding. Words only: nothing is done without an approved plan."""

    kind: str  # move, relink, download, install_pack, enable_pack, update, choose, wait …
    text: str
    target: str = ""


class Finding(NamedTuple):
    """One reason. `weight` is the status this finding alone would give the workflow, or INFO."""

    code: str
    weight: str
    name: str  # the file, type, value or input it is about, as written
    message: str  # one plain sentence
    nodes: tuple[NodeRef, ...] = ()
    folders: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    fixes: tuple[Fix, ...] = ()
    size: int | None = None  # bytes to obtain, where known
    sha256: str | None = None
    urls: tuple[str, ...] = ()
    pack: str | None = None  # the pack to install or repair, as the workflow or the disk names it


class Distance(NamedTuple):
    """How far a workflow is from runnable. `bytes` sums what is known; `unsized` files have no known size."""

    files: int = 0  # model files to obtain
    bytes: int = 0
    unsized: int = 0
    packs: int = 0  # packs to install, repair or enable
    local: int = 0  # fixes with what is already here: moves, links, relinks
    other: int = 0  # values or links to mend by hand
    inputs: int = 0  # the person's own files to choose
    types: int = 0  # missing node types whose pack nobody names: one pack may bring several of them


NOTHING_LEFT = Distance()


class Readiness(NamedTuple):
    """The verdict: status, findings (heaviest first) and distance."""

    workflow: str
    status: str
    findings: tuple[Finding, ...]
    distance: Distance = NOTHING_LEFT
    nodes: int = 0
    models: int = 0  # distinct active model files asked for
    ignored: int = 0  # references in muted or bypassed nodes, not counted
    warnings: tuple[str, ...] = ()


class Need(NamedTuple):
    """One thing that several workflows may lack: a model file, a node pack, or a fix with what is already here."""

    kind: str  # "file", "pack", "type" (of a pack that nobody names) or "local"
    name: str
    folder: str = ""
    size: int | None = None  # bytes, where known


class UnlockStep(NamedTuple):
    """A few needs that, met together, make these workflows run (or wait only for the person's own input)."""

    needs: tuple[Need, ...]
    workflows: tuple[str, ...]


class UnusedModel(NamedTuple):
    """A model file that no workflow of the library names. Nothing is ever deleted for it."""

    name: str
    folder: str
    size: int
