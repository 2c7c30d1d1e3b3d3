"""Which services may be asked, and the person's own keys for them: the sheet, in a browser."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "video-heron-much-is-missing"
SERVICES = ["huggingface", "civitai", "modelscope", "registry", "direct"]
REFUSALS = ("Failed to load resource",)


# ---- consent ----------------------------------------------------------------------------------------------


def test_the_first_press_asks_and_sends_nothing(missing: Any) -> None:
    one = missing("missing")
    one.click("Resolve missing")
    sheet = one.page.locator(".cfs-sheet")
    sheet.wait_for()
    ticks = {tick.get_attribute("name"): tick.is_checked() for tick in sheet.locator("input[name]").all()}
    assert ticks == {**dict.fromkeys(SERVICES, True), "web": False}
    assert sheet.locator("[name=web]").is_disabled() and "SearXNG" in sheet.inner_text()
    text = sheet.inner_text()
    for source in one.scenario.lookup.sources()["sources"]:
        assert source["label"] in text and source["purpose"] in text, "what for"
        assert f"Sent to {source['host']}: {source['sends']}" in text, "word for word"
    assert "Never sent: prompts, folders and paths, workflow texts, pictures." in text
    assert "heron_xxl_fp8_e4m3fn_scaled.safetensors" in sheet.locator(".cfs-asked").inner_text()
    assert "and 4 more" in sheet.locator(".cfs-asked").inner_text()
    assert not sheet.get_by_label("Look up what is missing at each check").is_checked()
    assert one.page.evaluate("document.querySelector('.cfs-sheet').contains(document.activeElement)")
    one.press("Escape")
    assert one.count(".cfs-sheet") == 0 and one.focused() == "Resolve missing"
    assert one.posts() == [] and one.scenario.lookup.consent is None


def test_what_is_ticked_is_allowed_and_then_looked_up(missing: Any) -> None:
    one = missing("missing")
    one.click("Resolve missing")
    one.page.locator("[name=modelscope]").uncheck()
    one.page.get_by_label("Look up what is missing at each check").check()
    one.click("Ask these services")
    one.page.get_by_text("Looked up:").wait_for()
    allowed = [name for name in SERVICES if name != "modelscope"]
    assert one.posts()[:2] == [
        ["consent", {"sources": allowed, "discovery": True}],
        ["resolve", {"slug": SLUG, "workflow": None, "name": "", "again": False}],
    ]
    one.page.get_by_role("heading", name="The plan").wait_for()
    one.press("Escape")
    one.click("Look up again")
    one.page.wait_for_function("host.calls.filter((one) => one[1] === 'resolve').length === 2")
    assert one.count(".cfs-sheet") == 0, "it is asked once"


def test_only_this_machine_is_a_choice_too(missing: Any) -> None:
    one = missing("missing")
    one.click("Resolve missing")
    for name in SERVICES:
        one.page.locator(f"[name={name}]").uncheck()
    ask = one.page.get_by_role("button", name="Ask these services")
    assert ask.get_attribute("aria-disabled") == "true"
    ask.click(force=True)
    assert "Tick a service first" in one.page.locator(".cfs-sheet-foot").inner_text() and one.posts() == []
    one.click("Only look on this machine")
    one.page.get_by_text("Looked up:").wait_for()
    assert one.posts()[0] == ["consent", {"sources": [], "discovery": False}]


def test_from_another_computer_the_sheet_says_what_to_do(missing: Any) -> None:
    one = missing("from-afar", faults=REFUSALS)
    one.click("Resolve missing")
    one.click("Ask these services")
    foot = one.page.locator(".cfs-sheet-foot")
    foot.get_by_text("taken only from the computer that runs ComfyUI").wait_for()
    assert "http://127.0.0.1:8188" in foot.inner_text() and foot.is_visible()
    assert [call[0] for call in one.posts()] == ["consent"], "and nothing is looked up"


def test_the_menu_and_the_canvas_ask_as_the_button_does(show: Any) -> None:
    one = show("missing", canvas=1, view={"page": "open", "focus": "missing"})
    one.page.locator(".cfs-sheet").wait_for()
    one.click("Ask these services")
    one.page.get_by_text("Looked up:").wait_for()
    assert one.posts()[1] == [
        "resolve",
        {"slug": None, "workflow": {"nodes": [], "links": []}, "name": "video_heron2_2_14B_i2v", "again": False},
    ]
    one.page.get_by_role("heading", name="The plan").wait_for()
    one.page.evaluate("remount()")
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.page.wait_for_timeout(300)
    assert [path for path, _ in one.posts()] == ["consent", "resolve", "plan"], (
        "opening the tab again does not ask again"
    )
    assert one.count(".cfs-sheet") == 0 and one.page.inner_text("[data-key=resolve]") == "Show the plan"


# ---- services and keys in the settings --------------------------------------------------------------------


def settings(one: Any) -> Any:
    one.page.get_by_label("More").click()
    one.page.get_by_role("menuitem", name="Settings").click()
    one.page.locator(".cfs-asks").wait_for()
    return one.page.locator(".cfs-asks")


def test_the_settings_tell_who_may_be_asked_and_lead_to_the_sheet(show: Any) -> None:
    one = show("asked")
    told = settings(one)
    told.get_by_text("Hugging Face, Civitai, ModelScope, Comfy Registry, Other download pages").wait_for()
    told.get_by_role("button").click()
    one.page.locator("[name=civitai]").uncheck()
    one.click("Save")
    one.page.wait_for_function("!document.querySelector('.cfs-sheet')")
    assert one.focused() == "More"
    assert one.posts() == [
        ["consent", {"sources": [name for name in SERVICES if name != "civitai"], "discovery": False}]
    ]


def test_a_key_goes_to_the_server_once_and_is_never_shown(show: Any) -> None:
    one = show("keyed", faults=REFUSALS)
    settings(one).get_by_role("button").click()
    keys = one.page.locator(".cfs-own-keys")
    keys.wait_for()
    rows = keys.locator(".cfs-key")
    assert [row.inner_text().replace("\n", " ") for row in rows.all()] == [
        "Hugging Face A key is set by the environment",
        "Civitai A key is set Remove",
        "ModelScope Enter a key",
        "Brave A key is set Remove",
        "Tavily Enter a key",
    ]
    one.page.get_by_label("Enter a key for ModelScope").click()
    field = one.page.get_by_label("Key for ModelScope", exact=True)
    assert field.get_attribute("type") == "password"
    field.fill("short")
    one.press("Enter")
    keys.get_by_text("8 to 512").wait_for()
    assert field.input_value() == ""
    field.fill("canary-key-0123456789")
    one.press("Enter")
    keys.locator("li", has_text="ModelScope").get_by_text("A key is set").wait_for()
    assert one.posts()[-1] == ["key", {"source": "modelscope", "key": "canary-key-0123456789"}]
    assert "canary" not in one.page.content()
    assert one.focused() == "Remove the key for ModelScope" and one.page.text_content(".cfs-live") == "The key is kept."
    one.press("Enter")
    keys.locator("li", has_text="ModelScope").get_by_text("Enter a key").wait_for()
    assert one.posts()[-1] == ["key", {"source": "modelscope", "key": None}]
    one.press("Enter", "Escape")
    assert one.count(".cfs-sheet") == 1, "Escape leaves the field, not the sheet"
    assert one.focused() == "Enter a key for ModelScope"


def test_a_key_for_web_search_lets_it_be_ticked(show: Any) -> None:
    one = show("asked")
    settings(one).get_by_role("button").click()
    one.page.get_by_label("Enter a key for Tavily").click()
    one.page.get_by_label("Key for Tavily", exact=True).fill("canary-key-0123456789")
    one.press("Enter")
    one.page.locator("[name=web]:enabled").check()
    one.click("Save")
    one.page.wait_for_function("!document.querySelector('.cfs-sheet')")
    assert one.posts()[-1][1]["sources"][-1] == "web"


def test_what_the_environment_says_is_told_and_not_changed(show: Any) -> None:
    one = show("fixed-services")
    settings(one).get_by_role("button").click()
    sheet = one.page.locator(".cfs-sheet", has_text="COMFYFIXERSMART_SOURCES")
    sheet.wait_for()
    assert sheet.locator("[name=civitai]").is_checked() and not sheet.locator("[name=web]").is_checked()
    assert sheet.locator("input:enabled").count() == 0 and one.count(".cfs-sheet-foot") == 0
