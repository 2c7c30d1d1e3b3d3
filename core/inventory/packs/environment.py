"""The Python environment that runs an installation, and which modules are known to be absent from it.

Nothing is imported: the folders of site-packages are listed. Wherever a module could still come from
somewhere unseen, it is not called absent.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import InventoryError
from ...knowledge import document
from ..layout import Layout
from ..text import small_text

_PLACES = ("venv", ".venv", "env", "python_embeded", "../python_embeded", "../venv", "../.venv")
_SITE = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python environment: where it lies, and the top-level modules that can be imported in it."""

    place: str
    modules: frozenset[str]

    def missing(self, imports: Iterable[str], also: Iterable[str] = ()) -> str | None:
        """The first of `imports` that is surely absent. `also` names modules found elsewhere (in the pack)."""
        here = frozenset(also)
        for name in imports:
            top = name.split(".")[0]
            if top and top not in self.modules and top not in here:
                return top
        return None


def find_environment(layout: Layout, python: str | os.PathLike[str] | None = None) -> Environment | None:
    """The environment of an installation, or None when none can be found or not all of it can be seen.

    `python` names the root of an environment, its interpreter, or a site-packages folder. Without it the usual
    places beside the installation are tried, then the running interpreter if it has torch. Raises
    InventoryError (`no_environment`) when `python` is none of these.
    """
    if python is not None:
        return _given(os.path.abspath(os.path.expanduser(os.fspath(python))))
    for base in dict.fromkeys((layout.code, layout.base)):
        for place in _PLACES if base else ():
            root = os.path.normpath(os.path.join(base, place))
            sites = _sites(root)
            if sites:
                return _environment(root, sites)
    if importlib.util.find_spec("torch") is not None:
        return _environment(
            sys.prefix, [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        )
    return None


def _given(path: str) -> Environment | None:
    roots = [path]
    if os.path.isfile(path):  # bin/python of an environment, or python.exe of the portable one
        roots = [os.path.dirname(os.path.dirname(path)), os.path.dirname(path)]
    for root in roots:
        sites = _sites(root) or ([root] if os.path.basename(root) in ("site-packages", "dist-packages") else [])
        if sites:
            return _environment(root, sites)
    raise InventoryError(
        "no_environment",
        f"{path} is not a Python environment",
        "Give the folder of the virtual environment that runs ComfyUI, or its python.",
    )


def _sites(root: str) -> list[str]:
    return [path for pattern in _SITE for path in glob.glob(os.path.join(glob.escape(root), *pattern.split("/")))]


def _environment(place: str, sites: list[str]) -> Environment | None:
    """None when some part of it lies where it cannot be listed: then nothing can be called absent."""
    if not sites or _shares_system_packages(place):
        return None
    facts = document("folders")
    modules = {*sys.stdlib_module_names, *facts["old_stdlib"], *facts["host_modules"]}
    seen: set[str] = set()
    pending = list(sites)
    while pending and len(seen) < 1000:
        path = os.path.realpath(pending.pop())
        if path in seen:
            continue
        seen.add(path)
        try:
            names = os.listdir(path)
        except OSError:
            if path in map(os.path.realpath, sites):
                return None
            continue
        modules.update(name.split(".")[0] for name in names)  # packages, x.py, x.cpython-311-….so
        for name in names:
            full = os.path.join(path, name)
            if name.endswith(".pth"):
                pending += _pth_folders(full, path)
            elif name.endswith(".dist-info"):
                modules.update(_lines(os.path.join(full, "top_level.txt")))
    return Environment(place, frozenset(modules))


def _shares_system_packages(place: str) -> bool:
    lines = _lines(os.path.join(place, "pyvenv.cfg"))
    return any(line.replace(" ", "").lower() == "include-system-site-packages=true" for line in lines)


def _pth_folders(path: str, beside: str) -> list[str]:
    """Folders that a .pth file adds to the path. Editable installs by code are found by their top_level.txt."""
    folders = (line for line in _lines(path) if not line.startswith(("#", "import ", "import\t")))
    return [os.path.join(beside, line) for line in folders]


def _lines(path: str) -> list[str]:
    return [line.strip() for line in small_text(path).splitlines() if line.strip()]
