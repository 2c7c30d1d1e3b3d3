"""Who may import whom. The rules are the house's plan, kept by reading every file's syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A part of core may import only what stands before it.
ORDER = [
    *("errors", "jsontext", "files", "settings", "keys", "knowledge", "http"),
    *("workflow", "catalogue", "requirements", "weights", "inventory", "readiness", "llm", "explanation", "tuning"),
    *("comparison", "composition", "sources", "resolution", "actions", "reconstruction", "health", "reports"),
    *("schedule", "library", "place", "probe", "record", "understanding", "app", "cli"),
]
PURE = {
    *("workflow", "catalogue", "requirements", "readiness", "comparison", "explanation", "tuning", "composition"),
    "schedule",
}
EDGES = {"settings", "reports", "cli", "app", "actions"}  # where outside data comes in or goes out: pydantic is welcome

FROM_ROOT = {("__version__",)}  # all that core may take from the package it lies in
HOST = {"server", "folder_paths", "nodes", "comfy", "comfy_api", "comfy_execution", "execution", "app", "utils"}
# Imported on first use: ComfyUI's start must not pay for them.
LAZY = {
    "httpx",
    "httpcore",
    "jinja2",
    "llama_cpp",
    "pynvml",
    "rich",
    "yaml",
    "hypothesis",
    "torch",
    "numpy",
    "aiohttp",
    "PIL",
}
UNSAFE = {"pickle", "dill", "marshal", "shelve", "joblib", "cloudpickle", "torch"}
# What a stage that is a function of its input has no use for.
OUTSIDE = {
    "time",
    "socket",
    "subprocess",
    "shutil",
    "tempfile",
    "random",
    "secrets",
    "threading",
    "asyncio",
    "urllib.request",
}


class Import(NamedTuple):
    """One imported module: absolute name, or parts below our own root when it is ours."""

    file: Path
    line: int
    name: str
    own: tuple[str, ...] | None
    lazy: bool  # inside a function, or for type checkers only

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.name}"


def product_files() -> list[Path]:
    folders = ("core", "nodes", "server_routes")
    return [ROOT / "__init__.py", *sorted(each for name in folders for each in (ROOT / name).rglob("*.py"))]


TREES = {path: ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in product_files()}


def imports() -> Iterator[Import]:
    for path, tree in TREES.items():
        yield from _imports(path, tree, lazy=False)


def _imports(path: Path, node: ast.AST, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(path, child.lineno, alias.name, None, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from _from_import(path, child, lazy)
        else:
            inner = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _for_type_checkers(child)
            yield from _imports(path, child, lazy or inner)


def _from_import(path: Path, node: ast.ImportFrom, lazy: bool) -> Iterator[Import]:
    if not node.level:
        yield from (Import(path, node.lineno, f"{node.module}.{alias.name}", None, lazy) for alias in node.names)
        return
    package = path.relative_to(ROOT).parts[:-1]
    base = package[: len(package) - (node.level - 1)]
    above = (*base, *(node.module or "").split(".")) if node.module else base
    for alias in node.names:
        yield Import(path, node.lineno, ".".join((*above, alias.name)), (*above, alias.name), lazy)


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def part(parts: tuple[str, ...]) -> str | None:
    """The part of core that a path or an own import belongs to; None outside core, or for core itself."""
    return Path(parts[1]).stem if len(parts) > 1 and parts[0] == "core" else None


ALL = list(imports())


def in_core(one: Import) -> bool:
    return one.file.relative_to(ROOT).parts[0] == "core"


def named(one: Import, names: set[str]) -> bool:
    return one.own is None and (one.name.split(".")[0] in names or one.name in names)


def test_every_part_of_core_has_its_place() -> None:
    parts = {
        path.stem for path in (ROOT / "core").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert parts - {"__init__", "__main__"} <= set(ORDER)


def test_a_part_imports_only_what_stands_to_its_left() -> None:
    wrong = []
    for one in filter(in_core, ALL):
        here, there = part(one.file.relative_to(ROOT).parts), part(one.own or ())
        if here in ORDER and there is not None and there != here and ORDER.index(there) > ORDER.index(here):
            wrong.append(one.where)
    assert not wrong


def test_core_knows_nothing_of_comfyui_nor_of_what_stands_around_it() -> None:
    host = [one.where for one in ALL if in_core(one) and named(one, HOST)]
    around = [
        one.where for one in ALL if in_core(one) and one.own and one.own[0] != "core" and one.own not in FROM_ROOT
    ]
    assert not host + around


def test_imports_of_our_own_are_relative() -> None:
    """Inside ComfyUI the package's name is a file path: our own name does not exist there."""
    assert not [one.where for one in ALL if named(one, {"comfyfixersmart", "core", "server_routes"})]


def test_heavy_packages_are_imported_on_first_use() -> None:
    eager = [one.where for one in ALL if in_core(one) and not one.lazy and named(one, LAZY)]
    models = [
        one.where
        for one in ALL
        if in_core(one)
        and not one.lazy
        and named(one, {"pydantic"})
        and part(one.file.relative_to(ROOT).parts) not in EDGES
    ]
    assert not eager + models


def test_pure_stages_touch_nothing() -> None:
    """Values in, values out: no clock, no chance, no disk, no process, no network."""
    wrong = [one.where for one in ALL if part(one.file.relative_to(ROOT).parts) in PURE and named(one, OUTSIDE)]
    for path, tree in TREES.items():
        if part(path.relative_to(ROOT).parts) in PURE:
            wrong += [
                f"{path.relative_to(ROOT)}:{call.lineno} open()" for call in _calls(tree) if _callee(call) == "open"
            ]
    assert not wrong


def test_nothing_runs_code_that_came_as_data() -> None:
    wrong = [one.where for one in ALL if named(one, UNSAFE)]
    for path, tree in TREES.items():
        wrong += [
            f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)[:60]}" for call in _calls(tree) if _unsafe(call)
        ]
    assert not wrong


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "exec(x)",
        "os.system('ls')",
        "os.popen(x)",
        "subprocess.run(x, shell=True)",
        "compile(x, '', 'exec')",
    ],
)
def test_the_rule_against_running_data_sees(source: str) -> None:
    assert [call for call in _calls(ast.parse(source)) if _unsafe(call)]


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _callee(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _unsafe(call: ast.Call) -> bool:
    shell = any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords)
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "builtins.eval", "builtins.exec"}
    return shell or _callee(call) in forbidden
