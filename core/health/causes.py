"""Why a workflow that ran here does not run any more: its findings against what it relied on. Only what evidence shows. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..comparison.types import Difference
from ..inventory.types import DISABLED, FAILED
from ..readiness.types import INFO, Finding, Readiness
from ..resolution.wording import bytes_text
from .stamp import CORE, Here, Stamp
from .types import (
    COMFYUI_UPDATED,
    FILE_CHANGED,
    FILE_GONE,
    PACK_FAILED,
    PACK_GONE,
    PACK_UPDATED,
    UNKNOWN,
    WORKFLOW_EDITED,
    Cause,
)

MOST = 6  # causes that are told
_RESOLVE = ("Resolve missing finds out where it can be had.", "resolve")
_COMPARE = ("Compare it with its last good version, and take back what was changed.", "compare")


class Edited(NamedTuple):
    """What was changed in the workflow itself since it ran. `differences`: None where the two cannot be compared."""

    differences: tuple[Difference, ...] | None = None


def because(readiness: Readiness, stamp: Stamp, here: Here, edited: Edited | None, path: str = "") -> tuple[Cause, ...]:
    """The causes, in the order of the findings. `edited`: None where the workflow's file is the one that ran."""
    found: dict[tuple[str, str], Cause] = {}
    for finding in readiness.findings:
        if finding.weight == INFO:
            continue
        cause = _cause(finding, stamp, here, edited, path)
        if cause is not None:
            found.setdefault((cause.cause, cause.text), cause)
    if not found:
        return (_unknown(readiness, edited),)
    return tuple(found.values())[:MOST]


def _cause(finding: Finding, stamp: Stamp, here: Here, edited: Edited | None, path: str) -> Cause | None:
    family = finding.code.rstrip("0123456789")
    if family == "FILE":
        return _unreadable(finding, edited, path)
    if edited is not None and (by_edit := _by_edit(finding, edited)):
        return by_edit
    if family == "MODEL":
        return _model(finding, stamp, here)
    if family == "NODE":
        return _node(finding.name, finding, stamp, here)
    kinds = [node.class_type for node in finding.nodes if node.class_type]
    return next((one for kind in dict.fromkeys(kinds) if (one := _version(kind, finding, stamp, here))), None)


# ---- model files -------------------------------------------------------------------------------------------


def _model(finding: Finding, stamp: Stamp, here: Here) -> Cause | None:
    before = stamp.files.get(finding.name)
    if before is None:
        return None  # it was not here then either
    path, size, mtime = before
    was = f"{bytes_text(size)}, " if size > 0 else ""
    fix = _fix(finding, _RESOLVE)
    if finding.code == "MODEL004":
        now = here.file(finding.name)
        if now is None or now[1:] == (size, mtime):
            return None
        sizes = f"it had {bytes_text(size)} and has {bytes_text(now[1])} now" if now[1] != size else "it was rewritten"
        text = f"The file {finding.name} is not the one that was here: {sizes}."
        return Cause(FILE_CHANGED, text, f"{finding.code}: {now[0]}", *fix)
    if finding.code == "MODEL001":
        return Cause(FILE_GONE, f"The file {finding.name} is gone.", f"{finding.code}: {was}it lay at {path}", *fix)
    if finding.code in ("MODEL002", "MODEL003"):
        now_at = next((one.path for one in finding.evidence if one.path), "")
        where = f" A file like it lies at {now_at}." if now_at else ""
        text = f"The file {finding.name} is no longer where it was.{where}"
        return Cause(FILE_GONE, text, f"{finding.code}: {was}it lay at {path}", *fix)
    return None


# ---- packs and ComfyUI -------------------------------------------------------------------------------------


def _node(kind: str, finding: Finding, stamp: Stamp, here: Here) -> Cause | None:
    name = stamp.pack_of(kind)
    if name == CORE:
        return _version(kind, finding, stamp, here)
    pack = here.packs.get(name)
    code = finding.code
    if pack is None:
        fix = _fix(finding, (f"Install the pack {name} again.", "install_pack"))
        return Cause(PACK_GONE, f"The pack {name} is gone: {kind} came from it.", f"{code}: {kind}", *fix)
    where = pack.path or name
    if pack.state == DISABLED:
        fix = _fix(finding, (f"Enable the pack {name}.", "enable_pack"))
        return Cause(PACK_GONE, f"The pack {name} was disabled: {kind} comes from it.", f"{code}: {where}", *fix)
    if pack.state == FAILED:
        reason = pack.reason or "the reason stands in ComfyUI's log"
        updated = _told(stamp.packs[name][0], here.version(name))
        since = f" It was updated{updated} meanwhile." if updated else ""
        fix = _fix(finding, (f"Repair or update the pack {name}.", "update"))
        return Cause(PACK_FAILED, f"The pack {name} fails to import: {reason}.{since}", f"{code}: {where}", *fix)
    return _version(kind, finding, stamp, here)


def _version(kind: str, finding: Finding, stamp: Stamp, here: Here) -> Cause | None:
    """Another version of what the node type comes from, which is the only thing that is not as it was."""
    name = stamp.pack_of(kind)
    about = f"{kind}: {finding.message.rstrip('.')}."
    if name == CORE:
        told = _told(stamp.comfyui, here.inventory.comfyui_version)
        if not told:
            return None
        fix = _fix(finding, ("Look at what changed in ComfyUI, or mend the node.", "update"))
        return Cause(COMFYUI_UPDATED, f"ComfyUI was updated{told}. {about}", f"{finding.code}: {kind}", *fix)
    told = _told(stamp.packs[name][0], here.version(name))
    if not told:
        return None
    fix = _fix(finding, (f"Look at what changed in {name}, or mend the node.", "update"))
    return Cause(PACK_UPDATED, f"The pack {name} was updated{told}. {about}", f"{finding.code}: {kind}", *fix)


def _told(before: str, now: str) -> str:
    return f" from {before} to {now}" if before and now and before != now else ""


# ---- the workflow itself -----------------------------------------------------------------------------------


def _unreadable(finding: Finding, edited: Edited | None, path: str) -> Cause | None:
    if edited is None:
        return None
    text = f"The workflow's file was changed and cannot be read any more: {finding.message.rstrip('.')}."
    fix = ("Its last good version is kept: compare shows it, and it can be saved again.", "restore")
    return Cause(WORKFLOW_EDITED, text, f"{finding.code}: {path or finding.name}", *fix)


def _by_edit(finding: Finding, edited: Edited) -> Cause | None:
    """The edit that brought this finding: it touched one of its nodes, or wrote the very name that is not here."""
    touched = next((one for one in edited.differences or () if _brought(one, finding)), None)
    if touched is None:
        return None
    said = (touched.text or touched.kind).rstrip(".")
    return Cause(WORKFLOW_EDITED, f"The workflow was edited: {said}.", f"{finding.code}: {finding.name}", *_COMPARE)


def _brought(difference: Difference, finding: Finding) -> bool:
    new = difference.new
    if new is None:
        return finding.code.startswith("LINK") and difference.kind == "removed"
    ids = {node.id for node in finding.nodes}
    if finding.code.startswith("NODE"):
        return new.class_type == finding.name and difference.kind in ("added", "replaced", "switched")
    if new.id not in ids:
        return False
    inputs = {node.input for node in finding.nodes if node.id == new.id and node.input}
    return difference.kind in ("added", "replaced", "switched") or not inputs or difference.input in inputs


def _unknown(readiness: Readiness, edited: Edited | None) -> Cause:
    """Nothing explains what is wrong. That the workflow was edited is said all the same, where it was."""
    first = next((one for one in readiness.findings if one.weight != INFO), None)
    if first is None:
        return Cause(UNKNOWN, "What changed is not known.")
    wrong = f"What is wrong now: {first.message.rstrip('.')}."
    evidence = f"{first.code}: {first.name}"
    if edited is not None and edited.differences:
        said = (edited.differences[0].text or edited.differences[0].kind).rstrip(".")
        more = f", and {len(edited.differences) - 1} more" if len(edited.differences) > 1 else ""
        return Cause(WORKFLOW_EDITED, f"The workflow was edited: {said}{more}. {wrong}", evidence, *_COMPARE)
    return Cause(UNKNOWN, f"What changed is not known. {wrong}", evidence, *_fix(first, ("", "")))


def _fix(finding: Finding, otherwise: tuple[str, str]) -> tuple[str, str]:
    first = next((one for one in finding.fixes if one.text), None)
    return (first.text, first.kind) if first is not None else otherwise
