"""A Civitai of our own: invented models, answers of the shape the service gives, and its habits.

    shop = Shop([model(1, "Ink Harbour", "LORA", [version(11, "v1.0", [file(111, "ink-harbour.safetensors")])])])
    shop.serve(replay)                 # routes of the API
    shop.serve(other, everybody=True)  # the domain that has nothing mature

Its habits: a search knows names, authors, trigger words and hashes, never file names; it filters after the index, so a
page may be empty though more follow; `page` together with `query` is an error; unknown parameters are ignored. A list
gives no `usageControl` and no `earlyAccessEndsAt`; the answer for one version has no author and no licence. With a store
of files.py, `shop.serve(replay, store=store)`, downloads send on to the bytes of files that are in it; HEAD is refused.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def _shapes() -> Any:
    known = sys.modules.get("replay_civitai_shapes")
    if known is None:
        path = Path(__file__).with_name("civitai_shapes.py")
        spec = importlib.util.spec_from_file_location("replay_civitai_shapes", path)
        assert spec and spec.loader
        known = sys.modules["replay_civitai_shapes"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(known)
    return known


shapes = _shapes()
WHEN, PROMPT, sha256 = shapes.WHEN, shapes.PROMPT, shapes.sha256
file, stored, version, model, catalogue = shapes.file, shapes.stored, shapes.version, shapes.model, shapes.catalogue


class Shop:
    """The service over some models. Change `models` at any time; requests see it as it is."""

    def __init__(self, models: list[Json] | None = None, *, per_page: int = 0) -> None:
        self.models = catalogue() if models is None else models
        self.per_page = per_page  # hits a page holds at most; 0: what is asked for
        self.pictures: dict[int, list[int]] = {5501: [2102, 2201]}  # id → the versions it was made with
        self.unindexed: set[str] = set()  # hashes, upper case, that only a search finds

    def serve(self, replay: Any, *, everybody: bool = False, store: Any = None) -> None:
        """Add the routes. `everybody`: the domain that has nothing mature."""

        def shown() -> list[Json]:
            return [one for one in self.models if not (everybody and one["nsfw"])]

        reply = replay.Reply
        replay.add("GET", "/api/v1/models", lambda request: self._search(reply, shown(), request))
        replay.add("GET", "/api/v1/images", lambda request: self._images(request))
        replay.add("GET", "/api/v1/models/{id}", lambda request: _one_model(reply, shown(), request))
        replay.add("GET", "/api/v1/model-versions/{id}", lambda request: _one_version(reply, shown(), request))
        replay.add(
            "GET", "/api/v1/model-versions/by-hash/{hash}", lambda request: self._by_hash(reply, shown(), request)
        )
        replay.add("GET", "/api/v1/model-versions/mini/{id}", lambda request: _mini(reply, shown(), request))
        if store is not None:
            replay.add("GET", "/api/download/models/{id}", lambda request: _download(reply, shown(), request, store))

    def _search(self, reply: Any, shown: list[Json], request: Any) -> Any:
        query, limit = request.one("query"), int(request.one("limit", "100"))
        if query and request.one("page"):
            text = "Cannot use page param with query search. Use cursor-based pagination."
            return reply({"error": text}, 400)
        if not 0 <= limit <= 100:
            return reply({"error": "limit"}, 400)
        limit = min(limit, self.per_page or limit)
        start = int(request.one("cursor", "0"))
        hits = _hits([one for one in shown if one.get("mode") not in ("Archived", "TakenDown")], query)
        page = hits[start : start + limit]
        types = request.query.get("types", [])
        kept = [one for one in page if not types or one["type"] in types]
        kept = [one for one in kept if request.one("nsfw") == "true" or not one["nsfw"]]
        more = start + limit < len(hits)
        cursor = {"nextCursor": str(start + limit), "nextPage": f"https://elsewhere.example/api?cursor={start + limit}"}
        return {"items": [_listed(one) for one in kept], "metadata": cursor if more else {}}

    def _images(self, request: Any) -> Any:
        """The real one was seen to answer other pictures as well, and knows a mature one only with `nsfw`."""
        sought = int(request.one("imageId", "0"))
        told = [(5500, [2301]), *((sought, self.pictures[sought]) for _ in range(sought in self.pictures))]
        shown = [{"id": one, "meta": None, "modelVersionIds": made} for one, made in told]
        return {"items": shown if request.one("nsfw") == "X" else [], "metadata": {}}

    def _by_hash(self, reply: Any, shown: list[Json], request: Any) -> Any:
        wanted = request.names["hash"].upper()
        for one in shown:
            for release in one["modelVersions"]:
                if any(wanted in each["hashes"].values() for each in release["files"]) and wanted not in self.unindexed:
                    return _alone(one, release)
        return reply({"error": "Model not found"}, 404)


def _hits(models: list[Json], query: str) -> list[Json]:
    """Those with all words of the query first, then those with fewer: words are left out from the end."""
    sought = re.findall(r"[a-z0-9.]+", query.lower())
    known = {one["id"]: _words(one) for one in models}
    found: dict[int, Json] = {}
    for count in range(len(sought), 0, -1):
        for one in models:
            if all(any(word.startswith(each) for word in known[one["id"]]) for each in sought[:count]):
                found.setdefault(one["id"], one)
    return list(found.values()) if sought else models


def _words(one: Json) -> list[str]:
    releases = one["modelVersions"]
    texts = [one["name"], one["creator"]["username"], *(word for each in releases for word in each["trainedWords"])]
    hashes = [each["hashes"] for release in releases for each in release["files"]]
    texts += [str(digest) for each in hashes if isinstance(each, dict) for digest in each.values()]
    return re.findall(r"[a-z0-9.]+", " ".join(texts).lower())


def _listed(one: Json) -> Json:
    """A model in a list or alone: versions without what only the versions' own answer tells."""
    withheld = one.get("mode") == "Archived"
    left_out = ("usageControl", "earlyAccessEndsAt", "requireAuth")
    releases = [
        {
            **{key: value for key, value in each.items() if key not in left_out},
            **({"files": [], "downloadUrl": None} if withheld else {}),
        }
        for each in one["modelVersions"]
        if each["status"] == "Published"
    ]
    return {**one, "modelVersions": releases}


def _alone(one: Json, release: Json) -> Json:
    """A version on its own: author and licence are not told, and a file's name is the one it is downloaded under."""
    own = {key: one[key] for key in ("name", "type", "nsfw", "poi")} | {"mode": one.get("mode")}
    kept = {key: value for key, value in release.items() if key not in ("requireAuth", "paidAccess")}
    files = [] if one.get("mode") == "Archived" else release["files"]
    air = f"urn:air:sdxl:{one['type'].lower()}:civitai:{one['id']}@{release['id']}"
    return {**kept, "modelId": one["id"], "air": air, "model": own, "files": files}


def _one_model(reply: Any, shown: list[Json], request: Any) -> Any:
    found = next((one for one in shown if str(one["id"]) == request.names["id"]), None)
    return _listed(found) if found else reply({"error": f"No model with id {request.names['id']}"}, 404)


def _one_version(reply: Any, shown: list[Json], request: Any) -> Any:
    found = _release(shown, request.names["id"])
    return _alone(*found) if found else reply({"error": "Model not found"}, 404)


def _mini(reply: Any, shown: list[Json], request: Any) -> Any:
    found = _release(shown, request.names["id"])
    sought = request.one("modelFileId")
    kept = [each for each in found[1]["files"] if str(each["id"]) == sought] if found else []
    if not found or not kept:
        return reply({"error": f"Model file {sought} not found in version {request.names['id']}"}, 404)
    one, release = found
    sold = release["paidAccess"] or {}
    ends = release["earlyAccessEndsAt"] or sold.get("endsAt")
    closed = bool(sold or ends) and (not ends or ends > WHEN)
    return {
        "air": f"urn:air:sdxl:{one['type'].lower()}:civitai:{one['id']}@{release['id']}+{sought}",
        "versionName": release["name"],
        "modelName": one["name"],
        "baseModel": release["baseModel"],
        "availability": release["availability"],
        "size": kept[0]["sizeKB"],
        "fileType": kept[0]["type"],
        "fileName": kept[0]["name"],
        "hashes": kept[0]["hashes"],
        "downloadUrls": [f"https://civitai.com/api/download/models/{release['id']}?fileId={sought}"],
        "format": kept[0]["metadata"]["format"],
        "canGenerate": True,
        "requireAuth": release["requireAuth"],
        "checkPermission": closed,
        **({"earlyAccessEndsAt": ends} if closed and ends else {}),
    }


def _download(reply: Any, shown: list[Json], request: Any, store: Any) -> Any:
    """What stands in the way first, then the address in the storage."""
    found, known = _release(shown, request.names["id"]), "authorization" in request.headers
    sought = request.one("fileId")
    kept = [each for each in found[1]["files"] if sought in ("", str(each["id"]))] if found else []
    if not found or not kept:
        return reply({"error": "File not found"}, 404)
    one, release = found
    if one.get("mode") in ("Archived", "TakenDown"):
        return reply({"error": "Model archived, not available for download"}, 410)
    if request.method == "HEAD" or (release["requireAuth"] and not known):
        text = "The creator of this asset requires you to be logged in to download it"
        return reply({"error": "Unauthorized", "message": text}, 401)
    if release["paidAccess"] or (release["earlyAccessEndsAt"] or "") > WHEN:
        return reply({"error": "Early Access", "deadline": release["earlyAccessEndsAt"]}, 403)
    sha256 = kept[0]["hashes"]["SHA256"]
    return reply(None, 307, {"Location": store.link(sha256, kept[0]["name"])}) if store.has(sha256) else None


def _release(shown: list[Json], number: str) -> tuple[Json, Json] | None:
    for one in shown:
        for each in one["modelVersions"]:
            if str(each["id"]) == number and each["status"] == "Published":
                return one, each
    return None
