"""Civitai as services.md, section 2, describes it: searches by names of models, never of files; filters afterwards.

Words of a query have to begin words of a model's name, its creator's or its trigger words, all of them; a hash is found
as well. Unknown parameters are ignored.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from typing import Any

from resolution_civitai import Model
from resolution_civitai_shapes import DEADLINE, SITE, air, alone, whole_model
from resolution_services import Reply, Request, reply
from resolution_world import World

# No number is documented. Beyond this anybody would call it a flood.
LIMITS = {"api": 1500}
_LOGIN = {"error": "Unauthorized", "message": "The creator of this asset requires you to be logged in to download it"}


class Civitai:
    """The service over a world."""

    name = "civitai"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        self.models = world.civitai.models
        self.versions = {one.id: (model, one) for model in self.models.values() for one in model.versions}
        self.hashes: dict[str, list[int]] = {}
        for model in world.civitai.reachable():
            for version in model.versions:
                for value in {value for file in version.files for value in file.hashes.values()}:
                    self.hashes.setdefault(value, []).append(version.id)
        self.index: dict[str, list[int]] = {}
        for model in self.models.values():
            told = " ".join([model.name, model.creator, *(word for one in model.versions for word in one.words)])
            for word in set(_words(told)):
                self.index.setdefault(word, []).append(model.id)
        self.words = sorted(self.index)
        self.ranked = sorted(self.models.values(), key=lambda model: (-model.downloads, model.id))
        self._texts: dict[int, str] = {}

    # ---- the protocol ------------------------------------------------------------------------------------

    def kind(self, request: Request) -> str:
        return "api"

    def limit_headers(self, kind: str, left: int, reset: float) -> dict[str, str]:
        return {}

    def refuse(self, reset: float) -> Reply:
        return reply({"error": "Too many requests"}, 429, {"Retry-After": str(int(reset) + 1)})

    def answer(self, request: Request, base: str) -> Reply:
        parts = request.parts()
        if parts[:2] == ["api", "v1"]:
            what, rest = parts[2] if len(parts) > 2 else "", parts[3:]
            if what == "models":
                return self._one_model(rest[0]) if rest else self._list(request)
            if what == "model-versions" and rest[:1] == ["by-hash"]:
                return (
                    self._many_hashes(rest[1:], request)
                    if request.method == "POST"
                    else self._by_hash("".join(rest[1:]))
                )
            if what == "model-versions" and rest:
                return self._mini(rest[1], request) if rest[0] == "mini" and len(rest) > 1 else self._version(rest[0])
        if parts[:3] == ["api", "download", "models"] and len(parts) == 4:
            return self._download(parts[3], request, base)
        if parts[:1] == ["storage"]:
            return Reply(206, b"\0", {"Content-Range": f"bytes 0-0/{request.one('size')}"})
        return Reply(404, b"<!DOCTYPE html><html><body>404</body></html>", {"Content-Type": "text/html; charset=utf-8"})

    # ---- lists -------------------------------------------------------------------------------------------

    def search(self, text: str) -> list[Model]:
        """The models that a query finds, before any filter, the most loaded first."""
        found = {self.versions[number][0].id for number in self.hashes.get(text.strip().upper(), ())}
        told = _words(text)
        if not found and told:
            found = set.intersection(*(self.begun(word) for word in told))
        exact = set(told)
        return sorted((self.models[number] for number in found), key=lambda model: (-len(exact & set(_words(model.name))), -model.downloads, model.id))  # fmt: skip

    def begun(self, start: str) -> set[int]:
        """The ids of models that a word of which begins so."""
        found: set[int] = set()
        for word in self.words[bisect_left(self.words, start) :]:
            if not word.startswith(start):
                break
            found.update(self.index[word])
        return found

    def _list(self, request: Request) -> Reply:
        asked = request.one("limit")
        limit = int(asked) if asked.isdecimal() else 100
        if limit > 100:
            return reply(
                {"error": {"name": "ZodError", "message": "limit: Number must be less than or equal to 100"}}, 400
            )
        text, page = request.one("query"), request.one("page")
        if text and page:
            return reply({"error": "Cannot use page param with query search. Use cursor-based pagination."}, 400)
        if page.isdecimal() and int(page) * limit > 1000:
            return reply({"error": "Use cursor-based pagination beyond 1000 items"}, 429)
        found = self.search(text) if text else self.ranked
        if text:
            begin = int(request.one("cursor")) if request.one("cursor").isdecimal() else 0
        else:
            begin = max(0, int(page or 1) - 1) * limit or _offset(request.one("cursor"))
            found = [model for model in found if _passes(model, request)]
        hits = found[begin : begin + limit]
        after = begin + limit
        metadata: dict[str, Any] = {}
        if after < len(found):
            cursor = str(after) if text else base64.b64encode(f"{after}|x".encode()).decode()
            metadata = {"nextCursor": cursor, "nextPage": f"{SITE}/api/v1/models?cursor={cursor}&limit={limit}"}
        shown = ",".join(self._text(model) for model in hits if _passes(model, request))
        return Reply(200, f'{{"items":[{shown}],"metadata":{json.dumps(metadata)}}}'.encode(), {"Content-Type": "application/json; charset=utf-8"})  # fmt: skip

    def _text(self, model: Model) -> str:
        if model.id not in self._texts:
            self._texts[model.id] = json.dumps(whole_model(model, False))
        return self._texts[model.id]

    # ---- one of them -------------------------------------------------------------------------------------

    def _one_model(self, asked: str) -> Reply:
        model = self.models.get(int(asked)) if asked.isdecimal() else None
        return reply(whole_model(model, True)) if model else reply({"error": f"No model with id {asked}"}, 404)

    def _version(self, asked: str) -> Reply:
        found = self.versions.get(int(asked)) if asked.isdecimal() else None
        if found is None or found[0].mode == "TakenDown":
            return reply({"error": f"No version with id {asked}"}, 404)
        return reply(alone(*found))

    def _by_hash(self, asked: str) -> Reply:
        found = self.hashes.get(asked.upper())
        return reply(alone(*self.versions[min(found)])) if found else reply({"error": "Model not found"}, 404)

    def _many_hashes(self, rest: list[str], request: Request) -> Reply:
        ids, most = rest == ["ids"], 10_000 if rest == ["ids"] else 100
        try:
            asked = [str(one) for one in json.loads(request.body)]
        except (ValueError, TypeError):
            return reply({"error": "Invalid body"}, 400)
        if len(asked) > most or not (ids or all(re.fullmatch(r"[0-9a-fA-F]{64}", one) for one in asked)):
            return reply({"error": "Invalid body"}, 400)
        found = [(min(self.hashes[one.upper()]), one.upper()) for one in asked if one.upper() in self.hashes]
        if ids:
            return reply([{"modelVersionId": number, "hash": value} for number, value in found])
        return reply([alone(*self.versions[number], host="undefined") for number in {number for number, _ in found}])

    def _mini(self, asked: str, request: Request) -> Reply:
        found = self.versions.get(int(asked)) if asked.isdecimal() else None
        if found is None or found[0].mode:
            return reply({"error": f"No version with id {asked}"}, 404)
        model, version = found
        file = next((one for one in version.files if str(one.id) == request.one("modelFileId")), version.files[0])
        deadline = DEADLINE if version.early else None
        return reply(
            {
                "air": air(model, version),
                "id": version.id,
                "modelName": model.name,
                "versionName": version.name,
                "size": file.size / 1024,
                "fileName": file.name,
                "hashes": file.hashes,
                "downloadUrls": [f"{SITE}/api/download/models/{version.id}?fileId={file.id}"],
                "requireAuth": model.login,
                "checkPermission": version.early,
                "earlyAccessEndsAt": deadline,
            }
        )

    def _download(self, asked: str, request: Request, base: str) -> Reply:
        found = self.versions.get(int(asked)) if asked.isdecimal() else None
        if found is None:
            return reply({"error": "File not found"}, 404)
        model, version = found
        if model.mode == "Archived":
            return reply({"error": "Model archived, not available for download"}, 410)
        if model.mode or request.method == "HEAD" or (model.login and "authorization" not in request.headers):
            return reply(_LOGIN, 401)
        if version.early:
            return reply({"error": "Early Access", "deadline": DEADLINE}, 403)
        file = next((one for one in version.files if request.one("fileId") in ("", str(one.id))), None)
        if file is None:
            return reply({"error": "File not found"}, 404)
        return Reply(307, b"", {"Location": f"{base}/storage/{file.sha256}?size={file.size}"})


# ---- words and filters ------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _offset(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor).decode().partition("|")[0]) if cursor else 0
    except ValueError:
        return 0


def _passes(model: Model, request: Request) -> bool:
    """The filters that are applied to what was found."""
    types, bases = request.many("types"), request.many("baseModels")
    user = request.one("username").lower()
    return (
        model.mode != "TakenDown"
        and (not model.nsfw or request.one("nsfw").lower() in ("true", "1"))
        and (not types or model.type in types)
        and (not bases or any(version.base in bases for version in model.versions))
        and (not user or model.creator.lower() == user)
        and (not request.many("ids") or str(model.id) in request.many("ids"))
    )
