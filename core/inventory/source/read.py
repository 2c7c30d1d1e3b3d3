"""Reads what a node pack defines, from its source alone. Nothing of the pack is ever run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ...catalogue.types import NodeType
from ..text import small_text, toml_section, toml_text
from . import definitions
from .folders import SourceFolder, registered, table_of
from .host import Host
from .interpreter import attributes, calls, imports
from .interpreter.machine import Machine
from .interpreter.tree import BASE, Tree, Unreadable
from .interpreter.values import (
    Bound,
    Class,
    Dict,
    Entry,
    Func,
    Instance,
    Module,
    OutOfBudget,
    PackRaised,
    Seq,
    Unknown,
    Value,
    as_text,
)

CORE = "comfy-core"


@dataclass(frozen=True, slots=True)
class SourcePack:
    """What the source of one pack tells.

    `complete` is False when it may define more types than `definitions`; `reasons` say why, in words.
    `unsure` are the types among `definitions` that are registered only under a condition nobody can
    tell from source; `needs` maps a type to the modules that must import for it to be registered.
    `failed` says why importing the pack would fail for sure ("" when nothing speaks against it).
    `imports` are the top-level modules, neither Python's nor ComfyUI's nor the pack's own, without which the import fails.
    `folders` are its folder_paths registrations. `patches` names lists and functions of ComfyUI that
    it changes, such as the samplers offered by other nodes.
    """

    name: str
    definitions: dict[str, NodeType] = field(default_factory=dict)
    complete: bool = True
    reasons: tuple[str, ...] = ()
    folders: dict[str, SourceFolder] = field(default_factory=dict)
    failed: str = ""
    imports: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    needs: dict[str, frozenset[str]] = field(default_factory=dict)
    patches: frozenset[str] = frozenset()


class _Found(NamedTuple):
    types: dict[str, NodeType]
    unsure: set[str]
    needs: dict[str, frozenset[str]]
    gaps: list[str]


def read_pack(path: Path, host: Host | None = None) -> SourcePack:
    """One entry of custom_nodes: a folder or a single .py file.

    `host` is the installation it belongs to; pass the same one for all packs, so that ComfyUI's own
    modules are read once. Without it types inherited and lists taken from ComfyUI stay unknown.
    Never raises for what a pack contains.
    """
    single = not path.is_dir()
    name = path.name.removesuffix(".py") if single else path.name
    home = f"{BASE}/custom_nodes" if single else f"{BASE}/custom_nodes/{path.name}"
    tree = Tree({home: path.parent if single else path}, home)
    if not single and not tree.is_file(f"{home}/__init__.py"):
        return SourcePack(name, failed="there is no __init__.py in the folder")
    machine = Machine(tree, host)
    root = Module(
        imports.PACK,
        f"{home}/{path.name}" if single else f"{home}/__init__.py",
        "" if single else imports.PACK,
        folder="" if single else home,
    )
    machine.modules[root.name] = root
    return _read(machine, root, name, path)


def collect_module(host: Host, module: str, pack: str) -> SourcePack:
    """What one module of ComfyUI itself registers, read as ComfyUI loads its own nodes."""
    root = host.load(module)
    shown = f"{module.replace('.', '/')}.py"
    if root is None or (root.wild and "NODE_CLASS_MAPPINGS" not in root.names and "comfy_entrypoint" not in root.names):
        return SourcePack(pack, complete=False, reasons=(f"{shown} cannot be read",))
    found = _collect(host.machine, root, pack, False)
    if found is None:
        return SourcePack(pack)
    return SourcePack(
        pack, found.types, not found.gaps, tuple(found.gaps), unsure=frozenset(found.unsure), needs=found.needs
    )


def _read(machine: Machine, root: Module, name: str, path: Path) -> SourcePack:
    failed, cut = "", ""
    before = table_of(machine)
    try:
        imports.execute(machine, root)
    except PackRaised as error:
        failed = str(error)
    except (Unreadable, OutOfBudget) as error:
        cut = str(error)
    except RecursionError:
        cut = "it is nested too deeply to be read"
    needed = frozenset(machine.imports[0])
    machine.recording = False
    machine.guards.clear()
    if machine.cut:
        cut = cut or "some calls are nested too deeply to be followed"
    found = _collect(machine, root, name, bool(cut))
    if found is None and not failed and not _serves_scripts(root, path):
        failed = "it has neither NODE_CLASS_MAPPINGS nor comfy_entrypoint"
    if found is None:
        found = _Found({}, set(), {}, [])  # else, of a pack that fails, what it would have brought
    gaps = list(dict.fromkeys([*([cut] if cut else []), *found.gaps]))
    return SourcePack(
        name,
        found.types,
        complete=not gaps,
        reasons=tuple(dict.fromkeys([*gaps, *machine.reasons])),
        folders=registered(machine, before),
        failed=failed,
        imports=needed,
        unsure=frozenset(found.unsure),
        needs=found.needs,
        patches=frozenset(machine.patches),
    )


def _collect(machine: Machine, root: Module, pack: str, cut: bool) -> _Found | None:
    """The types a module registers, as ComfyUI picks them up: the mapping first, else the entrypoint."""
    machine.steps = 0  # all definitions together may take as much as the import did
    mapping = attributes.resolve(machine, root.names.get("NODE_CLASS_MAPPINGS"))
    entrypoint = attributes.resolve(machine, root.names.get("comfy_entrypoint"))
    found: _Found | None = None
    if mapping is not None:
        found = _from_mapping(machine, mapping, pack)
    elif entrypoint is not None:
        found = _from_entrypoint(machine, entrypoint, pack)
    elif root.wild or cut:
        found = _Found({}, set(), {}, [*machine.reasons[:3]] or ["its names cannot all be read"])
    if machine.added.entries or machine.added.more:
        extra = _from_mapping(machine, machine.added, pack)
        found = (
            extra
            if found is None
            else _Found(
                {**extra.types, **found.types},
                found.unsure | extra.unsure,
                {**extra.needs, **found.needs},
                found.gaps + extra.gaps,
            )
        )
    return found


def _from_mapping(machine: Machine, mapping: Value, pack: str) -> _Found:
    found = _Found({}, set(), {}, [])
    if isinstance(mapping, Instance) and mapping.data is not None:
        mapping = mapping.data
    if not isinstance(mapping, Dict):
        why = mapping.why if isinstance(mapping, Unknown) else ""
        found.gaps.append(
            f"its node names cannot be read from source ({why or 'NODE_CLASS_MAPPINGS is no dictionary'})"
        )
        return found
    for key, entry in mapping.entries.items():
        if isinstance(key, str):
            found.types[key] = _defined(machine, key, entry.value, pack)
            _conditions(found, key, entry)
    found.gaps.extend(f"some node names cannot be read from source ({why})" for why in mapping.more)
    return found


def _conditions(found: _Found, key: str, entry: Entry) -> None:
    if any(guard.modules is None for guard in entry.guards):
        found.unsure.add(key)
    modules = {name for guard in entry.guards for name in guard.modules or ()}
    if modules:
        found.needs[key] = frozenset(modules)


def _defined(machine: Machine, key: str, cls: Value, pack: str) -> NodeType:
    """The definition of one class; one that is too deep or too long to read is known by name alone."""
    machine.depth = 0
    try:
        return definitions.from_mapping(machine, key, cls, pack)
    except (OutOfBudget, Unreadable, RecursionError):
        return NodeType(key, pack=pack, source="source")


def _from_entrypoint(machine: Machine, entrypoint: Value, pack: str) -> _Found:
    found = _Found({}, set(), {}, [])
    try:
        extension = calls.call(machine, entrypoint, [], {}, "")
        getter = attributes.get(machine, extension, "get_node_list")
        classes = calls.call(machine, getter, [], {}, "") if isinstance(getter, (Bound, Func)) else None
    except (PackRaised, Unreadable, OutOfBudget, RecursionError) as error:
        found.gaps.append(f"its list of nodes cannot be read from source ({error})")
        return found
    if not isinstance(classes, Seq):
        why = classes.why if isinstance(classes, Unknown) else "get_node_list"
        found.gaps.append(f"its list of nodes cannot be read from source ({why})")
        return found
    for one in classes.items:
        _from_class(machine, attributes.resolve(machine, one), pack, found)
    if classes.more is not None:
        found.gaps.append(f"some of its nodes cannot be read from source ({classes.more.why})")
    return found


def _from_class(machine: Machine, cls: Value, pack: str, found: _Found) -> None:
    machine.depth = 0
    name = None
    try:
        schema = definitions.schema_of(machine, cls) if isinstance(cls, Class) else None
        if schema is not None:
            name = definitions.node_id(schema)
            if name is not None:
                found.types[name] = definitions.from_schema(machine, schema, pack, cls)
    except (OutOfBudget, Unreadable, RecursionError):
        name = None
    if name is None:
        shown = cls.name if isinstance(cls, Class) else "a class that cannot be read"
        found.gaps.append(f"a node's name cannot be read from source ({shown})")


def _serves_scripts(root: Module, path: Path) -> bool:
    """Whether a pack names a web folder, by WEB_DIRECTORY or as [tool.comfy] web: then it may have no nodes."""
    if as_text(root.names.get("WEB_DIRECTORY")) is not None:
        return True
    return bool(toml_text(toml_section(small_text(path / "pyproject.toml"), "tool.comfy"), "web"))
