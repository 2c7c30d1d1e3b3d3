"""Two versions of a workflow compared, and when one broke, in a browser."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "image-kite-kite_context_edit"
NEW = f"{SLUG}-v2"


def asked(one: Any) -> list[Any]:
    return [body for name, body in one.scenario.understood.asked if name == "compare"]


@pytest.fixture
def compared(show: Any) -> Any:
    def make(scenario: str = "versions", *, view: dict[str, Any] | None = None, **wanted: Any) -> Any:
        one = show(scenario, view={"page": "workflow", "slug": NEW, "focus": "compare", **(view or {})}, **wanted)
        one.page.locator(".cfs-compared:not(:has(.cfs-loading))").wait_for()
        return one

    return make


def test_the_verdict_then_what_it_means_then_the_differences(compared: Any) -> None:
    one = compared()
    text = one.page.text_content(".cfs-compared")
    order = (
        "kite_context_edit.v2",
        "Version 1",
        "7 changes",
        "17 nodes recognised",
        "What it means",
        "Less GPU memory",
        "What changed",
        "KSampler",
    )
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert asked(one) == [{"old": {"slug": SLUG}, "new": {"slug": NEW}}], (
        "the version before is what one most likely wants"
    )


def test_consequences_say_before_and_after_and_whether_that_is_better(compared: Any) -> None:
    one = compared()
    memory = one.page.locator(".cfs-consequence").nth(1)
    assert memory.get_attribute("data-tone") == "good"
    assert "13.0 to 14.4 GB" in memory.inner_text() and "9.1 to 10.5 GB" in memory.inner_text()
    assert (
        one.page.locator(".cfs-meaning > li", has=one.page.locator("[data-tone=bad]"))
        .inner_text()
        .startswith("Whether it runs")
    )


def test_differences_are_gathered_by_node_with_the_way_there(compared: Any) -> None:
    one = compared()
    groups = one.page.locator(".cfs-diff-node")
    sampler = groups.nth(0)
    assert (
        "steps" in sampler.text_content()
        and "20" in sampler.text_content()
        and "res_multistep" in sampler.text_content()
    )
    assert "drawn anew at each run" in sampler.text_content()
    sampler.locator("button.cfs-node").first.click()
    one.page.wait_for_function("host.calls.some((each) => each[0] === 'goToNode' && each[1] === '192:31')")
    removed = groups.filter(has_text="Removed")
    assert removed.locator("button.cfs-node").count() == 0, "what is gone cannot be gone to"
    added = groups.filter(has_text="Added")
    assert "fed by LoRA 201" in added.text_content(), "what follows from it stands with it"
    assert "was node 140" in groups.last.text_content()


def test_long_texts_are_compared_by_words_and_shown_whole_when_asked(compared: Any) -> None:
    one = compared()
    text = one.page.locator(".cfs-diff-long")
    assert text.locator("ins").all_inner_texts() == ["red", "dawn", "cold"]
    assert text.locator("del").all_inner_texts() == ["dusk", "warm"]
    text.get_by_role("button", name="Show both texts").click()
    assert "seen from the pier and the lighthouse" in text.inner_text()


def test_another_version_is_picked_and_found_by_name(compared: Any) -> None:
    one = compared()
    one.page.click("[data-key=against]")
    assert one.focused() == "Its last good version"
    one.press("Enter")
    one.page.locator(".cfs-verdict-line").wait_for()
    assert asked(one)[-1] == {"old": {"good": NEW}, "new": {"slug": NEW}}
    one.page.click("[data-key=against]")
    one.page.fill(".cfs-picker input", "inpaint")
    found = one.page.locator(".cfs-picker .cfs-picks").last.locator("button")
    name = found.first.inner_text()
    assert 1 <= found.count() <= 8
    found.first.click()
    one.page.locator(".cfs-verdict-line").wait_for()
    assert one.page.inner_text("[data-key=against]").split("\n")[-1].split()[0] in name
    one.page.click("[data-key=against]")
    one.page.fill(".cfs-picker input", "no such thing")
    assert "No workflow is called so." in one.page.inner_text(".cfs-picker")


def test_escape_closes_the_choice_before_it_leaves_the_page(compared: Any) -> None:
    one = compared()
    one.page.click("[data-key=against]")
    one.page.focus(".cfs-picker input")
    one.press("Escape")
    assert one.count(".cfs-picker:not([hidden])") == 0
    assert one.page.evaluate("document.activeElement.dataset.key") == "against"
    one.press("Escape")
    one.page.locator(".cfs-list").wait_for()


def test_it_can_be_turned_around_and_copied(compared: Any) -> None:
    one = compared(canvas=1)
    one.page.click("[data-key=copy]")
    assert ["copy", "# Compared\n\n9 differences.\n"] in one.calls()
    one.page.click("[data-key=swap]")
    one.page.get_by_role("heading", name="kite_context_edit", exact=True).wait_for()
    one.page.locator(".cfs-verdict-line").wait_for()
    assert asked(one)[-1] == {"old": {"slug": NEW}, "new": {"slug": SLUG}}


def test_nothing_differs(compared: Any) -> None:
    one = compared("compared-same", view={"slug": SLUG})
    assert "Both do the same: nothing differs but perhaps the layout." in one.page.inner_text(".cfs-compared")
    assert one.count(".cfs-differences") == one.count(".cfs-meaning") == 0
    assert "the reason lies outside of it" in one.page.inner_text(".cfs-compared"), (
        "it was compared with its last good version"
    )


def test_where_no_good_version_is_kept_one_is_chosen(show: Any) -> None:
    one = show("explained", faults=("404", "Failed to load"))
    one.scenario.understood.fails["compare"] = (
        404,
        "no_good_version",
        "No version that ran here is kept.",
        "One is kept at every check.",
    )
    one.page.evaluate("(slug) => panel.show({ page: 'workflow', slug, focus: 'compare' })", SLUG)
    one.page.get_by_text("Nothing to compare it with yet").wait_for()
    one.page.evaluate("(slug) => panel.show({ page: 'workflow', slug })", SLUG)
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.page.evaluate("(slug) => panel.show({ page: 'workflow', slug, focus: 'compare', good: true })", SLUG)
    one.page.get_by_text("No version that ran here is kept.").wait_for()


def test_versions_lead_to_the_comparison(show: Any) -> None:
    one = show("versions", view={"page": "workflow", "slug": SLUG})
    one.page.get_by_role("button", name="Compare with version 2").click()
    one.page.locator(".cfs-verdict-line").wait_for()
    assert asked(one) == [{"old": {"slug": SLUG}, "new": {"slug": NEW}}], "the newer one is looked at from the older"
    one.press("Escape")
    one.page.locator(".cfs-versions").wait_for()


def test_the_open_graph_is_compared_with_its_saved_file(show: Any) -> None:
    one = show("library", view={"page": "open", "focus": "compare"}, canvas=1)
    one.page.locator(".cfs-compared .cfs-against").wait_for()
    assert asked(one) == [] or "slug" in asked(one)[-1]["old"] or "good" in asked(one)[-1]["old"]


def test_what_broke_it_stands_with_its_evidence_and_the_way_on(show: Any) -> None:
    one = show("broken", view={"page": "workflow", "slug": SLUG}, canvas=1)
    note = one.page.locator(".cfs-broke")
    note.wait_for()
    told = note.inner_text()
    for word in ("Broke on Tue", "is not on the disk any more", "until Sat 21 Nov", "did not load", "Last runnable on"):
        assert word in told
    assert one.count(".cfs-story") == 0, "it says what the line of the change says"
    note.get_by_role("button", name="Look it up and download it again.").click()
    assert one.page.evaluate("document.activeElement.closest('.cfs-finding') !== null")
    note.get_by_role("button", name="Compare with the last good version").click()
    one.page.locator(".cfs-verdict-line").wait_for()
    assert asked(one) == [{"old": {"good": SLUG}, "new": {"slug": SLUG}}]


def test_practice_is_good_to_know(show: Any) -> None:
    one = show("broken", view={"page": "workflow", "slug": SLUG}, canvas=1)
    practice = one.page.locator(".cfs-part-practice")
    assert "A distilled model runs 20 steps" in practice.inner_text()
    practice.get_by_role("button", name="The model's page: open its page").click()
    assert ["openPage", "https://huggingface.co/grain-works/kite-quick"] in one.calls()


def test_an_error_can_be_tried_again(show: Any) -> None:
    one = show("versions", faults=("500", "Failed to load"))
    one.scenario.understood.fails["compare"] = (
        500,
        "internal_error",
        "ComfyFixerSmart failed (KeyError).",
        "Please report it.",
    )
    one.page.evaluate("(slug) => panel.show({ page: 'workflow', slug, focus: 'compare' })", NEW)
    one.page.get_by_text("ComfyFixerSmart failed (KeyError).").wait_for()
    one.scenario.understood.fails.clear()
    one.page.click("[data-key=retry]")
    one.page.locator(".cfs-verdict-line").wait_for()


@pytest.mark.parametrize("tone", ["dark", "light"])
@pytest.mark.parametrize("width", [224, 320, 600])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_panel(
    compared: Any, show: Any, axe: Any, tone: str, width: int
) -> None:
    one = compared(tone=tone, width=width)
    one.page.get_by_role("button", name="Show both texts").click()
    one.page.click("[data-key=against]")
    assert axe(one) == []
    script = "(width) => [...document.querySelectorAll('.cfs-view *:not(.cfs-live)')].filter((each) => each.getBoundingClientRect().right > width + 1).map((each) => each.className)"
    assert one.page.evaluate(script, width) == []
    other = show("broken", view={"page": "workflow", "slug": SLUG}, tone=tone, width=width)
    other.page.locator(".cfs-broke").wait_for()
    assert axe(other) == []
    assert other.page.evaluate(script, width) == []
