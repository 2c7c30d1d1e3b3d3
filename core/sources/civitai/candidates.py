"""A file of a reduced answer as a candidate: its addresses, folder, gate and flags. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ...knowledge import document
from .. import names
from ..types import ARCHIVED, EARLY, GGUF, LOGIN, ONNX, OTHER, PAID, PICKLE, SAFETENSORS, TAKEN_DOWN, Candidate, Json
from .reading import NO_DATE

_FORMATS = {"SafeTensor": SAFETENSORS, "PickleTensor": PICKLE, "GGUF": GGUF, "ONNX": ONNX}
# Families whose "Checkpoint" is the whole model, with text encoder and VAE. Of the others most are the middle part alone.
_WHOLE = ("sd15", "sd2", "sdxl", "sd3", "svd", "auraflow")
_SHAPE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def candidates(model: Json, base: str, now: float, keep: Callable[[Json], bool], wanted: str = "") -> list[Candidate]:
    """The files of a model that `keep` takes; `wanted`: the name that is sought.

    A file that is not as it should be is left out, and no other with it.
    """
    found = []
    for version in model["versions"]:
        # Some answers give the uploaded name instead of the one that Civitai makes. That one is the same for all of a
        # version's main files, so it counts only where none of them has the name itself.
        made = bool(wanted) and not any(named(wanted, str(file.get("name"))) for file in version["files"])
        for file in version["files"]:
            try:
                if keep(file):
                    own = file["made"] if made and named(wanted, file["made"]) else file["name"]
                    found.append(candidate(model, version, file, own, base, now))
            except _SHAPE:
                continue
    return found


def named(wanted: str, found: str) -> bool:
    """Whether that is the name sought. LoRA tags and embeddings are written without a suffix."""
    if wanted.lower() == found.lower():
        return True
    return not names.suffix(wanted) and wanted.lower() == names.stem(found).lower()


def distinct(found: Iterable[Candidate]) -> list[Candidate]:
    """The same without repetitions."""
    return list({one.id: one for one in found}.values())


def gated(one: Candidate, told: Any, now: float) -> Candidate:
    """The candidate with what Civitai said stands before its download."""
    try:
        early = float(told.get("early") or 0)
        gate, text = _gate(told.get("mode", ""), "", early, bool(told.get("paid")), bool(told.get("login")), now)
    except _SHAPE:
        return one
    return replace(one, gate=gate, gate_text=text) if gate else one


def candidate(model: Json, version: Json, file: Json, name: str, base: str, now: float) -> Candidate:
    """One file, confirmed. `name`: under which it arrives; `base`: the domain that has it; `now`: when it said so."""
    number = file.get("version") or version["id"]
    gate, text = _gate_of(model, version, now)
    family = names.family_of_base_model(version["base"])
    return Candidate(
        id=f"civitai:{number}/{file['id']}",
        source="civitai",
        file=name,
        url=f"{base}/api/download/models/{number}?fileId={file['id']}",
        page=_page(model, version),
        repo=model["name"],
        revision=version["name"],
        author=model["author"],
        size=file["size"],
        sha256=file["sha256"],
        hashes=dict(file["hashes"]),
        folder=_folder(model, version, file, family),
        base_model=version["base"],
        family=family,
        kind=file["type"] if file["type"] in document("names")["civitai_file_types"] else model["type"],
        format=_format(file),
        licence=model["licence"],
        gate=gate,
        gate_text=text,
        flags=(*model["flags"], *(f"{scan}_warning" for scan in file["scans"])),
        nsfw_level=_level(model, version),
        downloads=version["downloads"],
        confirmed=True,
        asked=now,
    )


def without_file(model: Json, version: Json, file: str, base: str, now: float) -> Candidate | None:
    """What stands for a version that is known to be there while its files are withheld; None where none are withheld."""
    gate, text = _gate_of(model, version, now)
    if gate not in (ARCHIVED, TAKEN_DOWN):
        return None
    number = version["id"]
    return Candidate(
        id=f"civitai:{number}/{file}",
        source="civitai",
        file="",
        url=f"{base}/api/download/models/{number}" + (f"?fileId={file}" if file else ""),
        page=_page(model, version),
        repo=model["name"],
        revision=version["name"],
        author=model["author"],
        base_model=version["base"],
        family=names.family_of_base_model(version["base"]),
        kind=model["type"],
        licence=model["licence"],
        gate=gate,
        gate_text=text,
        flags=tuple(model["flags"]),
        nsfw_level=_level(model, version),
        downloads=version["downloads"],
        confirmed=True,
        asked=now,
    )


def _page(model: Json, version: Json) -> str:
    domain = "red" if "nsfw" in model["flags"] else "com"  # civitai.com shows no mature models
    return f"https://civitai.{domain}/models/{model['id']}?modelVersionId={version['id']}"


def _level(model: Json, version: Json) -> int | None:
    level: Any = model["level"] if version["level"] is None else version["level"]
    return None if level is None else int(level)


def _format(file: Json) -> str:
    own = names.format_of(file["name"])
    told = _FORMATS.get(file["format"], OTHER)
    if PICKLE in (own, told):
        return PICKLE  # the careful reading where suffix and statement differ
    return told if own == OTHER else own


def _folder(model: Json, version: Json, file: Json, family: str) -> str:
    known = document("names")
    part = known["civitai_file_types"].get(file["type"])
    if part:
        return str(part)
    folder = str(known["civitai_types"].get(model["type"], ""))
    if folder != "checkpoints" or any(names.fits_family(family, one) for one in _WHOLE):
        return folder
    if _format(file) == GGUF:
        return "diffusion_models"  # nothing else of a "Checkpoint" comes in this format
    told = {names.folder_of(text) for text in (file["name"], version["name"], model["name"])}
    told &= {"checkpoints", "diffusion_models"}
    return told.pop() if len(told) == 1 else ""


def _gate_of(model: Json, version: Json, now: float) -> tuple[str, str]:
    paid = bool(model["paid"] if version["paid"] is None else version["paid"])
    return _gate(model["mode"], version["usage"], version["early"], paid, False, now)


def _gate(mode: str, usage: str, early: float, paid: bool, login: bool, now: float) -> tuple[str, str]:
    """Why a file cannot simply be fetched, as a constant and in words. The heaviest reason counts."""
    if mode == "TakenDown":
        return TAKEN_DOWN, "Civitai took this model down"
    if mode == "Archived":
        return ARCHIVED, "Its author archived this model, so Civitai does not hand it out any more"
    if usage not in ("", "Download"):
        return PAID, "Its author lets it be used at Civitai only, not downloaded"
    if early > now:
        return EARLY, f"Early access until {_day(early)}: before that it has to be bought from its author"
    if early == NO_DATE:
        return EARLY, "Early access: for now it has to be bought from its author"
    if paid:
        return PAID, "It has to be bought from its author"
    if login:
        return LOGIN, "Civitai hands it out only to people with a key, which every free account can make"
    return "", ""


def _day(when: float) -> str:
    return datetime.fromtimestamp(when, timezone.utc).date().isoformat()
