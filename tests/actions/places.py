"""Folders as ComfyUI has them, actions on files in them, and processes that are killed in the middle."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.actions.types import HARD, LINK, MOVE, Action

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")


class Place:
    """A small ComfyUI: models/vae, models/loras, user/default/workflows."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.vae, self.loras = base / "models" / "vae", base / "models" / "loras"
        self.workflows = base / "user" / "default" / "workflows"
        for folder in (self.vae, self.loras, self.workflows):
            folder.mkdir(parents=True)

    @property
    def roots(self) -> list[str]:
        return [str(self.vae), str(self.loras), str(self.workflows)]

    def files(self) -> dict[str, bytes]:
        """Every file by its path below the base, with what it holds; a link with where it leads to."""
        found = {}
        for path in sorted(self.base.rglob("*")):
            if path.is_symlink():
                found[str(path.relative_to(self.base))] = b"-> " + os.readlink(path).encode()
            elif path.is_file():
                found[str(path.relative_to(self.base))] = path.read_bytes()
        return found


def bramble(folder: Path, name: str = "bramble.safetensors", data: bytes = b"bramble" * 1000) -> Path:
    """A file with a time of its own."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
    return path


def local(kind: str, origin: Path, destination: Path, root: Path, link: str = "") -> Action:
    """A move or link as a plan has it."""
    status = origin.stat()
    return Action(
        *("a1b2c3d4e5", kind, destination.name, str(destination), str(root), root.name),
        size=0,
        origin=str(origin),
        origin_size=status.st_size,
        origin_mtime_ns=status.st_mtime_ns,
        link=link or (HARD if kind == LINK else ""),
    )


def moving(place: Place) -> Action:
    """bramble.safetensors from loras to vae."""
    return local(MOVE, bramble(place.loras), place.vae / "bramble.safetensors", place.vae)


def across(place: Place, elsewhere: Path) -> Action:
    """bramble.safetensors from another volume to vae."""
    return local(MOVE, bramble(elsewhere / "loras"), place.vae / "bramble.safetensors", place.vae)


_STEPS = ("link", "unlink", "symlink", "rename", "replace", "fsync", "makedirs", "utime")


@contextlib.contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, do: Callable[[int, str], None]) -> Iterator[None]:
    """Calls `do(number, name)` before every call of `os` that changes something."""
    number = 0

    def wrapped(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def step(*args: Any, **keywords: Any) -> Any:
            nonlocal number
            do(number, name)
            number += 1
            return call(*args, **keywords)

        return step

    with monkeypatch.context() as patch:
        for name in _STEPS:
            patch.setattr(os, name, wrapped(name))
        yield


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> bool:
    """Do `work` in a process that dies at once before its `step`-th change; whether it got that far."""

    def die(number: int, name: str) -> None:
        if number == step:
            os._exit(9)

    child = os.fork()
    if child == 0:
        code = 0
        try:
            with counted(monkeypatch, die):
                work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            code = 1
        os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), f"failed on its own before step {step}"
    return status == 9
