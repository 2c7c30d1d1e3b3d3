"""Pack source read in a process of its own: the same comes back, through the cache that both share."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.inventory.packs import apart
from comfyfixersmart.core.inventory.packs.apart import read_apart
from comfyfixersmart.core.inventory.packs.cache import Sources
from comfyfixersmart.core.inventory.source import SourcePack

PACK = "class One:\n    RETURN_TYPES = ()\nNODE_CLASS_MAPPINGS = {'One': One}\n"


@pytest.fixture
def pack(place: Path) -> str:
    folder = place / "custom_nodes/a pack"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PACK)
    return str(folder)


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("read in this process")


def test_it_reads_into_the_shared_cache(
    place: Path, pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = Sources(str(place), tmp_path / "state")
    assert not sources.has(pack) and not sources.has(None)
    read_apart(sources, [pack, str(place / "nowhere")], core=True)
    monkeypatch.setattr("comfyfixersmart.core.inventory.packs.cache.read_pack", refuse)
    monkeypatch.setattr("comfyfixersmart.core.inventory.packs.cache.read_core", refuse)
    assert set(sources.pack(pack).definitions) == {"One"}
    assert {"Loader", "KSampler"} <= set(sources.core()[0].definitions)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    read_apart(sources, [pack], core=True)  # nothing is left to read


def test_what_was_read_before_stays(place: Path, pack: str, tmp_path: Path) -> None:
    first = Sources(str(place), tmp_path / "state")
    read_apart(first, [pack], core=False)
    other = place / "custom_nodes/other.py"
    other.write_text(PACK)
    second = Sources(str(place), tmp_path / "state")
    read_apart(second, [str(other)], core=False)
    assert second.has(pack) and second.has(str(other)) and not second.has(None)
    second.pack(str(other))
    second.save(others=True)
    assert Sources(str(place), tmp_path / "state").has(pack)


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_where_it_cannot_run_the_reader_runs_here(
    place: Path, pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(apart.sys, "executable", program)
    sources = Sources(str(place), tmp_path / "state")
    read_apart(sources, [pack], core=True)
    found = sources.pack(pack)
    assert isinstance(found, SourcePack) and set(found.definitions) == {"One"}


def test_it_ends_when_it_is_called_off(place: Path, pack: str, tmp_path: Path) -> None:
    sources = Sources(str(place), tmp_path / "state")
    read_apart(sources, [pack], core=True, cancel=lambda: True)
    assert not sources.has(None)
