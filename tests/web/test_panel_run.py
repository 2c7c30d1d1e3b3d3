"""A run in a browser: its progress, pausing and ending it, what goes wrong, and what is left on the pages afterwards."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "video-heron-much-is-missing"
EVENT = "comfyfixersmart.run"
REFUSALS = ("Failed to load resource",)
BIG, SMALL, MOVED, NEW, PACK = "aa00000003", "aa00000004", "aa00000001", "aa00000002", "aa00000005"


def item(one: Any, id: str) -> Any:
    return one.page.locator(f".cfs-work .cfs-act[data-id={id}]")


def word(one: Any, id: str) -> str:
    return str(item(one, id).locator(".cfs-act-word").inner_text())


def tell(one: Any, id: str, state: str, **more: Any) -> None:
    """One action is so far now, and the page is told."""
    one.push(EVENT, one.scenario.acting.go(id, state, **more))


@pytest.fixture
def going(missing: Any) -> Any:
    """`going("run-half")`: the sheet is open, with the run in it."""

    def make(scenario: str = "run-half", **wanted: Any) -> Any:
        one = missing(scenario, **wanted)
        one.page.locator(".cfs-strip button").last.wait_for()
        one.page.locator(".cfs-strip-going, [data-key=strip-show]").first.click()
        one.page.locator(".cfs-work-sheet").wait_for()
        return one

    return make


# ---- as it goes -------------------------------------------------------------------------------------------


def test_the_run_takes_the_place_of_the_plan_and_its_bars_move(missing: Any) -> None:
    one = missing("planned")
    one.click("Make the plan")
    one.page.get_by_label("I trust grain-works").check()
    one.page.locator("[data-key=approve]").click()
    one.page.get_by_role("heading", name="0 of 5 done").wait_for()
    assert one.count(".cfs-sheet") == 1 and [path for path, _ in one.posts()] == ["plan", "approve"]
    assert [word(one, id) for id in (MOVED, NEW, BIG, SMALL, PACK)] == ["Waits"] * 5
    tell(one, MOVED, "done", text="Now in models/vae")
    tell(one, SMALL, "done", check="verified", bytes=67_000_000)
    tell(one, BIG, "running", bytes=4_243_621_345, speed=48e6, left=52.0)
    bar = one.page.get_by_role("progressbar", name="heron_xxl_fp8_e4m3fn_scaled.safetensors")
    assert bar.get_attribute("aria-valuenow") == "62" and word(one, BIG) == "62 %"
    assert "4.2 of 6.7 GB" in item(one, BIG).inner_text() and "48 MB/s" in item(one, BIG).inner_text()
    assert word(one, SMALL) == "Verified" and word(one, MOVED) == "Moved"
    assert "Now in models/upscale_models, 67 MB, SHA-256 as announced" in item(one, SMALL).inner_text()
    assert one.page.inner_text(".cfs-work-bar h2") == "2 of 5 done"
    whole = one.page.get_by_role("progressbar", name="Progress of the run")
    assert whole.get_attribute("aria-valuenow") == "63"
    assert "Closing the panel changes nothing." in one.page.inner_text(".cfs-work")


def test_rows_and_what_is_focused_stay_while_numbers_change(going: Any) -> None:
    one = going()
    cancel = item(one, BIG).get_by_role("button")
    cancel.focus()
    order = one.page.evaluate("[...document.querySelectorAll('.cfs-act')].map((one) => one.dataset.id)")
    one.page.evaluate("window.kept = document.activeElement")
    for size in range(5):
        tell(one, BIG, "running", bytes=5_000_000_000 + size * 1_000_000, speed=48e6)
    assert one.page.evaluate("window.kept === document.activeElement && window.kept.isConnected")
    assert one.page.evaluate("[...document.querySelectorAll('.cfs-act')].map((one) => one.dataset.id)") == order


def test_pausing_resuming_and_cancelling(going: Any) -> None:
    one = going()
    one.click("Pause")
    one.page.get_by_role("heading", name="Paused: 3 of 5 done").wait_for()
    assert word(one, BIG) == "Paused" and "4.2 of 6.7 GB" in item(one, BIG).inner_text()
    assert one.focused() == "Resume"
    one.press("Enter")
    one.page.get_by_role("heading", name="3 of 5 done", exact=True).wait_for()
    one.page.get_by_role("button", name="Cancel heron_xxl_fp8_e4m3fn_scaled.safetensors").click()
    item(one, BIG).get_by_text("Cancelled").wait_for()
    one.click("Cancel the rest")
    one.page.get_by_role("heading", name="Cancelled: 3 of 5 done").wait_for()
    assert one.posts() == [
        ["run", {"do": "pause", "action": None}],
        ["run", {"do": "resume", "action": None}],
        ["run", {"do": "cancel", "action": BIG}],
        ["run", {"do": "cancel", "action": None}],
    ]


def test_what_cannot_be_done_is_said_and_put_away(going: Any) -> None:
    one = going(faults=REFUSALS)
    one.scenario.acting.fails["run"] = (
        409,
        "run_in_hand",
        "Another process has this run in hand.",
        "Wait for its end.",
    )
    one.click("Pause")
    note = one.page.locator(".cfs-run-notes .cfs-note")
    note.get_by_text("Another process has this run in hand.").wait_for()
    note.get_by_role("button", name="Dismiss").click()
    assert one.count(".cfs-run-notes .cfs-note") == 0


def test_closing_changes_nothing_and_a_line_stays(going: Any) -> None:
    one = going()
    one.press("Escape")
    line = one.page.locator(".cfs-strip-going")
    assert line.inner_text() == "3 of 5 done · about 52 s left" and one.posts() == []
    one.page.locator("[data-back]").click()
    one.page.locator(".cfs-library").wait_for()
    assert line.is_visible(), "on every page"
    tell(one, BIG, "running", bytes=6_000_000_000)
    assert one.page.get_by_role("progressbar", name="Progress of the run").get_attribute("aria-valuenow") == "89"
    line.click()
    one.page.get_by_role("heading", name="3 of 5 done").wait_for()
    assert not line.is_visible()


def test_a_screen_reader_hears_now_and_then_and_of_the_end(going: Any, scenarios: Any) -> None:
    one = going()
    tell(one, BIG, "running", bytes=4_500_000_000)
    assert one.page.text_content(".cfs-live") == "3 of 5 done, 63 %"
    tell(one, BIG, "running", bytes=6_500_000_000)
    assert one.page.text_content(".cfs-live") == "3 of 5 done, 63 %", "not at every number"
    one.push(EVENT, {"run": scenarios.runs.finished()})
    assert one.page.text_content(".cfs-live") == "Done: 5 of 5 done"


def test_a_run_is_found_again_after_a_reload_and_without_events(missing: Any) -> None:
    one = missing("run-half")
    one.page.locator(".cfs-strip-going").wait_for()
    one.page.evaluate("remount()")
    one.page.locator(".cfs-strip-going").wait_for()
    one.scenario.acting.go(BIG, "running", bytes=6_000_000_000, speed=48e6)
    one.page.evaluate("host.push('reconnected')")
    one.page.wait_for_function("document.querySelector('.cfs-strip [role=progressbar]').ariaValueNow === '89'")


def test_another_persons_run_shows_only_how_far_it_is(show: Any) -> None:
    one = show("run-foreign")
    one.page.locator(".cfs-strip-going").click()
    assert "Another person began this run" in one.page.inner_text(".cfs-work")
    assert one.page.locator(".cfs-run-acts button").count() == 0 and one.count(".cfs-work .cfs-act") == 0


def test_events_without_names_move_the_numbers(going: Any, scenarios: Any) -> None:
    one = going()
    acting = one.scenario.acting
    run = acting.go(BIG, "running", bytes=6_500_000_000, speed=48e6)["run"]
    one.push(EVENT, {"run": {**run, "actions": [], "digest": "", "workflows": []}})
    assert "6.6 of 6.8 GB" in one.page.inner_text(".cfs-run-top")
    assert one.count(".cfs-work .cfs-act") == 5
    one.page.wait_for_function("document.querySelector('[data-id=aa00000003] .cfs-act-word').textContent === '96 %'")


# ---- what goes wrong --------------------------------------------------------------------------------------


def test_every_failure_has_a_way_on(going: Any) -> None:
    one = going("run-troubled", width=460)
    names = {
        "bb00000000": ["Try osprey_gated.safetensors again", "Enter a key", "Open the page of osprey_gated.safetensors"],
        "bb00000001": ["Try osprey_gone.safetensors again", "Open the page of osprey_gone.safetensors", "Choose another file for osprey_gone.safetensors"],
        "bb00000002": ["Open the page of osprey_mismatch.safetensors", "Choose another file for osprey_mismatch.safetensors"],
        "bb00000003": [],
        "bb00000005": ["Cancel osprey_paused.safetensors", "Try osprey_paused.safetensors again"],
    }  # fmt: skip
    item(one, "bb00000000").get_by_role("button", name="Open the page").wait_for()
    for id, wanted in names.items():
        found = [
            button.get_attribute("aria-label") or button.inner_text()
            for button in item(one, id).locator("button:visible").all()
        ]
        assert found == wanted, id
    words = [word(one, f"bb0000000{at}") for at in range(6)]
    assert words == ["Did not work", "Did not work", "Does not match: kept aside", "Size matches only", "Could not be checked", "Paused"]  # fmt: skip
    assert "Free some space, then resume." in item(one, "bb00000005").inner_text()
    assert one.page.inner_text(".cfs-work-bar p") == "3 did not work, 1 is up to you"


def test_the_ways_lead_where_they_say(going: Any) -> None:
    one = going("run-troubled")
    one.page.get_by_role("button", name="Open the page of osprey_gated.safetensors").click()
    assert one.calls()[-1][0] == "openPage"
    one.page.get_by_role("button", name="Try osprey_gone.safetensors again").click()
    assert one.posts()[-1] == ["run", {"do": "resume", "action": "bb00000001"}]
    one.click("Enter a key")
    one.page.locator(".cfs-own-keys").wait_for()
    one.press("Escape")
    assert one.focused() == "Enter a key" and one.count(".cfs-sheet") == 1, "back to the run"


def test_a_command_is_the_persons_to_run(going: Any) -> None:
    one = going("run-troubled")
    assert word(one, PACK) == "Your turn"
    one.page.get_by_label("Copy the command for ComfyUI-ReelSuite").click()
    assert one.calls()[-1][0] == "copy" and one.calls()[-1][1].startswith("git clone --")


def test_a_source_that_serves_something_else_stops_the_run(going: Any) -> None:
    one = going()
    error = {"code": "source_changed", "message": "Hugging Face serves something else now.", "hint": "Make a new plan."}
    run = one.scenario.acting.go(BIG, "failed", error=error)["run"]
    one.push(EVENT, {"run": {**run, "state": "voided", "error": error, "ended": 1.0}})
    one.page.get_by_text("A source serves something else than what you approved").wait_for()
    assert one.page.inner_text(".cfs-work-bar h2") == "Stopped: 3 of 5 done"
    assert item(one, BIG).get_by_role("button", name="Try").count() == 0


def test_an_interrupted_run_asks_whether_to_go_on(show: Any) -> None:
    one = show("run-interrupted")
    strip = one.page.locator(".cfs-strip")
    strip.get_by_text("A run was interrupted: 3 of 5 done").wait_for()
    strip.get_by_role("button", name="Go on").click()
    one.page.locator(".cfs-strip-going").wait_for()
    assert one.posts() == [["run", {"do": "resume", "action": None}]]


def test_an_interrupted_run_can_be_left(missing: Any) -> None:
    one = missing("run-interrupted")
    one.page.locator(".cfs-strip").get_by_role("button", name="Leave it").click()
    one.page.wait_for_function("document.querySelector('.cfs-strip').hidden")
    assert one.posts() == [["run", {"do": "cancel", "action": None}]]


# ---- when it is over --------------------------------------------------------------------------------------


def finish(one: Any, scenarios: Any, **more: Any) -> None:
    """The run ends, and the check that follows it has its result at once."""
    after = scenarios.MAKE["after"]()
    scenario = one.scenario
    run = {
        **scenarios.runs.finished(started=scenarios.NOW - 700, ended=scenarios.NOW - 500, needs_restart=False),
        **more,
    }
    scenario.acting.run, scenario.acting.lines = run, after.acting.lines
    scenario.entries, scenario.library = after.entries, {**after.library, "revision": "r9"}
    one.push(EVENT, {"run": run})
    one.push("comfyfixersmart.library", {"revision": "r9"})


def test_when_all_went_well_the_page_turns_green_by_itself(going: Any, scenarios: Any) -> None:
    one = going()
    finish(one, scenarios)
    one.page.get_by_text("Done: 5 of 5 done").first.wait_for()
    one.page.wait_for_function("document.querySelectorAll('.cfs-sheet').length === 0")
    one.page.locator(".cfs-lead .cfs-runnable").wait_for()
    assert one.page.inner_text(".cfs-title").startswith("much is missing") and "version 2 of 2" in one.page.inner_text(".cfs-title")  # fmt: skip
    one.click("Open version 2")
    assert one.calls()[-1] == ["openWorkflow", "workflows/video/heron/much is missing.v2.json"]
    assert ["refreshDefinitions"] in one.calls(), "ComfyUI's own lists know the new files"
    assert "4 more workflows turned runnable" in one.page.inner_text(".cfs-after")
    assert "5 actions, approved by you at 16:28" in one.page.inner_text(".cfs-after")
    one.page.locator("[data-back]").click()
    one.page.locator(".cfs-library").wait_for()


def test_whoever_reads_in_the_sheet_is_not_interrupted(going: Any, scenarios: Any) -> None:
    one = going()
    finish(one, scenarios)
    one.page.locator(".cfs-work").click(position={"x": 20, "y": 200})
    one.page.wait_for_timeout(2000)
    assert one.count(".cfs-sheet") == 1
    one.page.locator("[data-key=done]").click()
    one.page.locator(".cfs-lead .cfs-runnable").wait_for()


def test_what_turned_runnable_folds_open(show: Any) -> None:
    one = show("after", view={"page": "workflow", "slug": f"{SLUG}-v2"})
    open_ = one.page.locator("[data-key=turned]")
    open_.wait_for()
    open_.click()
    rows = one.page.locator(".cfs-turned button")
    assert rows.count() == 4 and open_.inner_text() == "Hide"
    rows.first.click()
    one.page.wait_for_function(f"!document.querySelector('.cfs-title').innerText.includes({'version 2 of 2'!r})")


def test_an_older_version_leads_to_the_newer_one(missing: Any) -> None:
    one = missing("after")
    assert "version 1 of 2" in one.page.inner_text(".cfs-title")
    main = one.page.locator(".cfs-card-acts .cfs-btn-main")
    assert main.inner_text() == "Open version 2"
    main.click()
    one.page.locator(".cfs-lead .cfs-runnable").wait_for()
    rows = one.page.locator(".cfs-versions li")
    assert [row.inner_text().split("\n")[0] for row in rows.all()] == ["Version 2", "Version 1"]
    one.page.locator("[data-key=version-1]").click()
    one.page.locator(".cfs-lead .cfs-blocked").wait_for()


def test_all_versions_are_one_row_of_the_library(show: Any) -> None:
    one = show("after")
    one.page.fill(".cfs-field", "much is missing")
    (name,) = one.names()
    assert name == "much is missing"
    row = one.page.locator(".cfs-row").first
    assert "video/heron · version 2 of 2" in row.inner_text()
    assert "version 2 of 2" in (row.get_attribute("aria-label") or "")


def test_the_library_tells_of_the_last_run_until_it_is_put_away(show: Any) -> None:
    one = show("after")
    told = one.page.locator(".cfs-after")
    told.wait_for()
    assert "5 workflows turned runnable" in told.inner_text()
    told.get_by_role("button", name="Dismiss").click()
    assert one.count(".cfs-after") == 0 and one.focused() == "Check all now"


def test_a_restart_is_asked_for_plainly(going: Any, scenarios: Any) -> None:
    one = going()
    finish(one, scenarios, needs_restart=True)
    note = one.page.locator(".cfs-run-notes .cfs-note")
    note.wait_for()
    assert "Restart ComfyUI" in note.inner_text() and "checked again after the restart" in note.inner_text()
    one.page.wait_for_timeout(1800)
    assert one.count(".cfs-sheet") == 1, "there is something to do"
    one.page.locator("[data-key=to-journal]").click()
    one.page.locator(".cfs-journal").wait_for()


def test_one_that_ended_unseen_is_told(missing: Any, scenarios: Any) -> None:
    one = missing("run-half")
    one.page.locator(".cfs-strip-going").wait_for()
    run = one.scenario.acting.go(BIG, "failed", error=scenarios.runs.error("not_found", "It is gone.", "Look it up."))
    one.push(EVENT, {"run": {**run["run"], "state": "failed", "ended": scenarios.NOW}})
    strip = one.page.locator(".cfs-strip")
    strip.get_by_text("3 of 5 done, 1 did not work").wait_for()
    strip.get_by_role("button", name="Dismiss").click()
    assert not strip.is_visible()


# ---- names and looks --------------------------------------------------------------------------------------


def test_no_name_becomes_markup(show: Any) -> None:
    one = show("run-hostile")
    one.page.locator(".cfs-strip-going").click()
    one.page.locator(".cfs-work .cfs-act").first.wait_for()
    one.page.wait_for_timeout(200)
    found = "document.querySelectorAll('#sidebar :is(script, img, iframe, style, a[href^=javascript])').length"
    assert one.page.evaluate("window.pwned") is None and one.page.evaluate(found) == 0
    assert "\u202e" not in one.page.inner_text(".cfs-work")


def test_an_event_about_two_hundred_actions_is_quick(show: Any) -> None:
    one = show("run-many")
    one.page.locator(".cfs-strip-going").click()
    assert one.count(".cfs-work .cfs-act") == 200
    run = one.scenario.acting.run
    took = one.page.evaluate(
        """async (run) => {
          const times = [];
          for (let at = 0; at < 5; at += 1) {
            run.actions[at].state = "running"; run.actions[at].bytes = 1000 * at;
            const t = performance.now();
            host.push("comfyfixersmart.run", { run: structuredClone(run) });
            await Promise.resolve(); await Promise.resolve();
            document.body.offsetHeight;
            times.push(performance.now() - t);
          }
          return Math.min(...times);
        }""",
        run,
    )
    assert took < 50


@pytest.mark.parametrize("width", [224, 320, 460])
@pytest.mark.parametrize("scenario", ["run-half", "run-troubled", "run-hostile", "run-interrupted"])
def test_nothing_is_wider_than_the_panel(going: Any, width: int, scenario: str) -> None:
    one = going(scenario, width=width)
    wide = "[...document.querySelectorAll('.cfs-work, .cfs-act, .cfs-run-top, .cfs-strip, .cfs-page')].filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    assert one.page.evaluate(wide) == 0
    one.press("Escape")
    assert one.page.evaluate(wide) == 0


@pytest.mark.parametrize("tone", ["dark", "light", "solarized", "nord"])
def test_axe_finds_nothing(going: Any, show: Any, axe: Any, tone: str) -> None:
    one = going("run-troubled", tone=tone)
    one.page.wait_for_timeout(250)
    assert axe(one) == []
    one.press("Escape")
    assert axe(one) == []
    two = going("run-half", tone=tone, width=460)
    two.page.wait_for_timeout(250)
    assert axe(two) == []
    three = show("after", tone=tone, view={"page": "workflow", "slug": f"{SLUG}-v2"})
    three.page.locator("[data-key=turned]").click()
    assert axe(three) == []


def test_after_the_restart_nobody_is_asked_for_it_again(missing: Any) -> None:
    one = missing("run-restart")
    note = one.page.locator(".cfs-after .cfs-note", has_text="Restart ComfyUI")
    note.wait_for()
    one.page.evaluate("host.push('reconnected')")
    note.wait_for(state="detached")
