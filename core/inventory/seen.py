"""Which model files were here before: so that the size and hash of one that vanished are still known.

Two files in the state folder: `models.json` holds the last listing by folder, `seen.json` the files that
went away. Nothing is read or written but the second, small one while no model file changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import NewerSchema
from ..files import read_json, write_json
from ..weights.hashes import HashCache
from .models import Listing

SCHEMA = 1
MAX_SEEN = 20_000  # vanished files remembered; the oldest go first

Seen = dict[str, tuple[int | None, str | None, int | None]]


def remember(state: Path, listing: Listing, *, keep: bool = True) -> Seen:
    """Compare `listing` with the last one, and give what vanished: lower-case base name → (size, SHA-256 or None, mtime_ns).

    Hashes come from the hash cache `weights.json`; nothing is hashed. A folder that cannot be written to
    costs the memory, not the scan. Files of a newer version are left untouched;
    with `keep` False all are.
    """
    digest = listing.digest()
    try:
        body = read_json(state / "seen.json", SCHEMA) or {}
        gone = _rows(body.get("gone"))
        if body.get("digest") != digest:
            gone = _update(state, listing, gone)
            if keep:
                write_json(state / "models.json", SCHEMA, {"folders": _by_folder(listing)})
                write_json(state / "seen.json", SCHEMA, {"digest": digest, "gone": gone})
    except (OSError, NewerSchema):
        return {}
    return {name: (row[0], row[1] or None, row[2]) for name, row in gone.items()}


def _update(state: Path, listing: Listing, gone: dict[str, list[Any]]) -> dict[str, list[Any]]:
    here = {_base(file.name) for files in listing.models.values() for file in files}
    before = (read_json(state / "models.json", SCHEMA) or {}).get("folders")
    hashes = HashCache(state / "weights.json")
    for folder, files in before.items() if isinstance(before, dict) else ():
        if folder in listing.unlisted or not isinstance(files, list):
            continue  # what cannot be listed now has not vanished
        for row in files:
            name, root, size, mtime = row if _is_row(row) else ("", "", -1, 0)
            if size >= 0 and _base(name) not in here:
                gone.pop(_base(name), None)
                gone[_base(name)] = [size, hashes.known_sha256(f"{root}/{name}", size, mtime) or "", mtime]
    kept = {name: row for name, row in gone.items() if name not in here}
    return dict(list(kept.items())[-MAX_SEEN:])


def _by_folder(listing: Listing) -> dict[str, list[list[Any]]]:
    return {folder: [list(file) for file in files] for folder, files in listing.models.items() if files}


def _base(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1].lower()


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and [type(one) for one in row] == [str, str, int, int]


def _rows(raw: Any) -> dict[str, list[Any]]:
    if not isinstance(raw, dict):
        return {}
    return {n: row for n, row in raw.items() if isinstance(row, list) and [type(one) for one in row] == [int, str, int]}
