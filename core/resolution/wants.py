"""What of a verdict on a workflow can be looked up, as questions for the search. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..readiness.packs import CORE
from ..readiness.types import INFO, Finding
from ..requirements.notes import without_secrets
from ..sources import names
from .types import FILE, PACK, Want

if TYPE_CHECKING:
    from ..inventory.types import Inventory
    from ..workflow.types import PackHint

_FILES = ("MODEL001", "MODEL004")
# Parts that several families share: what a workflow works with says nothing about them.
SHARED = frozenset(
    {"vae", "vae_approx", "text_encoders", "clip_vision", "upscale_models", "audio_encoders", "sams", "onnx", "LLM"}
)


def wants(
    findings: Iterable[Finding],
    inventory: Inventory,
    *,
    models: Iterable[str] = (),
    notes: tuple[str, ...] = (),
    hints: Mapping[str, PackHint] | None = None,
) -> dict[int, Want]:
    """Index of the finding → what to look up, for everything that has to come from outside.

    `models`: all model names of the workflow, which tell what family it works with; `notes`: addresses in its notes;
    `hints`: by class_type, what it says of the pack. What lies on this disk, or is switched off or broken, is no
    question for anybody outside.
    """
    found: dict[int, Want] = {}
    family: str | None = None
    for index, one in enumerate(findings):
        if one.weight == INFO or not one.name:
            continue
        if one.code in _FILES:
            if family is None:
                family = working_family(models)
            found[index] = _file(one, inventory, family, notes)
        elif one.code == "NODE001" and (one.pack or "").lower() not in CORE:
            found[index] = _pack(one, (hints or {}).get(one.name))
    return found


def working_family(models: Iterable[str]) -> str:
    """The base-model family that a workflow's files agree on; "" where they speak of several, or of none."""
    said = Counter(found for name in models if (found := names.family_of(names.stem(name))))
    roots = {one for one in said if not any(names.fits_family(one, other) and other < one for other in said)}
    return said.most_common(1)[0][0] if len(roots) == 1 else ""


def _file(one: Finding, inventory: Inventory, family: str, notes: tuple[str, ...]) -> Want:
    own = names.family_of(names.stem(one.name))
    shared = bool(one.folders) and all(folder in SHARED for folder in one.folders)
    size, sha256, _ = inventory.seen.get(names.base(one.name).lower(), (None, None, None))
    return Want(
        FILE,
        one.name,
        one.folders,
        one.sha256 or sha256,
        one.size or size,
        tuple(address for url in one.urls if (address := _address(url))),
        notes,
        own or ("" if shared else family),
        not names.suffix(one.name),
    )


def _address(url: str) -> str:
    """The workflow's own address for a file, without keys and tokens: what is looked up is kept, shown and journalled."""
    return url if url[:8].lower() == "urn:air:" else without_secrets(url.strip())


def _pack(one: Finding, hint: PackHint | None) -> Want:
    registry_id = (hint.cnr_id if hint else None) or ""
    repo = (hint.aux_id if hint else None) or ""
    if not registry_id and not repo and one.pack:
        registry_id, repo = ("", one.pack) if "/" in one.pack else (one.pack, "")
    here = one.message if any(fix.kind == "update" for fix in one.fixes) else ""
    return Want(
        PACK,
        one.name,
        registry_id=registry_id.strip(),
        repo=_owner_and_name(repo),
        version=(hint.ver if hint else None) or "",
        here=here,
    )


def _owner_and_name(repo: str) -> str:
    """ "owner/name" of whatever a workflow writes: an address, with ".git", in any case."""
    text = repo.strip().removesuffix("/").removesuffix(".git")
    return "/".join(text.split("/")[-2:]).lower() if "/" in text else ""
