"""A look-up of what is missing in a browser: its progress, its end, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

REFUSALS = ("Failed to load resource",)


# ---- progress ---------------------------------------------------------------------------------------------


def test_progress_in_place_and_verdicts_as_they_come(missing: Any) -> None:
    one = missing("asked")
    one.scenario.lookup.held = True
    one.click("Resolve missing")
    bar = one.page.get_by_role("progressbar", name="Progress of the look-up")
    bar.wait_for()
    assert one.page.text_content(".cfs-lookup-head b") == "0 of 12 looked up"
    assert one.page.text_content(".cfs-at") == "heron_xxl_fp8_e4m3fn_scaled.safetensors"
    assert one.page.text_content(".cfs-live") == "0 of 12 looked up"
    assert "catalogues on this disk" in one.box("heron_xxl_fp8_e4m3fn_scaled.safetensors").inner_text()
    assert one.box("4x-FineGrain.pth").inner_text().split() == ["LOOKING", "Not", "looked", "up", "yet"]
    assert one.page.locator("[data-key=resolve]").get_attribute("aria-disabled") == "true"
    height = one.page.locator(".cfs-lookup").bounding_box()["height"]
    lookup = one.scenario.lookup
    lookup.held = False
    lookup.look()
    lookup.held = True
    one.box("heron_xxl_fp8_e4m3fn_scaled.safetensors").get_by_text("RESOLVED").wait_for()
    assert bar.get_attribute("aria-valuenow") == "8" and bar.get_attribute("aria-valuetext") == "1 of 12 looked up"
    assert one.page.locator(".cfs-lookup").bounding_box()["height"] == height, "it keeps its height"
    lookup.held = False
    one.page.get_by_text("Looked up: 5 found, 6 uncertain, 1 not found.").wait_for()
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert one.count(
        ".cfs-word-waiting"
    ) == 0 and "Civitai, ModelScope, Comfy Registry did not answer" in one.page.text_content(".cfs-missing")


def test_verdicts_come_from_the_report_where_the_job_tells_none_yet(missing: Any) -> None:
    one = missing("asked")
    lookup = one.scenario.lookup
    lookup.held = lookup.late = True
    one.click("Resolve missing")
    one.page.locator(".cfs-lookup").wait_for()
    lookup.held = False
    lookup.look()
    lookup.held = True
    one.box("heron_xxl_fp8_e4m3fn_scaled.safetensors").get_by_text("RESOLVED").wait_for()
    assert one.page.text_content(".cfs-lookup-head b") == "1 of 12 looked up"


def test_rows_stay_where_they_are_while_verdicts_come_in(missing: Any) -> None:
    one = missing("asked")
    lookup = one.scenario.lookup
    lookup.held = True
    one.click("Resolve missing")
    one.page.locator(".cfs-lookup").wait_for()
    read = one.page.get_by_role("heading", name="osprey_xl_refiner_1.0.safetensors")
    read.evaluate(
        "(one) => { const page = one.closest('.cfs-page'); page.scrollTop = one.getBoundingClientRect().top - 300; }"
    )
    one.page.wait_for_timeout(50)
    at, place = read.bounding_box()["y"], one.page.evaluate("document.querySelector('.cfs-page').scrollTop")
    for _ in range(4):
        lookup.held = False
        lookup.look()
        lookup.held = True
    one.box("4x-FineGrain.pth").get_by_text("UNCERTAIN").wait_for(state="attached")
    assert abs(read.bounding_box()["y"] - at) < 2
    assert one.page.evaluate("document.querySelector('.cfs-page').scrollTop") > place + 500, "what is above it grew"


def test_cancel_keeps_what_was_found(missing: Any) -> None:
    one = missing("looking")
    assert one.page.text_content(".cfs-lookup-head b") == "4 of 12 looked up", "a reload picks it up"
    one.click("Cancel")
    one.page.get_by_text("Stopped. Looked up until then: 2 found, 2 uncertain.").wait_for()
    assert one.posts() == [["resolve/cancel", {}]]
    assert one.page.text_content(".cfs-live") == "2 found, 2 uncertain"


def test_nothing_is_asked_while_nobody_looks(missing: Any) -> None:
    one = missing("looking")
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"

    def looks() -> int:
        return sum(path.endswith("/resolve") for _, path in one.server.asked)

    one.page.evaluate(hide, True)
    one.page.wait_for_timeout(600)
    before = looks()
    one.page.wait_for_timeout(1200)
    assert looks() == before
    one.page.evaluate(hide, False)
    one.page.wait_for_timeout(1200)
    assert looks() >= before + 2


def test_an_event_moves_the_numbers_and_asks_for_the_end(missing: Any) -> None:
    one = missing("looking")
    job = one.scenario.lookup.job
    quiet = {key: value for key, value in job.items() if key not in ("now", "results", "slug")}
    one.scenario.lookup.job = {**job, "done": 7}
    one.push("comfyfixersmart.resolve", {"job": {**quiet, "done": 7}})
    one.page.wait_for_function("document.querySelector('.cfs-lookup-head b').textContent === '7 of 12 looked up'")
    assert one.page.text_content(".cfs-at") == job["now"]["name"], "the name stays"


def test_the_whole_library(show: Any) -> None:
    one = show("asked")
    rows = one.names()[:8]
    one.scenario.lookup.held = True
    one.page.get_by_label("More").click()
    one.page.get_by_role("menuitem", name="Resolve all missing").click()
    one.page.locator(".cfs-lookup").wait_for()
    assert one.posts() == [["resolve", {"slug": None, "workflow": None, "name": "", "again": False}]]
    assert one.names()[:8] == rows
    one.page.get_by_label("More").click()
    assert "A look-up is running" in one.page.get_by_role("menuitem", name="Resolve all missing").inner_text()
    one.press("Escape")
    one.scenario.lookup.held = False
    one.page.get_by_text("Looked up: 5 found, 6 uncertain, 1 not found.").wait_for()
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert one.posts()[1][1] == {"slug": None, "workflow": None, "name": "", "leave_out": [], "prefer": {}}
    one.press("Escape")
    one.click("Dismiss")
    assert one.count(".cfs-lookup-block:not([hidden])") == 0


def test_a_look_up_of_something_else_is_told_as_such(missing: Any) -> None:
    one = missing("looking-library")
    assert one.page.text_content(".cfs-lookup-head b") == "4 of 12 looked up"
    assert one.page.get_by_text("This look-up is for all workflows.").is_visible()
    assert one.count(".cfs-word-waiting") == 0
    one.page.locator("[data-back]").click()
    one.page.locator(".cfs-lookup-place .cfs-lookup").wait_for()


# ---- what goes wrong --------------------------------------------------------------------------------------


def test_a_failed_look_up_says_why_and_looks_again(missing: Any) -> None:
    one = missing("lookup-failed")
    note = one.page.locator(".cfs-missing .cfs-note")
    assert "No space left on device" in note.inner_text() and "Free some space" in note.inner_text()
    one.scenario.lookup.held = False
    one.click("Look again")
    one.page.get_by_text("Looked up: 5 found").wait_for()


def test_in_the_library_a_failure_can_be_put_away(show: Any) -> None:
    one = show("asked")
    one.scenario.lookup.fails = {"code": "os_error", "message": "No space left on device", "hint": "Free some space."}
    one.page.get_by_label("More").click()
    one.page.get_by_role("menuitem", name="Resolve all missing").click()
    note = one.page.locator(".cfs-lookup-place .cfs-note")
    note.get_by_text("No space left on device").wait_for()
    assert one.page.text_content(".cfs-live") == "The look-up failed"
    one.click("Dismiss")
    assert note.count() == 0 and one.focused() == "Check all now"


@pytest.mark.parametrize(
    ("route", "answer", "title"),
    [
        ("resolve", (409, {"code": "busy", "message": "A search is running already.", "hint": "Wait for its end, or cancel it."}), "Something else is being looked up"),
        ("sources", (0, {}), "ComfyUI does not answer"),
        ("sources", (409, {"code": "damaged_keys", "message": "keys.json cannot be read as keys", "hint": "Mend the file."}), "That could not be done"),
        ("sources", (403, {"code": "not_local", "message": "Only from its own computer.", "hint": "Open it there."}), "This can only be changed on the computer that runs ComfyUI"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_is_said_in_place(missing: Any, route: str, answer: Any, title: str) -> None:
    one = missing("asked", faults=(*REFUSALS, "net::ERR"))
    one.scenario.failing[route] = answer
    one.click("Resolve missing")
    note = one.page.locator(".cfs-missing .cfs-note")
    note.wait_for()
    assert note.locator(".cfs-strong").inner_text() == title
    del one.scenario.failing[route]
    one.click("Ask again")
    one.page.get_by_text("Looked up: 5 found").wait_for()
    assert one.page.locator(".cfs-missing .cfs-note").count() == 0


def test_off_loopback_the_press_says_why_and_asks_nothing(missing: Any, scenarios: Any) -> None:
    one = missing("missing")
    one.scenario.may = scenarios.FROM_AFAR
    one.page.evaluate("host.push('reconnected')")
    one.page.wait_for_timeout(300)
    one.click("Resolve missing")
    one.page.get_by_text("This page may not start a look-up").wait_for()
    assert one.count(".cfs-sheet") == 0 and one.posts() == []
    one.click("Dismiss")
    assert one.page.locator(".cfs-missing .cfs-note").count() == 0


def test_permission_taken_back_meanwhile_is_asked_for_again(missing: Any) -> None:
    one = missing("asked", faults=REFUSALS)
    one.page.route(
        "**/comfyfixersmart/resolve?*", lambda route: (setattr(one.scenario.lookup, "consent", None), route.fallback())
    )
    one.click("Resolve missing")
    one.page.locator(".cfs-sheet").wait_for()
