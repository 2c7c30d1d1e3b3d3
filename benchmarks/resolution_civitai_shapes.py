"""The shapes of Civitai's answers, modelled on what it really answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from resolution_civitai import CivitaiFile, Model, Version

SITE = "https://civitai.com"
_DATE = "2025-06-01T10:00:00.000Z"
DEADLINE = "2099-01-01T00:00:00.000Z"
_FORMATS = {
    "safetensors": "SafeTensor",
    "pt": "PickleTensor",
    "pth": "PickleTensor",
    "ckpt": "PickleTensor",
    "gguf": "GGUF",
}


def whole_model(model: Model, detail: bool) -> dict[str, Any]:
    """A model with its versions; `detail`: asked for by its id."""
    open_ = not model.mode
    shown = model.versions if model.mode != "TakenDown" else []
    body: dict[str, Any] = {
        "id": model.id,
        "name": model.name,
        "description": "",
        "type": model.type,
        "poi": model.poi,
        "minor": model.minor,
        "nsfw": model.nsfw,
        "nsfwLevel": 31 if model.nsfw else 1,
        "allowNoCredit": True,
        "allowCommercialUse": ["Image"],
        "allowDerivatives": True,
        "allowDifferentLicense": True,
        "availability": "Public",
        "tags": [],
        "creator": {"username": model.creator, "image": None},
        "stats": {"downloadCount": model.downloads, "thumbsUpCount": model.downloads // 30},
        "modelVersions": [_in_model(version, open_, detail, at) for at, version in enumerate(shown)],
    }
    return {**body, "mode": model.mode} if model.mode else body


def _in_model(version: Version, open_: bool, detail: bool, at: int) -> dict[str, Any]:
    body = {
        "id": version.id,
        "index": at,
        "name": version.name,
        **_common(version),
        "availability": "EarlyAccess" if version.early else "Public",
    }
    if open_:
        body |= {
            "files": _files(version.files, version.id, detail, SITE),
            "downloadUrl": f"{SITE}/api/download/models/{version.id}",
        }
    return body


def alone(model: Model, version: Version, host: str = SITE) -> dict[str, Any]:
    """A version as it is answered by itself. `host`: what the batch look-up writes into its addresses is of no use."""
    about = {"name": model.name, "type": model.type, "nsfw": model.nsfw, "poi": model.poi}
    body = {
        "id": version.id,
        "modelId": model.id,
        "name": version.name,
        **_common(version),
        "status": "Published",
        "air": air(model, version),
    }
    body |= {"usageControl": "Download", "model": {**about, "mode": model.mode} if model.mode else about}
    if not model.mode:
        body |= {
            "files": _files(version.files, version.id, True, host),
            "downloadUrl": f"{host}/api/download/models/{version.id}",
        }
    return body


def _common(version: Version) -> dict[str, Any]:
    deadline = DEADLINE if version.early else None
    return {
        "baseModel": version.base,
        "baseModelType": "Standard",
        "publishedAt": _DATE,
        "createdAt": _DATE,
        "trainedWords": list(version.words),
        "earlyAccessEndsAt": deadline,
        "description": None,
        "images": [],
        "stats": {"downloadCount": 10},
    }


def _files(files: Iterable[CivitaiFile], version: int, detail: bool, host: str) -> list[Mapping[str, Any]]:
    return [
        {
            "id": one.id,
            "sizeKB": one.size / 1024,
            "name": one.name,
            "type": one.type,
            "pickleScanResult": "Success",
            "virusScanResult": "Success",
            "metadata": {"format": _FORMATS.get(one.name.rpartition(".")[2], "Other"), "size": None, "fp": None},
            "hashes": one.hashes,
            "downloadUrl": f"{host}/api/download/models/{version}" + (f"?fileId={one.id}" if detail else ""),
            "primary": one.primary,
        }
        for one in files
    ]


def air(model: Model, version: Version) -> str:
    """The name that Civitai gives a version."""
    return f"urn:air:{version.base.split()[0].lower()}:{model.type.lower()}:civitai:{model.id}@{version.id}"
