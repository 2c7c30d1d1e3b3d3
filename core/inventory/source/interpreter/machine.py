"""State of one reading: what was found so far, under which conditions we are, and how much work is left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .tree import Tree
from .values import Dict, Guard, Module, OutOfBudget, Seq, Unknown

if TYPE_CHECKING:
    from ..host import Host

MAX_RECURSION = 6
MAX_STEPS = 500_000  # expressions and statements; the largest of 88 real packs needs a quarter
MAX_MODULES = 1_500
MAX_DEPTH = 150  # of blocks and nested expressions together; each takes two to four Python frames


class _Spot:
    """A place in source, put into words only when someone asks."""

    __slots__ = ("node", "path", "tree")

    def __init__(self, tree: Tree, path: str, node: ast.AST) -> None:
        self.tree = tree
        self.path = path
        self.node = node

    def __str__(self) -> str:
        try:
            text = " ".join(ast.unparse(self.node).split())
        except (ValueError, RecursionError, TypeError):
            text = type(self.node).__name__
        line = getattr(self.node, "lineno", 0)
        return f"{self.tree.relative(self.path)}:{line}: {text[:80]}{'…' if len(text) > 80 else ''}"


class Machine:
    """Reads the modules of one pack (or of ComfyUI) without running them."""

    def __init__(self, tree: Tree, host: Host | None) -> None:
        self.tree = tree
        self.host = host
        self.modules: dict[str, Module] = {}
        self.search: list[str] = []  # virtual folders the pack put on sys.path
        self.guards: list[Guard] = []
        self.imports: list[set[str]] = [set()]  # what must import; a try opens a set of its own
        self.recording = True  # False once the pack is imported and only its classes are looked at
        self.reasons: list[str] = []
        self.patches: set[str] = set()  # things of ComfyUI that the pack changes
        self.added = Dict()  # types put straight into ComfyUI's own mapping
        self.folders: Module | None = None  # folder_paths as this pack sees and changes it
        self.steps = 0
        self.depth = 0
        self.trying = 0  # how many try statements with handlers we are in
        self.active: dict[int, int] = {}  # function → how often it is being followed right now
        self.cut = False  # a call was too deep to be followed
        self.reading = False  # inside the host's own modules

    def step(self, size: int = 0) -> None:
        """Count one piece of work, more for a large value, so that memory is bounded too. Raises OutOfBudget."""
        self.steps += 1 + size // 20
        if self.steps > MAX_STEPS:
            raise OutOfBudget(f"reading takes more than {MAX_STEPS} steps")

    @contextmanager
    def deeper(self, levels: int = 1) -> Iterator[None]:
        """One level of nesting. Raises OutOfBudget where Python's own stack could run out."""
        self.depth += levels
        try:
            if self.depth > MAX_DEPTH:
                raise OutOfBudget("it is nested too deeply to be read")
            yield
        finally:
            self.depth -= levels

    def place(self, module: Module, node: ast.AST | None) -> str:
        """`file:line` relative to the pack, for people."""
        file = self.tree.relative(module.path) or module.name
        return f"{file}:{getattr(node, 'lineno', 0)}"

    def unknown(self, module: Module, node: ast.AST) -> Unknown:
        """Unknown, with the place and the text of what could not be read."""
        return NOTHING if self.reading or not self.recording else Unknown(_Spot(self.tree, module.path, node))

    def note(self, reason: str) -> None:
        """Remember something that could not be read."""
        if reason not in self.reasons and len(self.reasons) < 40:
            self.reasons.append(reason)

    def required(self, name: str) -> None:
        """Record that an absolute import must succeed, unless that depends on a condition."""
        if self.recording and not any(guard.modules is None for guard in self.guards):
            self.imports[-1].add(name)

    @contextmanager
    def under(self, guard: Guard | None) -> Iterator[None]:
        """Everything inside happens only if `guard` holds; guards added inside end with it."""
        depth = len(self.guards)
        if guard is not None:
            self.guards.append(guard)
        try:
            yield
        finally:
            del self.guards[depth:]

    def condition(self) -> tuple[Guard, ...]:
        """The conditions that hold now."""
        return tuple(self.guards)

    def maybe(self) -> bool:
        """Whether we are where nobody can tell if it runs."""
        return any(guard.modules is None for guard in self.guards)

    def may_change(self, value: Seq | Dict) -> bool:
        """Whether a container is the pack's own; one of ComfyUI is left alone and the change noted."""
        if value.frozen and not self.reading:
            self.patches.add(value.frozen)
            return False
        return True


NOTHING = Unknown()
