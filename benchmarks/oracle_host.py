"""The real ComfyUI of the oracle: its answers, and the files that lie in its folders."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from oracle_cases import (
    ABSENT,
    COPY,
    INPUT,
    NO_MEDIA,
    NO_TYPE,
    SECOND_ROOT,
    SUB_FOLDER,
    WRONG_FOLDER,
    Change,
    File,
    Rules,
)

ROOT = Path(__file__).resolve().parent.parent
PACKS = {"ComfyFixerSmart": ROOT, "oracle": ROOT / "tests/host/packs/oracle"}
TWO_ROOTS = ("checkpoints", "loras", "vae", "controlnet", "clip_vision", "style_models", "upscale_models")
BESIDE = "oracle"  # the sub-folder of files in a wrong sub-folder


def write_second_roots(path: Path, elsewhere: Path) -> Path:
    """An extra_model_paths file that gives some folders a second directory."""
    lines = "".join(f"  {name}: {name}\n" for name in TWO_ROOTS)
    path.write_text(f"second:\n  base_path: {elsewhere}\n{lines}", encoding="utf-8")
    return path


class Host:
    """A running ComfyUI with the oracle's pack. `server`: `Server` of tests/host/server.py."""

    def __init__(self, server: Any) -> None:
        self.server = server
        answer = self._ask("GET", "/oracle/readers")
        self.info = self._ask("GET", "/object_info")
        outputs = frozenset(name for name, one in self.info.items() if one.get("output_node"))
        self.rules = Rules(answer["readers"], outputs)
        self.directories = {name: [Path(path) for path in paths] for name, paths in answer["folders"].items()}
        self.files: frozenset[File] = frozenset()

    def validate(self, prompts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The server's word on each prompt: {"accepted", "error", "node_errors"}."""
        return self._ask("POST", "/oracle/validate", {"prompts": prompts}) if prompts else []

    def place(self, files: Iterable[File]) -> None:
        """Put all of them where they belong."""
        self.files = frozenset(files)
        for file in self.files:
            _write(self._home(file))

    def change(self, changes: Iterable[Change]) -> None:
        """Make these changes; `undo` takes them back."""
        hidden = [change.type for change in changes if change.kind == NO_TYPE]
        if hidden:
            self._ask("POST", "/oracle/hide", {"types": hidden})
        for kind, file, _ in changes:
            if kind in (ABSENT, NO_MEDIA, WRONG_FOLDER, SUB_FOLDER, SECOND_ROOT):
                self._home(file).unlink()
            if kind in (WRONG_FOLDER, SUB_FOLDER, SECOND_ROOT, COPY):
                _write(self._other(kind, file))

    def undo(self, changes: Iterable[Change]) -> None:
        """Everything as it was before `change`."""
        if any(change.kind == NO_TYPE for change in changes):
            self._ask("POST", "/oracle/hide", {"types": []})
        for kind, file, _ in changes:
            if kind in (WRONG_FOLDER, SUB_FOLDER, SECOND_ROOT, COPY):
                self._other(kind, file).unlink()
            if kind != NO_TYPE:
                _write(self._home(file))

    def two_roots(self) -> frozenset[str]:
        """The folders with several directories."""
        return frozenset(name for name, paths in self.directories.items() if len(paths) > 1)

    def _home(self, file: File) -> Path:
        if file.folder != INPUT:
            return self.directories[file.folder][0] / file.name
        for folder in ("output", "temp"):
            if file.name.endswith(f" [{folder}]"):
                return self.server.base / folder / file.name.removesuffix(f" [{folder}]")
        return self.server.base / "input" / file.name

    def _other(self, kind: str, file: File) -> Path:
        if kind == SUB_FOLDER:
            return self.directories[file.folder][0] / BESIDE / file.name
        if kind == SECOND_ROOT:
            return self.directories[file.folder][1] / file.name
        wrong = next(
            name
            for name in ("gligen", "hypernetworks", "loras")
            if name != file.folder and File(name, file.name) not in self.files
        )  # folders that hold models too, and that no other node of the workflow reads this name from
        return self.directories[wrong][0] / file.name

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.server.get(path) if method == "GET" else self.server.post(path, body)
        if status != 200:
            raise RuntimeError(f"{path} of the oracle's pack gives status {status}: {str(answer)[:500]}")
        return answer


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_SAFETENSORS if path.suffix in (".safetensors", ".sft") else b"x")


_HEADER = json.dumps({"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
_SAFETENSORS = struct.pack("<Q", len(_HEADER)) + _HEADER + bytes(4)  # whole by its own header
