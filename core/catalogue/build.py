"""Merges what is known of node types into one NodeCatalogue: installed definitions over knowledge. Pure.

An installed definition (running server, snapshot or pack source) says exactly which inputs exist; what it
leaves open about an input (which folder it reads, whether it names the person's own media) is taken from
`knowledge/nodes.json`, which in turn stands alone for types that are not installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .types import Input, NodeCatalogue, NodeType

V3_CHECKED_FROM = (0, 8, 0)  # the first ComfyUI that compares the choices of V3 nodes (its commit 0be8a76c)
CONTROL = "control_after_generate"
CONTROL_WORDS = frozenset({"fixed", "increment", "decrement", "randomize"})


def build(
    installed: Mapping[str, NodeType],
    nodes: Mapping[str, Any],
    virtual: Mapping[str, Any],
    *,
    aliases: Mapping[str, str] | None = None,
    digest: str = "",
    version: str = "",
) -> NodeCatalogue:
    """The catalogue for one installation.

    `installed`: class_type → definition. `nodes`, `virtual`: the documents `knowledge/nodes.json` and
    `knowledge/virtual_types.json`. `version`: ComfyUI's, "" when not known. `aliases`: old folder names → current ones (unet → diffusion_models).
    """
    names = dict(aliases or {})
    types = {kind: from_knowledge(kind, facts) for kind, facts in nodes["nodes"].items()}
    lax = _before(version, V3_CHECKED_FROM)
    for kind, own in installed.items():
        merged = _merge(_unaliased(own, names), types.get(kind))
        types[kind] = _without_v3_choices(merged) if lax else merged
    return NodeCatalogue(types, frozenset(installed), frozenset(virtual["types"]), digest, names)


def from_knowledge(kind: str, facts: Mapping[str, Any]) -> NodeType:
    """One line of `knowledge/nodes.json` as a NodeType."""
    folders, media, extras = facts.get("folders", {}), facts.get("media", {}), facts.get("extras", {})
    inputs: list[Input] = []
    for name in facts.get("widgets", ()):
        if name == CONTROL and inputs:
            inputs[-1] = inputs[-1]._replace(control=True)
            continue
        listed = folders.get(name)
        own = Input(name, required=False, folders=tuple(listed) if listed else None, media=media.get(name))
        inputs.append(own._replace(extras=tuple(extras[name])) if name in extras else own)
    return NodeType(
        kind,
        tuple(inputs) if inputs else None,
        output=True if facts.get("output") else None,
        api=bool(facts.get("api")),
        downloads=bool(facts.get("downloads")),
        pack=facts.get("pack"),
    )


def _merge(own: NodeType, known: NodeType | None) -> NodeType:
    """`own` with the folders and media it leaves open filled in from `known`."""
    if known is None:
        return own
    inputs = own.inputs
    if inputs is None:
        inputs = known.inputs
    elif known.inputs:
        facts = {one.name: one for one in known.inputs}
        tied = own.source != "source"  # lists of files can be equal by chance; source says which folders it joins
        inputs = tuple(_fill(one, facts.get(one.name), tied) for one in inputs)
    return replace(own, inputs=inputs, api=own.api or known.api, downloads=own.downloads or known.downloads)


def _fill(own: Input, known: Input | None, tied: bool) -> Input:
    """A settled folder stands; a tie or an open question is decided by what is known.

    On a fresh installation the list of a loader holds only what stands beside the files (`pixel_space`), so
    a list without any file does not speak against a known folder.
    """
    if known is None or not own.widget:
        return own
    folders, options, extras = own.folders, own.options, own.extras
    if known.folders and folders is None and not any(_is_file(option) for option in options or ()):
        folders, extras, options = known.folders, (*known.extras, *map(str, options or ())), None
    elif tied and known.folders and folders is not None and len(folders) > 1 and set(known.folders) <= set(folders):
        folders = known.folders
    return own._replace(folders=folders, options=options, extras=extras, media=own.media or known.media)


def _is_file(option: Any) -> bool:
    """Whether a choice has a suffix such as a file has: `model.safetensors`, not `1.5` or `euler`."""
    suffix = option.rpartition(".")[2] if isinstance(option, str) and "." in option else ""
    return 2 <= len(suffix) <= 11 and suffix.isalnum() and not suffix.isdigit()


def _before(version: str, wanted: tuple[int, ...]) -> bool:
    """Whether `version` ("0.3.75", "v0.8.1") is older than `wanted`; an unknown one is not."""
    parts = version.lstrip("v").split("+")[0].split(".")[: len(wanted)]
    return bool(version) and all(part.isdigit() for part in parts) and tuple(map(int, parts)) < wanted


def _without_v3_choices(own: NodeType) -> NodeType:
    if not own.inputs or not any(one.v3 and one.options is not None for one in own.inputs):
        return own
    return replace(own, inputs=tuple(one._replace(options=None) if one.v3 else one for one in own.inputs))


def _unaliased(own: NodeType, aliases: Mapping[str, str]) -> NodeType:
    if not own.inputs or not any(one.folders for one in own.inputs):
        return own
    return replace(
        own,
        inputs=tuple(
            one._replace(folders=tuple(dict.fromkeys(aliases.get(name, name) for name in one.folders)))
            if one.folders
            else one
            for one in own.inputs
        ),
    )
