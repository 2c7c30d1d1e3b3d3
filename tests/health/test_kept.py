"""`health.json`: what is kept of each workflow, whatever the file holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import NewerSchema
from comfyfixersmart.core.health.kept import FORGET, MOST_WORKFLOWS, SCHEMA, Kept, Record, Why
from comfyfixersmart.core.health.review import Review
from comfyfixersmart.core.health.stamp import Stamp
from comfyfixersmart.core.health.types import Cause, Practice
from comfyfixersmart.core.readiness.types import INFO, Evidence, Finding, Fix
from hypothesis import given
from hypothesis import strategies as st

STAMP = Stamp(
    90.0, "0.3.75", 5.5, "a" * 64, {"moss.safetensors": ("/m/moss.safetensors", 7, 8)}, {"reed": ("1.0", ("Reed",))}
)
HEAVY = Finding(
    "HW001",
    INFO,
    "9 to 12 GB",
    "It may not fit.",
    (),
    (),
    (Evidence("estimate", "Sampling: 9 GB"),),
    (Fix("tune", "Tune it."),),
)
REVIEW = Review(
    "k",
    (Practice("p.1", "Odd.", ("3", "4:5"), "graph", "", 2),),
    "Fits with offloading",
    HEAVY,
    "Picture from a sentence",
    "It is.",
)
WHY = Why("k2", (Cause("file_gone", "Gone.", "MODEL001: x", "Look it up.", "resolve"),), 3)
RECORD = Record(100.0, STAMP, 95.0, WHY, REVIEW)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=12,
)


def test_what_is_kept_is_read_back_as_it_was(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "health.json")
    kept.put("moor.json", RECORD)
    kept.put("new.json", Record(100.0))
    kept.save(100.0)
    again = Kept(tmp_path / "health.json")
    assert again.get("moor.json") == RECORD
    assert again.get("new.json") == Record(100.0)
    assert again.get("other.json") is None


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    kept = Kept(path)
    kept.put("moor.json", RECORD)
    kept.save(100.0)
    path.unlink()
    again = Kept(path)
    again.put("moor.json", RECORD)
    again.save(100.0)
    path.unlink()
    again.put("moor.json", Record(160.0, STAMP._replace(when=160.0), 95.0, WHY, REVIEW))
    again.save(160.0)
    assert not path.exists(), "only the moment is another"
    again.put("moor.json", Record(170.0, STAMP, None, None, REVIEW))
    again.save(170.0)
    assert path.exists()


def test_old_and_too_many_records_go(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "health.json")
    kept.put("old", Record(0.0))
    for at in range(MOST_WORKFLOWS + 5):
        kept.put(str(at), Record(FORGET + at))
    kept.save(FORGET + MOST_WORKFLOWS)
    again = Kept(tmp_path / "health.json")
    assert again.get("old") is None and again.get("4") is None
    assert again.get("5") is not None


def test_a_newer_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    path.write_text(json.dumps({"schema": SCHEMA + 1}))
    with pytest.raises(NewerSchema):
        Kept(path)
    assert json.loads(path.read_text()) == {"schema": SCHEMA + 1}


def test_no_folder_keeps_nothing() -> None:
    kept = Kept(None)
    kept.put("moor.json", RECORD)
    kept.save(1.0)
    assert kept.get("moor.json") == RECORD


@given(JSON)
def test_whatever_stands_in_it_is_read_or_left_out(body: object) -> None:
    for read in (Stamp.from_json, Review.from_json, Why.from_json):
        found = read(body)
        assert found is None or read(found.as_json()) is not None


@given(st.dictionaries(st.sampled_from(["seen", "stamp", "since", "why", "review"]), JSON))
def test_a_damaged_record_ends_nothing(tmp_path_factory: pytest.TempPathFactory, item: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("kept") / "health.json"
    path.write_text(json.dumps({"schema": SCHEMA, "workflows": {"moor.json": item}}))
    found = Kept(path).get("moor.json")
    assert found is None or found.seen == item["seen"]
