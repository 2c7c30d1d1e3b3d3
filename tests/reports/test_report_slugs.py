from __future__ import annotations

from pathlib import Path

from comfyfixersmart.core.files import safe_join
from comfyfixersmart.core.reports.slugs import slugs
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE


def test_a_slug_is_the_path_in_small_letters() -> None:
    names = ["video/Heron 2.2/I2V_14B.json", "photo.png#2", "快照/风格.json"]
    assert list(slugs(names).values()) == ["video-heron-2-2-i2v_14b", "photo-png-2", "快照-风格"]


def test_only_names_that_collide_carry_a_hash_and_none_keeps_the_plain_slug() -> None:
    found = slugs(["a/b.json", "A-B.json", "c.json"])
    assert found["c.json"] == "c"
    assert found["a/b.json"].startswith("a-b-") and found["A-B.json"].startswith("a-b-")
    assert len(set(found.values())) == 3
    assert slugs(["a/b.json"]) == {"a/b.json": "a-b"}


def test_the_order_of_names_does_not_matter() -> None:
    names = ["a b", "a-b", "a_b", "A b.json", "index", "x"]
    assert slugs(names) == slugs(reversed(names))


def test_devices_and_our_own_files_are_never_taken() -> None:
    for name in ("con.json", "NUL", "com1.json", "lpt9", "index.json", "Dashboard.json", "", "...", "///"):
        (slug,) = slugs([name]).values()
        assert slug not in {"con", "nul", "com1", "lpt9", "index", "dashboard", ""}


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    (slug,) = slugs([f"{'a' * 200} {'b' * 200} final.json"]).values()
    assert slug.startswith("aaaa") and slug.endswith("-final") and len(slug) <= 96
    (wide,) = slugs(["风" * 300]).values()
    assert len(wide.encode()) <= 96


def test_names_that_differ_only_where_they_are_cut_get_a_hash() -> None:
    names = [f"{'a' * 150}{middle}{'b' * 150}" for middle in ("x", "y")]
    assert len(set(slugs(names).values())) == 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=40), unique=True, max_size=30))
def test_slugs_are_distinct_whatever_the_case_and_safe_as_file_names(names: list[str]) -> None:
    found = slugs([*names, *HOSTILE])
    assert len({slug.casefold() for slug in found.values()}) == len(set(names) | set(HOSTILE))
    for slug in found.values():
        safe_join(Path("/out"), f"{slug}.json")
        assert len(slug.encode()) <= 110
