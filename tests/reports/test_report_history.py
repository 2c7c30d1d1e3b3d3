from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from comfyfixersmart.core.errors import NewerSchema
from comfyfixersmart.core.readiness.types import BLOCKED, NEEDS_INPUT, RUNNABLE, UNKNOWN, Readiness
from comfyfixersmart.core.reports.history import MOST_POINTS, History, reasons
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import DAY, NOW, every_code

GOOD = (RUNNABLE, ())
GONE = (BLOCKED, ("heron.safetensors missing",))


def test_a_breakage_names_what_is_new_since_the_last_good_scan(tmp_path: Path) -> None:
    history = History(tmp_path / "history.json")
    history.record(NOW - 3 * DAY, {"a": GOOD, "b": (NEEDS_INPUT, ("own.png not in the input folder",))})
    history.record(NOW - DAY, {"a": GONE, "b": (BLOCKED, ("own.png not in the input folder", "pack X not installed"))})
    history.save()
    again = History.load(tmp_path / "history.json")
    change = again.change("a")
    assert change == (NOW - DAY, RUNNABLE, BLOCKED, "heron.safetensors missing", NOW - 3 * DAY)
    other = again.change("b")
    assert other is not None and other.why == "pack X not installed"
    last = again.points()[-1]
    assert (last.total, last.runnable, last.broke) == (2, 0, 2)
    assert last.why == "heron.safetensors missing (1) and pack X not installed (1)"


def test_a_scan_that_cannot_tell_breaks_nothing_and_hides_no_breakage(tmp_path: Path) -> None:
    history = History(tmp_path / "h.json")
    history.record(NOW - 3 * DAY, {"a": GOOD})
    history.record(NOW - 2 * DAY, {"a": (UNKNOWN, ())})
    assert history.points()[-1].broke == 0
    history.record(NOW - DAY, {"a": GONE})
    change = history.change("a")
    assert history.points()[-1].broke == 1
    assert change is not None and change.last_good == NOW - 3 * DAY and change.why == "heron.safetensors missing"


def test_what_was_never_good_has_not_broken_and_no_news_is_no_change(tmp_path: Path) -> None:
    history = History(tmp_path / "h.json")
    for day in range(3):
        history.record(NOW + day * DAY, {"a": GONE})
    assert history.change("a") is None and history.change("nobody") is None
    assert all(point.broke == 0 for point in history.points())


def test_running_again_is_a_change_without_a_reason(tmp_path: Path) -> None:
    history = History(tmp_path / "h.json")
    history.record(NOW - DAY, {"a": GONE})
    history.record(NOW, {"a": GOOD})
    assert history.change("a") == (NOW, BLOCKED, RUNNABLE, "", None)


def test_old_scans_are_thinned_to_one_a_day_and_to_a_limit(tmp_path: Path) -> None:
    history = History(tmp_path / "h.json")
    for hour in range(0, 24 * 30, 3):
        history.record(NOW + hour * 3600, {"a": GOOD if hour % 48 < 24 else GONE})
    points = history.points()
    assert 30 <= len(points) <= 30 + 17
    assert sum(point.broke for point in points) == 15
    for day in range(40, 40 + 500):
        history.record(NOW + day * DAY, {"a": GOOD})
    assert len(history.points()) == MOST_POINTS


def test_workflows_not_seen_for_long_are_forgotten(tmp_path: Path) -> None:
    history = History(tmp_path / "h.json")
    history.record(NOW, {"a": GOOD, "b": GOOD})
    history.record(NOW + 10 * DAY, {"b": GOOD})
    history.record(NOW + 11 * DAY, {"a": GONE, "b": GOOD})
    assert history.change("a") is not None
    history.record(NOW + 200 * DAY, {"b": GOOD})
    assert history.change("a") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 0, "scans": 3}', b"\xff\xfe\x00"])
def test_a_damaged_file_is_an_empty_history(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "h.json"
    path.write_bytes(damage)
    history = History.load(path)
    assert history.points() == ()
    history.record(NOW, {"a": GOOD})
    history.save()
    assert len(History.load(path).points()) == 1


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([RUNNABLE, 1e400]),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(
            st.sampled_from(["status", "since", "seen", "good", "good_at", "good_reasons", "change", "a"]),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(scans=_JSON, workflows=_JSON)
def test_any_value_anywhere_is_survived(tmp_path_factory: pytest.TempPathFactory, scans: Any, workflows: Any) -> None:
    path = tmp_path_factory.mktemp("history") / "h.json"
    path.write_text(json.dumps({"schema": 1, "scans": scans, "workflows": workflows}))
    history = History.load(path)
    history.record(NOW, {"a": GONE})
    history.save()
    assert History.load(path).points() == history.points()


def test_a_newer_file_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "h.json"
    path.write_text('{"schema": 2, "what": "is this"}')
    with pytest.raises(NewerSchema):
        History.load(path)
    with pytest.raises(NewerSchema):
        History(path).save()
    assert path.read_text() == '{"schema": 2, "what": "is this"}'


def test_reasons_are_short_and_stable_and_leave_out_what_only_informs() -> None:
    found = reasons(Readiness("w", BLOCKED, every_code()))
    assert found[0] == "heron_xxl_fp8_e4m3fn_scaled.safetensors missing"
    assert found.count("pack ComfyUI-ReelSuite not installed") == 1
    assert len(found) == 12 and not any("memory" in one for one in found)


def test_a_day_of_saving_does_not_push_out_the_weeks_before(tmp_path: Path) -> None:
    """Inside ComfyUI every save brings a scan; where nothing changed, the first and the last of them tell it all."""
    history = History(tmp_path / "h.json")
    for day in range(30):
        history.record(NOW + day * DAY, {"a": GOOD})
    for minute in range(1000):
        history.record(NOW + 30 * DAY + minute * 60, {"a": GOOD if minute < 990 else GONE})
    points = history.points()
    assert len(points) <= 36
    assert points[0].when == NOW
    assert [point.runnable for point in points[-4:]] == [1, 0, 0, 0]
    assert points[-4].when == NOW + 30 * DAY + 989 * 60 and sum(point.broke for point in points) == 1
