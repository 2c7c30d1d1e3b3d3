"""What a given path is: a ComfyUI folder, a base directory without code, or a portable install around one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..errors import InventoryError

_CODE = ("main.py", "folder_paths.py", "nodes.py")
_BASE = ("models", "custom_nodes", "user", "input", "output")


@dataclass(frozen=True, slots=True)
class Layout:
    """The directories of one installation, as absolute paths.

    `code` is the folder with ComfyUI's own source, "" when it is not known (a base directory of the
    Desktop app or of `--base-directory`). The others need not exist.
    """

    base: str
    code: str
    models: str
    input: str
    output: str
    user: str

    def workflow_folders(self) -> tuple[str, ...]:
        """Each public user's folder of saved workflows. `__` folders are system users: never looked into."""
        try:
            with os.scandir(self.user) as entries:
                users = sorted(e.name for e in entries if not e.name.startswith("__") and e.is_dir())
        except OSError:
            return ()
        found = (os.path.join(self.user, name, "workflows") for name in users)
        return tuple(path for path in found if os.path.isdir(path))


def find_layout(path: str | os.PathLike[str], code: str | os.PathLike[str] | None = None) -> Layout:
    """Find the installation at `path`; `code` names ComfyUI's source when it lies elsewhere.

    Raises InventoryError: `not_found` when the path is absent, `not_comfyui` when it is something else.
    """
    given = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if not os.path.isdir(given):
        what = "is not a folder" if os.path.lexists(given) else "does not exist"
        raise InventoryError("not_found", f"{given} {what}", "Give the folder that holds ComfyUI's main.py.")
    own_code = next((folder for folder in (given, os.path.join(given, "ComfyUI")) if _is_code(folder)), "")
    base = _base(given, own_code)
    if code is not None:
        own_code = os.path.realpath(os.path.expanduser(os.fspath(code)))
        if not _is_code(own_code):
            raise InventoryError(
                "not_comfyui", f"{own_code} does not hold ComfyUI's source ({', '.join(_CODE)})", "Check that path."
            )
    if not base:
        raise InventoryError("not_comfyui", f"{given} is not a ComfyUI installation", _hint(given))
    return Layout(base, own_code, *(os.path.join(base, n) for n in ("models", "input", "output", "user")))


def _base(given: str, code: str) -> str:
    """ComfyUI resolves links of its own folder, so the base does too. "" when there is none."""
    if code:
        return os.path.realpath(code)
    inside = os.path.join(given, "ComfyUI")
    for folder in (given, inside):
        marks = sum(os.path.isdir(os.path.join(folder, name)) for name in _BASE)
        if marks >= 2 and any(os.path.isdir(os.path.join(folder, name)) for name in _BASE[:2]):
            return os.path.realpath(folder)
    return ""


def _is_code(folder: str) -> bool:
    return all(os.path.isfile(os.path.join(folder, name)) for name in _CODE)


def _hint(given: str) -> str:
    parent = os.path.dirname(given)
    if _is_code(parent) or _base(parent, ""):
        return f"Did you mean {parent}?"
    return "Give the folder with main.py, or the base directory that holds models and custom_nodes."
