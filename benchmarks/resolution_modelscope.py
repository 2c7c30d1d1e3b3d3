"""ModelScope as services.md, section 4, describes it: numbered pages up to 3000 entries, and errors with status 200."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from resolution_services import Reply, Request, reply
from resolution_world import File, Repo, World

MOST = 3000  # page number times page size
# No number is documented. Beyond this anybody would call it a flood.
LIMITS = {"api": 1500}


class ModelScope:
    """The service over a world."""

    name = "modelscope"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        self.repos = world.mirrors
        self.ranked = sorted(self.repos.values(), key=lambda repo: (-repo.downloads, repo.id))
        self.files = {file.sha256: file for repo in self.ranked for file in repo.files.values()}

    def kind(self, request: Request) -> str:
        return "api"

    def limit_headers(self, kind: str, left: int, reset: float) -> dict[str, str]:
        return {}

    def refuse(self, reset: float) -> Reply:
        return reply(
            {"Code": 10990101, "Message": "Too Many Requests", "Success": False},
            429,
            {"Retry-After": str(int(reset) + 1)},
        )

    def answer(self, request: Request, base: str) -> Reply:
        parts = request.parts()
        if parts == ["openapi", "v1", "models"]:
            return self._search(request)
        if parts[:3] == ["api", "v1", "models"] and len(parts) >= 5:
            return self._repo("/".join(parts[3:5]), parts[5:], request, base)
        if parts[:1] == ["models"] and len(parts) >= 6 and parts[3] == "resolve":
            return self._file("/".join(parts[1:3]), "/".join(parts[5:]), request)
        return reply({"Code": 404, "Message": "Not Found", "Success": False}, 404)

    def search(self, text: str) -> list[Repo]:
        """Those whose id contains the text, the most loaded first."""
        return [repo for repo in self.ranked if text.lower() in repo.id.lower()]

    def _search(self, request: Request) -> Reply:
        number, size = (int(one) if one.isdecimal() else usual for one, usual in ((request.one("page_number"), 1), (request.one("page_size"), 10)))  # fmt: skip
        if not number or not size or number * size > MOST:
            return reply(
                {
                    "success": False,
                    "message": f"page_number * page_size must not exceed {MOST}",
                    "code": "InvalidParameter",
                },
                400,
            )
        found = self.search(request.one("search"))
        page = [_card(repo) for repo in found[(number - 1) * size : number * size]]
        return reply(
            {
                "success": True,
                "data": {"models": page, "total_count": len(found), "page_number": number, "page_size": size},
            }
        )

    def _repo(self, name: str, rest: list[str], request: Request, base: str) -> Reply:
        repo = self.repos.get(name)
        if repo is None:
            return reply({"Code": 10010205001, "Message": "model not found", "Success": False, "Data": {"Files": []}})
        if rest == ["repo", "files"]:
            return reply(_enclosed({"Files": [_entry(file) for file in repo.files.values()]}))
        if rest == ["repo"]:
            return self._file(name, request.one("FilePath"), request)
        return reply(
            _enclosed(
                {
                    "Path": name.partition("/")[0],
                    "Name": name.partition("/")[2],
                    "Downloads": repo.downloads,
                    "License": "other",
                }
            )
        )

    def _file(self, name: str, path: str, request: Request) -> Reply:
        repo = self.repos.get(name)
        file = repo.files.get(path) if repo else None
        if file is None:
            return reply({"Code": 10010101, "Message": f"no such file: {quote(path)}", "Success": False}, 404)
        told = {"X-Linked-Etag": file.sha256, "X-Linked-Size": str(file.size)}
        if request.method == "HEAD":
            return Reply(200, b"", {**told, "Content-Length": str(file.size)})
        if request.headers.get("range"):  # a part, although the status does not say so
            return Reply(200, b"\0", {**told, "Content-Range": f"bytes 0-0/{file.size}"})
        return Reply(200, b"\0" * min(file.size, 4096), told)


def _card(repo: Repo) -> dict[str, Any]:
    name = repo.id.partition("/")[2]
    return {
        "id": repo.id,
        "display_name": name,
        "downloads": repo.downloads,
        "params": 0,
        "tags": [],
        "private": False,
        "gated": False,
    }


def _entry(file: File) -> dict[str, Any]:
    upper = int(file.sha256[:2], 16) % 4 == 0  # it writes them either way
    return {
        "Name": file.base, "Path": file.path, "Type": "blob", "Size": file.size,
        "Sha256": file.sha256.upper() if upper else file.sha256,
        "IsLFS": file.size > 10_000, "Revision": file.sha256[:40], "CommittedDate": 1_750_000_000, "InCheck": False,
    }  # fmt: skip


def _enclosed(data: dict[str, Any]) -> dict[str, Any]:
    return {"Code": 200, "Success": True, "Message": "success", "RequestId": "r", "Data": data}
