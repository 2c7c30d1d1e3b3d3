"""What is kept: verdicts that grow old, choices that stay, and files that were cut short."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from comfyfixersmart.core.errors import ComfyFixerError, NewerSchema
from comfyfixersmart.core.resolution.store import DAY, MOST_REASON, Store
from comfyfixersmart.core.resolution.types import CHOSEN, RESOLVED, UNCERTAIN, Resolution, from_json, to_json

from .samples import candidate, case, want

ALL = ("huggingface", "civitai")
ONE = candidate("a/b", "lumenpeak_v2.safetensors")
TWO = candidate("c/d", "lumenpeak_v2.safetensors", "b")


def uncertain(when: float = 100.0) -> Resolution:
    return replace(case(want(), ONE, TWO).verdict(), when=when)


def test_a_verdict_survives_the_way_through_json() -> None:
    one = uncertain()
    assert from_json(json.loads(json.dumps(to_json(one)))) == one
    assert from_json({**to_json(one), "candidates": [{"id": 3}]}) is None


def test_a_verdict_is_there_after_a_restart(tmp_path: Path) -> None:
    Store(tmp_path).put(uncertain(), ALL)
    assert Store(tmp_path).get(want().key) == uncertain()
    assert Store(tmp_path).get("x" * 20) is None


@pytest.mark.parametrize(
    ("found", "life"), [(uncertain(0), DAY), (replace(case(want(), ONE).verdict(), when=0.0), 7 * DAY),
                        (replace(case(want(), ONE, silent={"civitai": "down"}).verdict(), when=0.0), DAY / 24)],
)  # fmt: skip
def test_a_verdict_stands_for_its_time(tmp_path: Path, found: Resolution, life: float) -> None:
    clock = [0.0]
    store = Store(tmp_path, now=lambda: clock[0])
    store.put(found, ALL)
    clock[0] = life - 1
    assert store.fresh(want(), ALL) == found
    clock[0] = life + 1
    assert store.fresh(want(), ALL) is None and store.get(want().key) == found


def test_a_new_service_makes_old_verdicts_stale(tmp_path: Path) -> None:
    store = Store(tmp_path, now=lambda: 200.0)
    store.put(uncertain(), ("huggingface",))
    assert store.fresh(want(), ("huggingface",)) and store.fresh(want(), ()) and not store.fresh(want(), ALL)


def test_a_choice_is_remembered_with_its_reason_and_can_be_taken_back(tmp_path: Path) -> None:
    store = Store(tmp_path, now=lambda: 500.0)
    store.put(uncertain(), ALL)
    chosen = store.choose(want().key, TWO.id, "the author said so")
    assert (chosen.state, chosen.rung, chosen.best, chosen.why) == (
        RESOLVED,
        CHOSEN,
        TWO,
        "You chose it: the author said so",
    )
    assert [one.candidate for one in chosen.candidates] == [TWO, ONE]
    again = Store(tmp_path)
    assert again.get(want().key) == chosen
    other = replace(uncertain(), key="y" * 20)
    assert again.put(other, ALL).best == TWO, "the same name in the same folder, asked for by another workflow"
    assert (tmp_path / "choices.json").stat().st_mode & 0o777 == 0o600
    assert again.choose(want().key, None).state == UNCERTAIN
    assert Store(tmp_path).get(want().key) == uncertain()


def test_a_choice_outlives_the_search_that_offered_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(uncertain(), ALL)
    store.choose(want().key, TWO.id)
    gone = store.put(replace(case(want(), ONE).verdict(), when=900.0), ALL)
    assert (gone.best, gone.choice and gone.choice.candidate) == (TWO, TWO.id)


def test_only_what_was_offered_can_be_chosen(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ComfyFixerError) as error:
        store.choose(want().key, ONE.id)
    assert error.value.code == "unknown_question"
    store.put(uncertain(), ALL)
    with pytest.raises(ComfyFixerError) as error:
        store.choose(want().key, "huggingface:evil/x@y")
    assert error.value.code == "unknown_candidate"
    assert len(store.choose(want().key, ONE.id, "x" * 5000).choice.reason) == MOST_REASON  # type: ignore[union-attr]


def test_a_damaged_file_of_choices_is_never_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(uncertain(), ALL)
    (tmp_path / "choices.json").write_text("{half")
    with pytest.raises(ComfyFixerError) as error:
        Store(tmp_path).choose(want().key, ONE.id)
    assert error.value.code == "damaged_choices" and (tmp_path / "choices.json").read_text() == "{half"
    assert Store(tmp_path).get(want().key) == uncertain()
    (tmp_path / "choices.json").write_text('{"schema": 99, "choices": {}}')
    with pytest.raises(NewerSchema):
        Store(tmp_path).choose(want().key, ONE.id)


def test_a_verdict_cut_at_any_byte_is_made_again(tmp_path: Path) -> None:
    Store(tmp_path).put(uncertain(), ALL)
    (path,) = (tmp_path / "resolutions").iterdir()
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        assert Store(tmp_path).get(want().key) is None


def test_old_verdicts_go_and_choices_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(uncertain(), ALL)
    store.choose(want().key, ONE.id)
    later = (tmp_path / "resolutions").iterdir().__next__().stat().st_mtime + 91 * DAY
    Store(tmp_path, now=lambda: later).tidy()
    assert not list((tmp_path / "resolutions").iterdir()) and (tmp_path / "choices.json").is_file()
