from __future__ import annotations

import pytest
from comfyfixersmart.core.readiness.types import BLOCKED, NEEDS_INPUT, RUNNABLE, UNKNOWN, Distance, Finding, Readiness
from comfyfixersmart.core.reports import words
from comfyfixersmart.core.reports.types import Change
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import DAY, HOSTILE, NOW


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (12_400, "12 kB"),
        (253_815_318, "254 MB"),
        (999_600_000, "1.0 GB"),
        (6_735_906_897, "6.7 GB"),
        (1_000_000_000_000, "1.0 TB"),
        (-5, "0 bytes"),
    ],
)
def test_sizes_are_decimal_with_one_decimal_from_a_gigabyte(count: int, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (5, "just now"),
        (12 * 60, "12 min ago"),
        (3 * 3600, "3 h ago"),
        (5 * DAY, "Tue"),
        (8 * DAY, "14 Nov"),
        (400 * DAY, "18 Oct 2025"),
        (-3600, "Sun"),
    ],
)
def test_times_get_coarser_with_age(before: float, said: str) -> None:
    assert words.ago(NOW - before, NOW) == said


@pytest.mark.parametrize("when", [None, 1e300, float("nan"), float("inf"), -1e18])
def test_a_moment_no_calendar_holds_is_not_said(when: float | None) -> None:
    assert words.ago(when, NOW) == words.date(when) == words.weekday(when) == ""


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (Distance(), ""),
        (Distance(2, 6_800_000_000, 0, 1), "2 files · 6.8 GB · 1 pack"),
        (Distance(local=1), "0 downloads, 1 fix"),
        (Distance(2, 0, 2), "2 files, size not known"),
        (Distance(3, 5_000_000_000, 1), "3 files · over 5.0 GB"),
        (Distance(1, 66_961_958, 0, 0, 2), "1 file · 67 MB · 2 fixes"),
        (Distance(inputs=4), "4 files of yours"),
        (Distance(other=1), "1 edit"),
    ],
)
def test_distance_in_words(away: Distance, said: str) -> None:
    assert words.distance(away) == said


def test_the_verdict_names_status_and_distance() -> None:
    blocked = Readiness("w", BLOCKED, (), Distance(2, 5, 0, 1))
    assert words.verdict(blocked) == "Blocked: 2 files and 1 node pack away"
    unknown = Readiness("w", UNKNOWN, (Finding("NODE001", UNKNOWN, "X", "It cannot be told."),))
    assert words.verdict(unknown) == "Unknown: it cannot be told"
    assert words.short(unknown) == "cannot tell: 1 node type"


def test_an_update_of_comfyui_is_not_called_a_pack() -> None:
    findings = tuple(
        Finding("NODE001", BLOCKED, name, "", pack=pack) for name, pack in (("A", "comfy-core"), ("B", "p"))
    )
    assert (
        words.verdict(Readiness("w", BLOCKED, findings[:1], Distance(packs=1))) == "Blocked: an update of ComfyUI away"
    )
    both = Readiness("w", BLOCKED, findings, Distance(packs=2))
    assert words.verdict(both) == "Blocked: 1 node pack and an update of ComfyUI away"
    assert words.short(both) == "1 pack · update ComfyUI"


def test_what_is_nearest_comes_first_and_what_nobody_can_help_last() -> None:
    move = Readiness("w", BLOCKED, (), Distance(local=1))
    file = Readiness("w", BLOCKED, (), Distance(1, 6_000_000_000))
    files = Readiness("w", BLOCKED, (), Distance(2, 10, 0, 1))
    runs, asks = Readiness("w", RUNNABLE, ()), Readiness("w", NEEDS_INPUT, ())
    assert sorted([runs, asks, files, file, move], key=words.nearness) == [move, file, files, asks, runs]


def test_a_change_has_a_label_and_a_story() -> None:
    broke = Change(NOW - 5 * DAY, RUNNABLE, BLOCKED, "heron.safetensors missing", NOW - 8 * DAY)
    assert words.changed(broke, NOW) == ("broke Tue", "bad")
    assert words.story(broke) == "Last runnable Sat 14 Nov. Blocked since Tue 17 Nov: heron.safetensors missing."
    assert words.changed(Change(NOW, BLOCKED, RUNNABLE, "", NOW), NOW)[0] == "runs again just now"
    assert words.changed(Change(NOW - DAY, UNKNOWN, BLOCKED, "", None), NOW)[0] == "changed Sat"
    assert words.changed(None, NOW) == ("", "")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("video/heron/i2v.json", ("i2v", "video/heron")),
        ("a.json#2", ("a#2", "")),
        ("photo.png", ("photo.png", "")),
        (".json", (".json", "")),
        ("x/#2", ("#2", "x")),
    ],
)
def test_a_path_is_shown_as_name_and_folder(name: str, parts: tuple[str, str]) -> None:
    assert words.title(name) == parts


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_visible_text_holds_nothing_unseen(text: str) -> None:
    shown = words.visible(text)
    shown.encode()
    assert not any(ord(c) < 32 or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in shown)


def test_hidden_characters_are_shown_as_their_codes() -> None:
    assert words.visible("gpj.\u202egnp") == "gpj.\\u202egnp"
    assert words.visible("a\nb\x1b\U000e0041") == "a\\nb\\u001b\\U000e0041"
    assert all(words.visible(evil).isprintable() or "\u200d" in evil for evil in HOSTILE)
