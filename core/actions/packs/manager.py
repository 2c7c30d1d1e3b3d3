"""Whether a ComfyUI-Manager answers in the person's own ComfyUI, of which generation it is, and what it permits.

Three kinds of it are about: the fourth generation with the new screens, the same with the old ones (other routes for the
queue), and the third, which is a pack among the others.
"""

from __future__ import annotations

import configparser
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import UnreadableFile
from ...files import read_small
from ...http import Http, NoAnswer
from ..types import MANAGER_V3, MANAGER_V4

_log = logging.getLogger("comfyfixersmart.actions")  # a fixed name: inside ComfyUI, __name__ is a file path

ALLOWS = frozenset({"normal", "normal-", "weak"})  # security levels under which it installs from the registry
_ABSENT = (404, 405)
_CONFIGS = ("__manager", "default/ComfyUI-Manager")  # its folder below ComfyUI's user folder, newest habit first
_MOST = 256 << 10  # bytes of its settings
_LEVEL = re.compile(r"[a-z][a-z+-]{0,20}")


@dataclass(frozen=True, slots=True)
class Manager:
    """A ComfyUI-Manager that answers. `http` may reach it; nobody here closes it."""

    http: Http = field(repr=False, compare=False)
    address: str  # of the ComfyUI in which it runs, without "/" at the end
    through: str  # MANAGER_V4 or MANAGER_V3
    old_screens: bool = False  # MANAGER_V4 with --enable-manager-legacy-ui
    version: str = ""
    level: str = ""  # its security level: strong, normal, normal- or weak; "" where it is not known

    @property
    def permits(self) -> bool:
        """Whether it may install packs from the registry, as far as that is known."""
        return not self.level or self.level in ALLOWS

    @property
    def called(self) -> str:
        """ "ComfyUI-Manager 4.3"."""
        return f"ComfyUI-Manager {self.version}".strip()

    def url(self, path: str) -> str:
        """The address of one of its routes, "manager/queue/status"."""
        return f"{self.address}/{'v2/' if self.through == MANAGER_V4 else ''}{path}"


class Found(NamedTuple):
    """The Manager, or why there is none: one plain sentence."""

    manager: Manager | None
    reason: str = ""


def find_manager(http: Http, address: str, *, user: str = "") -> Manager | None:
    """The Manager in the ComfyUI at `address`, None where there is none. See `look_for`."""
    found = look_for(http, address, user=user)
    if found.manager is None:
        _log.info("No ComfyUI-Manager: %s", found.reason)
    return found.manager


def look_for(http: Http, address: str, *, user: str = "") -> Found:
    """The Manager in the ComfyUI at `address`, or why there is none.

    `http`: a client that trusts that host. `user`: ComfyUI's user folder on this disk, where the Manager's own settings
    tell its security level; over the network nothing does. Never raises but for a person who cancels (NoAnswer `cancelled`).
    """
    base = address.rstrip("/")
    for through in (MANAGER_V4, MANAGER_V3):
        manager = Manager(http, base, through)
        try:
            status = http.json(manager.url("manager/queue/status")).body
        except NoAnswer as error:
            if error.code == "cancelled":
                raise
            if error.status in _ABSENT:
                continue
            return Found(None, f"ComfyUI at {base} did not answer: {error.message}.")
        if is_status(status):
            old = through == MANAGER_V4 and _has_old_screens(manager)
            return Found(Manager(http, base, through, old, _version(manager), security_level(user) if user else ""))
    return Found(None, f"No ComfyUI-Manager answers in the ComfyUI at {base}.")


def is_status(body: Any) -> bool:
    """Whether this is what its queue says of itself; other packs may have routes of the same name."""
    return isinstance(body, dict) and isinstance(body.get("total_count"), int) and "is_processing" in body


def _has_old_screens(manager: Manager) -> bool:
    try:
        body = manager.http.json(manager.url("manager/is_legacy_manager_ui")).body
    except NoAnswer as error:
        if error.code == "cancelled":
            raise
        return False
    return isinstance(body, dict) and body.get("is_legacy_manager_ui") is True


def _version(manager: Manager) -> str:
    """As it says itself, for people: plain text, "V4.3"."""
    room = memoryview(bytearray(64))
    filled = 0
    try:
        with manager.http.fetch(manager.url("manager/version")) as stream:
            while filled < len(room) and (got := stream.readinto(room[filled:])):
                filled += got
    except NoAnswer as error:
        if error.code == "cancelled":
            raise
        return ""
    text = bytes(room[:filled]).decode("utf-8", "replace").strip().removeprefix("V")
    return text if text.isprintable() else ""


def security_level(user: str) -> str:
    """The security level of the Manager whose settings lie below this user folder; "" where it is not known."""
    for path in _configs(user):
        try:
            data = read_small(path, _MOST)
            read = configparser.ConfigParser(strict=False, interpolation=None)
            read.read_string(data.decode("utf-8", "replace") if data is not None else "")
            level = read["default"].get("security_level", "normal").strip().lower()
        except (OSError, UnreadableFile, configparser.Error, KeyError):
            continue
        return level if _LEVEL.fullmatch(level) else "unreadable"  # no level that it knows: it permits nothing then
    return ""


def _configs(user: str) -> Iterator[Path]:
    for folder in _CONFIGS:
        path = Path(os.path.join(user, *folder.split("/"), "config.ini"))
        if path.is_file():
            yield path
