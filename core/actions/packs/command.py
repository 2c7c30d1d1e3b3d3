"""The command that a person can paste to install or enable a pack. We only write it down; nothing here runs one.

A command is made of names that strangers chose, so each is checked first and then quoted for the shell it is meant for.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from ..types import COMMAND, MANAGER_V3, MANAGER_V4, PackTask
from . import names
from .places import Home, find_home

_PLACEHOLDER = "path/to/ComfyUI"


def command_for(
    task: PackTask,
    place: str,
    custom_nodes: str = "",
    manager: str = "",
    *,
    python: str = "",
    windows: bool | None = None,
) -> str:
    """What to paste into a terminal of the computer that runs the installation at `place`; "" where there is no such way.

    `custom_nodes`: the folder where packs go, by default that of `place`. `manager`: the ComfyUI-Manager that answers
    there; by default what `task.through` says, and without one the Manager that lies on this disk. `python`: ComfyUI's
    interpreter, where it is known. `windows`: for its command prompt; by default what this computer has. Lines are
    commands of their own. Raises ComfyFixerError `unsafe_name` for names that could be more than a name.
    """
    shell = _Shell(os.name == "nt" if windows is None else windows)
    home = find_home(place, custom_nodes, python) if os.path.isdir(place) else _elsewhere(custom_nodes, python)
    way = manager or task.through
    if task.folder:
        return _enabling(task, home, shell)
    names.checked(task)
    way = way if way != COMMAND else home.manager
    if way == MANAGER_V4 and _serves(home):
        words = [home.python or "python", *shell.isolated(home.python), "-m", "cm_cli"]
        return shell.with_path(home.code, shell.line([*words, "install", _spec(task)]))
    if way == MANAGER_V3 and home.cli and _serves(home):
        words = [home.python or "python", *shell.isolated(home.python), home.cli]
        return shell.with_path(home.code, shell.line([*words, "install", _spec(task)]))
    return _cloning(task, home, shell) if task.repo else ""


def _spec(task: PackTask) -> str:
    return f"{task.registry_id}@{task.version}"


def _elsewhere(custom_nodes: str, python: str) -> Home:
    """An installation on another computer: the person puts its folder in."""
    nodes = custom_nodes or f"{_PLACEHOLDER}/custom_nodes"
    return Home(_PLACEHOLDER, nodes, python, COMMAND, f"{nodes}/ComfyUI-Manager/cm-cli.py")


def _serves(home: Home) -> bool:
    """Whether the Manager's command line installs into the folder that ComfyUI reads: it only knows the usual one."""
    usual = os.path.join(home.code, "custom_nodes")
    return bool(home.code) and os.path.realpath(home.custom_nodes) == os.path.realpath(usual)


def _cloning(task: PackTask, home: Home, shell: _Shell) -> str:
    repo, name = names.repository(task.repo)
    folder = os.path.join(home.custom_nodes, name)
    needs = os.path.join(folder, "requirements.txt")
    python = home.python or "python"
    return "\n".join(
        (
            shell.line(["git", "clone", "--", repo, folder]),
            shell.line([python, *shell.isolated(home.python), "-m", "pip", "install", "-r", needs]),
        )
    )


def _enabling(task: PackTask, home: Home, shell: _Shell) -> str:
    """What the Manager does as well: the folder gets its own name back. Nothing that lies there is written over."""
    now = task.folder if os.path.isabs(task.folder) else os.path.join(home.custom_nodes, task.folder)
    above, name = os.path.split(os.path.normpath(now))
    if os.path.basename(above) == ".disabled":
        above = os.path.dirname(above)
    plain = name.removesuffix(".disabled").partition("@")[0]
    if not plain:
        raise names.unsafe("The folder of this pack")
    return shell.line([*shell.move, now, os.path.join(above, plain)])


class _Shell:
    """How one shell is written to: `sh` and its kin, or the command prompt of Windows."""

    def __init__(self, windows: bool) -> None:
        self.windows = windows
        self.move = ("move", "/-Y") if windows else ("mv", "-n", "--")

    def line(self, words: Sequence[str]) -> str:
        """One command."""
        return " ".join(self.quoted(one) for one in words)

    def quoted(self, word: str) -> str:
        """One word, which the shell takes as it is."""
        names.path(word, windows=self.windows)
        if not self.windows:
            return shlex.quote(word)
        plain = all(sign.isalnum() or sign in "-_.:/\\@+" for sign in word) and word.isascii()
        return word if plain else f'"{word}"'

    def with_path(self, code: str, line: str) -> str:
        """A command of the Manager, which wants to be told where ComfyUI lies."""
        if not self.windows:
            return f"COMFYUI_PATH={self.quoted(code)} {line}"
        names.path(code, windows=True)
        return f'set "COMFYUI_PATH={code}" && {line}'

    def isolated(self, python: str) -> tuple[str, ...]:
        """The portable Windows package runs its Python without the user's own packages."""
        return ("-s",) if "python_embeded" in python.replace("\\", "/").split("/") else ()
