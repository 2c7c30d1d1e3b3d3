"""What is kept of Hugging Face's answers. Shapes: services.md, section 3. Pure.

Nothing of an answer is trusted: every field is checked, one that is not as it should be is dropped, and a path that
could lead outside a folder does not exist for us. The same holds for what comes back from our own cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from .. import names

GATE_AUTO, GATE_MANUAL = "auto", "manual"
_ADULT = "not-for-all-audiences"  # the Hub's own tag
MOST_PATHS = 3_000  # model files that are kept of one repository
MOST_LETTERS = 400  # of a path
_NAME = r"[A-Za-z0-9_](?:[\w.-]{0,94}[\w-])?"
_REPO = re.compile(rf"{_NAME}/{_NAME}", re.ASCII)
_SHA256, _COMMIT, _MASKED = re.compile(r"[0-9a-fA-F]{64}"), re.compile(r"[0-9a-f]{40}"), re.compile(r"\*{16,}")

Json = dict[str, Any]


class Repo(NamedTuple):
    """What a listing says of one repository. `paths`: of its model files only."""

    id: str
    sha: str  # commit that was looked at, "" where not said
    gated: str  # GATE_AUTO, GATE_MANUAL or ""
    disabled: bool
    downloads: int | None
    licence: str
    base_model: str
    paths: tuple[str, ...]
    when: float  # seconds since the epoch
    adult: bool = False  # its author marks it as not for everybody

    @property
    def owner(self) -> str:
        """The account that it lies in."""
        return self.id.partition("/")[0]


class File(NamedTuple):
    """What the source says of one file. `masked`: it tells the hash only to those who have access."""

    path: str
    size: int | None  # bytes
    sha256: str | None
    masked: bool
    flags: tuple[str, ...]


def is_repo(value: Any) -> bool:
    """Whether this is "owner/name"."""
    return isinstance(value, str) and bool(_REPO.fullmatch(value)) and ".." not in value


def clean_path(value: Any) -> str:
    """A path inside a repository as it may be used; "" for any other."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_LETTERS or "\\" in value or not value.isprintable():
        return ""
    if any(part in ("", ".", "..") or part != part.strip() for part in value.split("/")):
        return ""
    return value


def many(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


# ---- answers -----------------------------------------------------------------------------------------------


def repos(body: Any) -> list[Json]:
    """The repositories of a listing. Raises TypeError or ValueError for an answer that is none."""
    if not isinstance(body, list):
        raise TypeError("no list of repositories")
    kept = [one for one in map(reduced, body) if one is not None]
    if body and not kept:
        raise ValueError("none of the entries is a repository")
    return kept


def reduced(item: Any) -> Json | None:
    """What is kept of a repository's entry; None when it is not one."""
    if not isinstance(item, dict) or not is_repo(item.get("id") or item.get("modelId")):
        return None
    card = item["cardData"] if isinstance(item.get("cardData"), dict) else {}
    tags = [tag for tag in many(item.get("tags")) if isinstance(tag, str)]
    sha = item.get("sha")
    return {
        "id": item.get("id") or item["modelId"],
        "sha": sha if isinstance(sha, str) and _COMMIT.fullmatch(sha) else "",
        "gated": _gate(item.get("gated")),
        "disabled": item.get("disabled") is True,
        "downloads": _whole(item.get("downloads")),
        "licence": _licence(card, tags),
        "base_model": _base_model(card, tags),
        "adult": _ADULT in tags,
        "paths": _model_paths(item.get("siblings")),
    }


def files(body: Any, wanted: frozenset[str] | None) -> list[Json]:
    """The files of a tree or of a look at single paths: those at `wanted`, or with None all model files.

    Raises TypeError or ValueError for an answer that is none.
    """
    if not isinstance(body, list):
        raise TypeError("no list of files")
    if body and not any(isinstance(item, dict) and isinstance(item.get("path"), str) for item in body):
        raise ValueError("none of the entries is a file")
    kept: dict[str, Json] = {}
    for item in body:
        path = clean_path(item.get("path")) if isinstance(item, dict) and item.get("type") != "directory" else ""
        if path and (path in wanted if wanted is not None else names.suffix(path)):
            kept.setdefault(path, _file(path, item))
        if len(kept) >= MOST_PATHS:
            break
    return list(kept.values())


def cursor(headers: Mapping[str, str]) -> str:
    """Where the next page begins. Of the address in the header only this is used: at a mirror it names the Hub itself."""
    for part in headers.get("link", "").split(","):
        address, _, rest = part.strip().partition(">")
        if 'rel="next"' in rest and address.startswith("<"):
            try:
                told = parse_qs(urlsplit(address[1:]).query).get("cursor", [""])[0]
            except ValueError:
                return ""
            return told if len(told) <= 4_000 and told.isprintable() else ""
    return ""


def _model_paths(siblings: Any) -> list[str]:
    kept: dict[str, None] = {}
    for one in many(siblings):
        path = clean_path(one.get("rfilename")) if isinstance(one, dict) else ""
        if path and names.suffix(path):
            kept[path] = None
            if len(kept) >= MOST_PATHS:
                break
    return list(kept)


def _file(path: str, item: Json) -> Json:
    size, sha256, masked = _whole(item.get("size")), None, False
    large = item.get("lfs")
    if isinstance(large, dict):  # `oid` outside of it is git's own hash, not that of the file
        told, inside = large.get("oid") or large.get("sha256"), _whole(large.get("size"))
        masked = isinstance(told, str) and bool(_MASKED.fullmatch(told))
        sha256 = told.lower() if isinstance(told, str) and _SHA256.fullmatch(told) else None
        if inside is not None:
            size = inside if size in (None, inside) else None  # two sizes: neither is believed
    return {"path": path, "size": size, "sha256": sha256, "masked": masked, "flags": _flags(item)}


def _flags(item: Json) -> list[str]:
    """What the Hub's scanners warn of. That they find nothing is no proof, so it is not told."""
    status = item.get("securityFileStatus")
    if not isinstance(status, dict):
        return []

    def bad(*keys: str) -> bool:
        scans = [status[key] for key in keys if isinstance(status.get(key), dict)]
        return any(scan.get("status") in ("unsafe", "suspicious") for scan in scans)

    virus = bad("avScan", "virusTotalScan")
    pickle = bad("pickleImportScan", "jFrogScan", "protectAiScan") or (status.get("status") == "unsafe" and not virus)
    return [flag for flag, said in (("virus_warning", virus), ("pickle_warning", pickle)) if said]


def _gate(value: Any) -> str:
    if value in (None, False, "", "false"):
        return ""
    return GATE_AUTO if value == GATE_AUTO else GATE_MANUAL


def _licence(card: Json, tags: list[str]) -> str:
    told, own = _first(card.get("license")), _first(card.get("license_name"))
    if own and told in ("", "other"):
        return own
    return told or next((_short(tag[8:]) for tag in tags if tag.startswith("license:")), "")


def _base_model(card: Json, tags: list[str]) -> str:
    tagged = (tag.rpartition(":")[2] for tag in tags if tag.startswith("base_model:"))
    return _first(card.get("base_model")) or next((one for one in tagged if is_repo(one)), "")


def _first(value: Any) -> str:
    return _short(value[0] if isinstance(value, list) and value else value)


def _short(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= 120 else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 60 else None


# ---- out of the cache --------------------------------------------------------------------------------------


def read_repo(body: Any, when: float) -> Repo | None:
    """A repository as `reduced` kept it; None when it is not as it was kept."""
    if not isinstance(body, dict) or not is_repo(body.get("id")):
        return None
    sha, licence, base_model = (_short(body.get(key)) for key in ("sha", "licence", "base_model"))
    paths = tuple(path for path in map(clean_path, many(body.get("paths"))) if path)
    gated, downloads = _gate(body.get("gated")), _whole(body.get("downloads"))
    disabled, adult = body.get("disabled") is True, body.get("adult") is True
    return Repo(body["id"], sha, gated, disabled, downloads, licence, base_model, paths, when, adult)


def read_file(body: Any) -> File | None:
    """A file as `files` kept it; None when it is not as it was kept."""
    path = clean_path(body.get("path")) if isinstance(body, dict) else ""
    if not path:
        return None
    told = body.get("sha256")
    sha256 = told if isinstance(told, str) and _SHA256.fullmatch(told) else None
    flags = tuple(flag for flag in many(body.get("flags")) if isinstance(flag, str))
    return File(path, _whole(body.get("size")), sha256, body.get("masked") is True, flags)
