"""The journal in a browser: what was done, whose it is, and taking it back."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

REFUSALS = ("Failed to load resource",)
JOURNAL = {"page": "journal"}


@pytest.fixture
def journal(show: Any) -> Any:
    def make(scenario: str = "journal", **wanted: Any) -> Any:
        one = show(scenario, **{"view": JOURNAL, **wanted})
        one.page.locator(".cfs-journal :is(.cfs-entry, .cfs-empty, .cfs-note)").first.wait_for()
        return one

    return make


def entry(one: Any, title: str, at: int = 0) -> Any:
    heading = one.page.get_by_role("heading", name=title, exact=True)
    return one.page.locator(".cfs-entry", has=heading).nth(at)


# ---- what it says -----------------------------------------------------------------------------------------


def test_the_menu_leads_to_it_and_back(show: Any) -> None:
    one = show("journal")
    one.page.get_by_label("More").click()
    one.page.get_by_role("menuitem", name="Journal").click()
    one.page.locator(".cfs-journal .cfs-entry").first.wait_for()
    assert one.focused() == "Journal"
    assert "user/__comfyfixersmart/journal" in one.page.inner_text(".cfs-title")
    one.press("Escape")
    one.page.locator(".cfs-library").wait_for()


def test_newest_first_and_each_run_together(journal: Any) -> None:
    one = journal()
    heads = one.page.locator(".cfs-group-top").all_inner_texts()
    assert [head.split("\n\n") for head in heads] == [
        ["Sun 22 Nov, 16:38", "Approved by you"],
        ["Sun 15 Nov, 18:00", "Taken back by you"],
        ["Sun 15 Nov, 17:59", "Done by you"],
        ["Sun 15 Nov, 17:59", "Approved by you"],
    ]
    first = one.page.locator(".cfs-journal-group").first
    assert first.locator(".cfs-act-name").all_inner_texts() == [
        "ComfyUI-ReelSuite", "4x-FineGrain_old.pth", "heron_xxl_fp8_e4m3fn_scaled.safetensors",
        "much is missing.v2.json", "heron_2.1_vae.safetensors", "Plan approved",
    ]  # fmt: skip
    words = [word.split("\n")[0] for word in first.locator(".cfs-act-word").all_inner_texts()]
    assert words == ["Begun", "Did not work", "Verified", "Written", "Moved", "16:38"]


def test_an_entry_says_where_whose_and_how_it_was_checked(journal: Any) -> None:
    one = journal(width=460)
    text = entry(one, "heron_xxl_fp8_e4m3fn_scaled.safetensors").inner_text()
    for part in ("models/text_encoders", "Hugging Face, heron-lab", "apache-2.0", "SHA-256 as announced", "16:39"):
        assert part in text, part
    entry(one, "heron_xxl_fp8_e4m3fn_scaled.safetensors").get_by_role("button", name="Open the page").click()
    assert one.calls()[-1][0] == "openPage"
    failed = entry(one, "4x-FineGrain_old.pth").inner_text()
    assert "does not have it under this address any more" in failed and "Look it up again." in failed
    moved = entry(one, "heron_2.1_vae.safetensors").inner_text()
    assert "models/checkpoints" in moved and "models/vae" in moved
    yes = entry(one, "Plan approved").inner_text()
    assert "5 actions, 6.8 GB to download" in yes and "I trust grain-works and want this pickle file." in yes


def test_what_was_begun_and_has_no_end_is_said(journal: Any, scenarios: Any) -> None:
    one = journal()
    assert "It was begun, and nothing says how it ended." in entry(one, "ComfyUI-ReelSuite").inner_text()
    one.scenario.acting.run = {**scenarios.runs.halfway(), "id": one.scenario.acting.lines[1]["run"]}
    one.page.evaluate("host.push('reconnected')")
    entry(one, "ComfyUI-ReelSuite").get_by_text("It is being done.").wait_for()


def test_torn_and_damaged_lines_are_told_honestly(journal: Any) -> None:
    one = journal("journal-damaged")
    note = one.page.locator(".cfs-journal .cfs-note").inner_text()
    assert "3 lines of the journal cannot be read" in note and "line 12, 40, 41" in note
    assert "is not known and is not guessed" in note
    assert "was not written to its end" in entry(one, "A line is incomplete").inner_text()


def test_an_empty_journal_says_what_will_be_there(journal: Any) -> None:
    one = journal("journal-none")
    assert "Nothing was done yet" in one.page.inner_text(".cfs-empty")


def test_a_journal_that_cannot_be_had_says_so(journal: Any) -> None:
    one = journal("journal", faults=REFUSALS)
    one.page.route("**/comfyfixersmart/journal?*", lambda route: route.fulfill(status=500, json={"error": {"code": "os_error", "message": "journal.jsonl: Permission denied", "hint": "Check its permissions."}}))  # fmt: skip
    one.page.evaluate("panel.show({ page: 'library' })")
    one.page.evaluate("panel.show({ page: 'journal' })")
    one.page.get_by_text("journal.jsonl: Permission denied").wait_for()
    one.page.unroute("**/comfyfixersmart/journal?*")
    one.click("Ask again")
    one.page.locator(".cfs-entry").first.wait_for()
    assert one.count(".cfs-journal .cfs-note") == 0


def test_it_begins_at_the_run_one_came_from(show: Any) -> None:
    one = show("after", view={"page": "workflow", "slug": "video-heron-much-is-missing-v2"})
    one.click("Undo in journal")
    one.page.locator(".cfs-wanted").wait_for()
    assert one.page.locator(".cfs-wanted h3").inner_text() == "Sun 22 Nov, 16:38"


# ---- taking back ------------------------------------------------------------------------------------------


def test_undo_says_exactly_what_will_happen_before_it_does(journal: Any) -> None:
    one = journal()
    moved = entry(one, "heron_2.1_vae.safetensors")
    moved.get_by_role("button", name="Undo heron_2.1_vae.safetensors").click()
    assert "heron_2.1_vae.safetensors goes from models/vae back to models/checkpoints." in moved.inner_text()
    assert "Nothing is deleted or overwritten." in moved.inner_text() and one.posts() == []
    one.press("Escape")
    assert one.focused() == "Undo heron_2.1_vae.safetensors" and one.posts() == []
    one.press("Enter")
    assert one.focused() == "Undo it"
    one.press("Enter")
    one.page.get_by_text("Taken back by you").first.wait_for()
    (posted,) = one.posts()
    assert posted[0] == "undo" and posted[1]["entries"][0].startswith("done-76")
    assert one.page.text_content(".cfs-live") == "1 action was taken back." and ["refreshDefinitions"] in one.calls()


def test_all_of_a_run_at_once(journal: Any) -> None:
    one = journal()
    one.click("Undo all of it")
    told = one.page.locator(".cfs-undo-ask").inner_text()
    for part in (
        "heron_xxl_fp8_e4m3fn_scaled.safetensors goes from models/text_encoders into an undo folder on the same disk.",
        "much is missing.v2.json goes into an undo folder. The original stays as it is.",
        "heron_2.1_vae.safetensors goes from models/vae back to models/checkpoints.",
    ):
        assert part in told, part
    one.click("Undo 3 actions")
    one.page.get_by_text("Taken back").first.wait_for()
    one.page.wait_for_function("!document.querySelector('.cfs-undo-one')")
    assert len(one.posts()[0][1]["entries"]) == 3
    assert one.page.text_content(".cfs-live") == "3 actions were taken back."


def test_all_of_a_long_run_means_all_of_it(journal: Any, scenarios: Any) -> None:
    one = journal("journal-none")
    lines = scenarios.runs.long_journal(250)
    for line in lines:
        line.update(run="one", plan="a" * 64)
    one.scenario.acting.lines = lines
    one.page.evaluate("panel.show({ page: 'library' })")
    one.page.evaluate("panel.show({ page: 'journal' })")
    one.page.locator(".cfs-entry").first.wait_for()
    one.click("Undo all of it")
    one.page.get_by_role("button", name="Undo 250 actions").wait_for()
    assert one.page.locator(".cfs-undo-will li").count() == 250


def test_what_cannot_be_taken_back_says_why(journal: Any) -> None:
    one = journal()
    line = next(line for line in one.scenario.acting.lines if line["can_undo"])
    line["action"]["title"] = "changed.safetensors"
    one.page.evaluate("panel.show({ page: 'library' })")
    one.page.evaluate("panel.show({ page: 'journal' })")
    one.page.get_by_role("button", name="Undo changed.safetensors").click()
    one.click("Undo it")
    note = entry(one, "changed.safetensors").locator(".cfs-note")
    note.wait_for()
    assert "changed.safetensors was changed since." in note.inner_text() and "Look at it first." in note.inner_text()
    one.click("Dismiss")
    assert one.focused() == "Undo changed.safetensors"


def test_from_another_computer_nothing_is_asked(journal: Any, scenarios: Any) -> None:
    one = journal()
    one.scenario.may = scenarios.FROM_AFAR
    one.page.evaluate("host.push('reconnected')")
    one.page.wait_for_timeout(300)
    one.page.locator(".cfs-undo-one").first.click()
    one.page.get_by_text("This page may not change anything").wait_for()
    assert one.posts() == []


# ---- length, names, looks ---------------------------------------------------------------------------------


def test_a_thousand_entries_come_in_pages(journal: Any) -> None:
    one = journal("journal-long")
    assert 100 <= one.count(".cfs-entry") < 400
    page = one.page.locator(".cfs-journal")
    for _ in range(20):
        page.evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
        one.page.wait_for_timeout(60)
        if one.count(".cfs-entry") == 1000:
            break
    one.page.get_by_text("The journal begins here.").wait_for()
    assert one.count(".cfs-entry") == 1000 and one.count(".cfs-journal-group") == 100
    took = one.page.evaluate("""async () => {
      const page = document.querySelector(".cfs-journal"), times = [];
      for (let at = 0; at < 20; at += 1) {
        page.scrollTop = at * 900;
        const t = performance.now();
        document.body.offsetHeight;
        times.push(performance.now() - t);
        await new Promise(requestAnimationFrame);
      }
      return times.sort((a, b) => a - b)[10];
    }""")
    assert took < 16


def test_no_name_becomes_markup(journal: Any) -> None:
    one = journal("journal-hostile")
    for button in one.page.locator(".cfs-undo-one").all()[:4]:
        button.click()
    found = "document.querySelectorAll('#sidebar :is(script, img, iframe, style, a[href^=javascript])').length"
    assert one.page.evaluate("window.pwned") is None and one.page.evaluate(found) == 0
    assert "\u202e" not in one.page.inner_text(".cfs-journal")


@pytest.mark.parametrize("width", [224, 320, 460])
@pytest.mark.parametrize("scenario", ["journal", "journal-hostile", "journal-damaged"])
def test_nothing_is_wider_than_the_panel(journal: Any, width: int, scenario: str) -> None:
    one = journal(scenario, width=width)
    one.page.locator(".cfs-undo-one").first.click()
    assert one.page.evaluate(
        "[...document.querySelectorAll('.cfs-journal, .cfs-entry, .cfs-undo')].filter((one) => one.scrollWidth > one.clientWidth + 1).length === 0"
    )


@pytest.mark.parametrize("tone", ["dark", "light", "solarized", "nord"])
def test_axe_finds_nothing(journal: Any, axe: Any, tone: str) -> None:
    one = journal("journal-damaged", tone=tone)
    one.page.locator(".cfs-undo-one").first.click()
    one.page.wait_for_timeout(100)
    assert axe(one) == []
