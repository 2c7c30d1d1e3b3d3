"""A small installation with saved workflows, and plans made of what its real App finds missing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from comfyfixersmart.core.actions.planning.disk import LocalDisk
from comfyfixersmart.core.actions.planning.make import make_plan
from comfyfixersmart.core.actions.planning.needs import graph_bytes, needs_of, rechecker, used_of
from comfyfixersmart.core.actions.planning.types import Need
from comfyfixersmart.core.actions.policy import Policy
from comfyfixersmart.core.actions.types import Action, LeftOut, Plan
from comfyfixersmart.core.app import App
from comfyfixersmart.core.inventory.models import list_models
from comfyfixersmart.core.inventory.types import LOADED, Folder, Inventory, Pack
from comfyfixersmart.core.library import find
from comfyfixersmart.core.resolution.store import Store
from comfyfixersmart.core.resolution.types import (
    CHOSEN,
    CLASS_LOOKUP,
    EXACT_NAME,
    NOT_FOUND,
    PACK,
    RESOLVED,
    UNCERTAIN,
    Judged,
    Resolution,
)
from comfyfixersmart.core.settings import Values
from comfyfixersmart.core.sources.types import Candidate, PackCandidate
from comfyfixersmart.core.weights.hashes import HashCache

from ..resolution.samples import candidate
from ..workflow.graphs import graph, node

NOW = 1_795_365_600.0
SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".bin", ".safetensors"})
CORE = frozenset(
    {
        "CheckpointLoaderSimple",
        "LoraLoader",
        "VAELoader",
        "UpscaleModelLoader",
        "CLIPTextEncode",
        "LoadImage",
        "SaveImage",
    }
)
LOADERS = {
    "checkpoints": "CheckpointLoaderSimple",
    "loras": "LoraLoader",
    "vae": "VAELoader",
    "upscale_models": "UpscaleModelLoader",
}
GB = 1_000_000_000
VAE = "heron_vae.safetensors"  # what most workflows here lack


def content(text: str) -> bytes:
    """A whole safetensors file of few bytes, another for each text."""
    facts = {"__metadata__": {"name": text}, "w": {"dtype": "F16", "shape": [8, 8], "data_offsets": [0, 128]}}
    head = json.dumps(facts).encode()
    return len(head).to_bytes(8, "little") + head + bytes(128)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class FakeDisk(LocalDisk):
    """The real disk, but for what a test says of its free bytes and volumes."""

    room: int | None = 500 * GB
    volumes: dict[str, str]

    def free(self, path: str) -> tuple[int, int] | None:
        return (1000 * GB, self.room) if self.room is not None else None

    def volume(self, path: str) -> str:
        return next((name for start, name in self.volumes.items() if path.startswith(start)), super().volume(path))


class Scene:
    """An installation below `base`. Files and workflows are put there; `plan` looks at what is there now."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.flows = base / "user/default/workflows"
        self.flows.mkdir(parents=True)
        self.folders = {name: [base / "models" / name] for name in LOADERS}
        for (path,) in self.folders.values():
            path.mkdir(parents=True)
        self.packs: list[Pack] = []
        self.separator = os.sep
        self.store = Store(None)
        self.room: int | None = 500 * GB
        self.volumes: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.hashes = HashCache(None)

    # ---- what is there ---------------------------------------------------------------------------------

    def put(self, where: str, data: bytes | None = None) -> Path:
        """A model file: "vae/x.safetensors"."""
        path = self.base / "models" / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(path.name) if data is None else data)
        os.utime(path, ns=(1, 1_700_000_000_000_000_000))
        return path

    def flow(self, name: str, *nodes: Any, **files: str) -> Path:
        """A saved workflow that loads these files, by folder, and has these nodes besides."""
        loaders = [node(at, LOADERS[folder], file) for at, (folder, file) in enumerate(files.items(), 1)]
        path = self.flows / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(graph(*loaders, *nodes, node(90, "SaveImage", "out"))), encoding="utf-8")
        os.utime(path, ns=(1, 1_700_000_000_000_000_000))
        return path

    def inventory(self) -> Inventory:
        folders = {
            name: Folder(name, tuple(str(path) for path in paths), SUFFIXES) for name, paths in self.folders.items()
        }
        listing = list_models(folders.values())
        return Inventory(
            "disk",
            str(self.base),
            separator=self.separator,
            packs=(Pack("comfy-core", LOADED, CORE), *self.packs),
            folders=folders,
            models=listing.models,
            partial=listing.partial,
            directories={"base": str(self.base)},
            digest=listing.digest(),
        )

    def app(self) -> App:
        return App(self.inventory())

    # ---- what was found --------------------------------------------------------------------------------

    def found(
        self, *candidates: Candidate | PackCandidate, name: str = "", state: str = RESOLVED, flow: str = "", **more: Any
    ) -> None:
        """What a look-up said of every missing thing of this name, by default the candidate's own. `flow`: asked by it."""
        wanted = name or (candidates[0].file if isinstance(candidates[0], Candidate) else "")
        app = self.app()
        for checked in app.check(find([str(self.flows)])):
            for want in app.wants(checked).values():
                if want.name == wanted and flow in ("", checked.name):
                    self.store.put(self._verdict(want, candidates, state, **more), ("huggingface",))

    def _verdict(self, want: Any, candidates: Sequence[Any], state: str, **more: Any) -> Resolution:
        rungs = {RESOLVED: CLASS_LOOKUP if want.kind == PACK else EXACT_NAME}
        return Resolution(
            want.key,
            want.kind,
            want.name,
            state,
            more.pop(
                "why",
                {RESOLVED: "It is the one.", UNCERTAIN: "Two files carry this name.", NOT_FOUND: "Nobody has it."}[
                    state
                ],
            ),
            more.pop("rung", rungs.get(state, "")),
            more.pop("folder", want.folders[0] if want.folders else ""),
            tuple(Judged(one) for one in candidates),
            more.pop("mirrors", 0),
            more.pop("settle", ("Choose one yourself: the choice is remembered",) if state == UNCERTAIN else ()),
            when=NOW,
        )

    # ---- the plan --------------------------------------------------------------------------------------

    def needs(self) -> list[Need]:
        app = self.app()
        return needs_of(app, app.check(find([str(self.flows)])), self.store)

    def plan(self, needs: list[Need] | None = None, **more: Any) -> Plan:
        app = self.app()
        checked = app.check(find([str(self.flows)]))
        disk = FakeDisk(app.inventory, self.hashes)
        disk.room, disk.volumes = self.room, {str(self.base / start): name for start, name in self.volumes.items()}
        given: dict[str, Any] = {
            "inventory": app.inventory,
            "policy": Policy.load(Values(**self.values)),
            "disk": disk,
            "now": NOW,
            "place": str(self.base),
            "used": used_of(checked),
            "graph": graph_bytes,
            "recheck": rechecker(app),
            "nonce": "once",
        }
        return make_plan(needs_of(app, checked, self.store) if needs is None else needs, **{**given, **more})

    def path(self, where: str) -> str:
        return str(self.base / "models" / where)


def hub(name: str, data: bytes | None = None, *, repo: str = "heron-lab/models", **more: Any) -> Candidate:
    """A file at Hugging Face with the content that `Scene.put` gives a file of this name."""
    told = content(name.rpartition("/")[2]) if data is None else data
    known = {"size": len(told), "licence": "apache-2.0", "page": f"https://huggingface.co/{repo}/blob/main/{name}"}
    return replace(candidate(repo, name), sha256=sha(told), **{**known, **more})


def civitai(name: str, number: int, **more: Any) -> Candidate:
    """The same at Civitai."""
    told = content(name)
    known: dict[str, Any] = {
        "url": f"https://civitai.red/api/download/models/{number}?fileId=7",
        "page": f"https://civitai.com/models/{number}?modelVersionId={number}",
        "repo": "Heron portraits",
        "revision": "v1.0",
        "author": "reedwarbler",
        "size": len(told),
        "sha256": sha(told),
        "format": "safetensors",
        "licence": "no selling of the model, credit required",
        "confirmed": True,
    }
    return Candidate(f"civitai:{number}/7", "civitai", name, **{**known, **more})


def pack(registry_id: str = "tide-nodes", **more: Any) -> PackCandidate:
    known: dict[str, Any] = {
        "repo": f"https://github.com/maplehurst/{registry_id}",
        "title": "Tide nodes",
        "author": "maplehurst",
        "version": "1.2.0",
        "status": "Active",
        "page": f"https://registry.comfy.org/nodes/{registry_id}",
        "confirmed": True,
    }
    return PackCandidate(f"registry:{registry_id}", "registry", registry_id, **{**known, **more})


def chosen(scene: Scene, name: str, id: str) -> None:
    """The person chooses a candidate of what was found for this name."""
    for need in scene.needs():
        if need.finding.name == name and need.resolution is not None:
            assert scene.store.choose(need.resolution.key, id, "I know it").rung == CHOSEN


def one(plan: Plan, kind: str = "") -> Action:
    """The only action, of this kind."""
    found = [action for action in plan.actions if not kind or action.kind == kind]
    assert len(found) == 1, ([action.kind for action in plan.actions], plan.left_out)
    return found[0]


def left(plan: Plan) -> LeftOut:
    """The only thing that is left out."""
    assert len(plan.left_out) == 1, plan.left_out
    return plan.left_out[0]
