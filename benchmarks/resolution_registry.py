"""The Comfy Registry as services.md, section 5, describes it, over the packs and classes of ComfyUI-Manager's map.

Which packs it has, and under which ids, is invented: a share of those of the map, and a few that only it knows and that
bring a class of another pack. Its look-up by class names one pack only; its search takes texts that are contained.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from resolution_services import Reply, Request, reply
from resolution_words import NOUNS

PUBLISHED, EXTRACTED = 0.6, 0.85  # shares: of the packs that it has, of those whose classes it knows
SECRET = 60  # packs that only it knows
LIMITS = {"api": 1500}
_REPO = re.compile(r"https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", re.I)
_CORE = frozenset({"comfyanonymous/comfyui", "comfy-org/comfyui"})


@dataclass(slots=True)
class Pack:
    """One pack. `id` is "" where the registry does not have it."""

    repo: str  # "owner/name" in lower case
    url: str
    classes: tuple[str, ...]
    id: str = ""
    extracted: bool = True  # whether the registry knows its classes
    secret: bool = False  # whether the map lacks it
    downloads: int = 0


def read_packs(manager: Path, seed: int) -> list[Pack]:
    """The packs of the Manager's map with the registry's invented part. Packs of no exact class are left out."""
    rng = Random(f"{seed} packs")
    body = json.loads((manager / "extension-node-map.json").read_bytes())
    packs: dict[str, Pack] = {}
    for url, (classes, _about) in body.items():
        found = _REPO.fullmatch(url)
        repo = f"{found[1]}/{found[2]}".lower() if found else ""
        if repo and repo not in _CORE and classes:
            known = packs.get(repo)
            packs[repo] = Pack(repo, url, tuple(dict.fromkeys([*(known.classes if known else ()), *classes])))
    core = {name for url, (names, _) in body.items() if (m := _REPO.fullmatch(url)) and f"{m[1]}/{m[2]}".lower() in _CORE for name in names}  # fmt: skip
    taken: set[str] = set()
    for pack in packs.values():
        pack.classes = tuple(name for name in pack.classes if name not in core)
        pack.downloads = int(rng.lognormvariate(7, 2))
        name = re.sub(r"[^a-z0-9-]", "-", pack.repo.partition("/")[2])
        if rng.random() < PUBLISHED and name not in taken:
            taken.add(name)
            pack.id, pack.extracted = name, rng.random() < EXTRACTED
    alone = [pack for pack in packs.values() if pack.classes]
    for at, pack in enumerate(rng.sample(alone, SECRET)):
        name = f"{rng.choice(NOUNS)}-nodes-{at}"
        packs[f"{name}/{name}"] = Pack(f"{name}/{name}", f"https://github.com/{name}/{name}", pack.classes[:1], name, True, True)  # fmt: skip
    return list(packs.values())


class Registry:
    """The service over these packs."""

    name = "registry"
    limits: Mapping[str, int] = LIMITS

    def __init__(self, packs: list[Pack]) -> None:
        self.packs = {pack.id: pack for pack in packs if pack.id}
        self.classes: dict[str, list[Pack]] = defaultdict(list)
        for pack in sorted(self.packs.values(), key=lambda one: (-one.downloads, one.id)):
            for name in pack.classes if pack.extracted else ():
                self.classes[name].append(pack)

    def kind(self, request: Request) -> str:
        return "api"

    def limit_headers(self, kind: str, left: int, reset: float) -> dict[str, str]:
        return {}

    def refuse(self, reset: float) -> Reply:
        return reply(
            {"error": "rate limited", "message": "Too many requests"}, 429, {"Retry-After": str(int(reset) + 1)}
        )

    def answer(self, request: Request, base: str) -> Reply:
        parts = request.parts()
        if parts[:1] == ["comfy-nodes"] and len(parts) == 3 and parts[2] == "node":
            found = self.classes.get(parts[1])
            text = "No node found containing the specified ComfyUI node name"
            return reply(_pack(found[0])) if found else reply({"error": "", "message": text}, 404)
        if parts == ["nodes", "search"]:
            return self._search(request)
        if parts[:1] == ["nodes"] and len(parts) >= 2:
            pack = self.packs.get(parts[1].lower())
            if pack is None:
                return reply({"error": "", "message": "Node not found"}, 404)
            return self._of(pack, parts[2:], request)
        return reply({"error": "", "message": "Not found"}, 404)

    def _search(self, request: Request) -> Reply:
        name, url = request.one("comfy_node_search").lower(), request.one("repository_url_search").lower()
        text = request.one("search").lower()
        found: list[Pack] = []
        for pack in sorted(self.packs.values(), key=lambda one: (-one.downloads, one.id)):
            by_class = name and pack.extracted and any(name in own.lower() for own in pack.classes)
            if by_class or (url and url in pack.url.lower()) or (text and text in pack.id):
                found.append(pack)
        page, limit = _paging(request, 10, 100)
        shown = [_pack(one) for one in found[(page - 1) * limit : page * limit]]
        pages = -(-len(found) // limit)
        return reply({"limit": limit, "nodes": shown, "page": page, "total": len(found), "totalPages": pages})

    def _of(self, pack: Pack, rest: list[str], request: Request) -> Reply:
        if not rest:
            return reply(_pack(pack))
        if rest == ["versions"]:
            return reply([_version(pack)])
        if rest[0] != "versions" or rest[1] != "1.0.0":
            return reply({"error": "", "message": "Node version not found"}, 404)
        if rest[2:] == ["comfy-nodes"]:
            page, limit = _paging(request, 10, 1000)
            names = pack.classes if pack.extracted else ()
            some = [{"comfy_node_name": name} for name in names[(page - 1) * limit : page * limit]]
            return reply({"comfy_nodes": some, "totalNumberOfPages": -(-len(names) // limit)})
        return reply(_version(pack))


def _paging(request: Request, usual: int, most: int) -> tuple[int, int]:
    page, limit = (int(request.one(name) or 0) if request.one(name).isdecimal() else 0 for name in ("page", "limit"))
    return max(1, page), min(limit or usual, most)


def _version(pack: Pack) -> dict[str, Any]:
    url = f"https://cdn.comfy.org/x/{pack.id}/1.0.0/node.zip"
    return {
        "id": pack.id,
        "node_id": pack.id,
        "version": "1.0.0",
        "status": "NodeVersionStatusActive",
        "downloadUrl": url,
    }


def _pack(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.id, "name": pack.id, "author": "", "description": "", "repository": pack.url,
        "downloads": pack.downloads,
        "github_stars": pack.downloads // 50, "license": '{"file": "LICENSE"}', "status": "NodeStatusActive",
        "search_ranking": 5,
        "latest_version": {**_version(pack), "downloadUrl": ""}, "publisher": {"id": pack.repo.partition("/")[0]},
    }  # fmt: skip
