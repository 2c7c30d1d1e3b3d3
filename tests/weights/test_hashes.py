"""Hashes are computed once per state of a file, can be stopped, and survive damaged and newer caches."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from comfyfixersmart.core.weights import hashes
from comfyfixersmart.core.weights.hashes import HashCache


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom((1 << 20) * 2 + 7))
    return path


def test_a_hash_is_remembered_across_processes_until_the_file_changes(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = HashCache(tmp_path / "state/hashes.json")
    digest = cache.sha256(str(model))
    assert digest == hashlib.sha256(model.read_bytes()).hexdigest()
    cache.save()

    read: list[str] = []
    original = hashes._hash
    monkeypatch.setattr(hashes, "_hash", lambda path, *more: read.append(path) or original(path, *more))
    again = HashCache(tmp_path / "state/hashes.json")
    status = model.stat()
    assert again.sha256(str(model)) == digest and read == []
    assert again.known_sha256(str(model), status.st_size, status.st_mtime_ns) == digest
    assert again.known_sha256(str(model), status.st_size + 1, status.st_mtime_ns) is None
    model.write_bytes(b"other")
    assert again.sha256(str(model)) == hashlib.sha256(b"other").hexdigest() and len(read) == 1


def test_progress_and_cancel(model: Path) -> None:
    seen: list[tuple[int, int]] = []
    cache = HashCache(None)
    size = model.stat().st_size
    assert cache.sha256(str(model), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (size, size) and len(seen) == 3
    assert HashCache(None).sha256(str(model), cancel=lambda: True) is None


def test_what_cannot_be_hashed_gives_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    cache = HashCache(None)
    for path in (tmp_path / "absent", tmp_path / "pipe", tmp_path):
        assert cache.sha256(str(path)) is None
        assert cache.facts(str(path)) is None
    assert cache.sha256("nul\0byte") is None


def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(model: Path) -> None:
    cache = HashCache(None)
    assert cache.sha256(str(model), progress=lambda done, total: os.utime(model, ns=(1, done))) is None
    assert cache.sha256(str(model)) is not None


def test_header_facts_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    header = b'{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    cache = HashCache(tmp_path / "hashes.json")
    facts = cache.facts(str(path))
    assert facts is not None and facts.complete is True
    cache.sha256(str(path))
    cache.save()
    again = HashCache(tmp_path / "hashes.json")
    assert again.facts(str(path)) == facts
    assert again.sha256(str(path)) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema":1}', '{"schema":1,"files":[1]}', '{"schema":1,"files":{"a":7}}']
)
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, model: Path, text: str) -> None:
    (tmp_path / "hashes.json").write_text(text)
    cache = HashCache(tmp_path / "hashes.json")
    digest = cache.sha256(str(model))
    cache.save()
    assert json.loads((tmp_path / "hashes.json").read_text())["files"][str(model)]["sha256"] == digest


def test_damaged_entries_are_read_again(tmp_path: Path, model: Path) -> None:
    status = model.stat()
    entry = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": 7, "header": {"format": 1, "size": "x"}}
    (tmp_path / "hashes.json").write_text(json.dumps({"schema": 1, "files": {str(model): entry}}))
    cache = HashCache(tmp_path / "hashes.json")
    assert cache.sha256(str(model)) == hashlib.sha256(model.read_bytes()).hexdigest()
    facts = cache.facts(str(model))
    assert facts is not None and facts.format == "pickle"


def test_a_newer_cache_is_left_untouched(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "hashes.json"
    path.write_text('{"schema": 99}')
    cache = HashCache(path)
    assert cache.sha256(str(model)) is not None
    cache.save()
    assert path.read_text() == '{"schema": 99}'


def test_two_writers_keep_each_others_entries(tmp_path: Path, model: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"x")
    one, two = HashCache(tmp_path / "hashes.json"), HashCache(tmp_path / "hashes.json")
    one.sha256(str(model))
    two.sha256(str(other))
    one.save()
    two.save()
    files = json.loads((tmp_path / "hashes.json").read_text())["files"]
    assert set(files) == {str(model), str(other)}


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "MAX_ENTRIES", 5)
    cache = HashCache(tmp_path / "hashes.json")
    for n in range(9):
        path = tmp_path / f"{n}.bin"
        path.write_bytes(b"x")
        cache.sha256(str(path))
    cache.save()
    files = json.loads((tmp_path / "hashes.json").read_text())["files"]
    assert [Path(name).name for name in files] == ["4.bin", "5.bin", "6.bin", "7.bin", "8.bin"]
