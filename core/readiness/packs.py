"""Node types: installed, disabled, failed to import, missing, or not to be told. Pure."""

from __future__ import annotations

from ..inventory.types import DISABLED, FAILED, LOADED, PARTNERS, Pack
from ..requirements.types import Requirement
from .index import Index
from .models import Verdict
from .types import BLOCKED, UNKNOWN, Evidence, Fix

CORE = frozenset({"comfy-core", "comfyui", "comfyui-core"})


def check_type(need: Requirement, index: Index) -> tuple[Verdict, str | None] | None:
    """None when the type is installed, else the verdict and the pack it is about, as far as that is known."""
    name = need.name
    if name in index.types:
        return None
    if (pack := index.failed.get(name)) is not None:
        return _failed(pack), pack.name
    if (pack := index.disabled.get(name)) is not None:
        return _disabled(pack), pack.name
    names = [one for one in (need.pack.cnr_id, need.pack.aux_id) if one] if need.pack else []
    said = "The workflow names"
    if not names and need.owner:
        names, said = [need.owner], "This type is known to come from"
    if not index.inventory.types_known:
        return Verdict("NODE001", UNKNOWN, "Which node types are installed could not be told."), _first(names)
    core = index.pack_named("comfy-core")
    core_known = core is not None and core.complete and core.state == LOADED
    if not core_known and (not names or names[0].lower() in CORE):
        return Verdict("NODE001", UNKNOWN, "Which node types this ComfyUI itself has could not be told."), _first(names)
    here = next((pack for one in names if (pack := index.pack_named(one)) is not None), None)
    if names and names[0].lower() in CORE:
        return _newer_core(index, said), "comfy-core"
    if here is not None:
        return _in_installed(here, said), here.name
    if not names and index.unclear:
        listed = ", ".join(sorted(pack.name for pack in index.unclear)[:3])
        text = f"Not found, but not every pack could be read without running it ({listed}): one may bring it."
        return Verdict("NODE001", UNKNOWN, text), None
    text = "Not installed."
    if not names:
        broken = sorted(pack.name for pack in index.inventory.packs if pack.state == FAILED and not pack.node_types)
        maybe = f" It may belong to a pack that fails to import: {', '.join(broken[:3])}." if broken else ""
        return Verdict("NODE001", BLOCKED, f"{text} The workflow does not say which pack it comes from.{maybe}"), None
    name = names[0]
    evidence = (Evidence("pack_hint", f"{said} the pack {name}."),)
    return Verdict(
        "NODE001", BLOCKED, text, (), evidence, (Fix("install_pack", f"Install the pack {name}.", name),)
    ), name


def _first(names: list[str]) -> str | None:
    return names[0] if names else None


def _failed(pack: Pack) -> Verdict:
    reason = pack.reason or "the reason is in ComfyUI's log"
    return Verdict(
        "NODE002",
        BLOCKED,
        f"Its pack {pack.name} is here but fails to import.",
        (),
        (Evidence("import_failed", f"{reason}.".replace("..", "."), pack.path),),
        (Fix("repair_pack", f"Repair or update the pack {pack.name}.", pack.name),),
    )


def _disabled(pack: Pack) -> Verdict:
    fix = f"Enable the pack {pack.name} and restart ComfyUI."
    why, message = "ComfyUI passes over disabled packs.", f"Its pack {pack.name} is here but disabled."
    if pack.name == PARTNERS:
        fix, why = "Start ComfyUI without that flag.", f"{pack.reason}."
        message = "It is one of ComfyUI's partner nodes, which are switched off."
    return Verdict(
        "NODE003",
        BLOCKED,
        message,
        (),
        (Evidence("pack_disabled", why, pack.path),),
        (Fix("enable_pack", fix, pack.name),),
        0,
    )


def _in_installed(pack: Pack, said: str) -> Verdict:
    """The workflow's hint names a pack that is here but does not show this type."""
    if pack.state == FAILED:
        return _failed(pack)
    if pack.state == DISABLED:
        return _disabled(pack)
    if not pack.complete:
        why = pack.reason or "its node types are computed when it runs"
        return Verdict(
            "NODE001", UNKNOWN, f"The pack {pack.name} is here, but whether it brings this type cannot be told: {why}."
        )
    version = f" {pack.version}" if pack.version else ""
    return Verdict(
        "NODE001",
        BLOCKED,
        f"The installed {pack.name}{version} does not bring this type.",
        (),
        (Evidence("pack_hint", f"{said} the pack {pack.name}.", pack.path),),
        (Fix("update", f"Update the pack {pack.name}.", pack.name),),
    )


def _newer_core(index: Index, said: str) -> Verdict:
    version = index.inventory.comfyui_version
    have = f"ComfyUI {version}" if version else "This ComfyUI"
    return Verdict(
        "NODE001",
        BLOCKED,
        f"{have} does not have this type, which belongs to ComfyUI itself.",
        (),
        (Evidence("pack_hint", f"{said} ComfyUI itself."),),
        (Fix("update", "Update ComfyUI.", "comfy-core"),),
    )
