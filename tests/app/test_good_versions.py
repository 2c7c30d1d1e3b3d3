"""The last good version of each workflow: kept by content, bounded, never trusted blindly."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import NewerSchema
from comfyfixersmart.core.reports import versions
from comfyfixersmart.core.reports.versions import GoodVersions


def keep(folder: Path, **bodies: bytes) -> GoodVersions:
    kept = GoodVersions(folder)
    for when, (name, data) in enumerate(bodies.items()):
        kept.keep(name, data, float(when))
    kept.save()
    return kept


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json.gz"))


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one", b=b"two")
    again = GoodVersions(tmp_path)
    assert (again.read("a"), again.read("b"), again.read("c")) == (b"one", b"two", None)
    assert again.sha256("c") is None


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one", b=b"one")
    assert len(copies(tmp_path)) == 1
    keep(tmp_path, a=b"two")
    again = GoodVersions(tmp_path)
    assert (again.read("a"), again.read("b")) == (b"two", b"one")


def test_a_copy_that_nothing_names_goes(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one")
    keep(tmp_path, a=b"two")
    assert len(copies(tmp_path)) == 1


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one")
    before = (tmp_path / "index.json").stat().st_mtime_ns
    keep(tmp_path, a=b"one")
    assert (tmp_path / "index.json").stat().st_mtime_ns == before


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MAX_VERSIONS", 2)
    keep(tmp_path, a=b"one", b=b"two", c=b"three")
    again = GoodVersions(tmp_path)
    assert [again.read(name) for name in "abc"] == [None, b"two", b"three"]
    assert len(copies(tmp_path)) == 2


def test_the_oldest_go_when_they_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MAX_BYTES", 60)
    keep(tmp_path, a=b"one", b=b"two", c=b"three")
    again = GoodVersions(tmp_path)
    assert again.read("a") is None
    assert again.read("c") == b"three"
    assert sum(path.stat().st_size for path in copies(tmp_path)) <= 60


def test_a_damaged_copy_is_none(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one")
    (copy,) = copies(tmp_path)
    whole = copy.read_bytes()
    for damage in (b"", b"garbage", gzip.compress(b"other"), whole[:-3], whole[:12] + b"\xff" * 9):
        copy.write_bytes(damage)
        assert GoodVersions(tmp_path).read("a") is None


def test_a_lost_copy_is_made_again_by_the_next_good_version(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one")
    copies(tmp_path)[0].unlink()
    assert GoodVersions(tmp_path).read("a") is None
    keep(tmp_path, a=b"one")
    assert GoodVersions(tmp_path).read("a") == b"one"


def test_a_bomb_in_place_of_a_copy_is_not_unfolded(tmp_path: Path) -> None:
    keep(tmp_path, a=b"one")
    (copy,) = copies(tmp_path)
    copy.write_bytes(gzip.compress(bytes(64 << 20), 9))
    assert GoodVersions(tmp_path).read("a") is None


@pytest.mark.parametrize(
    "index",
    [
        "",
        "garbage",
        "[]",
        '{"schema": 0}',
        '{"schema": 1}',
        '{"schema": 1, "workflows": []}',
        '{"schema": 1, "workflows": {"a": 5, "b": {"sha256": "../../x", "when": 1}, "c": {"sha256": 7}}}',
        '{"schema": 1, "workflows": {"a": {"sha256": "' + "ab" * 32 + '", "when": "soon"}}}',
    ],
)
def test_a_damaged_index_is_made_again(tmp_path: Path, index: str) -> None:
    (tmp_path / "index.json").write_text(index)
    kept = GoodVersions(tmp_path)
    assert kept.read("a") is None
    kept.keep("a", b"one", 1.0)
    kept.save()
    assert GoodVersions(tmp_path).read("a") == b"one"


def test_an_index_of_a_newer_version_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    path.write_text('{"schema": 99}')
    with pytest.raises(NewerSchema):
        GoodVersions(tmp_path)
    assert json.loads(path.read_text()) == {"schema": 99}


def test_any_name_may_be_kept(tmp_path: Path) -> None:
    names = ["../../x", "a/b", "C:\\x", "\udcff", "", "x" * 5000, "\0"]
    keep(tmp_path, **dict.fromkeys(names, b"one"))
    again = GoodVersions(tmp_path)
    assert [again.read(name) for name in names] == [b"one"] * len(names)
    assert {path.name for path in tmp_path.iterdir()} == {"index.json", copies(tmp_path)[0].name}
