"""Where an installation's Python and ComfyUI-Manager lie. Folders are looked at; nothing is imported or run."""

from __future__ import annotations

import glob
import importlib.util
import os
import sys
from typing import NamedTuple

from ..types import COMMAND, MANAGER_V3, MANAGER_V4

_ENVIRONMENTS = ("venv", ".venv", "env", "python_embeded", "../python_embeded", "../venv", "../.venv")
_PYTHONS = ("bin/python", "Scripts/python.exe", "python.exe")
_SITES = ("lib/python3*/site-packages", "Lib/site-packages")


class Home(NamedTuple):
    """What a command for an installation needs. `code`: the folder with ComfyUI's source, "" where it lies elsewhere."""

    code: str
    custom_nodes: str
    python: str  # the interpreter that runs ComfyUI; "" where it is not known
    manager: str  # MANAGER_V4, MANAGER_V3, or COMMAND where none was found
    cli: str = ""  # of MANAGER_V3: its cm-cli.py


def find_home(place: str, custom_nodes: str = "", python: str = "") -> Home:
    """What lies at `place`, the base folder of an installation. `python`: its interpreter, where that is known."""
    nodes = custom_nodes or os.path.join(place, "custom_nodes")
    code = place if os.path.isfile(os.path.join(place, "folder_paths.py")) else ""
    root, found = _environment(place)
    cli = _old_cli(nodes)
    here = python or found
    if _has_cli(root):
        return Home(code, nodes, here, MANAGER_V4)
    return Home(code, nodes, here, MANAGER_V3, cli) if cli else Home(code, nodes, here, COMMAND)


def _environment(place: str) -> tuple[str, str]:
    """The environment beside the installation and its interpreter; this very Python where it may run ComfyUI."""
    for name in _ENVIRONMENTS:
        root = os.path.normpath(os.path.join(place, name))
        for python in _PYTHONS:
            path = os.path.join(root, *python.split("/"))
            if os.path.isfile(path):
                return root, path
    if importlib.util.find_spec("torch") is not None:
        return sys.prefix, sys.executable
    return "", ""


def _has_cli(root: str) -> bool:
    """Whether the Manager of the fourth generation is installed in this environment: it brings a module of this name."""
    if not root:
        return False
    sites = [one for site in _SITES for one in glob.glob(os.path.join(glob.escape(root), *site.split("/")))]
    return any(os.path.isfile(os.path.join(site, "cm_cli", "__main__.py")) for site in sites)


def _old_cli(custom_nodes: str) -> str:
    """The Manager's own script, where it is a pack among the others."""
    try:
        names = sorted(os.listdir(custom_nodes))
    except (OSError, ValueError):
        return ""
    for name in names:
        path = os.path.join(custom_nodes, name, "cm-cli.py")
        if "manager" in name.lower() and not name.endswith(".disabled") and os.path.isfile(path):
            return path
    return ""
