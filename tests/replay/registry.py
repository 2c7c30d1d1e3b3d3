"""A small Comfy Registry of our own: invented packs, answers in the shapes of the real one (services.md, section 5.1).

    desk = registry.Desk()
    desk.pack("inkwell-nodes", repo="https://github.com/brushworks/Inkwell-Nodes", classes=["InkWash", "Ink/Blend (BW)"])
    desk.serve(replay)

Like the real one, the look-up by class names one pack only (the one with most downloads), and both searches take
whatever contains the text.
"""

from __future__ import annotations

from typing import Any


class Desk:
    """All packs of one registry."""

    def __init__(self) -> None:
        self.packs: dict[str, dict[str, Any]] = {}
        self.page = 500  # classes to a page at most, whatever is asked for
        self.replay: Any = None

    def pack(
        self,
        pack_id: str,
        *,
        repo: str = "",
        classes: list[str] | None = None,
        version: str = "1.4.0",
        status: str = "Active",
        version_status: str = "Active",
        licence: str = '{"file": "LICENSE"}',
        downloads: int = 1000,
        older: dict[str, str] | None = None,
    ) -> None:
        """`classes` None: the registry has not listed them. `older`: version → its status."""
        self.packs[pack_id] = {
            "repo": repo,
            "classes": classes,
            "version": version,
            "status": status,
            "licence": licence,
            "downloads": downloads,
            "versions": {version: version_status, **(older or {})},
        }

    def serve(self, replay: Any) -> None:
        self.replay = replay
        replay.add("GET", "/nodes/search", self._search)
        replay.add("GET", "/nodes/{id}", lambda request: self._node(request.names["id"]))
        replay.add("GET", "/nodes/{id}/versions/{version}", self._version)
        replay.add("GET", "/nodes/{id}/versions/{version}/comfy-nodes", self._classes)
        replay.add("GET", "/comfy-nodes/{name}/node", self._owner)

    def _node(self, pack_id: str) -> Any:
        pack = self.packs.get(pack_id)
        if pack is None:
            return self.replay.Reply({"error": "", "message": "Node not found"}, 404)
        return {
            "author": "",
            "banner_url": "",
            "category": "",
            "created_at": "2025-02-03T08:00:00.000000Z",
            "description": "Nodes for ink and wash.",
            "downloads": pack["downloads"],
            "github_stars": 41,
            "icon": "",
            "id": pack_id,
            "latest_version": {**self._version_body(pack_id, pack["version"]), "downloadUrl": ""},
            "license": pack["licence"],
            "name": pack_id.replace("-", " ").title(),
            "publisher": {"id": "brushworks", "name": "Brush Works", "status": "PublisherStatusActive"},
            "rating": 0,
            "repository": pack["repo"],
            "search_ranking": 5,
            "status": f"NodeStatus{pack['status']}" if pack["status"] else "",
            "status_detail": "",
            "supported_os": None,
            "tags": [],
        }

    def _version_body(self, pack_id: str, version: str) -> dict[str, Any]:
        return {
            "changelog": "",
            "createdAt": "2026-01-09T10:00:00.000000Z",
            "dependencies": [],
            "deprecated": False,
            "downloadUrl": f"https://cdn.example/{pack_id}/{version}/node.zip",
            "id": "00000000-0000-4000-8000-000000000000",
            "node_id": pack_id,
            "status": f"NodeVersionStatus{self.packs[pack_id]['versions'][version]}",
            "tags": [],
            "version": version,
        }

    def _version(self, request: Any) -> Any:
        pack_id, version = request.names["id"], request.names["version"]
        if version not in self.packs.get(pack_id, {}).get("versions", ()):
            return self.replay.Reply({"error": "", "message": "Node version not found"}, 404)
        return self._version_body(pack_id, version)

    def _classes(self, request: Any) -> Any:
        pack = self.packs.get(request.names["id"])
        if pack is None or request.names["version"] not in pack["versions"]:
            return self.replay.Reply({"error": "", "message": "Node version not found"}, 404)
        if pack["status"] == "Banned":
            return self.replay.Reply({"error": "", "message": "This pack has been banned"}, 403)
        size = min(int(request.one("limit", "10")), self.page)
        classes, page = pack["classes"] or [], int(request.one("page", "1"))
        shown = [
            {"comfy_node_name": name, "category": "ink", "input_types": '{"required": {}}', "return_types": '["IMAGE"]'}
            for name in classes[(page - 1) * size : page * size]
        ]
        return {"comfy_nodes": shown, "totalNumberOfPages": -(-len(classes) // size)}

    def _owner(self, request: Any) -> Any:
        name = request.names["name"]
        owners = [one for one, pack in self.packs.items() if name in (pack["classes"] or ())]
        if not owners:
            told = {"error": "", "message": "No node found containing the specified ComfyUI node name"}
            return self.replay.Reply(told, 404)
        return self._node(max(owners, key=lambda one: self.packs[one]["downloads"]))

    def _search(self, request: Any) -> Any:
        text, repo = request.one("comfy_node_search").lower(), request.one("repository_url_search").lower()
        found = []
        for pack_id, pack in self.packs.items():
            hit = any(text in name.lower() for name in pack["classes"] or ()) if text else repo in pack["repo"].lower()
            if hit and (pack["status"] != "Banned" or request.one("include_banned") == "true"):
                found.append(self._node(pack_id))
        limit, page = int(request.one("limit", "10")), int(request.one("page", "1"))
        pages = -(-len(found) // limit)
        shown = found[(page - 1) * limit : page * limit]
        return {"limit": limit, "nodes": shown, "page": page, "total": len(found), "totalPages": pages}
