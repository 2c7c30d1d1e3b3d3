"""ComfyUI's own modules, read lazily and shared by all packs; packs see them frozen."""

from __future__ import annotations

import ast
import posixpath
from pathlib import Path

from .interpreter import imports
from .interpreter.machine import Machine
from .interpreter.tree import BASE, Tree, Unreadable
from .interpreter.values import Class, Dict, Module, OutOfBudget, PackRaised, Seq, Value

ROOTS = (BASE, f"{BASE}/comfy")  # ComfyUI puts its comfy folder on sys.path too


class Host:
    """The source of one ComfyUI installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.machine = Machine(Tree({BASE: folder}, BASE), self)
        self.machine.reading = True
        self.machine.recording = False
        self.found: dict[str, tuple[str, str] | None] = {}
        self.schema_types = self._schema_types()

    def locate(self, name: str) -> tuple[str, str] | None:
        """(kind, virtual path) of a module of ComfyUI, or None when it has none of that dotted name."""
        if name not in self.found:
            parent, _, last = name.rpartition(".")
            folders = list(ROOTS)
            if parent:
                above = self.locate(parent)
                folders = [] if above is None or above[0] == "module" else [_folder(above)]
            tree = self.machine.tree
            self.found[name] = next((hit for f in folders if (hit := tree.find(f, last)) is not None), None)
        return self.found[name]

    def load(self, name: str) -> Module | None:
        """A module of ComfyUI, read at most once; None when there is no such source."""
        machine = self.machine
        if name in machine.modules:
            return machine.modules[name]
        hit = self.locate(name)
        if hit is None or hit[0] == "binary":
            return None
        folder = "" if hit[0] == "module" else _folder(hit)
        path = "" if hit[0] == "namespace" else hit[1]
        module = Module(name, path, name if folder else name.rpartition(".")[0], folder=folder, host=True)
        machine.modules[name] = module
        if path:
            machine.steps = 0
            try:
                imports.execute(machine, module)
            except (PackRaised, Unreadable, OutOfBudget) as error:
                module.wild = True
                machine.note(str(error))
            _freeze(module)
        return module

    def _schema_types(self) -> dict[str, str]:
        """Class name → type text of the schema API, from its `comfytype(io_type=…)` decorators."""
        types: dict[str, str] = {}
        for name in ("_io", "_io_public"):
            try:
                tree = self.machine.tree.parse(f"{BASE}/comfy_api/latest/{name}.py")
            except (PackRaised, Unreadable):
                continue
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    found = [text for text in map(_io_type, node.decorator_list) if text]
                    types.update({node.name: found[0]} if found else {})
        return types


def _folder(hit: tuple[str, str]) -> str:
    return posixpath.dirname(hit[1]) if hit[0] == "package" else hit[1]


def _io_type(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "comfytype":
        for word in node.keywords:
            if word.arg == "io_type" and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str):
                return word.value.value
    return ""


def _freeze(module: Module) -> None:
    """Mark every container that a pack could reach by name, so that its changes are noted, not made."""
    for name, value in module.names.items():
        _mark(value, f"{module.name}.{name}")
        if isinstance(value, Class) and value.module is module:
            for attribute, inner in value.names.items():
                _mark(inner, f"{module.name}.{name}.{attribute}")


def _mark(value: Value, name: str) -> None:
    if isinstance(value, (Seq, Dict)) and not value.frozen:
        value.frozen = name
