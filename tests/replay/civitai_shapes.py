"""Invented models of a Civitai of our own, spelled as its API spells them. civitai.py serves them."""

from __future__ import annotations

import hashlib
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


def stored(store: Any, number: int, name: str, sha256: str, kind: str = "Model", **more: Any) -> Json:
    """A file whose bytes are in the store."""
    one = file(number, name, kind, len(store.files[sha256]) / 1024, **more)
    one["hashes"] |= {"SHA256": sha256.upper(), "AutoV2": sha256[:10].upper(), "AutoV1": sha256[8:16].upper()}
    return one


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
