"""The page of one workflow in a browser, before a server that answers as ours does."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "video-heron-video_heron2_2_14b_i2v"
SAVED = {"page": "workflow", "slug": SLUG}


def shown(show: Any, scenario: str = "library", **wanted: Any) -> Any:
    one = show(scenario, **wanted)
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    return one


def test_it_says_verdict_distance_and_findings_in_that_order(show: Any) -> None:
    one = shown(show, view=SAVED)
    text = one.page.text_content(".cfs-workflow")
    order = (
        "video_heron2_2_14B_i2v",
        "Blocked:",
        "Resolve missing",
        "Last runnable",
        "Models",
        "Node packs",
        "Good to know",
    )
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    words = one.page.locator(".cfs-evidence")
    assert {each.locator(".cfs-word").count() for each in words.all()} <= {0, 1}, "one evidence word per box"
    assert "Not counted: 2 references" in text
    assert one.count(".cfs-map-miss") == one.count(".cfs-map-tri") > 0


def test_where_nothing_has_to_be_looked_up_the_page_says_so(show: Any) -> None:
    one = show("library")
    one.page.locator(".cfs-chip", has_text="Needs input").click()
    one.page.locator(".cfs-list .cfs-row").first.click()  # all of it is the person's own
    one.page.locator("[data-key=resolve]").click()
    one.page.locator(".cfs-missing .cfs-note").wait_for()
    assert "nothing is downloaded" in one.page.text_content(".cfs-missing")
    assert one.count(".cfs-sheet") == 0
    assert [each for each in one.calls() if each[0] == "post" and each[1] != "check"] == []


def test_a_runnable_workflow_has_nothing_to_resolve(show: Any) -> None:
    one = show("library")
    one.page.locator(".cfs-chip", has_text="Runnable").click()
    one.page.locator(".cfs-list .cfs-row").first.click()
    one.page.locator(".cfs-workflow .cfs-lead .cfs-runnable").wait_for()
    assert one.count("[data-key=resolve]") == 0


def test_a_node_of_a_closed_workflow_opens_it_first(show: Any) -> None:
    one = shown(show, view=SAVED)
    node = one.page.locator("button.cfs-node").first
    assert node.text_content().startswith("Open workflow:")
    node.click()
    one.page.wait_for_function("host.calls.some((each) => each[0] === 'goToNode')")
    made = [each[0] for each in one.calls() if each[0] in ("openWorkflow", "goToNode")]
    assert made == ["openWorkflow", "goToNode"]


def test_nodes_and_boxes_of_the_map_are_gone_to_when_it_is_open(show: Any) -> None:
    one = shown(show, view=SAVED, canvas=1)
    one.page.locator("button.cfs-node").first.click()
    one.page.locator(".cfs-map-go").first.click()
    made = [each[0] for each in one.calls() if each[0] in ("openWorkflow", "goToNode")]
    assert made == ["goToNode", "goToNode"]


def test_keys_of_the_page(show: Any) -> None:
    one = shown(show, view=SAVED, canvas=1)
    one.page.focus("[data-back]")
    one.press("c", "g", "e")
    assert [each[0] for each in one.calls() if each[0] in ("copy", "goToNode")] == ["copy", "goToNode"]
    one.page.locator(".cfs-explained [data-key=explain][aria-pressed=true]").wait_for()
    one.press("Escape")
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.press("Escape")
    one.page.locator(".cfs-list").wait_for()


def test_an_answer_that_came_late_is_dropped(show: Any) -> None:
    one = shown(show, view={"page": "open"}, canvas=1)
    answer = one.page.evaluate(
        "fetch('/comfyfixersmart/check?scenario=library', {method: 'POST', body: '{}', headers: {'Content-Type': 'application/json', 'X-ComfyFixerSmart': '1'}}).then((one) => one.json())"
    )
    late, now = (
        json.dumps({"workflow": {**answer["workflow"], "status": status, "findings": [], "digest": status}})
        for status in ("unreadable", "runnable")
    )
    asked: list[Any] = []
    one.page.route("**/comfyfixersmart/check*", lambda route: asked.append(route))
    one.page.evaluate("host.edited()")
    one.page.wait_for_function("document.querySelector('.cfs-workflow')")
    wait_until(one, lambda: len(asked) == 1)
    one.page.evaluate("host.edited()")  # while the first is on its way: nothing more is sent yet
    one.page.wait_for_timeout(100)
    assert len(asked) == 1
    asked[0].fulfill(body=late, content_type="application/json")
    wait_until(one, lambda: len(asked) == 2)
    assert one.count(".cfs-lead .cfs-unreadable") == 0
    asked[1].fulfill(body=now, content_type="application/json")
    one.page.locator(".cfs-lead .cfs-runnable").wait_for()


def wait_until(one: Any, met: Any) -> None:
    for _ in range(100):
        if met():
            return
        one.page.wait_for_timeout(50)
    raise AssertionError("it did not come")


def test_hostile_names_stay_text(show: Any) -> None:
    one = show("hostile")
    slugs = one.page.evaluate(
        "fetch('/comfyfixersmart/library?scenario=hostile').then((one) => one.json()).then((all) => all.workflows.map((each) => each.slug))"
    )
    for slug in slugs[:25]:
        one.page.evaluate("(slug) => panel.show({ page: 'workflow', slug })", slug)
        one.page.locator(".cfs-workflow .cfs-lead").wait_for()
        assert one.count(".cfs-workflow :is(script, iframe, img, a, object)") == 0
    wide = one.page.evaluate(
        "[...document.querySelectorAll('.cfs-workflow *')].filter((each) => each.getBoundingClientRect().right > 322).length"
    )
    assert wide == 0, "nothing is wider than the panel"


def test_an_error_says_what_to_do_and_can_be_tried_again(show: Any) -> None:
    one = show("library", faults=("404", "Failed to load"), view={"page": "library"})
    one.scenario.failing["workflow"] = (
        404,
        {"code": "unknown_workflow", "message": "No workflow is called so.", "hint": "Check again."},
    )
    one.page.evaluate("(view) => panel.show(view)", SAVED)
    one.page.get_by_text("No workflow is called so.").wait_for()
    del one.scenario.failing["workflow"]
    one.page.locator(".cfs-note button").click()
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()


@pytest.mark.parametrize("tone", ["dark", "light"])
@pytest.mark.parametrize("width", [224, 460])
def test_axe_finds_nothing_on_the_page(show: Any, axe: Any, tone: str, width: int) -> None:
    one = shown(show, view=SAVED, tone=tone, width=width)
    assert axe(one) == []
