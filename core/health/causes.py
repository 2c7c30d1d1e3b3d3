"""Why a workflow that ran here does not run any more: its findings against what it relied on. Only what evidence shows. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..comparison.types import PROMPT, Difference
from ..inventory.types import DISABLED, FAILED
from ..readiness.types import BLOCKED, UNREADABLE, Finding, Readiness
from ..resolution.wording import bytes_text
from .stamp import CORE, UNPLACED, Here, Stamp
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
_BROKEN = frozenset({BLOCKED, UNREADABLE})  # what is not known, or a picture of the person's own, breaks nothing
_LONG = 300  # characters of a name; what is longer is none
_RESOLVE = ("Resolve missing finds out where it can be had.", "resolve")
_COMPARE = ("Compare it with its last good version, and take back what was changed.", "compare")


class Edited(NamedTuple):
    """What was changed in the workflow itself since it ran. `differences`: None where the two cannot be compared."""

    differences: tuple[Difference, ...] | None = None


def because(readiness: Readiness, stamp: Stamp, here: Here, edited: Edited | None, path: str = "") -> tuple[Cause, ...]:
    """The causes, in the order of the findings. `edited`: None where the workflow's file is the one that ran."""
    found: dict[tuple[str, str], Cause] = {}
    for finding in readiness.findings:
        if finding.weight not in _BROKEN:
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
        return _unreadable(finding, stamp, edited, path)
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
    now = here.file(finding.name)
    if now is None and (folder := here.lost(path)):
        text = f"The folder {folder} is gone, and with it what lay there."
        fix = ("Bring the folder back: is a drive not connected, or a share not mounted?", "folder")
        return Cause(FILE_GONE, text, f"{finding.code}: {was}it lay at {path}", *fix)
    if finding.code == "MODEL004":
        if now is None:
            text = f"The file {finding.name} is gone: only a part of a download lies there."
            return Cause(FILE_GONE, text, f"{finding.code}: {was}it lay at {path}", *fix)
        if now[1:] == (size, mtime):
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
    if name in (CORE, UNPLACED):
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
        reason = (pack.reason or "the reason stands in ComfyUI's log").rstrip(".")
        updated = _told(stamp.packs[name][0], here.version(name))
        since = f" It was updated{updated} meanwhile." if updated else ""
        fix = _fix(finding, (f"Repair or update the pack {name}.", "update"))
        return Cause(PACK_FAILED, f"The pack {name} fails to import: {reason}.{since}", f"{code}: {where}", *fix)
    return _version(kind, finding, stamp, here)


def _version(kind: str, finding: Finding, stamp: Stamp, here: Here) -> Cause | None:
    """Another version of what the node type comes from, which is the only thing that is not as it was."""
    name = stamp.pack_of(kind)
    if name == UNPLACED:
        return None
    core = name == CORE
    before, now = (
        (stamp.comfyui, here.inventory.comfyui_version) if core else (stamp.packs[name][0], here.version(name))
    )
    told = _told(before, now)
    if not told:
        return None
    what = "ComfyUI" if core else f"The pack {name}"
    lacks = finding.code.startswith("NODE")
    about = f"It does not have {kind} any more." if lacks else f"{kind}: {finding.message.rstrip('.')}."
    fix = f"Mend the node as the new version wants it, or go back to version {before} of {'ComfyUI' if core else name}."
    cause = COMFYUI_UPDATED if core else PACK_UPDATED
    return Cause(cause, f"{what} was updated{told}. {about}", f"{finding.code}: {kind}", fix, "update")


def _told(before: str, now: str) -> str:
    return f" from {before} to {now}" if before and now and before != now else ""


# ---- the workflow itself -----------------------------------------------------------------------------------


def _unreadable(finding: Finding, stamp: Stamp, edited: Edited | None, path: str) -> Cause | None:
    if edited is None:
        return None
    text = f"The workflow's file was changed and cannot be read any more: {finding.message.rstrip('.')}."
    kept = "Its last good version is kept. To write it out: comfyfixersmart compare FILE --good --save COPY"
    fix = (kept, "restore") if stamp.sha256 else ("Save it again, or take it from a backup.", "")
    return Cause(WORKFLOW_EDITED, text, f"{finding.code}: {path or finding.name}", *fix)


def _by_edit(finding: Finding, edited: Edited) -> Cause | None:
    """The edit that brought this finding: it touched one of its nodes, or wrote the very name that is not here."""
    touched = next((one for one in edited.differences or () if _brought(one, finding)), None)
    if touched is None:
        return None
    return Cause(WORKFLOW_EDITED, f"The workflow was edited: {_said(touched)}.", _shown(finding), *_COMPARE)


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
    first = next((one for one in readiness.findings if one.weight in _BROKEN), None)
    if first is None:
        return Cause(UNKNOWN, "What changed is not known.")
    wrong = f"What is wrong now: {first.message.rstrip('.')}."
    if edited is not None and edited.differences:
        more = f", and {len(edited.differences) - 1} more" if len(edited.differences) > 1 else ""
        edit = f"The workflow was edited: {_said(edited.differences[0])}{more}. {wrong}"
        return Cause(WORKFLOW_EDITED, edit, _shown(first), *_COMPARE)
    return Cause(UNKNOWN, f"What changed is not known. {wrong}", _shown(first), *_fix(first, ("", "")))


def _said(one: Difference) -> str:
    """An edit with its node. What people wrote for a model stays out of the reports."""
    side = one.new or one.old
    where = f"{side.title or side.class_type} ({side.id}), " if side is not None else ""
    said = f"{one.input}: the text" if one.what == PROMPT else (one.text or one.kind).rstrip(".")
    return f"{where}{said}"


def _shown(finding: Finding) -> str:
    return f"{finding.code}: {'the text of a node' if len(finding.name) > _LONG else finding.name}"


def _fix(finding: Finding, otherwise: tuple[str, str]) -> tuple[str, str]:
    first = next((one for one in finding.fixes if one.text), None)
    return (first.text, first.kind) if first is not None else otherwise
