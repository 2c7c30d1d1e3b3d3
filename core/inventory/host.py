"""The inventory of the ComfyUI that we run in: from the plain values that the adapter took of it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..catalogue.build import from_knowledge
from ..catalogue.types import Input, NodeType
from ..errors import InventoryError
from ..knowledge import document
from .encode import encode_types
from .inputs import Inputs
from .models import Listing
from .packs.apart import read_apart
from .packs.cache import Sources
from .packs.loading import CORE, Cancel
from .packs.running import SINCE_START, module_name, needs_source, with_types
from .seen import Seen
from .server.decide import Claims
from .server.definitions import plain_links, read_types
from .server.lists import FileLists
from .types import DISABLED, LOADED, PARTNERS, Folder, Inventory, Pack

MAX_SAID = 5  # types that are named in one gap


class TypeFacts(NamedTuple):
    """One loaded class. `info`: what `/object_info` would say of it (Python's own tuples may stand for lists).

    `unchecked`: the inputs whose values the class checks itself, None for all. `takes_any`: it takes inputs that it
    does not list. `error`: why its inputs could not be asked for, "" when they could.
    """

    info: Mapping[str, Any]
    unchecked: frozenset[str] | None = frozenset()
    takes_any: bool = False
    error: str = ""


@dataclass(slots=True)
class Facts:
    """What a running ComfyUI knows of itself. `files`: by folder name, what it offers from there."""

    base: str
    code: str  # the folder with ComfyUI's own source
    version: str
    taken: float
    started: float  # when ComfyUI was started; both in seconds since the epoch
    types: dict[str, TypeFacts]
    folders: dict[str, Folder]
    files: dict[str, list[str]]
    aliases: dict[str, str]
    directories: dict[str, str]
    packs: list[Pack]
    gaps: list[str] = field(default_factory=list)
    hardware: dict[str, object] = field(default_factory=dict)
    partners: bool = True  # False where a flag has left ComfyUI's own partner nodes out


def host_inventory(
    facts: Facts,
    listing: Listing,
    inputs: Inputs,
    sources: Sources,
    seen: Seen | None = None,
    cancel: Cancel | None = None,
) -> Inventory:
    """The inventory of a running ComfyUI, its model files and inputs as `listing` and `inputs` found them on the disk.

    `seen`: files that were here before. `sources` is asked for packs that are not loaded, and for those whose
    inputs knowledge cannot explain; it reads them in a process of its own where it has a cache. Raises
    InventoryError (`cancelled`).
    """
    wanted = wanted_sources(facts)
    paths = [
        pack.path for pack in facts.packs if pack.path and (needs_source(pack) or module_name(pack.path) in wanted)
    ]
    read_apart(sources, paths, CORE in wanted or not facts.partners, cancel)
    if cancel is not None and cancel():  # else what the other process had still to read would be read here
        raise InventoryError("cancelled", "Reading the installation was cancelled.")
    definitions = host_definitions(facts, sources)
    loaded = with_types(facts.packs, sources.pack)
    failed = [name for name, one in facts.types.items() if one.error]
    gaps = list(facts.gaps)
    if failed:
        first = facts.types[failed[0]].error
        gaps.append(f"the inputs of {len(failed)} node types cannot be asked for: {_some(failed)} ({_line(first)})")
    own = frozenset(name for name, node in definitions.items() if node.pack in (CORE, None))
    reason = "it shows none" if not own else SINCE_START if sources.core_newest > facts.started * 1e9 else ""
    core = Pack(CORE, LOADED, own, bool(own), reason, facts.code, facts.version, ("comfyui",))
    packs = (core, *_left_out(facts, sources), *sorted(loaded, key=lambda pack: pack.name.lower()))
    found = Inventory(
        origin="host",
        place=facts.base,
        separator=os.sep,
        comfyui_version=facts.version,
        definitions=definitions,
        packs=packs,
        folders=facts.folders,
        models=listing.models,
        partial=listing.partial,
        inputs=inputs.names,
        aliases=facts.aliases,
        gaps=tuple(dict.fromkeys((*gaps, *listing.gaps, *inputs.gaps))),
        types_known=bool(definitions),
        models_known=bool(facts.folders),
        inputs_known=inputs.known,
        unlisted=frozenset(listing.unlisted),
        hardware=facts.hardware,
        taken=facts.taken,
        directories={**facts.directories, "python": sys.prefix},
        seen=seen or {},
    )
    found.digest = _digest(found, listing.digest(), inputs.digest())
    return found


def _left_out(facts: Facts, sources: Sources) -> Iterator[Pack]:
    """ComfyUI's partner nodes where it was told to do without: they are here, and a newer ComfyUI would not bring them."""
    if facts.partners or not sources.code:
        return
    types = frozenset(sources.core()[1].definitions) - facts.types.keys()
    if types:
        yield Pack(
            PARTNERS,
            DISABLED,
            types,
            reason="ComfyUI was started with --disable-api-nodes or --offline",
            path=facts.code,
        )


def wanted_sources(facts: Facts) -> set[str]:
    """The packs whose source has a say in which folders their inputs read."""
    wanted: set[str] = set()

    def note(_class_type: str, pack: str | None) -> None:
        wanted.add(pack or CORE)

    _read(facts, note)
    return wanted


def host_definitions(facts: Facts, sources: Sources) -> dict[str, NodeType]:
    """The loaded classes as NodeTypes, file lists replaced by the folders behind them."""
    paths = {module_name(pack.path): pack.path for pack in facts.packs if pack.state == LOADED and pack.path}
    return _read(facts, _SourceTypes(sources, paths))


def _read(facts: Facts, source: Callable[[str, str | None], NodeType | None]) -> dict[str, NodeType]:
    known = {kind: from_knowledge(kind, said) for kind, said in document("nodes")["nodes"].items()}
    lists, claims = FileLists(facts.files), Claims(known, source, facts.aliases)
    found: dict[str, NodeType] = {}
    for kind, one in list(facts.types.items()):
        try:
            found[kind] = _type(kind, one, lists, claims)
        except Exception as error:  # objects of a pack's own classes answer as they like, also when compared
            broken = TypeFacts({"python_module": one.info.get("python_module")}, error=type(error).__name__)
            facts.types[kind] = broken
            found[kind] = _type(kind, broken, lists, claims)
    return found


def _type(kind: str, one: TypeFacts, lists: FileLists, claims: Claims) -> NodeType:
    exact = not one.error and plain_links(one.info) and one.unchecked is not None and "input_types" not in one.unchecked
    node = read_types({kind: one.info}, lists, {kind} if exact else (), claims)[0][kind]
    return _with_facts(node, one, exact)


class _SourceTypes:
    """The types of a pack as its source defines them, read at most once and only when asked."""

    def __init__(self, sources: Sources, paths: Mapping[str, str]) -> None:
        self._sources, self._paths = sources, paths
        self._read: dict[str, Mapping[str, NodeType]] = {}

    def __call__(self, class_type: str, pack: str | None) -> NodeType | None:
        name = pack or CORE
        if name not in self._read:
            self._read[name] = self._types(name)
        return self._read[name].get(class_type)

    def _types(self, name: str) -> Mapping[str, NodeType]:
        if name == CORE and self._sources.code:
            own, partner = self._sources.core()
            return {**partner.definitions, **own.definitions}
        return self._sources.pack(self._paths[name]).definitions if name in self._paths else {}


def _with_facts(node: NodeType, facts: TypeFacts, exact: bool) -> NodeType:
    inputs = node.inputs
    if inputs is not None and facts.unchecked != frozenset():
        inputs = tuple(_free(one, facts.unchecked) for one in inputs)
    dynamic = node.dynamic or facts.takes_any
    if inputs is node.inputs and dynamic == node.dynamic and exact == node.exact:
        return node
    return replace(node, inputs=inputs, dynamic=dynamic, exact=exact)


def _free(one: Input, unchecked: frozenset[str] | None) -> Input:
    """ComfyUI leaves the checks of this input's choices and range to the class."""
    if unchecked is None or one.name in unchecked:
        return one._replace(options=None, minimum=None, maximum=None)
    return one


def _digest(found: Inventory, *listings: str) -> str:
    """Over everything that an answer can depend on. Type by type: one large text would hold the interpreter for long."""
    state = hashlib.sha256()

    def add(value: Any) -> None:
        state.update(json.dumps(value, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))

    for node in found.definitions.values():
        add(encode_types({node.class_type: node}))
    for pack in found.packs:
        add([pack.name, pack.state, sorted(pack.node_types), pack.complete, pack.reason, pack.version, pack.ids])
    for folder in found.folders.values():
        add([folder.name, folder.paths, sorted(folder.suffixes)])
    add([found.comfyui_version, found.separator, found.aliases, found.gaps, sorted(found.unlisted), listings])
    add([list(file) for file in found.partial])
    add(sorted((name, list(row)) for name, row in found.seen.items()))
    return state.hexdigest()


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(map(_line, listed[:MAX_SAID])) + (" …" if len(listed) > MAX_SAID else "")


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:200].strip()
