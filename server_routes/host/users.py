"""ComfyUI's users: who asks, where their files lie, and what they set in the settings dialog."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import ComfyFixerError
from ...core.files import safe_join
from .folders import directories
from .modules import argument, module, text

PREFIX = "comfyfixersmart."
MAX_SETTINGS = 1 << 20  # bytes of a user's settings file


class User(NamedTuple):
    """`folder` is the user's directory; saved workflows lie in `folder`/workflows."""

    id: str
    name: str
    folder: str


def multi_user() -> bool:
    """Whether ComfyUI runs with --multi-user."""
    return bool(argument("multi_user", False))


def users(server: Any) -> tuple[User, ...]:
    """Everyone with a folder here; the one user `default` unless ComfyUI runs with --multi-user."""
    known = getattr(getattr(server, "user_manager", None), "users", None)
    if not multi_user() or not isinstance(known, dict):
        return (User("default", "default", _folder("default")),)
    return tuple(
        User(id, text(name) or id, _folder(id))
        for id, name in list(known.items())
        if isinstance(id, str) and _sound(id)
    )


def user_of(server: Any, request: Any) -> User:
    """Who sent the request, as ComfyUI tells users apart (header `comfy-user`; it is no proof of identity).

    Raises ComfyFixerError (`unknown_user`).
    """
    try:
        id = server.user_manager.get_request_user_id(request)
    except KeyError:
        raise _unknown() from None
    if not isinstance(id, str) or not _sound(id):
        raise _unknown()
    known = getattr(server.user_manager, "users", {})
    return User(id, text(known.get(id)) or id, _folder(id))


def dialog_settings(user: User) -> dict[str, Any]:
    """What the user set in ComfyUI's dialog for us, by the full id; {} when that file cannot be read.

    The page can write that file: nothing in it may be trusted with more than looks and cadence.
    """
    from ...core.errors import UnreadableFile
    from ...core.files import read_small

    try:
        raw = read_small(os.path.join(user.folder, "comfy.settings.json"), MAX_SETTINGS)
        body = json.loads(raw or b"{}")
    except (UnreadableFile, ValueError, RecursionError):
        return {}
    return {key: value for key, value in body.items() if key.startswith(PREFIX)} if isinstance(body, dict) else {}


def _unknown() -> ComfyFixerError:
    return ComfyFixerError(
        "unknown_user",
        "ComfyUI does not know the user who asks.",
        "Choose a user on ComfyUI's start page, then open this again.",
    )


def _sound(id: str) -> bool:
    """One plain folder name, and none of those that ComfyUI keeps from its users."""
    try:
        safe_join(Path(), id)
    except ComfyFixerError:
        return False
    return not id.startswith("__")


def _folder(id: str) -> str:
    public = getattr(module("folder_paths"), "get_public_user_directory", None)
    found = text(public(id)) if callable(public) else ""
    return os.path.abspath(found or os.path.join(directories().get("user", ""), id))
