"""What Civitai answers, reduced to what a candidate needs: plain JSON, small enough to keep. Pure.

Nothing is trusted: a value of another shape is left out, a file or version of another shape is passed over. Prompts,
descriptions, pictures and addresses in an answer are never kept.

A model: {id, name, type, mode, flags, level, author, licence, paid, versions: [{id, name, base, published, early, paid,
usage, level, downloads, files: [{id, version, name, made, type, size, sha256, hashes, format, scans}]}]}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from .. import names
from ..types import Json
from .naming import download_name

# An answer with more is cut, so that no one model can crowd the others out.
MOST_MODELS, MOST_VERSIONS, MOST_FILES, MOST_OF_MODEL = 100, 100, 40, 150
MOST_BYTES = 1 << 44  # a larger size is a lie: it is left out
NO_DATE = -1.0  # something ends, and nobody says when
EMPTY_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_NO_MODEL_FILE = {"Archive", "Training Data", "Config", "Workflow"}
_KEPT_HASHES = {"AutoV2": 10, "AutoV3": 12, "BLAKE3": 64}  # AutoV1 collides and is never kept
_FLAGS = ("poi", "minor", "nsfw")
_WITHHELD = ("Archived", "TakenDown")


def models_of(body: Any) -> list[Json]:
    """The models of one page of a search. Raises ValueError when it is not such a page."""
    items = body["items"]
    if not isinstance(items, list):
        raise ValueError("items is no list")
    found = [model for item in items[:MOST_MODELS] if (model := _model(item)) is not None]
    if items and not found:
        raise ValueError("no item is a model")
    return found


def model_of(body: Any) -> Json:
    """The answer for one model. Raises ValueError when it is none."""
    model = _model(body)
    if model is None:
        raise ValueError("this is no model")
    return model


def version_of(body: Any) -> Json:
    """The answer for one version, as a model with this version only. Raises ValueError when it is none."""
    model, number = body["model"], whole(body.get("modelId"))
    if not isinstance(model, dict) or not number:
        raise ValueError("this is no version")
    spread = {**model, "id": number, "creator": body.get("creator") or model.get("creator"), "modelVersions": [body]}
    found = model_of(spread)
    if not found["versions"]:
        raise ValueError("this is no version")
    return found


def resources_of(body: Any) -> list[int]:
    """The ids of the model versions that a picture names, each once, in order."""
    told = body.get("modelVersionIds")
    found = [number for one in (told if isinstance(told, list) else ())[:50] if (number := whole(one))]
    return list(dict.fromkeys(found))


def cursor_of(body: Any) -> str:
    """The cursor of the next page, "" at the end. The address of the next page is never followed, only read."""
    told = body.get("metadata")
    if not isinstance(told, dict):
        return ""
    cursor = told.get("nextCursor")
    if cursor is None and isinstance(told.get("nextPage"), str):
        found = re.search(r"[?&]cursor=([\w.|:-]{1,200})(?:&|$)", told["nextPage"])
        cursor = found[1] if found else None
    if isinstance(cursor, bool) or not isinstance(cursor, (str, int)):
        return ""
    return str(cursor) if len(str(cursor)) <= 200 else ""


def gate_of(status: int, body: Any) -> Json:
    """What stands before a download, from the answer to the question that is asked before one: {login, early, paid, mode}."""
    told = body if isinstance(body, dict) else {}
    if status == 401:
        return {"login": True}
    if status == 403:
        early = str(told.get("error")) == "Early Access"
        return {"early": moment(told.get("deadline")) or NO_DATE} if early else {"paid": True}
    if status == 410:
        return {"mode": "Archived"}
    gate: Json = {"login": told.get("requireAuth") is True, "early": moment(told.get("earlyAccessEndsAt"))}
    gate["paid"] = told.get("checkPermission") is True and not gate["early"]
    return gate


def is_kept(model: Any) -> bool:
    """Whether this is a model as reduced here. An answer on disk may be of another form."""
    versions = model.get("versions") if isinstance(model, dict) else None
    return isinstance(versions, list) and all(
        isinstance(version, dict)
        and isinstance(version.get("files"), list)
        and all(isinstance(file, dict) for file in version["files"])
        and isinstance(version.get("published"), int | float)
        and {"id", "name", "draft"} <= version.keys()
        for version in versions
    )


def whole(value: Any) -> int | None:
    """A number of an id or a count; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15 else None


def sha256_of(value: Any) -> str | None:
    """A hash in lower case; None for another kind, and for that of an empty file, which is no model's."""
    text = value.strip().lower().removeprefix("0x") if isinstance(value, str) else ""
    return text if re.fullmatch("[0-9a-f]{64}", text) and text != EMPTY_FILE else None


def moment(value: Any) -> float:
    """Seconds since the epoch of "2026-12-01T10:00:00.000Z"; 0 where it is no date."""
    if not isinstance(value, str) or len(value) > 40:
        return 0.0
    try:
        when = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


# ---- model, version, file ----------------------------------------------------------------------------------


def _model(body: Any) -> Json | None:
    if not isinstance(body, dict) or not whole(body.get("id")) or not isinstance(body.get("modelVersions"), list):
        return None
    name, kind = _text(body.get("name")), _text(body.get("type"))
    if not name or not kind:
        return None
    versions = list(_versions(body))
    if body["modelVersions"] and not versions:
        return None
    return {
        "id": whole(body["id"]),
        "name": name,
        "type": kind,
        "mode": _text(body.get("mode")),
        "flags": [flag for flag in _FLAGS if body.get(flag) is True],
        "level": whole(body.get("nsfwLevel")),
        "author": _text(_object(body.get("creator")).get("username")),
        "licence": _licence(body),
        "paid": body.get("hasActivePaidAccess") is True,
        "versions": versions,
    }


def _versions(model: Json) -> Iterator[Json]:
    room = MOST_OF_MODEL
    for one in model["modelVersions"][:MOST_VERSIONS]:
        version = _version(model, one)
        if version is not None and (room := room - len(version["files"])) >= 0:
            yield version


def _version(model: Json, body: Any) -> Json | None:
    if not isinstance(body, dict) or not whole(body.get("id")):
        return None
    stats, files = _object(body.get("stats")), body.get("files")
    if not _are_files(files) and model.get("mode") not in _WITHHELD:
        return None
    early, paid = _access(body)
    return {
        "id": whole(body["id"]),
        "name": _text(body.get("name")),
        "base": _text(body.get("baseModel")),
        "published": moment(body.get("publishedAt")),
        "draft": _text(body.get("status")) not in ("", "Published"),
        "early": early,
        "paid": paid,
        "usage": _text(body.get("usageControl")),
        "level": whole(body.get("nsfwLevel")),
        "downloads": whole(stats.get("downloadCount")),
        "files": list(_files(model, body, files)) if isinstance(files, list) else [],
    }


def _access(version: Json) -> tuple[float, bool | None]:
    """When early access ends, 0 where there is none, and whether the version is sold; None where that is not said."""
    paid = version.get("paidAccess")
    ends = version.get("earlyAccessEndsAt") or (paid.get("endsAt") if isinstance(paid, dict) else None)
    early = moment(ends) or (NO_DATE if version.get("availability") == "EarlyAccess" else 0.0)
    return early, (bool(paid) and not ends) if "paidAccess" in version else None


def _are_files(files: Any) -> bool:
    """Whether this is a list of files. One of which nothing can be read must not pass for a version without any."""
    if not isinstance(files, list):
        return False
    return not files or any(isinstance(one, dict) and whole(one.get("id")) and one.get("name") for one in files)


def _files(model: Json, version: Json, files: list[Any]) -> Iterator[Json]:
    kept = 0
    for one in files:
        if kept < MOST_FILES and isinstance(one, dict) and (file := _file(model, version, one)) is not None:
            kept += 1
            yield file


def _file(model: Json, version: Json, body: Json) -> Json | None:
    number, kind = whole(body.get("id")), _text(body.get("type"))
    given, made = _file_name(body.get("name")), _file_name(download_name(model, version, body))
    if not number or kind in _NO_MODEL_FILE or not given:
        return None
    hashes, told = _object(body.get("hashes")), _object(body.get("metadata"))
    return {
        "id": number,
        # The VAE that an author recommends is listed with a version but belongs to another one.
        "version": whole(body.get("modelVersionId")) or whole(version["id"]),
        "name": given,
        "made": made or given,
        "type": kind,
        "size": _size(body.get("sizeKB")),
        "sha256": sha256_of(hashes.get("SHA256")),
        "hashes": {kind: value for kind in _KEPT_HASHES if (value := _hash(kind, hashes.get(kind)))},
        "format": _text(told.get("format")),
        "scans": [name for name in ("pickle", "virus") if _bad_scan(body.get(f"{name}ScanResult"))],
    }


def _file_name(value: Any) -> str:
    """A name that may be a model file's; "" for one with folders, of another kind, or with characters nobody can read."""
    fits = isinstance(value, str) and len(value) <= 255 and value.isprintable() and names.base(value) == value
    return value if fits and names.suffix(value) and names.stem(value).strip() else ""


def _size(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < MOST_BYTES / 1024:
        return None
    return round(value * 1024)


def _hash(kind: str, value: Any) -> str:
    text = value.strip().lower().removeprefix("0x") if isinstance(value, str) else ""
    return text if re.fullmatch("[0-9a-f]+", text) and len(text) in (_KEPT_HASHES[kind], 64) else ""


def _bad_scan(value: Any) -> bool:
    return isinstance(value, str) and value != "Success"


def _licence(body: Json) -> str:
    """What the author allows, in words; "" where the answer does not say."""
    told = body.get("allowCommercialUse")
    if isinstance(told, str):
        told = re.findall("[A-Za-z]+", told)
    if not isinstance(told, list):
        return ""
    uses = {use for use in told if isinstance(use, str)} - {"None"}
    if not uses:
        said = ["no commercial use"]
    elif uses <= {"Image"}:
        said = ["commercial use of images only"]
    else:
        said = ["commercial use allowed" if "Sell" in uses or "SellMerge" in uses else "no selling of the model"]
    said += ["credit required"] if body.get("allowNoCredit") is False else []
    if body.get("allowDerivatives") is False:
        said.append("no merges")
    elif body.get("allowDifferentLicense") is False:
        said.append("merges under the same terms")
    return ", ".join(said)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "".join(char for char in value[:200] if char.isprintable()).strip() if isinstance(value, str) else ""
