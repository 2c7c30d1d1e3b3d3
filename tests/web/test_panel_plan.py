"""The plan in a browser: from "Resolve missing" to the sheet, all it says, what to confirm, and the yes."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "video-heron-much-is-missing"
REFUSALS = ("Failed to load resource",)
PICKLE = "I trust grain-works and want this pickle file."


@pytest.fixture
def plan(missing: Any) -> Any:
    """`plan("planned")`: the sheet is open, with the plan in it."""

    def make(scenario: str = "planned", **wanted: Any) -> Any:
        one = missing(scenario, **wanted)
        one.page.locator("[data-key=resolve]").click()
        one.page.locator(".cfs-work-sheet :is(.cfs-act, .cfs-left-one, .cfs-note)").first.wait_for()
        return one

    return make


def row(one: Any, title: str) -> Any:
    return one.page.locator(".cfs-act", has=one.page.get_by_role("heading", name=title, exact=True))


def facts(item: Any) -> dict[str, str]:
    names = item.locator(".cfs-act-about > .cfs-facts > dt").all_inner_texts()
    return dict(zip(names, item.locator(".cfs-act-about > .cfs-facts > dd").all_inner_texts(), strict=True))


# ---- the way to it ----------------------------------------------------------------------------------------


def test_resolve_missing_looks_up_and_opens_the_plan(missing: Any) -> None:
    one = missing("asked")
    one.click("Resolve missing")
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert [path for path, _ in one.posts()] == ["resolve", "plan"], "one press"
    assert one.posts()[1][1] == {"slug": SLUG, "workflow": None, "name": "", "leave_out": [], "prefer": {}}
    assert one.focused() == "The plan"
    assert one.page.text_content(".cfs-live") == "The plan: 5 actions. Nothing has happened yet. 6.8 GB to download."


def test_what_was_looked_up_before_needs_no_second_look(plan: Any) -> None:
    one = plan()
    assert [path for path, _ in one.posts()] == ["plan"]


def test_what_lies_on_this_disk_needs_no_look_up(missing: Any) -> None:
    one = missing("planned-local")
    one.click("Make the plan")
    row(one, "heron_2.1_vae.safetensors").wait_for()
    assert [path for path, _ in one.posts()] == ["plan"]
    assert "Nothing to download" in one.page.inner_text(".cfs-totals")


def test_the_menu_makes_the_plan_of_what_is_on_the_canvas(show: Any) -> None:
    one = show("planned", canvas=1, view={"page": "open", "focus": "missing"})
    one.page.get_by_role("heading", name="The plan").wait_for()
    graph = {"slug": None, "workflow": {"nodes": [], "links": []}, "name": "video_heron2_2_14B_i2v"}
    assert one.posts()[-1] == ["plan", {**graph, "leave_out": [], "prefer": {}}], "it was changed since it was saved"


def test_the_file_is_planned_where_the_canvas_shows_it_unchanged(show: Any) -> None:
    one = show("planned", canvas=1)
    path = f"workflows/{one.scenario.library['workflows'][0]['name']}"
    one.page.evaluate("(path) => { Object.assign(host.active, { path, modified: false }); host.edited(); }", path)
    one.page.evaluate("panel.show({ page: 'open', focus: 'missing' })")
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert one.posts()[-1][1]["slug"] == one.scenario.library["workflows"][0]["slug"]


def test_where_nothing_can_be_planned_the_page_says_what_to_do_first(missing: Any) -> None:
    one = missing("unsettled")
    note = one.page.locator(".cfs-missing .cfs-note")
    assert "Nothing of it can be planned yet" in note.inner_text()
    assert "2 are uncertain: choose one of the candidates for each below." in note.inner_text()
    assert one.page.inner_text("[data-key=resolve]") == "Resolve missing"
    one.click("Show the choice")
    assert one.focused() == "4x-FineGrain.pth"


def test_a_plan_without_actions_says_what_is_left(plan: Any) -> None:
    one = plan("planned-none")
    assert one.page.locator(".cfs-work-sheet h2").inner_text() == "Nothing can be planned yet"
    assert one.page.locator(".cfs-left-one").count() == 3 and one.count("[data-key=approve]") == 0
    assert "make the plan again" in one.page.inner_text(".cfs-work-foot")


def test_the_whole_library_gets_one_plan(show: Any) -> None:
    one = show("asked")
    one.page.locator(".cfs-unlock-card").get_by_role("button", name="Resolve missing").click()
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert [path for path, _ in one.posts()] == ["resolve", "plan"] and one.posts()[1][1]["slug"] is None
    one.press("Escape")
    assert one.focused() in ("Show the plan", "Check all now")
    one.page.locator(".cfs-unlock").click()
    one.click("Show the plan")
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert len(one.posts()) == 2, "it is kept"


def test_the_unlock_page_resolves_all_too(show: Any) -> None:
    one = show("asked", view={"page": "unlock"})
    one.scenario.lookup.held = True
    one.click("Resolve missing")
    one.page.get_by_role("progressbar", name="Progress of the look-up").wait_for()
    one.scenario.lookup.held = False
    one.page.get_by_role("heading", name="The plan").wait_for()


def test_who_went_elsewhere_is_not_interrupted(missing: Any) -> None:
    one = missing("asked")
    one.scenario.lookup.held = True
    one.click("Resolve missing")
    one.page.locator(".cfs-lookup").wait_for()
    one.press("Escape")
    one.page.locator(".cfs-library").wait_for()
    one.scenario.lookup.held = False
    one.page.locator(".cfs-lookup").wait_for(state="detached")
    one.page.wait_for_timeout(400)
    assert one.count(".cfs-sheet") == 0 and [path for path, _ in one.posts()] == ["resolve"]


# ---- what it says -----------------------------------------------------------------------------------------


def test_each_action_says_what_from_where_and_whereto(plan: Any) -> None:
    one = plan(width=460)
    assert "5 actions. Nothing has happened yet." in one.page.inner_text(".cfs-work-bar")
    assert facts(row(one, "heron_2.1_vae.safetensors")) == {
        "From": "models/checkpoints",
        "To": "models/vae",
        "Undo": "Any time, from the journal",
    }
    new = facts(row(one, "much is missing.v2.json"))
    assert new["Changes"].startswith("heron22/heron2.2_i2v_high_noise") and new["Original"] == "Stays as it is"
    assert facts(row(one, "heron_xxl_fp8_e4m3fn_scaled.safetensors")) == {
        "From": "Hugging Face, heron-lab/Heron_2.2_Repackaged",
        "To": "models/text_encoders",
        "Licence": "apache-2.0",
        "Check": "SHA-256 known; checked while it downloads",
    }
    old = facts(row(one, "4x-FineGrain_old.pth"))
    assert "chosen by you from 4 candidates" in old["From"] and old["Check"] == "SHA-256 known; format is pickle"
    pack = row(one, "ComfyUI-ReelSuite 1.7.9")
    assert facts(pack) == {
        "Through": "ComfyUI-Manager; needs a restart of ComfyUI",
        "Flags": "None in the Comfy Registry",
    }
    assert "runs it with all your rights" in pack.inner_text()
    words = one.page.locator(".cfs-act-word").all_inner_texts()
    assert words == ["Move", "New version", "6.7 GB", "67 MB", "Install"]


def test_details_are_all_that_the_digest_stands_for(plan: Any) -> None:
    one = plan()
    fold = one.page.get_by_role("button", name="Details of heron_xxl_fp8_e4m3fn_scaled.safetensors")
    fold.click()
    text = row(one, "heron_xxl_fp8_e4m3fn_scaled.safetensors").inner_text()
    for part in ("5e" * 32, "6,735,906,897 bytes", "/srv/comfy/models/text_encoders/", "https://huggingface.co/heron-lab/Heron_2.2/resolve", "points to it", "ModelScope"):  # fmt: skip
        assert part in text, part
    assert fold.get_attribute("aria-expanded") == "true"


def test_totals_and_disks(plan: Any) -> None:
    one = plan("planned-mixed", width=460)
    total = one.page.locator(".cfs-totals")
    assert "67 MB to download, and 1 file of unknown size" in total.inner_text()
    bars = total.get_by_role("img")
    assert bars.first.get_attribute("aria-label") == (
        "Disk with models: 1.0 TB, 787.6 GB used, 6.8 GB by this plan, 205.6 GB free afterwards"
    )
    assert bars.count() == 2 and "50.0 GB free afterwards" in total.inner_text()


def test_what_is_left_out_leads_to_the_choice(plan: Any) -> None:
    one = plan()
    one.click("3 things are not in the plan")
    left = one.page.locator(".cfs-left-one", has_text="4x-FineGrain.pth")
    assert "Choose one of the 3 candidates." in left.inner_text()
    left.get_by_role("button", name="Show 4x-FineGrain.pth").click()
    assert one.count(".cfs-sheet") == 0 and one.focused() == "4x-FineGrain.pth"
    assert one.page.locator("h4", has_text="4x-FineGrain.pth").first.is_visible()


def test_a_library_plan_leads_to_the_page_of_the_workflow(show: Any) -> None:
    one = show("planned")
    one.page.get_by_label("More").click()
    one.page.get_by_role("menuitem", name="Resolve all missing").click()
    one.page.get_by_role("heading", name="The plan").wait_for()
    one.click("3 things are not in the plan")
    one.page.get_by_role("button", name="Show 4x-FineGrain.pth").click()
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.page.wait_for_function("document.activeElement.textContent === '4x-FineGrain.pth'")


def test_a_command_is_for_the_person_to_run(plan: Any) -> None:
    one = plan("planned-by-hand")
    assert "We never run commands for you." in row(one, "ComfyUI-Gridlab 2.0.1").inner_text()
    one.page.get_by_label("Copy the command for ComfyUI-Gridlab", exact=True).click()
    assert one.calls()[-1] == ["copy", one.scenario.acting.plan.actions[1].pack.command]
    assert "nothing to approve" in one.page.inner_text(".cfs-work-foot") and one.count("[data-key=approve]") == 0


def test_the_plan_can_be_kept_as_text(plan: Any) -> None:
    one = plan("planned-mixed")
    one.page.get_by_label("Copy the plan as text").click()
    ((_, text),) = [call for call in one.calls() if call[0] == "copy"]
    made = one.scenario.acting.kept()["plan"]
    for action in made["actions"]:
        assert action["title"] in text and all(offer["url"] in text for offer in action["offers"])
    for part in (made["digest"], "git clone --", "models/vae/heron_2.1_vae.safetensors", PICKLE, "likeness-claim-request", "4 actions. Nothing has happened yet.", "205.6 GB free afterwards", "3 different files carry this name."):  # fmt: skip
        assert part in text, part


# ---- changing it ------------------------------------------------------------------------------------------


def test_leaving_out_and_putting_back(plan: Any) -> None:
    one = plan()
    one.page.get_by_role("button", name="Leave 4x-FineGrain_old.pth out of the plan").last.click()
    one.page.get_by_text("4 actions. Nothing has happened yet.").first.wait_for()
    assert one.posts()[-1][1]["leave_out"] == ["aa00000004"] and one.count(".cfs-confirm") == 0
    assert one.page.locator("[data-key=approve]").get_attribute("aria-disabled") is None
    one.click("4 things are not in the plan")
    assert one.page.locator(".cfs-left-one").first.inner_text().split("\n\n")[:2] == [
        "4x-FineGrain_old.pth",
        "You left it out.",
    ]
    one.page.get_by_role("button", name="Put 4x-FineGrain_old.pth back into the plan").click()
    one.page.get_by_text("5 actions. Nothing has happened yet.").first.wait_for()
    assert one.posts()[-1][1]["leave_out"] == []


def test_a_link_in_place_of_a_move(plan: Any) -> None:
    one = plan()
    one.page.get_by_role("button", name="Link heron_2.1_vae.safetensors instead of moving it").click()
    one.page.get_by_role("button", name="Move heron_2.1_vae.safetensors instead of linking it").wait_for()
    assert one.posts()[-1][1]["prefer"] == {"aa00000001": "link"}
    moved = row(one, "heron_2.1_vae.safetensors")
    assert (
        moved.locator(".cfs-act-word").inner_text() == "Link" and "a second name of the same file" in moved.inner_text()
    )


def test_what_was_confirmed_stays_confirmed_while_it_means_the_same(plan: Any) -> None:
    one = plan()
    one.page.get_by_label(PICKLE).check()
    one.page.get_by_role("button", name="Link heron_2.1_vae.safetensors instead of moving it").click()
    one.page.get_by_role("button", name="Move heron_2.1_vae.safetensors instead of linking it").wait_for()
    assert one.page.get_by_label(PICKLE).is_checked()
    action = one.scenario.acting.plan.actions[3]
    changed = type(action)(**{name: getattr(action, name) for name in action.__slots__} | {"sha256": "ab" * 32})
    actions = one.scenario.acting.plan.actions
    object.__setattr__(one.scenario.acting.plan, "actions", (*actions[:3], changed, *actions[4:]))
    one.page.get_by_role("button", name="Move heron_2.1_vae.safetensors instead of linking it").click()
    one.page.get_by_role("button", name="Link heron_2.1_vae.safetensors instead of moving it").wait_for()
    assert not one.page.get_by_label(PICKLE).is_checked(), "it is another file now"


def test_closing_loses_nothing(plan: Any) -> None:
    one = plan()
    one.page.get_by_label(PICKLE).check()
    one.press("Escape")
    assert one.count(".cfs-sheet") == 0 and one.focused() == "Show the plan"
    one.press("Enter")
    one.page.get_by_role("heading", name="The plan").wait_for()
    assert one.page.get_by_label(PICKLE).is_checked() and len(one.posts()) == 1


# ---- the yes ----------------------------------------------------------------------------------------------


def test_nothing_is_approved_before_everything_is_confirmed(plan: Any) -> None:
    one = plan("planned-mixed")
    boxes = one.page.locator(".cfs-confirm input")
    assert [box.is_checked() for box in boxes.all()] == [False, False]
    approve = one.page.locator("[data-key=approve]")
    assert approve.get_attribute("aria-disabled") == "true"
    approve.click(force=True)
    assert one.page.evaluate("document.activeElement.type") == "checkbox", "it leads to what is missing"
    one.press("Space")
    one.page.get_by_role("button", name="1 thing to confirm first").click()
    one.press("Space")
    digest = one.scenario.acting.kept()["plan"]["digest"]
    assert approve.inner_text().split() == ["Approve", "4", "actions", f"{digest[:4]}·{digest[4:8]}"]
    assert "Counts once, for exactly this plan, until 17:40." in one.page.inner_text(".cfs-work-foot")
    approve.click()
    one.page.get_by_role("heading", name="0 of 4 done").wait_for()
    assert one.posts()[-1] == [
        "approve",
        {"digest": digest, "consents": {"aa00000004": ["pickle", "real_person"]}},
    ]


def test_where_to_turn_is_a_link(plan: Any) -> None:
    one = plan("planned-mixed")
    one.click("civitai.com/content/likeness-claim-request")
    assert one.calls()[-1] == ["openPage", "https://civitai.com/content/likeness-claim-request"]


@pytest.mark.parametrize(
    ("answer", "title", "way"),
    [
        ((409, "plan_expired", "The plan is too old to be approved.", "Make a new plan."), "This plan is too old to be approved", "Make a new plan"),
        ((409, "already_approved", "This plan was approved before.", "Make a new plan."), "This plan was approved before, and each counts once", "Make a new plan"),
        ((409, "plan_changed", "The plan is not the one that was approved.", "Make a new plan."), "The plan is not the one that was shown", "Make a new plan"),
        ((409, "busy", "Something is being done already.", "Wait for its end, or cancel it."), "Something is being done already", ""),
        ((403, "not_local", "Only from its own computer.", "Open it there."), "This can only be done on the computer that runs ComfyUI", ""),
        ((500, "os_error", "No space left on device", "Free some space."), "The plan was not approved", ""),
    ],
)  # fmt: skip
def test_a_yes_that_is_not_taken_says_why_and_what_to_do(plan: Any, answer: Any, title: str, way: str) -> None:
    one = plan("planned-local", faults=REFUSALS)
    one.scenario.acting.fails["approve"] = answer
    one.page.locator("[data-key=approve]").click()
    note = one.page.locator(".cfs-work-foot .cfs-note")
    note.wait_for()
    assert note.locator(".cfs-strong").inner_text() == title and answer[2].split(".")[0] in note.inner_text()
    if way:
        note.get_by_role("button", name=way).click()
        one.page.wait_for_function("host.calls.filter((one) => one[1] === 'plan').length === 2")
        one.page.locator("[data-key=approve]").wait_for()
        assert one.page.locator(".cfs-work-foot .cfs-note").count() == 0
    else:
        assert note.get_by_role("button").count() == 0 and one.page.locator("[data-key=approve]").is_enabled()


def test_a_plan_that_grew_old_asks_for_a_new_one(plan: Any) -> None:
    one = plan("planned-local")
    expires = one.scenario.acting.kept()["plan"]["expires"]
    one.page.evaluate(
        "async (at) => { const { storeFor } = await import('/web/base/store.mjs'); const store = storeFor(host); store.clockAhead = at - Date.now() / 1000 + 1; store.put({ status: { ...store.state.status } }); }",
        expires,
    )
    one.page.get_by_text("This plan is too old to be approved").wait_for()
    assert one.count("[data-key=approve]") == 0


def test_a_plan_that_cannot_be_made_says_why(missing: Any) -> None:
    one = missing("planned", faults=REFUSALS)
    one.scenario.acting.fails["plan"] = (500, "os_error", "plans: No space left on device", "Free some space.")
    one.click("Make the plan")
    one.page.get_by_text("No space left on device").wait_for()
    assert "The plan could not be made" in one.page.inner_text(".cfs-work")
    del one.scenario.acting.fails["plan"]
    one.click("Make a new plan")
    row(one, "heron_2.1_vae.safetensors").wait_for()


def test_planning_that_takes_long_is_seen_and_can_be_cancelled(missing: Any) -> None:
    one = missing("planned", faults=("net::ERR_FAILED",))
    held: list[Any] = []
    one.page.route("**/comfyfixersmart/plan?*", lambda route: held.append(route))
    one.click("Make the plan")
    one.page.get_by_role("progressbar", name="Making the plan").wait_for()
    one.push("comfyfixersmart.plan", {"plan": {"done": 3, "total": 12, "note": "Looking into osprey.safetensors"}})
    one.page.get_by_text("3 of 12 planned").wait_for()
    one.click("Cancel")
    assert one.count(".cfs-sheet") == 0 and one.posts()[-1] == ["plan/cancel", {}]
    held[0].fallback()
    one.page.wait_for_timeout(300)
    assert one.count(".cfs-sheet") == 0 and one.page.inner_text("[data-key=resolve]") == "Make the plan"


def test_from_another_computer_the_press_says_why_and_asks_nothing(missing: Any, scenarios: Any) -> None:
    one = missing("planned")
    one.scenario.may = scenarios.FROM_AFAR
    one.page.evaluate("host.push('reconnected')")
    one.page.wait_for_timeout(300)
    one.click("Make the plan")
    one.page.get_by_text("This page may not start a look-up").wait_for()
    assert one.count(".cfs-sheet") == 0 and one.posts() == []


# ---- names, sizes, keys -----------------------------------------------------------------------------------


def test_no_name_becomes_markup(plan: Any) -> None:
    one = plan("planned-hostile")
    one.page.locator("[data-key=left-out]").click()
    for fold in one.page.locator("[data-key^=details-]").all()[:6]:
        fold.click()
    assert one.page.evaluate("window.pwned") is None
    found = "document.querySelectorAll('#sidebar :is(script, img, iframe, style, a[href^=javascript])').length"
    assert one.page.evaluate(found) == 0
    text = one.page.inner_text(".cfs-work")
    assert "gpj.\\u202egnp.exe" in text and "\u202e" not in text
    one.page.get_by_role("button", name="javascript:window.pwned=1").first.click()
    assert one.page.evaluate("window.pwned") is None


def test_two_hundred_actions_stay_quick(plan: Any) -> None:
    one = plan("planned-many")
    assert one.count(".cfs-act") == 200 and one.count(".cfs-confirm input") == 20
    took = one.page.evaluate("""() => {
      const boxes = [...document.querySelectorAll(".cfs-confirm input")], times = [];
      for (const box of boxes) { const t = performance.now(); box.click(); document.body.offsetHeight; times.push(performance.now() - t); }
      return Math.min(...times);
    }""")
    assert took < 50
    assert one.page.inner_text("[data-key=approve]").startswith("Approve 200 actions")
    named = facts(row(one, one.scenario.acting.plan.actions[3].title))["Needed by"]
    assert named == "take 3, take 4 and 2 more"


@pytest.mark.parametrize("width", [224, 320, 460])
@pytest.mark.parametrize("scenario", ["planned", "planned-mixed", "planned-hostile", "planned-many"])
def test_nothing_is_wider_than_the_panel(plan: Any, width: int, scenario: str) -> None:
    one = plan(scenario, width=width)
    wide = one.page.evaluate(
        "[...document.querySelectorAll('.cfs-work, .cfs-work-bar, .cfs-work-foot, .cfs-act, .cfs-confirm')].filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert wide == 0


def test_the_keyboard_reaches_everything_in_reading_order(plan: Any) -> None:
    one = plan()
    seen = []
    for _ in range(19):
        one.press("Tab")
        seen.append(one.focused())
    assert seen[:5] == [
        "Copy the plan as text",
        "Close",
        "Details of heron_2.1_vae.safetensors",
        "Link heron_2.1_vae.safetensors instead of moving it",
        "Leave heron_2.1_vae.safetensors out of the plan",
    ]
    assert "4x-FineGrain_old.pth asks for your word: go there" in seen
    assert one.page.evaluate("document.querySelector('.cfs-sheet').contains(document.activeElement)")


@pytest.mark.parametrize("tone", ["dark", "light", "solarized", "nord"])
@pytest.mark.parametrize("scenario", ["planned-mixed", "planned-none", "planned-by-hand"])
def test_axe_finds_nothing_in_the_plan(plan: Any, axe: Any, tone: str, scenario: str) -> None:
    one = plan(scenario, tone=tone)
    one.page.locator("[data-key=left-out]").click()
    for fold in one.page.locator("[data-key^=details-]").all():
        fold.click()
    one.page.wait_for_timeout(250)
    assert axe(one) == []


def test_in_chinese_the_risks_are_told_in_chinese(plan: Any) -> None:
    one = plan("planned-mixed", locale="zh")
    text = one.page.inner_text(".cfs-work-sheet")
    assert "grain-works 的 pickle 文件" in text and "我信任 grain-works，需要这个 pickle 文件。" in text
    assert "reel-lab 的节点包是一个程序" in text and "plan." not in text
    for english in ("pickle file by", "I trust", "Nothing has happened", "Where to turn", "Approve"):
        assert english not in text, english
