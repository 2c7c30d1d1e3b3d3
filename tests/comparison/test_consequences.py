"""What differences mean, from what others found out; and the page."""

from __future__ import annotations

from collections.abc import Callable

from comfyfixersmart.core.comparison.page import plain
from comfyfixersmart.core.comparison.values import alike, equal, shortened, shown, word_diff
from comfyfixersmart.core.explanation.anatomy.build import anatomy
from comfyfixersmart.core.readiness.types import Finding, Readiness
from comfyfixersmart.core.requirements.types import NodeRef
from comfyfixersmart.core.tuning.types import GB, Estimate, Range, Weight

from .graphs import APP, Raw, between, copied, find, link, node, picture, remove, shuffled, workflow


def second() -> Raw:
    """The picture workflow in a second version: another checkpoint, fewer steps, a larger picture, one LoRA fewer."""
    new = copied(picture())
    find(new, 1)["widgets_values"] = ["pier_xl.safetensors"]
    find(new, 5)["widgets_values"] = [1344, 768, 2]
    find(new, 6)["widgets_values"][2] = 8
    find(new, 3)["widgets_values"] = ["a lighthouse above the harbour at dusk, *bold* _strokes_"]
    remove(new, 2)
    link(new, 1, 0, 6, 0)
    new["nodes"].append(node(9, "MarkdownNote", ["# Try\nthe [long](https://example.org) lens"]))
    return new


def handed(old: Raw, new: Raw) -> dict[str, object]:
    """Everything that other stages say of the two, with invented figures."""
    both = workflow(old), workflow(new)
    needs = APP.requirements(both[0]), APP.requirements(both[1])
    anatomies = [anatomy(one, need, APP.catalogue) for one, need in zip(both, needs, strict=True)]
    weights = (Weight("harbour_xl.safetensors", "1", "checkpoint", 6_900_000_000, "header"),
               Weight("pier_xl.safetensors", "1", "checkpoint", 3_500_000_000, "header"))  # fmt: skip
    lacks = Finding("MODEL001", "blocked", "pier_xl.safetensors", "The file is not here.", (NodeRef("1", "x", "x"),))
    return {
        "needs": needs,
        "anatomies": tuple(anatomies),
        "estimates": (
            Estimate(weights[:1], peak=Range(8 * GB, 9 * GB, 10 * GB), compute=24.0),
            Estimate(weights[1:], peak=Range(5 * GB, 6 * GB, 7 * GB), compute=8.0),
        ),
        "readiness": (Readiness("a", "runnable", ()), Readiness("b", "blocked", (lacks,))),
    }


def test_each_topic_and_what_it_cites() -> None:
    old, new = picture(), second()
    found = between(old, new, **handed(old, new))
    by_text = {one.text: one for one in found.consequences}
    swap = by_text["Uses the checkpoint pier_xl.safetensors instead of harbour_xl.safetensors (6.9 GB → 3.5 GB)."]
    assert [found.differences[place].input for place in swap.differences] == ["ckpt_name"]
    gone = by_text["No longer needs the LoRA mist.safetensors."]
    assert [found.differences[place].kind for place in gone.differences] == ["removed"]
    memory = by_text["Wants less GPU memory at its peak: 8.0 to 10.0 GB → 5.0 to 7.0 GB, about 33% less."]
    assert memory.better is True and memory.differences
    work = by_text["Sampling is about 33% of the work it was."]
    assert work.better is True and {found.differences[place].input for place in work.differences} >= {"steps", "width"}
    assert "Size of what is made: 1024 × 768 → 1344 × 768, 2 at a time." in by_text
    status = by_text["Status: can run → blocked, parts are missing."]
    assert status.better is False
    assert by_text["New: pier_xl.safetensors: The file is not here."].better is False


def test_nothing_is_told_of_what_is_not_known() -> None:
    assert between(picture(), second()).consequences == ()
    both = (Estimate(), Estimate(peak=Range(1, 2, 3), compute=3.0))
    assert between(picture(), second(), estimates=both, readiness=(None, None)).consequences == ()


def test_the_page(golden_file: Callable[[str, str], None]) -> None:
    old, new = picture(), second()
    golden_file("comparisons/everything.md", between(old, new, **handed(old, new)).markdown)
    golden_file("comparisons/new ids.md", between(old, shuffled(new)).markdown)
    golden_file("comparisons/layout.md", between(old, shuffled(old)).markdown)
    golden_file("comparisons/nothing.md", between(old, old).markdown)


def test_names_never_become_markup() -> None:
    assert plain("[x](https://example.org) <b> `a` | *b* snake_case _i_") == (
        "\\[x\\](h<!-- -->ttps://example.org) \\<b\\> \\`a\\` \\| \\*b\\* snake_case \\_i\\_"
    )


def test_values() -> None:
    assert equal(1, 1.0) and not equal(1, True) and equal([1, {"a": 2.0}], [1.0, {"a": 2}])
    assert equal(float("nan"), float("nan")) and not equal(0, None) and not equal("1", 1)
    assert shown(20.0) == "20" and shown(None) == "nothing" and shown(True) == "on" and shown("") == "(empty)"
    assert len(shortened("word " * 100)) <= 72 and " … " in shortened("word " * 100)
    assert word_diff("one two three four five six seven", "one two three four five six eight") == (
        ("=", "… three four five six"), ("-", "seven"), ("+", "eight"),
    )  # fmt: skip
    assert alike("a pier in the fog", "a pier in the rain") > 0.5 and alike("a pier in the fog", 3) == 0
