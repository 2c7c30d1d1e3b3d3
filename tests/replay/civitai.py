"""A Civitai of our own: invented models, answers of the shape the service gives, and its habits.

    shop = Shop([model(1, "Ink Harbour", "LORA", [version(11, "v1.0", [file(111, "ink-harbour.safetensors")])])])
    shop.serve(replay)                 # routes of the API
    shop.serve(other, everybody=True)  # the domain that has nothing mature

Its habits: a search knows names, authors, trigger words and hashes, never file names; it filters after the index, so a
page may be empty though more follow; `page` together with `query` is an error; unknown parameters are ignored. A list
gives no `usageControl` and no `earlyAccessEndsAt`; the answer for one version has no author and no licence.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

Json = dict[str, Any]
WHEN = "2026-03-14T09:26:53.589Z"
PROMPT = "a lighthouse keeper mending nets, invented for these tests"


def sha256(text: str) -> str:
    """The content of an invented file: upper case, as the service writes it."""
    return hashlib.sha256(text.encode()).hexdigest().upper()


def file(number: int, name: str, kind: str = "Model", size_kb: float = 2048.5, **more: Any) -> Json:
    """One file as the API spells it. `content`: two files with the same one have the same hash."""
    digest = sha256(more.pop("content", name))
    told = {".safetensors": "SafeTensor", ".gguf": "GGUF", ".zip": "Other"}
    end = name[name.rfind(".") :]
    return {
        "id": number,
        "sizeKB": size_kb,
        "name": name,
        "overrideName": None,
        "type": kind,
        "pickleScanResult": "Success",
        "pickleScanMessage": "No Pickle imports",
        "virusScanResult": "Success",
        "virusScanMessage": None,
        "scannedAt": WHEN,
        "metadata": {"format": told.get(end, "PickleTensor"), "size": "pruned", "fp": "fp16"},
        "hashes": {
            "AutoV1": digest[8:16],
            "AutoV2": digest[:10],
            "SHA256": digest,
            "CRC32": digest[16:24],
            "BLAKE3": sha256("blake3 " + name),
            "AutoV3": sha256("tensors " + name)[:12],
        },
        "downloadUrl": f"https://civitai.com/api/download/models/0?fileId={number}",
        **more,
    }


def version(number: int, name: str, files: list[Json], base: str = "SDXL 1.0", **more: Any) -> Json:
    """One version. `usageControl`, `earlyAccessEndsAt` and `requireAuth` are told only where the service tells them."""
    return {
        "id": number,
        "name": name,
        "baseModel": base,
        "baseModelType": "Standard",
        "createdAt": WHEN,
        "publishedAt": WHEN,
        "status": "Published",
        "availability": "Public",
        "nsfwLevel": 1,
        "description": "<p>Thank you for trying it.</p>",
        "trainedWords": [],
        "paidAccess": None,
        "stats": {"downloadCount": 340, "thumbsUpCount": 21, "thumbsDownCount": 1},
        "files": files,
        "images": [{"url": "https://image.civitai.com/x/y/1.jpeg", "nsfwLevel": 1, "meta": {"prompt": PROMPT}}],
        "downloadUrl": f"https://civitai.com/api/download/models/{number}",
        "usageControl": "Download",
        "earlyAccessEndsAt": None,
        "requireAuth": False,
        **more,
    }


def model(number: int, name: str, kind: str, versions: list[Json], author: str = "quillfox", **more: Any) -> Json:
    """One model."""
    return {
        "id": number,
        "name": name,
        "description": "<h2>About</h2><p>Made for these tests.</p>",
        "allowNoCredit": True,
        "allowCommercialUse": ["Image", "RentCivit", "Rent", "Sell", "SellMerge"],
        "allowDerivatives": True,
        "allowDifferentLicense": True,
        "type": kind,
        "minor": False,
        "sfwOnly": False,
        "poi": False,
        "nsfw": False,
        "nsfwLevel": 1,
        "availability": "Public",
        "hasActivePaidAccess": False,
        "stats": {"downloadCount": 900, "commentCount": 3},
        "creator": {"username": author, "image": None},
        "tags": ["invented"],
        "modelVersions": versions,
        **more,
    }


def catalogue() -> list[Json]:
    """What the shop has when nobody says otherwise: one of each kind."""
    harbour = [
        version(2102, "v16.0", [file(3102, "inkHarborSDXL_v160.safetensors")], publishedAt="2026-05-02T10:00:00.000Z"),
        version(2101, "v15.0", [file(3101, "inkHarborSDXL_v150.safetensors")], publishedAt="2026-01-20T10:00:00.000Z"),
    ]
    lantern = [
        version(2201, "rank 8", [file(3201, "paper-lantern_r8.safetensors")], "Flux.1 D", trainedWords=["pplantern"])
    ]
    hands = [
        version(
            2301,
            "v2",
            [file(3301, "softhands.pt"), file(3302, "softhands-neg.pt", "Negative")],
            "SD 1.5",
            trainedWords=["softhands"],
        )
    ]
    lake = [
        version(
            2401,
            "v1 fp8",
            [
                file(3401, "mirrorLake_v1Fp8.safetensors", size_kb=11_620_000.25),
                file(3402, "mirrorLake_v1Fp8.gguf"),
                file(3403, "mirror_ae.safetensors", "VAE"),
                file(3404, "mirrorLake_v1Fp8_txt.safetensors", "Text Encoder"),
                file(3405, "mirrorLake_v1Fp8.zip", "Archive"),
                file(3406, "mirrorLake_v1Fp8_trainingData.zip", "Training Data"),
            ],
            "Flux.1 D",
        )
    ]
    return [
        model(1100, "INK-harbor-SDXL", "Checkpoint", harbour, allowNoCredit=False),
        model(1200, "Paper Lantern style", "LORA", lantern, "mothpress"),
        model(1300, "Soft Hands", "TextualInversion", hands),
        model(1400, "Mirror Lake", "Checkpoint", lake, "glassworks"),
        model(
            1500,
            "Night Market",
            "LORA",
            [version(2501, "v1", [file(3501, "night-market.safetensors")], nsfwLevel=28)],
            nsfw=True,
            nsfwLevel=28,
        ),
        model(
            1600, "Tin Robots", "LORA", [version(2601, "v1", [file(3601, "tin-robots.safetensors")])], mode="Archived"
        ),
        model(
            1700,
            "Copper Mask",
            "LORA",
            [version(2701, "v1", [file(3701, "copper-mask.safetensors")])],
            mode="TakenDown",
        ),
        model(1800, "Flow of packs", "Workflows", [version(2801, "v1", [file(3801, "flowOfPacks_v1.zip", "Archive")])]),
        model(
            1900,
            "Old Clay",
            "Checkpoint",
            [
                version(
                    2901,
                    "v3 Alpha",
                    [
                        file(3901, "oldClay_v3Alpha.ckpt", pickleScanResult="Danger", virusScanResult="Pending"),
                        file(3902, "oldClay_v3Alpha.safetensors"),
                    ],
                    "SD 1.5",
                )
            ],
            poi=True,
            minor=True,
            allowCommercialUse=["None"],
            allowDerivatives=False,
        ),
    ]


class Shop:
    """The service over some models. Change `models` at any time; requests see it as it is."""

    def __init__(self, models: list[Json] | None = None, *, per_page: int = 0) -> None:
        self.models = catalogue() if models is None else models
        self.per_page = per_page  # hits a page holds at most; 0: what is asked for
        self.pictures: dict[int, list[int]] = {5501: [2102, 2201]}  # id → the versions it was made with
        self.unindexed: set[str] = set()  # hashes, upper case, that only a search finds

    def serve(self, replay: Any, *, everybody: bool = False) -> None:
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


def _release(shown: list[Json], number: str) -> tuple[Json, Json] | None:
    for one in shown:
        for each in one["modelVersions"]:
            if str(each["id"]) == number and each["status"] == "Published":
                return one, each
    return None
