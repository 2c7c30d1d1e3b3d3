"""Import statements: the pack's own modules are read at once, ComfyUI's lazily, all others stay names."""

from __future__ import annotations

import ast
import posixpath
import sys

from ..library.host_names import HOST_NAMES, STAND_IN
from . import statements
from .machine import MAX_MODULES, Machine
from .tree import BASE, Unreadable
from .values import Dict, External, HostModule, HostRef, Module, PackRaised, Scope, Seq, Unknown, Value

PACK = "pack"  # the dotted name of the pack's root module


def execute(m: Machine, module: Module) -> None:
    """Read the file of a module and do what its top level does."""
    tree = m.tree.parse(module.path)
    module.names.update(
        {
            "__name__": module.name,
            "__file__": module.path,
            "__package__": module.package,
            "__doc__": ast.get_docstring(tree),
            "__path__": Seq([module.folder]) if module.folder else Unknown(),
        }
    )
    with m.under(None), m.deeper(6):
        statements.run(m, tree.body, Scope(module.names, module))


def folder_paths(m: Machine) -> Module:
    """The module folder_paths as this pack sees and changes it: ComfyUI's own, else a stand-in."""
    if m.folders is None:
        module = m.folders = Module("folder_paths", f"{BASE}/folder_paths.py", "", host=True)
        module.names.update({"__name__": module.name, "__file__": module.path})
        guards, m.guards, reading, m.reading = m.guards, [], m.reading, True
        try:
            own = _own_folder_paths(m, module.path)
            statements.run(m, own.body if own else [], Scope(module.names, module))
            if not isinstance(module.names.get("folder_names_and_paths"), Dict):
                statements.run(m, ast.parse(STAND_IN).body, Scope(module.names, module))
                table = module.names["folder_names_and_paths"]
                if isinstance(table, Dict):
                    table.doubt("ComfyUI's own folder table is not at hand")
        finally:
            m.guards, m.reading = guards, reading
    return m.folders


def _own_folder_paths(m: Machine, path: str) -> ast.Module | None:
    """ComfyUI's own source of folder_paths; None when it is not at hand or broken."""
    if m.host is None or m.host.locate("folder_paths") is None:
        return None
    try:
        return m.host.machine.tree.parse(path)
    except (PackRaised, Unreadable):
        return None


def bind_import(m: Machine, node: ast.Import, scope: Scope) -> None:
    """`import a.b`, `import a.b as c`."""
    for alias in node.names:
        leaf = absolute(m, alias.name, scope.module, node)
        if alias.asname:
            scope.names[alias.asname] = leaf
        else:
            top = alias.name.split(".")[0]
            scope.names[top] = absolute(m, top, scope.module, node) if "." in alias.name else leaf


def bind_from(m: Machine, node: ast.ImportFrom, scope: Scope) -> None:
    """`from a import b`, `from .a import *`, `from . import a as b`."""
    if node.module == "__future__":
        return
    if node.level:
        source = relative(m, scope.module, node.level, node.module or "", node)
    else:
        source = absolute(m, node.module or "", scope.module, node)
    for alias in node.names:
        if alias.name == "*":
            _star(m, source, scope)
        else:
            scope.names[alias.asname or alias.name] = member(m, source, alias.name)


def member(m: Machine, source: Value, name: str) -> Value:
    """What `from source import name` binds."""
    if isinstance(source, Module):
        if name in source.names:
            return source.names[name]
        child = submodule(m, source, name)
        if child is None and m.trying and not source.wild:
            raise PackRaised(f"{m.tree.relative(source.path)} binds no {name}")
        return Unknown(f"{m.tree.relative(source.path)} binds no {name} that can be seen") if child is None else child
    if isinstance(source, HostModule):
        return HostRef(source.name, name)
    return External(f"{source.name}.{name}") if isinstance(source, External) else Unknown()


def _star(m: Machine, source: Value, scope: Scope) -> None:
    if isinstance(source, HostModule):
        module = m.host.load(source.name) if m.host is not None else None
        names: dict[str, Value] = {name: HostRef(source.name, name) for name in module.names} if module else {}
        wild = module is None
    elif isinstance(source, Module):
        names, wild = dict(source.names), source.wild
        offered = names.get("__all__")
        if isinstance(offered, Seq) and offered.plain:
            chosen = [one for one in offered.items if isinstance(one, str)]
            scope.names.update({name: member(m, source, name) for name in chosen})
            return
    else:
        names, wild = {}, True
    scope.module.wild |= wild
    scope.names.update({name: value for name, value in names.items() if not name.startswith("_")})


def relative(m: Machine, module: Module, level: int, name: str, node: ast.AST) -> Value:
    """The module that `from ..name import …` names, read if it is the pack's."""
    parts = module.package.split(".") if module.package else []
    if level > len(parts):
        if module.host:
            return Unknown()
        raise PackRaised(f"{m.place(module, node)}: a relative import that leads out of the pack")
    dotted = ".".join(parts[: len(parts) - level + 1] + ([name] if name else []))
    if module.host:
        return HostModule(dotted)
    return local(m, dotted, f"{m.place(module, node)}: there is no module {'.' * level}{name}")


def local(m: Machine, dotted: str, missing: str) -> Value:
    """A module of the pack by its full dotted name. Raises PackRaised with `missing` where there is none."""
    current = m.modules.get(dotted)
    if current is not None:
        return current
    parent, _, last = dotted.rpartition(".")
    above = local(m, parent, missing) if parent else None
    if not isinstance(above, Module):
        return Unknown(missing)
    if last in above.names and not above.folder:
        return above.names[last]
    child = submodule(m, above, last)
    if child is None:
        raise PackRaised(missing)
    return child


def submodule(m: Machine, above: Module, name: str) -> Value:
    """The module `name` inside a package, read if need be; None when there is none."""
    dotted = f"{above.name}.{name}"
    if dotted in m.modules:
        return m.modules[dotted]
    hit = m.tree.find(above.folder, name) if above.folder and "/" not in name else None
    if hit is None:
        return None
    child = load(m, dotted, hit)
    above.names.setdefault(name, child)
    return child


def load(m: Machine, dotted: str, hit: tuple[str, str]) -> Value:
    """Read one module of the pack that was found as `hit`."""
    kind, path = hit
    if kind == "binary":
        return Unknown(f"{m.tree.relative(path)} is compiled")
    if len(m.modules) >= MAX_MODULES:
        raise Unreadable(f"the pack has more than {MAX_MODULES} modules")
    folder = posixpath.dirname(path) if kind == "package" else path if kind == "namespace" else ""
    module = Module(dotted, "" if kind == "namespace" else path, dotted if folder else dotted.rpartition(".")[0])
    module.folder = folder
    m.modules[dotted] = module
    if not module.path:
        return module
    try:
        execute(m, module)
    except PackRaised:
        del m.modules[dotted]
        raise
    except Unreadable as error:
        module.wild = True
        m.note(str(error))
    return module


def absolute(m: Machine, dotted: str, module: Module, node: ast.AST | None) -> Value:
    """What `import dotted` gives at its last part."""
    top = dotted.split(".")[0]
    if top in sys.stdlib_module_names:
        return External(dotted, module=True)
    if not module.host:
        found = _on_search_path(m, dotted, top)
        if found is not None:
            return found
    if m.host is not None and m.host.locate(top) is not None and top != "custom_nodes":
        if m.host.locate(dotted) is None and not module.host:
            raise PackRaised(f"{m.place(module, node)}: this ComfyUI has no module {dotted}")
        return HostModule(dotted)
    if top in HOST_NAMES:
        return HostModule(dotted)
    own = f"custom_nodes.{posixpath.basename(m.tree.home)}"
    if dotted == own or dotted.startswith(f"{own}."):
        return local(m, PACK + dotted[len(own) :], f"{m.place(module, node)}: there is no module {dotted}")
    if not module.host and top != "custom_nodes":
        m.required(top)
    return External(dotted, module=True)


def _on_search_path(m: Machine, dotted: str, top: str) -> Value:
    for index, folder in enumerate(m.search):
        hit = m.tree.find(folder, top)
        if hit is None or (hit[0] == "namespace" and m.host is not None and m.host.locate(top) is not None):
            continue
        base = f"@{index}"
        root = m.modules.setdefault(base, Module(base, "", "", folder=folder))
        value: Value = root
        for part in dotted.split("."):
            value = submodule(m, value, part) if isinstance(value, Module) else None
        # A package may be spread over several folders, so a part that is not here is only not known.
        return Unknown(f"there is no module {dotted}") if value is None else value
    return None
