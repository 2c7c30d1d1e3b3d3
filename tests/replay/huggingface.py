"""A small Hub of our own: invented repositories, answers in the shapes of the real one (services.md, section 3).

    hub = huggingface.Hub()
    hub.repo("brushworks/inkwash-xl", {"inkwash_xl.safetensors": huggingface.weights(b"ink", 6_500_000_000)})
    hub.serve(replay)              # its search looks at repository names only, like the real one

`sample()` is a Hub with four repositories, and AUTHORS the curated authors that go with it. Files: `weights(seed, size)` is a large one with a hash, `small(size)` one that git keeps itself, without a hash.
`hub.rename(old, new)` sends on from the old name; `hub.no_paths = True` is a mirror that knows no paths-info.
With a store of files.py, `hub.serve(replay, store)`, addresses with /resolve/ lead to the bytes of files that are in it;
`stored(store, sha256)` is such a file.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

MASK = "*" * 64
AUTHORS = [{"name": "brushworks", "pages": 3}, {"name": "lanternlab"}]


class Weights(NamedTuple):
    sha256: str
    size: int
    security: dict[str, Any] | None = None


class Small(NamedTuple):
    size: int


def weights(seed: bytes | str, size: int = 1_000_000, security: dict[str, Any] | None = None) -> Weights:
    """A large file. The same seed is the same content."""
    return Weights(hashlib.sha256(seed.encode() if isinstance(seed, str) else seed).hexdigest(), size, security)


def stored(store: Any, sha256: str, security: dict[str, Any] | None = None) -> Weights:
    """A file whose bytes are in the store."""
    return Weights(sha256, len(store.files[sha256]), security)


def small(size: int = 900) -> Small:
    return Small(size)


def sample() -> Hub:
    """A Hub with a few repositories; brushworks and lanternlab stand for authors who publish for ComfyUI."""
    one = Hub()
    one.repo(
        "brushworks/inkwash-xl",
        {
            "inkwash_xl_v2.safetensors": weights("ink 2", 6_900_000_000),
            "vae/inkwash_vae.safetensors": weights("ink vae", 330_000_000),
            "model_index.json": small(540),
        },
        licence="openrail++",
        base_model="brushworks/inkwash-base",
    )
    one.repo(
        "lanternlab/glow_repackaged", {"split_files/loras/glow_lora_fp16.safetensors": weights("glow", 90_000_000)}
    )
    one.repo("somebody/inkwash-mirror", {"inkwash_xl_v2.safetensors": weights("ink 2", 6_900_000_000)}, downloads=9)
    one.repo("stranger/tidepool-1b", {"unet/tidepool.ckpt": weights("tide", 2_000_000_000)}, downloads=4)
    return one


class Hub:
    """All repositories of one service."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, Any]] = {}
        self.renamed: dict[str, str] = {}
        self.no_paths = False
        self.page_size: int | None = None  # smaller pages than are asked for, as services like to do
        self.link_host = ""  # where the Link header leads: mirrors name the Hub itself
        self.tree_page = 1000
        self.replay: Any = None
        self.store: Any = None

    def repo(
        self,
        name: str,
        files: dict[str, Any],
        *,
        gated: Any = False,
        downloads: int = 100,
        licence: str = "apache-2.0",
        base_model: str = "",
        card: dict[str, Any] | None = None,
        closed: bool = False,
        **more: Any,
    ) -> None:
        """`closed`: even the names of its files are told only to those who have access."""
        tags = ["diffusion-single-file", f"license:{licence}", "region:us"]
        tags += [f"base_model:{base_model}", f"base_model:adapter:{base_model}"] if base_model else []
        self.repos[name] = {
            "files": {".gitattributes": small(1519), "README.md": small(4100), **files},
            "sha": hashlib.sha1(name.encode()).hexdigest(),
            "gated": gated,
            "downloads": downloads,
            "tags": tags,
            "cardData": card if card is not None else {"license": licence},
            "closed": closed,
            "more": more,
        }

    def rename(self, old: str, new: str) -> None:
        self.renamed[old] = new

    def serve(self, replay: Any, store: Any = None) -> None:
        self.replay, self.store = replay, store
        replay.add("GET", "/api/models", self._list)
        replay.add("GET", "/api/models/{owner}/{name}", self._info)
        replay.add("GET", "/api/models/{owner}/{name}/revision/{revision}", self._info)
        replay.add("GET", "/api/models/{owner}/{name}/tree/{revision}", self._tree)
        replay.add("POST", "/api/models/{owner}/{name}/paths-info/{revision}", self._paths)
        if store is not None:
            replay.add("GET", "/{owner}/{name}/resolve/{revision}/{path...}", self._resolve)

    # ---- what is answered -----------------------------------------------------------------------------------

    def _list(self, request: Any) -> Any:
        text, author = request.one("search").lower(), request.one("author").lower()
        names = [one for one in self.repos if text in one.lower() and author in ("", one.partition("/")[0].lower())]
        if request.one("sort") == "downloads":
            names.sort(key=lambda one: -self.repos[one]["downloads"])
        start = int(request.one("cursor", "0") or 0)
        size = min(int(request.one("limit", "1000")), self.page_size or 1000)
        headers = {}
        if start + size < len(names):
            query = {key: values for key, values in request.query.items() if key != "cursor"}
            onward = urlencode({**query, "cursor": str(start + size)}, doseq=True)
            headers = {"Link": f'<{self.link_host or self.replay.address}/api/models?{onward}>; rel="next"'}
        shown = [self._entry(one, request.query.get("expand[]", [])) for one in names[start : start + size]]
        return self.replay.Reply(shown, 200, headers)

    def _entry(self, name: str, expand: list[str]) -> dict[str, Any]:
        repo = self.repos[name]
        whole = {
            "sha": repo["sha"],
            "gated": repo["gated"],
            "disabled": False,
            "downloads": repo["downloads"],
            "likes": 7,
            "tags": repo["tags"],
            "cardData": repo["cardData"],
            "siblings": [{"rfilename": path} for path in repo["files"]],
            **repo["more"],
        }
        kept = {key: value for key, value in whole.items() if not expand or key in expand}
        return {"_id": repo["sha"][:24], "id": name, **({} if expand else {"modelId": name, "private": False}), **kept}

    def _found(self, request: Any) -> Any:
        """The repository's name, or the reply that there is none."""
        name = f"{request.names['owner']}/{request.names['name']}"
        if name in self.renamed:
            there = request.raw.replace(name, self.renamed[name], 1)
            return self.replay.Reply({"error": "Moved"}, 307, {"Location": there})
        if name not in self.repos:
            told = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            return self.replay.Reply({"error": "Invalid username or password."}, 401, told)
        if request.names.get("revision", "main") not in ("main", self.repos[name]["sha"]):
            told = {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"}
            return self.replay.Reply({"error": "Invalid rev id"}, 404, told)
        return name

    def _info(self, request: Any) -> Any:
        name = self._found(request)
        return self._entry(name, request.query.get("expand[]", [])) if isinstance(name, str) else name

    def _tree(self, request: Any) -> Any:
        name = self._found(request)
        if not isinstance(name, str):
            return name
        if self.repos[name]["closed"]:
            return self._gated(name)
        start = int(request.one("cursor", "0") or 0)
        every = list(self.repos[name]["files"])
        folders = sorted({path.rpartition("/")[0] for path in every} - {""})
        entries = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": path} for path in folders]
        entries += [self._file(name, path) for path in every]
        headers = {}
        if start + self.tree_page < len(entries):
            onward = f"?recursive=true&cursor={start + self.tree_page}"
            headers = {"Link": f'<{self.replay.address}{request.path}{onward}>; rel="next"'}
        return self.replay.Reply(entries[start : start + self.tree_page], 200, headers)

    def _paths(self, request: Any) -> Any:
        if self.no_paths:
            return self.replay.Reply({"error": "Method Not Allowed"}, 405)
        name = self._found(request)
        if not isinstance(name, str):
            return name
        if self.repos[name]["closed"]:
            return self._gated(name)
        asked = json.loads(request.body)
        files = self.repos[name]["files"]
        return [self._file(name, path, asked.get("expand")) for path in asked["paths"] if path in files]

    def _resolve(self, request: Any) -> Any:
        """A large file lies elsewhere, a small one here. Never follows the gate of a repository without a token."""
        name = self._found(request)
        if not isinstance(name, str):
            return name
        repo, path = self.repos[name], request.names["path"]
        if repo["closed"] or (repo["gated"] and not request.headers.get("authorization")):
            return self._gated(name, 403 if request.headers.get("authorization") else 401)
        file = repo["files"].get(path)
        if file is None:
            told = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            return self.replay.Reply("Entry not found", 404, told)
        told = {"X-Repo-Commit": repo["sha"], "Accept-Ranges": "bytes"}
        if isinstance(file, Small):
            told["ETag"] = f'"{hashlib.sha1(path.encode()).hexdigest()}"'
            return self.replay.Reply(b" " * file.size, 200, told)
        if not isinstance(file, Weights) or not self.store.has(file.sha256):
            return None  # known by its description only
        told |= {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.sha256}"'}
        return self.replay.Reply(None, 302, {**told, "Location": self.store.link(file.sha256, path)})

    def _gated(self, name: str, status: int = 403) -> Any:
        text = f"Access to model {name} is restricted."
        return self.replay.Reply({"error": text}, status, {"X-Error-Code": "GatedRepo", "X-Error-Message": text})

    def _file(self, name: str, path: str, expand: bool | None = False) -> dict[str, Any]:
        repo, file = self.repos[name], self.repos[name]["files"][path]
        if isinstance(file, dict):
            return {"path": path, **file}
        entry = {
            "type": "file",
            "oid": hashlib.sha1(path.encode("utf-8", "replace")).hexdigest(),
            "size": file.size,
            "path": path,
        }
        if isinstance(file, Weights):
            told = MASK if repo["gated"] else file.sha256
            entry |= {"lfs": {"oid": told, "size": file.size, "pointerSize": 135}, "xetHash": told}
        if expand:
            entry["lastCommit"] = {"id": repo["sha"], "title": "Add files", "date": "2026-03-02T09:00:00.000Z"}
            entry["securityFileStatus"] = getattr(file, "security", None) or {"status": "safe"}
        return entry
