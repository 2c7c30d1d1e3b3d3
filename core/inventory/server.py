"""The inventory of a running ComfyUI, asked over its HTTP API. Reads only; nothing is sent but the questions."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ..catalogue.types import NodeType
from ..errors import InventoryError
from ..knowledge import document
from .server_types import FileLists, read_types
from .types import LOADED, Folder, Inventory, ModelFile, Pack

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 64 * 1024 * 1024  # of one answer; /object_info of a large installation is about 10 MB
MAX_FOLDERS = 2000
FAILED_UNSEEN = "packs that failed to import cannot be seen over HTTP"
INPUT_SUBFOLDERS = "input files in sub-folders cannot be seen over HTTP"


def read_server(url: str, *, timeout: float = 30.0) -> Inventory:
    """Ask the ComfyUI at `url` what it has. `timeout` is in seconds, for each question.

    Sizes of model files are not told by that API (-1). Raises InventoryError: `bad_address`,
    `server_unreachable`, or `not_comfyui` when something else answers.
    """
    address = _address(url)
    with _Questions(address, timeout) as ask:
        stats = ask("/system_stats")
        if not isinstance(stats, dict) or not isinstance(stats.get("system"), dict):
            raise _not_comfyui(address, "no system statistics")
        lists, unlisted = _lists(ask)
        paths = _paths(ask)
        info = ask("/object_info")
        if not isinstance(info, dict):
            raise _not_comfyui(address, "no node definitions")
        digest = ask.digest()
    types, inputs = read_types(info, FileLists(lists))
    system = stats["system"]
    gaps = [FAILED_UNSEEN, INPUT_SUBFOLDERS]
    if not lists:
        gaps.append("this ComfyUI does not list its model files over HTTP")
    return Inventory(
        origin="server",
        place=address,
        separator="\\" if str(system.get("os", "")).startswith(("nt", "win")) else "/",
        comfyui_version=str(system.get("comfyui_version") or ""),
        definitions=types,
        packs=_packs(types),
        folders={name: Folder(name, paths.get(name, ()), frozenset()) for name in lists},
        models={name: [ModelFile(file, "", -1, 0) for file in files] for name, files in lists.items()},
        inputs=frozenset(inputs),
        aliases=dict(document("folders")["aliases"]),
        gaps=tuple(gaps),
        models_known=bool(lists),
        inputs_known="LoadImage" in types,
        unlisted=frozenset(unlisted),
        hardware=_hardware(stats),
        taken=time.time(),
        digest=digest,
    )


class _Questions:
    """GET requests to one server, with limits on time and size. No proxies, no redirects, no credentials."""

    def __init__(self, address: str, timeout: float) -> None:
        self.address, self.timeout = address, timeout
        self.hash = hashlib.sha256()

    def __enter__(self) -> _Questions:
        import httpx

        self.client = httpx.Client(timeout=self.timeout, trust_env=False, follow_redirects=False)
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def __call__(self, path: str, *, optional: bool = False) -> Any:
        """The JSON answer; None for an `optional` question that this server does not answer."""
        import httpx

        try:
            with self.client.stream("GET", self.address + path) as answer:
                if answer.status_code != 200:
                    if optional:
                        return None
                    raise _not_comfyui(self.address, f"{path} gives status {answer.status_code}")
                raw = self._body(answer, path)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise InventoryError(
                "server_unreachable",
                f"no answer from {self.address}{path}: {reason[:200]}",
                "Is ComfyUI running there, and does it listen on that address and port?",
            ) from None
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            if optional:
                return None
            raise _not_comfyui(self.address, f"{path} gives no JSON") from None
        if path != "/system_stats":  # free memory differs with every call
            self.hash.update(raw)
        return body

    def _body(self, answer: httpx.Response, path: str) -> bytes:
        end = time.monotonic() + self.timeout
        pieces: list[bytes] = []
        size = 0
        for piece in answer.iter_bytes(1 << 20):
            size += len(piece)
            if size > MAX_BYTES:
                raise _not_comfyui(self.address, f"{path} gives more than {MAX_BYTES >> 20} MiB")
            if time.monotonic() > end:
                raise InventoryError(
                    "server_unreachable", f"{self.address}{path} took longer than {self.timeout:g} s", "Try again."
                )
            pieces.append(piece)
        return b"".join(pieces)

    def digest(self) -> str:
        """Changes whenever an answer did."""
        return self.hash.hexdigest()


def _address(url: str) -> str:
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or parts.username is not None or any(c.isspace() or not c.isprintable() for c in text):
        raise InventoryError(
            "bad_address", f"{url!r} is not the address of a server", "Give it as http://127.0.0.1:8188."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _lists(ask: _Questions) -> tuple[dict[str, list[str]], set[str]]:
    """File names by folder, and the folders that could not be listed."""
    lists: dict[str, list[str]] = {}
    unlisted: set[str] = set()
    names = ask("/models", optional=True)
    for name in names[:MAX_FOLDERS] if isinstance(names, list) else ():
        if not isinstance(name, str) or name in ("", ".", "..", "custom_nodes"):
            continue
        files = ask(f"/models/{quote(name, safe='')}", optional=True)
        if isinstance(files, list):
            lists[name] = [file for file in files if isinstance(file, str)]
        else:
            lists[name] = []
            unlisted.add(name)
    return lists, unlisted


def _paths(ask: _Questions) -> dict[str, tuple[str, ...]]:
    """The directories behind each folder name, on the server's machine. An experimental route: may be absent."""
    answer = ask("/experiment/models", optional=True)
    found: dict[str, tuple[str, ...]] = {}
    for one in answer if isinstance(answer, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("folders"), list):
            found[one["name"]] = tuple(path for path in one["folders"] if isinstance(path, str))
    return found


def _packs(types: Mapping[str, NodeType]) -> tuple[Pack, ...]:
    by_pack: dict[str, set[str]] = {}
    for class_type, node in types.items():
        by_pack.setdefault(node.pack or "comfy-core", set()).add(class_type)
    return tuple(Pack(name, LOADED, frozenset(found)) for name, found in sorted(by_pack.items()))


def _hardware(stats: dict[str, Any]) -> dict[str, object]:
    """The numbers of `/system_stats`, in bytes."""
    system = stats["system"]
    found: dict[str, object] = {
        key: system[key] for key in ("ram_total", "ram_free") if isinstance(system.get(key), int | float)
    }
    devices = stats.get("devices")
    keys = ("name", "type", "vram_total", "vram_free")
    kept = [
        {key: one[key] for key in keys if isinstance(one.get(key), str | int | float)}
        for one in (devices if isinstance(devices, list) else ())[:64]
        if isinstance(one, dict)
    ]
    return {**found, "devices": kept} if kept else found


def _not_comfyui(address: str, why: str) -> InventoryError:
    return InventoryError("not_comfyui", f"{address} does not answer like ComfyUI: {why}", "Check address and port.")
