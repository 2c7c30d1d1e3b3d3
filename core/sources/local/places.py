"""Where the catalogues of one installation lie: the templates packages and ComfyUI-Manager's lists.

Folders are listed and nothing is imported or run. What is not there is left out.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_ENVIRONMENTS = ("venv", ".venv", "env", "python_embeded", "../python_embeded", "../venv", "../.venv")
_SITES = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")
_TEMPLATES = "comfyui_workflow_templates"  # the package, and the beginning of the names of its parts
_MANAGER = "comfyui_manager"
_PACKAGES = (
    _MANAGER,
    *(
        _TEMPLATES + part
        for part in ("", "_json", "_core", "_media_api", "_media_image", "_media_other", "_media_video")
    ),
)
_MODELS, _CLASSES, _PACKS, _STATS, _REGISTRY = (
    "model-list.json",
    "extension-node-map.json",
    "custom-node-list.json",
    "github-stats.json",
    "nodes.json",
)
_CACHED = re.compile(r"(\d{1,10})_(model-list|extension-node-map|custom-node-list|github-stats|nodes)(?:\.json){1,2}")
# Whose lists the Manager takes by default; what it keeps of other channels may be short.
_CHANNELS = tuple(
    f"https://raw.githubusercontent.com/{owner}/ComfyUI-Manager/main/" for owner in ("ltdrdata", "Comfy-Org")
)
_MOST = 8  # files of one kind


class Places(NamedTuple):
    """Folders and files to read, best first: those that came from the usual channel, then the newest."""

    templates: tuple[str, ...] = ()  # folders of workflows
    model_lists: tuple[str, ...] = ()
    node_maps: tuple[str, ...] = ()  # pack → its classes
    node_lists: tuple[str, ...] = ()  # packs, with title and author
    stats: tuple[str, ...] = ()  # stars
    registry: tuple[str, ...] = ()  # the registry's list of packs, as the Manager fetched it


def find_places(
    base: str | os.PathLike[str] = "",
    *,
    user: str | os.PathLike[str] = "",
    custom_nodes: Iterable[str | os.PathLike[str]] = (),
    site_packages: Iterable[str | os.PathLike[str]] = (),
    python: str | os.PathLike[str] = "",
) -> Places:
    """The catalogues of the installation at `base`, "" for none.

    `user` is its user folder, `base`/user when not given, and `custom_nodes` likewise. Packages are looked for in
    `site_packages`; without them in the environment `python` (its root, its interpreter or its site-packages), and
    without that in the usual places beside the installation and, where this very Python has torch, in its own.
    """
    root = os.fspath(base)
    sites = [os.fspath(one) for one in site_packages] or sites_of(root, os.fspath(python))
    if not site_packages and not python and _may_run_comfyui():
        sites += own_site_packages()
    packs = [os.fspath(one) for one in custom_nodes] or ([os.path.join(root, "custom_nodes")] if root else [])
    users = os.fspath(user) or (os.path.join(root, "user") if root else "")
    packages = [path for site in dict.fromkeys(sites) for path in _folders(site, _is_package)]
    templates = [os.path.join(path, "templates") for path in packages if os.path.basename(path) != _MANAGER]
    managers = [path for path in packages if os.path.basename(path) == _MANAGER]
    named = [path for folder in dict.fromkeys(packs) for path in _folders(folder, _may_be_manager)]
    managers += [path for path in named if os.path.isfile(os.path.join(path, _PACKS))]
    return _places([path for path in templates if os.path.isdir(path)], list(_lists(managers, users)))


def _may_run_comfyui() -> bool:
    return importlib.util.find_spec("torch") is not None


def own_site_packages() -> tuple[str, ...]:
    """The folders that hold those packages for this very Python: inside ComfyUI, its own. Imports none of them."""
    return own_sites(_PACKAGES)


def own_sites(packages: Iterable[str]) -> tuple[str, ...]:
    """The same for packages of these names."""
    found: dict[str, None] = {}
    for name in packages:
        try:
            spec = importlib.util.find_spec(name)
            for path in (spec.submodule_search_locations or ()) if spec is not None else ():
                found[os.path.dirname(os.path.abspath(path))] = None
        except (ImportError, ValueError, AttributeError):  # a module that somebody put there by hand has no spec
            continue
    return tuple(found)


class _Found(NamedTuple):
    kind: str  # the name of the list
    path: str
    usual: bool  # from the usual channel
    mtime_ns: int


def _places(templates: list[str], lists: list[_Found]) -> Places:
    def best(kind: str) -> tuple[str, ...]:
        own = [one for one in lists if one.kind == kind]
        ranked = sorted(own, key=lambda one: (not one.usual, -one.mtime_ns, one.path))
        return tuple(dict.fromkeys(one.path for one in ranked))[:_MOST]

    kinds = (_MODELS, _CLASSES, _PACKS, _STATS, _REGISTRY)
    return Places(tuple(dict.fromkeys(templates)), *(best(kind) for kind in kinds))


def _lists(managers: list[str], users: str) -> Iterator[_Found]:
    for folder in dict.fromkeys(managers):
        for kind in (_MODELS, _CLASSES, _PACKS, _STATS):
            yield from _found(kind, os.path.join(folder, kind), True)
    caches = [os.path.join(folder, name) for folder in managers for name in (".cache", "cache")]
    caches += [os.path.join(folder, "cache") for folder in _manager_folders(users)]
    for cache in dict.fromkeys(caches):
        for name in _names(cache):
            told = _CACHED.fullmatch(name)
            if told:
                kind = f"{told[2]}.json"
                usual = kind == _REGISTRY or int(told[1]) in {_hash(channel + kind) for channel in _CHANNELS}
                yield from _found(kind, os.path.join(cache, name), usual)


def _manager_folders(users: str) -> Iterator[str]:
    """The Manager's own folders below the user folder: `__manager`, and `default/ComfyUI-Manager` before."""
    for one in _folders(users, lambda _name: True) if users else ():
        if os.path.basename(one).lower() in ("__manager", "comfyui-manager"):
            yield one
        elif not os.path.basename(one).startswith("__"):
            yield from _folders(one, lambda name: name.lower() == "comfyui-manager")


def _hash(address: str) -> int:
    """The number by which the Manager names the cached copy of an address."""
    value = 0
    for char in address:
        value = (value * 31 + ord(char)) % (1 << 32)
    return value


def _found(kind: str, path: str, usual: bool) -> Iterator[_Found]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    if stat.S_ISREG(status.st_mode):
        yield _Found(kind, path, usual, status.st_mtime_ns)


def sites_of(base: str, python: str = "") -> list[str]:
    """The site-packages of the environment `python`, or of the one beside the installation at `base`; [] for none."""
    if python:
        path = os.path.abspath(os.path.expanduser(python))
        if os.path.basename(path) in ("site-packages", "dist-packages"):
            return [path]
        # bin/python of an environment, or python.exe of the portable one
        roots = [os.path.dirname(os.path.dirname(path)), os.path.dirname(path)] if os.path.isfile(path) else [path]
    else:
        roots = [os.path.normpath(os.path.join(base, place)) for place in _ENVIRONMENTS] if base else []
    for root in roots:
        found = [one for sites in _SITES for one in glob.glob(os.path.join(glob.escape(root), *sites.split("/")))]
        if found:
            return list({os.path.realpath(one): one for one in found}.values())
    return []


def _is_package(name: str) -> bool:
    return name == _MANAGER or (name.startswith(_TEMPLATES) and "-" not in name and "." not in name)


def _may_be_manager(name: str) -> bool:
    return "manager" in name.lower() and not name.endswith(".disabled")


def _folders(folder: str, wanted: Callable[[str], bool]) -> list[str]:
    found = (os.path.join(folder, name) for name in _names(folder) if wanted(name))
    return [path for path in found if os.path.isdir(path)]


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (OSError, ValueError):
        return []
