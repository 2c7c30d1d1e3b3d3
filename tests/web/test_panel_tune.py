"""A workflow fitted to a memory, in a browser: sizes, variants, changes, the live estimate, the plan, the open graph."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "image-kite-kite_context_edit"
VIEW = {"page": "workflow", "slug": SLUG, "focus": "tune"}


@pytest.fixture
def tuned(show: Any) -> Any:
    def make(scenario: str = "explained", *, view: dict[str, Any] | None = None, **wanted: Any) -> Any:
        one = show(scenario, view=view or {**VIEW, "memory": 8}, **wanted)
        one.page.locator(".cfs-tuned:not(:has(.cfs-loading))").wait_for()
        return one

    return make


def ticked(one: Any) -> list[str]:
    return list(one.page.eval_on_selector_all("[data-change]:checked", "all => all.map(one => one.dataset.change)"))


def asked(one: Any, route: str) -> list[Any]:
    return [body for name, body in one.scenario.understood.asked if name == route]


def test_it_begins_with_this_machine_where_its_memory_is_known(tuned: Any) -> None:
    one = tuned(view=VIEW)
    assert one.page.inner_text(".cfs-size[aria-checked=true]") == "This machine, 16.0 GB"
    assert asked(one, "tune")[-1] == {"slug": SLUG, "memory_gb": None}


def test_it_begins_with_a_usual_size_where_it_is_not(tuned: Any) -> None:
    one = tuned("explained-no-machine", view=VIEW)
    assert one.page.inner_text(".cfs-size[aria-checked=true]") == "8 GB"
    assert "This machine" not in one.page.inner_text(".cfs-sizes")


def test_another_size_is_asked_about_with_a_click_or_an_arrow(tuned: Any) -> None:
    one = tuned()
    one.page.get_by_role("radio", name="12 GB").click()
    one.page.locator(".cfs-variant").first.wait_for()
    one.press("ArrowRight")
    one.page.locator(".cfs-variant").first.wait_for()
    assert [body["memory_gb"] for body in asked(one, "tune")] == [8, 12, 16]
    assert one.focused() == "16 GB" and one.page.locator(".cfs-size[tabindex='0']").count() == 1


def test_a_variant_ticks_its_changes_and_says_what_they_come_to(tuned: Any) -> None:
    one = tuned()
    assert ticked(one) == [] and not one.page.locator(".cfs-tune-foot").is_visible()
    one.page.click("[data-variant=safety]")
    assert ticked(one) == ["weights.q5", "vae.tiled"]
    assert one.page.get_attribute("[data-variant=safety]", "aria-pressed") == "true"
    foot = one.page.inner_text(".cfs-tune-foot")
    assert "With these 2 changes" in foot and "5.1 to 6.0 GB" in foot and "12 % slower · slightly lower quality" in foot
    assert "Writes kite_context_edit.v2.json" in foot and "1 file has to be fetched." in foot
    assert asked(one, "tune/estimate") == [], "a variant brings its estimate along"
    one.page.click("[data-variant=safety]")
    assert ticked(one) == []


def test_a_choice_of_ones_own_is_estimated_once_after_a_pause(tuned: Any) -> None:
    one = tuned()
    ticks = "(all) => { for (const id of all) document.querySelector(`[data-change='${id}']`).click(); return document.querySelector('.cfs-tune-foot').textContent }"
    assert "Working it out" in one.page.evaluate(ticks, ["vae.tiled", "steps.quick"])
    one.page.get_by_text("12.1 to 13.5 GB", exact=True).wait_for()
    assert [body["changes"] for body in asked(one, "tune/estimate")] == [["vae.tiled", "steps.quick"]]


def test_what_cannot_go_together_loses_its_tick_and_that_is_said(tuned: Any) -> None:
    one = tuned()
    one.page.click("[data-variant=quality]")
    one.page.get_by_role("checkbox", name="Use the Q8 variant of kite1-dev-context").check()
    assert ticked(one) == ["weights.q8"]
    assert "cannot go together: Use the Q5 variant" in one.page.inner_text(".cfs-told")


def test_a_change_says_effect_reason_source_and_file(tuned: Any) -> None:
    one = tuned()
    first = one.page.locator(".cfs-change").first
    told = first.inner_text()
    for word in (
        "4.3 GB less memory · 10 % slower · slightly lower quality",
        "about 5.5 bits each",
        "has to be fetched, 8.3 GB",
    ):
        assert word in told
    first.get_by_role("button", name="What is edited: Use the Q5 variant of kite1-dev-context").click()
    assert "UNETLoader → UnetLoaderGGUF" in first.inner_text()
    assert "on this disk" in one.page.locator(".cfs-change").nth(1).inner_text()
    assert [each for each in one.calls() if each[0] == "openPage"] == []
    first.locator(".cfs-source").click()
    assert ["openPage", "https://huggingface.co/grain-works/kite-context-GGUF"] in one.calls()


def test_the_new_version_is_a_plan_to_be_approved(tuned: Any) -> None:
    one = tuned()
    one.page.click("[data-variant=quality]")
    one.page.click("[data-key=make]")
    one.page.locator(".cfs-work-sheet [data-key=approve]").wait_for()
    assert asked(one, "tune/plan") == [{"slug": SLUG, "memory_gb": 8, "changes": ["weights.q5"]}]
    assert one.count(".cfs-work-sheet [data-key^=leave-]") == 0, "the choice is changed on the page, not in its plan"
    one.press("Escape")
    assert one.focused() == "Make the new version"
    one.page.click("[data-key=make]")
    one.page.locator(".cfs-work-sheet [data-key=approve]").wait_for()
    assert len(asked(one, "tune/plan")) == 1, "the plan is kept while nothing changed"


def test_a_graph_in_no_file_gets_its_variant_in_a_tab(tuned: Any) -> None:
    one = tuned(view={"page": "open", "focus": "tune", "memory": 8}, canvas=1)
    one.page.click("[data-variant=quality]")
    assert one.page.inner_text("[data-key=make]") == "Open the variant"
    one.page.click("[data-key=make]")
    one.page.wait_for_function("host.calls.some((each) => each[0] === 'loadGraph')")
    call = next(each for each in one.calls() if each[0] == "loadGraph")
    assert call[2] == "kite_context_edit.v2"
    one.page.get_by_text("Opened as kite_context_edit.v2, not saved yet.").wait_for()
    assert asked(one, "tune/graph")[0]["workflow"] == {"nodes": [], "links": []}
    assert asked(one, "tune/plan") == []


def test_where_nothing_helps_the_reason_stands_there_with_what_else_does(tuned: Any) -> None:
    one = tuned("tuned-none")
    told = one.page.inner_text(".cfs-tuned")
    assert "No variant for 8 GB" in told and "The working memory alone" in told
    assert "What else helps" in told and "--reserve-vram 1" in told
    assert one.count(".cfs-change") == 0 and not one.page.locator(".cfs-tune-foot").is_visible()


def test_errors_stand_in_their_places(tuned: Any) -> None:
    one = tuned(faults=("409", "Failed to load"))
    one.scenario.understood.fails["tune/estimate"] = (
        409,
        "unknown_change",
        "There is no such change any more.",
        "Tune it again.",
    )
    one.page.get_by_role("checkbox", name="Decode in tiles").check()
    one.page.get_by_text("There is no such change any more. Tune it again.").wait_for()
    one.scenario.understood.fails["tune/plan"] = (
        409,
        "unknown_change",
        "There is no such change any more.",
        "Tune it again.",
    )
    one.page.click("[data-key=make]")
    one.page.locator(".cfs-work-sheet .cfs-note").get_by_text("There is no such change any more.").wait_for()


def test_the_finding_about_memory_leads_here(show: Any) -> None:
    one = show("library", view={"page": "workflow", "slug": "video-heron-video_heron2_2_14b_i2v"})
    one.page.locator(".cfs-group-know [data-key=tune]").click()
    one.page.locator(".cfs-tuned .cfs-variant").first.wait_for()


def test_a_newer_version_is_offered(tuned: Any) -> None:
    one = tuned("versions")
    assert "There is a newer one: version 2" in one.page.inner_text(".cfs-tuned")
    one.page.click("[data-key=open-version]")
    one.page.locator(".cfs-versions").wait_for()
    assert "version 2 of 2" in one.page.inner_text(".cfs-title")


def test_keys(tuned: Any) -> None:
    one = tuned(canvas=1)
    one.page.focus("[data-back]")
    one.press("e")
    one.page.locator(".cfs-explained .cfs-stage").first.wait_for()
    one.press("Escape")
    one.page.locator(".cfs-tuned .cfs-variant").first.wait_for()


@pytest.mark.parametrize("tone", ["dark", "light"])
@pytest.mark.parametrize("width", [224, 320, 600])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_panel(tuned: Any, axe: Any, tone: str, width: int) -> None:
    one = tuned(tone=tone, width=width)
    one.page.click("[data-variant=speed]")
    assert axe(one) == []
    assert (
        one.page.evaluate(
            "(width) => [...document.querySelectorAll('.cfs-tuned *:not(.cfs-live)')].filter((each) => each.getBoundingClientRect().right > width + 1).map((each) => each.className)",
            width,
        )
        == []
    )


def test_chinese_has_every_word_of_the_frame(tuned: Any) -> None:
    one = tuned(locale="zh")
    one.page.click("[data-variant=speed]")
    told = one.page.inner_text(".cfs-tuned")
    for word in ("让它更小或更快", "现在的样子", "所有更改", "生成新版本", "质量较低"):
        assert word in told
