"""JSON in small steps says what the standard library says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core import jsontext
from comfyfixersmart.core.errors import NewerSchema
from comfyfixersmart.core.files import read_json, to_json, write_json
from hypothesis import given, settings
from hypothesis import strategies as st

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud83d\ude00<&>")
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=6),
    max_leaves=20,
)
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def many(value: Any) -> Any:
    """A value so large that it is taken apart: in a list, in a list of lists, and in a dictionary."""
    return {"rows": [value] * 2100, "deep": [[value] * 60] * 60, "named": {f"n{i}": value for i in range(1500)}}


@settings(max_examples=30, deadline=None)
@given(values)
def test_it_is_the_text_of_the_standard_library(value: Any) -> None:
    for one in (value, many(value)):
        assert jsontext.dumps(one) == json.dumps(one)
        assert jsontext.dumps(one, indent=1) == json.dumps(one, indent=1)
        assert "".join(jsontext.parts(one, COMPACT)) == COMPACT.encode(one)


@pytest.mark.parametrize(
    "value", [{1: "a", None: [0] * 3000}, [(1, 2)] * 3000, {"a": [{2.5: [1]}] * 3000}, [], {}, [[]]]
)
def test_odd_keys_tuples_and_empty_values(value: Any) -> None:
    assert jsontext.dumps(value) == json.dumps(value)


def test_a_tree_too_deep_to_take_apart_is_still_written() -> None:
    value: Any = ["x"] * 1200
    for _ in range(200):
        value = [value, 1]
    assert jsontext.dumps(value) == json.dumps(value)


def test_it_comes_in_parts() -> None:
    sizes = [len(part) for part in jsontext.parts(many("a name of some length"), COMPACT)]
    assert max(sizes) < 50_000
    assert len(sizes) < 5_000


def test_half_a_pair_becomes_a_question_mark_and_a_whole_one_stays() -> None:
    body = many("half \ud83d, whole \U0001f600")
    assert json.loads(jsontext.dumps(body, repair=True)) == many("half ?, whole \U0001f600")
    assert json.loads(to_json(body)) == json.loads(to_json(body, indent=None))
    for odd in ("\\ud800", "\\\\\udfff", "\udc00\ud800", "\ud800\ud800\udc00", "\\u\ud800"):
        assert json.loads(to_json(odd)) == odd.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace(
            "\ufffd", "?"
        )


def test_large_texts_are_read_as_ever() -> None:
    body = {"rows": [{"a": [1, {"b": "ü"}]}] * 20_000}
    text = json.dumps(body, ensure_ascii=False)
    assert jsontext.loads(text) == jsontext.loads(text.encode()) == body
    with pytest.raises(json.JSONDecodeError):
        jsontext.loads(text[:-1])


@pytest.mark.parametrize("indent", [None, 1])
def test_a_newer_file_is_found_by_its_first_bytes(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "kept.json"
    write_json(path, 3, {"a": 1}, indent=indent)
    with pytest.raises(NewerSchema):
        write_json(path, 2, {"a": 2}, indent=indent)
    assert read_json(path, 3) == {"schema": 3, "a": 1}
    write_json(path, 3, {"a": 2}, indent=indent)
    assert read_json(path, 3) == {"schema": 3, "a": 2}


@pytest.mark.parametrize(
    "newer", ['{"a": 1, "schema": 9}', '{"schema":9}', '{ "schema" : 9 }', '\n{"schema": 9, "b": 1}']
)
def test_a_newer_file_is_found_however_it_is_written(tmp_path: Path, newer: str) -> None:
    path = tmp_path / "kept.json"
    path.write_text(newer)
    with pytest.raises(NewerSchema):
        write_json(path, 1, {})
    assert path.read_text() == newer


def test_other_threads_are_let_in() -> None:
    """Each text is made and read in steps of Python code, between which the interpreter gives way."""
    body = {"rows": [{"name": f"model {i}", "more": {"a": "x" * 40}} for i in range(20_000)]}
    text = json.dumps(body)
    for ours, standard, value in ((jsontext.dumps, json.dumps, body), (jsontext.loads, json.loads, text)):
        assert _calls(standard, value) < 300
        assert _calls(ours, value) > 400


def _calls(job: Any, value: Any) -> int:
    count = 0

    def see(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(see)
    try:
        job(value)
    finally:
        sys.setprofile(None)
    return count
