"""What a look-up found, in a browser: each verdict, choosing by hand, and names that mean harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "video-heron-much-is-missing"
MISSING = {"page": "workflow", "slug": "video-heron-much-is-missing"}
REFUSALS = ("Failed to load resource",)


# ---- verdicts ---------------------------------------------------------------------------------------------


def test_a_resolved_file_says_where_why_and_what_to_do(missing: Any) -> None:
    one = missing()
    found = one.box("heron_xxl_fp8_e4m3fn_scaled.safetensors")
    text = found.inner_text()
    for part in (
        "RESOLVED",
        "6.7 GB",
        "Hugging Face, heron-lab/Heron_2.2_Repackaged",
        "split_files/text_encoders/heron_xxl_fp8_e4m3fn_scaled.safetensors",
        "text_encoders",
        "apache-2.0",
        "accept the terms",
        "Why: The workflow itself points to it, and Hugging Face confirms that it is there.",
        "The plan can bring it into the folder text_encoders. Or get it yourself.",
        "The same file is also at",
        "ModelScope, heron-lab/Heron_2.2",
    ):
        assert part in text, part
    found.get_by_role("button", name="Open the page of heron-lab/Heron_2.2_Repackaged").click()
    found.get_by_role("button", name="Copy address").click()
    found.get_by_role("button", name="Copy the folder's name").click()
    made = [call for call in one.calls() if call[0] in ("openPage", "copy")]
    repo = "https://huggingface.co/heron-lab/Heron_2.2_Repackaged"
    path = "main/split_files/text_encoders/heron_xxl_fp8_e4m3fn_scaled.safetensors"
    assert made == [["openPage", f"{repo}/blob/{path}"], ["copy", f"{repo}/resolve/{path}"], ["copy", "text_encoders"]]
    finding = one.page.locator(".cfs-finding", has=found)
    assert not finding.get_by_text("Put the file into text_encoders.").is_visible(), "said once"
    assert not finding.locator(".cfs-claims").is_visible(), "the author's link is settled"
    assert finding.get_by_role("button", name="Download").count() == 0


def test_what_to_mind_is_said_once_each(missing: Any) -> None:
    one = missing()
    name = one.page.locator("h4", has_text="client_").text_content()
    lines = one.box(name)
    said = lines.locator(".cfs-minds li").all_text_contents()
    assert [line.split(":")[0].split(".")[0] for line in said] == [
        "pickle",
        "It shows a real person",
        "It is marked as adult content",
        "Its author marks it as showing a minor",
        "Its service's scan for unsafe code did not pass",
        "Its service's virus scan did not pass",
        "Early access until 3 Dec 2026",
        "It does not fit the disk",
    ]
    assert "can run code when loaded" in said[0]


def test_how_it_was_found_folds_open_to_the_steps(missing: Any) -> None:
    one = missing()
    found = one.box("heron_xxl_fp8_e4m3fn_scaled.safetensors")
    fold = found.get_by_role("button", name="How it was found")
    assert found.locator(".cfs-steps li").count() == 0, "made when it is unfolded"
    fold.click()
    assert fold.get_attribute("aria-expanded") == "true"
    assert found.locator(".cfs-steps li").all_text_contents() == [
        "This workflow · Read the workflow's own links: 1 address",
        "Hugging Face · Asked whether heron-lab/Heron_2.2_Repackaged has “heron_xxl_fp8_e4m3fn_scaled.safetensors”: 1 file, 6,735,906,897 bytes",
        "ModelScope · Asked for files of this hash: 1 file (answered 3 h ago)",
    ]


def test_three_candidates_stand_open_and_none_is_chosen(missing: Any) -> None:
    one = missing()
    found = one.box("heron2.2_i2v_quickstep_4steps_lora_v1_high_noise.safetensors")
    assert found.locator(".cfs-candidate").count() == 3 and "8 candidates" in found.inner_text()
    assert found.locator("input, [aria-checked], [aria-pressed]").count() == 0
    found.get_by_role("button", name="Show 5 more").click()
    assert found.locator(".cfs-candidate").count() == 8 and one.focused() == "Use this one: mirror-3/quickstep"
    two = one.box("4x-FineGrain.pth").locator(".cfs-candidate")
    assert "Fits" in two.nth(2).inner_text() and "It is another build: v2 instead of plain" in two.nth(2).inner_text()
    assert "Against" not in two.nth(0).inner_text() and "pickle: can run code" in two.nth(0).inner_text()


def test_an_unconfirmed_address_is_shown_and_never_opened(missing: Any) -> None:
    one = missing()
    found = one.box("4x-FineGrain.pth")
    found.get_by_role("button", name="Show 1 more").click()
    last = found.locator(".cfs-candidate").nth(3)
    assert "Its address, not confirmed:" in last.inner_text() and "named in image/kite/edit.json" in last.inner_text()
    assert last.get_by_role("button", name="Open the page").count() == 0


def test_choosing_with_a_reason_and_taking_it_back(show: Any, missing: Any) -> None:
    one = missing()
    found = one.box("4x-FineGrain.pth")
    found.get_by_role("button", name="Use this one: some-mirror/upscalers").click()
    one.page.wait_for_function("document.activeElement.matches('.cfs-why input')")
    one.press("Escape")
    assert one.focused() == "Use this one: some-mirror/upscalers" and one.posts() == []
    one.press("Enter")
    one.page.wait_for_function("document.activeElement.matches('.cfs-why input')")
    one.page.keyboard.type("the author told me")
    one.press("Enter")
    found.get_by_text("CHOSEN BY YOU").wait_for()
    assert one.posts() == [
        [
            "choose",
            {
                "key": "b2" * 10,
                "candidate": "huggingface:some-mirror/upscalers@4x/4x-FineGrain.pth",
                "reason": "the author told me",
            },
        ]
    ]
    assert "“the author told me”" in found.inner_text() and "some-mirror/upscalers" in found.inner_text()
    assert one.page.text_content(".cfs-live") == "Your choice for 4x-FineGrain.pth is remembered."
    assert one.page.evaluate("(one) => one.contains(document.activeElement)", found.element_handle())
    one.page.locator("[data-back]").click()
    one.page.evaluate("(view) => panel.show(view)", MISSING)
    found.get_by_text("CHOSEN BY YOU").wait_for()
    found.get_by_role("button", name="Take the choice back").click()
    found.get_by_text("UNCERTAIN").wait_for()
    assert one.posts()[-1] == ["choose", {"key": "b2" * 10, "candidate": None, "reason": ""}]


def test_a_choice_that_is_not_kept_says_why_beside_the_field(missing: Any) -> None:
    one = missing(faults=REFUSALS)
    one.scenario.failing["choose"] = (
        409,
        {"code": "damaged_choices", "message": "choices.json cannot be read as choices", "hint": "Mend the file."},
    )
    found = one.box("4x-FineGrain.pth")
    found.get_by_role("button", name="Use this one: grain-works/FineGrain").click()
    found.get_by_label("Why this one?").fill("mine")
    found.get_by_role("button", name="Use it").click()
    found.get_by_text("choices.json cannot be read").wait_for()
    assert found.get_by_label("Why this one?").input_value() == "mine" and "UNCERTAIN" in found.inner_text()


def test_a_silent_place_is_named_and_asked_again(missing: Any) -> None:
    one = missing()
    found = one.box("harrier_v11p_sd15_pose.pth")
    text = found.inner_text()
    assert "Civitai did not answer: it asked to wait until 17:31." in text
    assert "ModelScope did not answer: it took longer than 15 seconds." in text
    alone = one.page.locator(".cfs-verdict", has_text="So we cannot say whether it has this file.")
    assert alone.locator(".cfs-places li").all_text_contents() == [
        "This disknothing",
        "Hugging Facenothing",
        "Civitaino answer",
    ]
    alone.get_by_role("button", name="Ask again").click()
    one.page.wait_for_function("host.calls.some((one) => one[1] === 'resolve')")
    assert one.posts()[-1] == ["resolve", {"slug": SLUG, "workflow": None, "name": "", "again": True}]


def test_not_found_names_every_place_and_when(missing: Any) -> None:
    text = missing().box("osprey_xl_refiner_1.0.safetensors").inner_text()
    assert "NOT FOUND" in text and "5 places asked" in text and "asked 1 h ago" in text
    for place in ("This disk", "Earlier answers", "Hugging Face", "Civitai", "ModelScope"):
        assert place in text
    assert "What would settle it" in text


def test_packs_tell_their_id_standing_and_failure(missing: Any) -> None:
    one = missing()
    pack = one.box("RS_VideoCombine").inner_text()
    for part in (
        "version 1.7.9",
        "ComfyUI-ReelSuite by reel-studio",
        "comfyui-reelsuite",
        "GPL-3.0",
        "910 stars · 120,000 downloads",
        "Or install it there under this id, then restart ComfyUI.",
    ):
        assert part in pack, part
    flagged = one.box("GridlabSheetPlus").locator(".cfs-minds").inner_text()
    assert "has flagged this pack" in flagged and "marks it as" not in flagged
    assert "It is installed already as gridlab-plus, and fails to import: No module named 'cv2'" in flagged
    assert "which pack it knows" in one.box("KiteSegment").inner_text()
    assert one.box("MaskWorksBlur").locator(".cfs-candidate").count() == 2


# ---- names, sizes, keyboard -------------------------------------------------------------------------------


def test_what_services_say_never_runs_and_is_never_opened(show: Any) -> None:
    one = show("hostile-verdicts")
    slugs = one.page.evaluate(
        "fetch('/comfyfixersmart/library?scenario=hostile-verdicts').then((one) => one.json()).then((all) => all.workflows.map((each) => each.slug))"
    )
    for slug in slugs:
        one.page.evaluate("(slug) => panel.show({ page: 'workflow', slug })", slug)
        one.page.wait_for_function("(slug) => document.querySelector('.cfs-workflow .cfs-lead')", arg=slug)
        for name in (".cfs-fold[aria-expanded=false]", "[data-key^=more-]", ".cfs-verdict .cfs-ib"):
            one.page.eval_on_selector_all(name, "(all) => all.forEach((one) => one.click())")
        assert one.count("#sidebar :is(script, iframe, img, a, object, style)") == 0
        assert one.page.evaluate("window.pwned") is None
        wide = one.page.evaluate(
            "[...document.querySelectorAll('.cfs-workflow *')].filter((each) => each.getBoundingClientRect().right > 322).map((each) => each.outerHTML.slice(0, 200))"
        )
        assert wide == [], slug
    assert not [call for call in one.calls() if call[0] == "openPage"]


def test_only_web_pages_are_opened_and_they_learn_nothing(show: Any) -> None:
    """The real host module, between stand-ins for ComfyUI's two scripts."""
    one = show("library")
    body = "export const app = {}, api = {};"
    one.page.route("**/scripts/*.js", lambda route: route.fulfill(body=body, content_type="text/javascript"))
    addresses = [
        "https://models.example/a?b=1",
        "http://127.0.0.1:7/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://huggingface.co@example.invalid/x",
        "/relative",
        "no address",
    ]
    opened = one.page.evaluate(
        """async (addresses) => {
          const made = [];
          window.open = (...all) => { made.push(all.map(String)); };
          const { openPage } = await import("/web/host/page.mjs");
          return [addresses.map(openPage), made];
        }""",
        addresses,
    )
    assert opened[0] == [True, True, *[False] * 6]
    assert opened[1] == [[address, "_blank", "noopener,noreferrer"] for address in addresses[:2]]


@pytest.mark.parametrize("width", [224, 320, 460, 600])
def test_nothing_is_wider_than_the_panel(missing: Any, width: int) -> None:
    one = missing(width=width)
    for fold in one.page.locator(".cfs-fold").all():
        fold.click()
    one.page.get_by_role("button", name="Use this one: grain-works/FineGrain").first.click()
    assert fits(one, ".cfs-page")
    one.page.locator(".cfs-verdict").get_by_role("button", name="Enter a key of yours").first.click()
    one.page.get_by_label("Enter a key for Tavily").click()
    assert fits(one, ".cfs-sheet-body") and fits(one, ".cfs")


def fits(one: Any, name: str) -> bool:
    return bool(one.page.eval_on_selector(name, "(one) => one.scrollWidth <= one.clientWidth"))


def test_a_thousand_verdicts_do_not_freeze_the_page(show: Any) -> None:
    one = show("many")
    took = one.page.evaluate("""async () => {
      const longest = [];
      new PerformanceObserver((list) => longest.push(...list.getEntries().map((each) => each.duration))).observe({ type: "longtask" });
      panel.show({ page: "workflow", slug: "many-parts" });
      while (!document.querySelector(".cfs-finding")) await new Promise((done) => setTimeout(done, 20));
      await new Promise((done) => setTimeout(done, 500));
      return Math.max(0, ...longest);
    }""")
    print("the longest task took", round(took), "ms")
    assert took < 1500
    assert one.count(".cfs-finding") == 1000 and one.count(".cfs-candidate") == 0
    one.page.get_by_role("button", name="Details: part_0000.pth").click()
    assert one.count(".cfs-candidate") == 3 and one.focused().startswith("Use this one")


def test_the_keyboard_goes_through_a_verdict_in_reading_order(missing: Any) -> None:
    one = missing()
    one.box("4x-FineGrain.pth").locator("button").first.focus()
    seen = []
    for _ in range(12):
        seen.append(one.focused())
        one.press("Tab")
    assert seen[:3] == [
        "Use this one: grain-works/FineGrain",
        "Open the page of grain-works/FineGrain",
        "Copy the address of grain-works/FineGrain",
    ]
    assert seen[-3:] == ["Show 1 more", "Ask again for 4x-FineGrain.pth", "How it was looked for3"]


def test_chinese_leaves_only_what_the_server_says(missing: Any) -> None:
    one = missing(locale="zh")
    words = one.page.evaluate(
        "[...document.querySelectorAll('.cfs-verdict :is(dt, .cfs-word, .cfs-btn, .cfs-fold, .cfs-minds li:first-child)')].map((one) => one.innerText).join(' ')"
    )
    assert "Why" not in words and "resolution." not in one.page.text_content(".cfs-workflow")
    assert "已找到" in words and "Fits" not in words
    one.page.get_by_role("button", name="再次查找").click()
    one.page.wait_for_function("host.calls.some((one) => one[1] === 'resolve')")
    assert json.dumps(one.posts()).count('"resolve"') == 1


@pytest.mark.parametrize("tone", ["dark", "light"])
@pytest.mark.parametrize("width", [224, 460])
def test_axe_finds_nothing_in_verdicts(missing: Any, axe: Any, tone: str, width: int) -> None:
    one = missing(tone=tone, width=width)
    for fold in one.page.locator(".cfs-fold").all():
        fold.click()
    one.page.get_by_role("button", name="Use this one: grain-works/FineGrain").first.click()
    assert axe(one) == []


@pytest.mark.parametrize("tone", ["dark", "light", "solarized", "nord"])
def test_axe_finds_nothing_in_sheets_and_progress(missing: Any, axe: Any, tone: str) -> None:
    one = missing("missing", tone=tone)
    one.click("Resolve missing")
    one.page.locator(".cfs-sheet").wait_for()
    one.page.wait_for_timeout(250)
    assert axe(one) == []
    one.page.get_by_label("Enter a key for Tavily").click()
    assert axe(one) == []
    one.scenario.lookup.held = True
    one.press("Escape")
    one.click("Ask these services")
    one.page.locator(".cfs-lookup").wait_for()
    assert axe(one) == []
