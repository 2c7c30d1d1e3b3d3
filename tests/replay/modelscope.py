"""A ModelScope of our own: invented repositories, answers of the shape the service gives, and its habits.

    hall = Hall({"inkworks/ink-harbor": repo([("ink_harbor_fp16.safetensors", 4096)])})
    hall.serve(replay)

Its habits: a search knows ids of repositories only; hashes are in upper case, in lower case or null; a repository that is
not there is an error with status 200. With a store of files.py, `hall.serve(replay, store)`, files that are in it can be
fetched: a part comes with status 200 and a Content-Range.
"""

from __future__ import annotations

import hashlib
from typing import Any

Json = dict[str, Any]


def sha256(text: str) -> str:
    """The content of an invented file."""
    return hashlib.sha256(text.encode()).hexdigest()


def entry(path: str, size: int, **more: Any) -> Json:
    """One file of a listing."""
    return {
        "CommitMessage": "upload weights",
        "CommittedDate": 1_760_000_000,
        "CommitterName": "inkworks",
        "InCheck": False,
        "IsLFS": True,
        "Mode": "33188",
        "Name": path.rpartition("/")[2],
        "Path": path,
        "Revision": sha256("commit " + path)[:40],
        "Sha256": sha256(path),
        "Size": size,
        "Type": "blob",
        **more,
    }


def stored(store: Any, path: str, sha256: str) -> Json:
    """A file of a listing whose bytes are in the store."""
    return entry(path, len(store.files[sha256]), Sha256=sha256)


def repo(files: list[Json], **more: Any) -> Json:
    """One repository: its files, and what a search says of it."""
    told = {"downloads": 120, "params": 1_000_000, "tags": ["library:diffusers", "license:apache-2.0"]}
    return {"files": files, "told": {**told, "private": False, "gated": False, **more}}


def hall_of_repos() -> dict[str, Json]:
    """What it has when nobody says otherwise."""
    folder = entry("split_files", 0, Type="tree", Sha256=None, IsLFS=False)
    readme = entry("README.md", 900, IsLFS=False)
    return {
        "inkworks/ink-harbor-video": repo(
            [
                folder,
                readme,
                entry(
                    "split_files/diffusion_models/ink_harbor_video_fp8.safetensors",
                    8_400_000,
                    Sha256=sha256("a").upper(),
                ),
                entry("split_files/text_encoders/harbor_t5xxl_fp16.safetensors", 4_000_000, Sha256=None),
            ]
        ),
        "mothpress/ink-harbor-video": repo(
            [entry("ink_harbor_video_fp8.safetensors", 8_400_000, Sha256=sha256("a"))], downloads=9
        ),
        "closed/ink-harbor-video-pro": repo([entry("ink_harbor_video_pro.safetensors", 77)], gated=True),
        "hidden/ink-harbor-video-draft": repo([entry("ink_harbor_video_draft.safetensors", 5)], private=True),
    }


class Hall:
    """The service over some repositories."""

    def __init__(self, repos: dict[str, Json] | None = None) -> None:
        self.repos = hall_of_repos() if repos is None else repos
        self.store: Any = None

    def serve(self, replay: Any, store: Any = None) -> None:
        """Add the routes."""
        self.store = store
        replay.add("GET", "/openapi/v1/models", lambda request: self._search(replay.Reply, request))
        replay.add("GET", "/api/v1/models/{owner}/{name}/repo/files", self._files)
        if store is not None:
            replay.add("GET", "/api/v1/models/{owner}/{name}/repo", self._fetch)
            replay.add("GET", "/models/{owner}/{name}/resolve/{revision}/{path...}", self._fetch)

    def _search(self, reply: Any, request: Any) -> Any:
        number, size = int(request.one("page_number", "1")), int(request.one("page_size", "10"))
        if number * size > 3000:
            return reply({"success": False, "message": "page_number * page_size must not exceed 3000"}, 400)
        hits = [name for name in self.repos if request.one("search").lower() in name.lower()]
        shown = [{"id": name, "display_name": name, **self.repos[name]["told"]} for name in hits]
        page = shown[(number - 1) * size : number * size]
        data = {"models": page, "total_count": len(hits), "page_number": number, "page_size": size}
        return {"success": True, "request_id": "invented", "data": data}

    def _files(self, request: Any) -> Any:
        found = self.repos.get(f"{request.names['owner']}/{request.names['name']}")
        if found is None or request.one("Revision", "master") not in ("master", "v1"):
            return {"Code": 10010101, "Message": "模型不存在", "Success": False, "Data": {"Files": []}}
        deep = request.one("Recursive").lower() == "true"
        listed = [one for one in found["files"] if deep or "/" not in one["Path"]]
        return {"Code": 200, "Success": True, "Message": "success", "RequestId": "invented", "Data": {"Files": listed}}

    def _fetch(self, request: Any) -> Any:
        found = self.repos.get(f"{request.names['owner']}/{request.names['name']}", {"files": []})
        path = request.names.get("path") or request.one("FilePath")
        file = next((one for one in found["files"] if one["Path"] == path), None)
        if file is None:
            return {"Code": 10010101, "Message": "文件不存在", "Success": False, "Data": None}
        if not self.store.has(file["Sha256"]):
            return None  # known by its description only
        return self.store.reply(request, file["Sha256"], status=200, **{"X-Linked-Etag": file["Sha256"].lower()})
