"""Hugging Face as services.md, section 3, describes it: searches look at ids alone, gates hide hashes.

Every answer carries the two rate limit headers; a repository that is not there is 401 to who is not logged in; other
spellings and old names of an id are forwarded with 307.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from resolution_services import Reply, Request, reply
from resolution_world import MOVED, File, Repo, World

LIMITS = {"api": 500, "resolvers": 3000}  # requests of an anonymous client in five minutes
PLAIN, EXPANDED, TREE, TREE_EXPANDED = 1000, 100, 1000, 50  # entries per page
_EXPAND = frozenset({
    "author", "baseModels", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime",
    "evalResults", "gated", "gguf", "inference", "lastModified", "library_name", "likes", "mask_token",
    "model-index", "pipeline_tag", "private", "resourceGroup", "safetensors", "sha", "siblings", "spaces",
    "tags", "transformersInfo", "trendingScore", "usedStorage", "widgetData", "xetEnabled",
})  # fmt: skip
_FIELDS = {"downloads": "downloads", "likes": "likes", "createdAt": "created", "lastModified": "created"}


class HuggingFace:
    """The service over a world."""

    name = "huggingface"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        self.repos = world.repos
        self.lower = {name.lower(): name for name in self.repos} | {old.lower(): new for old, new in MOVED.items()}
        self.found = [(name.lower(), repo) for name, repo in self.repos.items()]
        self.found.sort(key=lambda one: hashlib.md5(one[0].encode()).digest())  # "trending": nothing a client can use
        self.files = {file.sha256: file for repo in self.repos.values() for file in repo.files.values()}

    # ---- the protocol ------------------------------------------------------------------------------------

    def kind(self, request: Request) -> str:
        return "api" if request.path.startswith("/api/") else "resolvers"

    def limit_headers(self, kind: str, left: int, reset: float) -> dict[str, str]:
        policy = f'"fixed window";"{kind}";q={LIMITS[kind]};w=300'
        return {"RateLimit": f'"{kind}";r={left};t={int(reset) + 1}', "RateLimit-Policy": policy}

    def refuse(self, reset: float) -> Reply:
        return reply({"error": "We had to rate limit you"}, 429, {"Retry-After": str(int(reset) + 1)})

    def answer(self, request: Request, base: str) -> Reply:
        parts = request.parts()
        if parts[:2] == ["api", "models"]:
            if len(parts) in (2, 4) and not _EXPAND.issuperset(request.many("expand")):
                return reply({"error": "Invalid option in expand"}, 400)
            return self._list(request, base) if len(parts) == 2 else self._model(parts[2:], request, base)
        if len(parts) >= 5 and parts[2] == "resolve":
            return self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]), request, base)
        if parts[:1] == ["cdn"] and len(parts) == 2 and parts[1] in self.files:
            return _content(self.files[parts[1]], request)
        return reply({"error": "Sorry, we can't find the page you are looking for."}, 404)

    # ---- lists -------------------------------------------------------------------------------------------

    def search(self, text: str = "", author: str = "") -> list[Repo]:
        """Those whose id contains the text, in no telling order."""
        text, start = text.lower(), f"{author.lower()}/"
        return [repo for name, repo in self.found if text in name and (not author or name.startswith(start))]

    def _list(self, request: Request, base: str) -> Reply:
        found = self.search(request.one("search"), request.one("author"))
        if request.one("filter") or request.one("pipeline_tag"):
            found = []  # nothing here carries such tags
        sort = request.one("sort")
        if sort in _FIELDS:
            key = _FIELDS[sort]
            found = sorted(found, key=lambda repo: getattr(repo, key) * (1 if key == "created" else -1))
        elif sort not in ("", "trendingScore"):
            return reply({"error": f"Invalid sort parameter: {sort}"}, 400)
        expand = request.many("expand")
        full = request.one("full") in ("1", "true", "True")
        most = EXPANDED if expand or full else PLAIN
        asked = request.one("limit")
        limit = min(int(asked), most) if asked.isdecimal() and int(asked) else most
        cursor = request.one("cursor")
        begin = int(cursor) if cursor.isdecimal() else 0
        page = found[begin : begin + limit]
        fields = set(expand) if expand else {"downloads", "likes", "private", "tags", "modelId", *(("siblings", "gated", "author", "sha") if full else ())}  # fmt: skip
        headers = {}
        if begin + limit < len(found):
            kept = [(key, value) for key, value in request.query if key != "cursor"]
            headers["Link"] = f'<{base}/api/models?{urlencode([*kept, ("cursor", str(begin + limit))])}>; rel="next"'
        return reply([_card(repo, fields) for repo in page], 200, headers)

    # ---- one repository ----------------------------------------------------------------------------------

    def _model(self, parts: list[str], request: Request, base: str) -> Reply:
        asked = "/".join(parts[:2])
        name = self.lower.get(asked.lower())
        if len(parts) < 2 or name is None:
            text = "Invalid username or password."
            return reply({"error": text}, 401, {"X-Error-Message": text})
        if name != asked:
            path = "/".join(quote(part, safe="") for part in ("api", "models", *name.split("/"), *parts[2:]))
            query = f"?{urlencode(request.query)}" if request.query else ""
            return Reply(307, b"", {"Location": f"/{path}{query}"})
        repo, what, rest = self.repos[name], parts[2] if len(parts) > 2 else "", parts[3:]
        if what in ("tree", "paths-info", "revision") and (rest[:1] or [""])[0] not in ("main", _commit(repo)):
            return reply({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
        if what == "tree":
            return self._tree(repo, rest, request, base)
        if what == "paths-info" and request.method == "POST":
            return self._paths(repo, request)
        if what in ("", "revision"):
            return reply(_info(repo, request.one("blobs") in ("1", "true", "True"), request.many("expand")))
        return reply({"error": "Not found"}, 404)

    def _tree(self, repo: Repo, rest: list[str], request: Request, base: str) -> Reply:
        expand = request.one("expand") in ("1", "true", "True")
        under = "".join(f"{part}/" for part in rest[1:])
        entries = list(_entries(repo, under, request.one("recursive") in ("1", "true", "True")))
        if under and not entries:
            return reply({"error": f"{under} does not exist"}, 404, {"X-Error-Code": "EntryNotFound"})
        most = TREE_EXPANDED if expand else TREE
        asked, cursor = request.one("limit"), request.one("cursor")
        limit = min(int(asked), most) if asked.isdecimal() and int(asked) else most
        begin = int(cursor) if cursor.isdecimal() else 0
        headers = {}
        if begin + limit < len(entries):
            kept = [(key, value) for key, value in request.query if key != "cursor"]
            headers["Link"] = f'<{base}{request.path}?{urlencode([*kept, ("cursor", str(begin + limit))])}>; rel="next"'
        return reply(entries[begin : begin + limit], 200, headers)

    def _paths(self, repo: Repo, request: Request) -> Reply:
        try:
            paths = json.loads(request.body)["paths"]
        except (ValueError, KeyError, TypeError):
            return reply({"error": "Invalid body"}, 400)
        wanted = [paths] if isinstance(paths, str) else paths
        return reply([_entry(repo, repo.files[path]) for path in wanted if path in repo.files])

    def _resolve(self, asked: str, revision: str, path: str, request: Request, base: str) -> Reply:
        name = self.lower.get(asked.lower())
        if name is None:
            return Reply(
                401,
                b"Invalid username or password.",
                {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"},
            )
        repo = self.repos[name]
        if name != asked:
            return Reply(307, b"", {"Location": f"/{name}/resolve/{quote(revision)}/{quote(path)}"})
        if revision not in ("main", _commit(repo)):
            return Reply(404, b"Invalid rev id", {"X-Error-Code": "RevisionNotFound"})
        if path not in repo.files:
            return Reply(
                404, b"Entry not found", {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            )
        if repo.gated:
            text = f"Access to model {name} is restricted."
            return Reply(401, text.encode(), {"X-Error-Code": "GatedRepo", "X-Error-Message": text})
        file = repo.files[path]
        if not _large(file):
            return _content(file, request, {"ETag": f'"{_oid(file)}"', "X-Repo-Commit": _commit(repo)})
        headers = {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.sha256}"', "X-Repo-Commit": _commit(repo)}
        return Reply(302, b"", {**headers, "Accept-Ranges": "bytes", "Location": f"{base}/cdn/{file.sha256}"})


# ---- shapes ------------------------------------------------------------------------------------------------


def _card(repo: Repo, fields: set[str]) -> dict[str, Any]:
    """One entry of a list: with `expand`, the ids and what was asked for."""
    every = {
        "modelId": repo.id, "author": repo.id.partition("/")[0], "gated": repo.gated, "private": False,
        "disabled": False,
        "downloads": repo.downloads, "likes": repo.likes, "sha": _commit(repo), "tags": ["license:other", "region:us"],
        "cardData": {"license": "other"},
        "lastModified": _date(repo), "createdAt": _date(repo), "siblings": [{"rfilename": path} for path in repo.files],
    }  # fmt: skip
    return {"_id": _commit(repo)[:24], "id": repo.id, **{key: value for key, value in every.items() if key in fields}}


def _info(repo: Repo, blobs: bool, expand: list[str]) -> dict[str, Any]:
    every = {"modelId", "author", "gated", "private", "disabled", "downloads", "likes", "sha", "tags", "lastModified", "createdAt", "cardData", "siblings"}  # fmt: skip
    body = _card(repo, set(expand) or every)
    if blobs and "siblings" in body:
        body["siblings"] = [_sibling(repo, file) for file in repo.files.values()]
    return body


def _sibling(repo: Repo, file: File) -> dict[str, Any]:
    entry = _entry(repo, file)
    found: dict[str, Any] = {"rfilename": file.path, "size": file.size, "blobId": entry["oid"]}
    if "lfs" in entry:
        found["lfs"] = {"sha256": entry["lfs"]["oid"], "size": file.size, "pointerSize": 135}
    return found


def _entries(repo: Repo, under: str, recursive: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    folders: dict[str, None] = {}
    for file in sorted(repo.files.values()):
        rest = file.path.removeprefix(under)
        if not file.path.startswith(under):
            continue
        steps = rest.split("/")[:-1]
        folders.update(
            dict.fromkeys(
                under + "/".join(steps[: at + 1]) for at in range(len(steps) if recursive else min(1, len(steps)))
            )
        )
        if recursive or not steps:
            found.append(_entry(repo, file))
    return [
        {"type": "directory", "oid": _oid(File(path, path, 0)), "size": 0, "path": path} for path in folders
    ] + found


def _entry(repo: Repo, file: File) -> dict[str, Any]:
    """A file of a tree. What a gate keeps back is written as asterisks."""
    found: dict[str, Any] = {"type": "file", "oid": _oid(file), "size": file.size, "path": file.path}
    if _large(file):
        hidden = "*" * 64 if repo.gated else None
        found["lfs"] = {"oid": hidden or file.sha256, "size": file.size, "pointerSize": 135}
        found["xetHash"] = hidden or hashlib.sha256(f"xet{file.sha256}".encode()).hexdigest()
    return found


def _large(file: File) -> bool:
    """Whether it is kept outside of git."""
    return file.base.rpartition(".")[2] not in ("md", "json", "txt", "yaml", "gitattributes")


def _content(file: File, request: Request, more: Mapping[str, str] | None = None) -> Reply:
    wanted = request.headers.get("range", "")
    if wanted.startswith("bytes=0-"):
        last = min(int(wanted.removeprefix("bytes=0-") or 1023), file.size - 1, 1023)
        return Reply(206, b"\0" * (last + 1), {"Content-Range": f"bytes 0-{last}/{file.size}", **(more or {})})
    if request.method == "HEAD":
        return Reply(200, b"", {"Content-Length": str(file.size), **(more or {})})
    return Reply(200, b"\0" * min(file.size, 4096), more or {})


def _oid(file: File) -> str:
    return hashlib.sha1(file.sha256.encode()).hexdigest()


def _commit(repo: Repo) -> str:
    return hashlib.sha1(repo.id.encode()).hexdigest()


def _date(repo: Repo) -> str:
    return f"202{5 - min(repo.created // 365, 5)}-{1 + repo.created % 12:02}-{1 + repo.created % 28:02}T12:00:00.000Z"
