"""Model files: present, or where the same file may be found. Pure; what needs the disk is asked of a Probe.

Present means what ComfyUI means: the name as written, to the letter, in the list of a folder that the node
reads. Before a file is called missing, the disk is searched: other sub-folder, other slash, other case, wrong
folder, another name with the same content, a half-finished download.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..inventory.types import ModelFile
from ..requirements.types import EMBEDDING, LORA_TAG, Requirement
from .index import Index, base
from .types import BLOCKED, INFO, UNKNOWN, Evidence, Fix


class Remembered(NamedTuple):
    """What was known of a file while it was still here: bytes, hash if it was ever made, time of its last change."""

    size: int | None
    sha256: str | None
    mtime_ns: int | None = None


class Probe(Protocol):
    """Questions that need the disk. Every answer may be None: cannot tell."""

    def damage(self, file: ModelFile) -> str | None:
        """Why this file cannot be whole ("ends at 1.2 of 6.7 GB"), by its own header."""

    def sha256(self, file: ModelFile) -> str | None:
        """The file's hash; asked only when its size is the expected one."""

    def remembered(self, name: str) -> Remembered | None:
        """Size and hash of a file of this name that was here before."""

    def unlisted(self, name: str, folders: Sequence[str]) -> str | None:
        """The path of a file of this name that lies in one of these folders, which do not list its suffix."""

    def media(self, name: str) -> bool | None:
        """Whether input media outside the listed input folder ("x.png [output]", an absolute path) is there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The part of a finding that is the same in every workflow that asks for the same thing."""

    code: str
    weight: str
    message: str
    folders: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    fixes: tuple[Fix, ...] = ()
    size: int | None = None


def check_model(need: Requirement, index: Index, probe: Probe, generic: frozenset[str]) -> Verdict | None:
    """None when the file is there and whole, else what is wrong. `generic`: names that many files share."""
    folders = index.folders(need.folders)
    verdict = _check_known(need, folders, index, probe, generic) if folders else _check_anywhere(need, index, probe)
    if verdict is not None and need.optional and verdict.weight != INFO:
        return Verdict(verdict.code, INFO, _OPTIONAL.format(verdict.message), folders, verdict.evidence)
    return verdict


_OPTIONAL = "{} The node fetches it itself when it first runs."


def _check_known(
    need: Requirement, folders: tuple[str, ...], index: Index, probe: Probe, generic: frozenset[str]
) -> Verdict | None:
    where = _folder_words(folders)
    for folder in folders:
        file = _listed(need, folder, index)
        if file is not None:
            return _whole(file, folders, probe)
    inventory = index.inventory
    if not inventory.models_known or any(folder in inventory.unlisted for folder in folders):
        why = "no model folder could be listed" if not inventory.models_known else f"{where} could not be listed"
        return Verdict("MODEL001", UNKNOWN, f"Whether it is here cannot be told: {why}.", folders)
    near = _near(need, index)
    inside = [(folder, file) for folder, file in near if folder in folders]
    if inside:
        return _elsewhere_inside(need, inside, folders, where)
    if near and base(need.name).lower() not in generic and _plausible(need, near, probe):
        return _wrong_folder(near, folders, where)
    return (
        _same_content(need, folders, where, index, probe)
        or _unlisted(need, folders, where, probe)
        or _missing(need, folders, where, near, index, probe)
    )


_EMBEDDING_SUFFIXES = (".safetensors", ".pt", ".bin")  # the order in which ComfyUI tries them


def _listed(need: Requirement, folder: str, index: Index) -> ModelFile | None:
    """The file as ComfyUI, or the node itself, would find it."""
    files = index.by_folder.get(folder, {})
    found = files.get(need.name)
    if found is None and need.kind == EMBEDDING:
        found = next((files[need.name + end] for end in _EMBEDDING_SUFFIXES if need.name + end in files), None)
    if found is None and (need.stem or need.kind == LORA_TAG):
        found = index.by_stem(folder, need.name)
    return found or index.directory(folder, need.name)


def _near(need: Requirement, index: Index) -> Sequence[tuple[str, ModelFile]]:
    """Files of the same base name anywhere; an embedding may be written without its suffix."""
    name = base(need.name).lower()
    ends = ("", *_EMBEDDING_SUFFIXES) if need.kind == EMBEDDING else ("",)
    return [place for end in ends for place in index.by_base.get(name + end, ())]


def _whole(file: ModelFile, folders: tuple[str, ...], probe: Probe) -> Verdict | None:
    damage = probe.damage(file)
    if damage is None:
        return None
    return Verdict(
        "MODEL004",
        BLOCKED,
        "The file is here but not whole.",
        folders,
        (Evidence("truncated", f"{damage[:1].upper()}{damage[1:]}.", file.path),),
        (Fix("download", "Get the file again; this copy cannot be loaded."),),
    )


def _elsewhere_inside(
    need: Requirement, inside: Sequence[tuple[str, ModelFile]], folders: tuple[str, ...], where: str
) -> Verdict:
    """The right folder, another spelling: sub-folder, slash or case."""
    folder, file = min(
        inside, key=lambda one: (one[1].name.replace("\\", "/") != need.name.replace("\\", "/"), one[1].name)
    )
    written, found = need.name.replace("\\", "/"), file.name.replace("\\", "/")
    if written == found:
        kind, what = "slash", "The same path is listed with the other slash"
    elif written.lower() == found.lower():
        kind, what = "case", "The same name is listed with other capital letters"
    else:
        kind, what = "sub_folder", "A file of this name lies in another sub-folder"
    return Verdict(
        "MODEL003",
        BLOCKED,
        f"Not listed under this name in {where}.",
        folders,
        (Evidence(kind, f"{what}: {file.name}, in {folder}.", file.path),),
        (Fix("relink", f"Choose {file.name} in the node.", file.name),),
        0,
    )


def _wrong_folder(near: Sequence[tuple[str, ModelFile]], folders: tuple[str, ...], where: str) -> Verdict:
    folder, file = min(near, key=lambda one: (one[0], one[1].name))
    return Verdict(
        "MODEL002",
        BLOCKED,
        f"In the wrong folder. The node reads {where}.",
        folders,
        (Evidence("wrong_folder", f"A file of this name is in {folder}: {file.name}.", file.path),),
        (Fix("move", f"Move or link it from {folder} to {folders[0]}.", folders[0]),),
        0,
    )


def _plausible(need: Requirement, near: Sequence[tuple[str, ModelFile]], probe: Probe) -> bool:
    """A file elsewhere with another size than the one asked for is another file."""
    size = _expected(need, probe).size
    return size is None or any(file.size in (size, -1) for _, file in near)


def _expected(need: Requirement, probe: Probe) -> Remembered:
    old = probe.remembered(need.name) or Remembered(None, None)
    return Remembered(need.size or old.size, need.sha256 or old.sha256, old.mtime_ns)


def _same_content(
    need: Requirement, folders: tuple[str, ...], where: str, index: Index, probe: Probe
) -> Verdict | None:
    """The same file under another name. Hashed only where the size is the expected one; without a known hash, a
    file of the size and the very time of change (to the nanosecond) of the one that vanished was renamed or moved."""
    size, sha256, mtime_ns = _expected(need, probe)
    if size is None:
        return None
    same = list(index.by_size.get(size, ()))
    if sha256 is not None:
        found = [place for place in same if probe.sha256(place[1]) == sha256]
        proof = "has the same SHA-256"
    else:
        found = [place for place in same if mtime_ns and place[1].mtime_ns == mtime_ns]
        proof = "has the size and time of change of the file that was here: it was renamed or moved"
    if not found:
        return None
    folder, file = next((place for place in found if place[0] in folders), found[0])
    evidence = (Evidence("same_hash" if sha256 else "renamed", f"{file.name} in {folder} {proof}.", file.path),)
    if folder in folders:
        fix = Fix("relink", f"Choose {file.name} in the node.", file.name)
        return Verdict("MODEL003", BLOCKED, f"Here under another name in {where}.", folders, evidence, (fix,), 0)
    fix = Fix("move", f"Link it from {folder} to {folders[0]} as {base(need.name)}.", folders[0])
    return Verdict("MODEL002", BLOCKED, f"In the wrong folder. The node reads {where}.", folders, evidence, (fix,), 0)


def _unlisted(need: Requirement, folders: tuple[str, ...], where: str, probe: Probe) -> Verdict | None:
    """In the folder that the node reads, which does not offer files of that kind: a .gguf among LoRAs."""
    path = probe.unlisted(need.name, folders)
    if path is None:
        return None
    suffix = f".{base(need.name).rpartition('.')[2]}"
    return Verdict(
        "MODEL002",
        BLOCKED,
        f"Here, but ComfyUI lists no {suffix} files in {where}.",
        folders,
        (Evidence("wrong_folder", f"It lies there, and this loader does not offer {suffix} files.", path),),
        (Fix("choose", f"Use a loader for {suffix} files and its folder, or a file of a kind that is listed."),),
        0,
    )


def _missing(
    need: Requirement,
    folders: tuple[str, ...],
    where: str,
    near: Sequence[tuple[str, ModelFile]],
    index: Index,
    probe: Probe,
) -> Verdict:
    expected = _expected(need, probe).size
    part = index.partial.get(base(need.name).lower())
    if part is not None:
        text = f"A download that did not finish lies beside it: {part.name}."
        return Verdict(
            "MODEL004",
            BLOCKED,
            f"Only a part of it is here. The node reads {where}.",
            folders,
            (Evidence("part_file", text, part.path),),
            (Fix("download", "Finish the download."),),
            expected,
        )
    evidence = tuple(
        Evidence("same_name", f"A file with this common name is in {folder}; it may be another one.", file.path)
        for folder, file in near[:1]
    )
    fix = Fix("download", f"Put the file into the folder {folders[0]}.", folders[0])
    return Verdict("MODEL001", BLOCKED, f"Missing. The node reads {where}.", folders, evidence, (fix,), expected)


def _check_anywhere(need: Requirement, index: Index, probe: Probe) -> Verdict | None:
    """The folder that the node reads is not known, so any folder may hold it."""
    if not index.inventory.models_known:
        return Verdict("MODEL001", UNKNOWN, "Whether it is here cannot be told: no model folder could be listed.")
    near = index.by_base.get(base(need.name).lower(), ())
    exact = [place for place in near if place[1].name == need.name] or list(near)
    if exact:
        folder, file = exact[0]
        damaged = _whole(file, (), probe)
        if damaged is not None:
            return damaged
        text = f"{file.name} is in {folder}."
        return Verdict(
            "MODEL005",
            INFO,
            "Here, but which folder this node reads is not known.",
            (),
            (Evidence("on_disk", text, file.path),),
        )
    size = _expected(need, probe).size
    installed = [node.class_type for node in need.nodes if node.class_type in index.types]
    if installed:
        text = f"In no model folder, and which folder {installed[0]} reads is not known: it may look elsewhere."
        return Verdict("MODEL001", UNKNOWN, text, size=size)
    sure = index.inventory.types_known and not index.unclear  # then the node itself is missing, and blocks anyway
    text = "In no model folder. The folder its node reads is not known."
    return Verdict("MODEL001", BLOCKED if sure else UNKNOWN, text, size=size)


def _folder_words(folders: tuple[str, ...]) -> str:
    return (
        f"the folder {folders[0]}" if len(folders) == 1 else f"the folders {', '.join(folders[:-1])} or {folders[-1]}"
    )
