"""A workflow explained, in a browser: the page, its drawing, its states, its keys."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SLUG = "image-kite-kite_context_edit"
VIEW = {"page": "workflow", "slug": SLUG, "focus": "explain"}


@pytest.fixture
def explained(show: Any) -> Any:
    """`explained("explained-notes", width=460)`: the page, with its answer."""

    def make(scenario: str = "explained", *, view: dict[str, Any] | None = None, **wanted: Any) -> Any:
        one = show(scenario, view=view or VIEW, **wanted)
        one.page.locator(".cfs-explained:not(:has(.cfs-loading))").wait_for()
        return one

    return make


def wide(one: Any) -> list[str]:
    """What reaches out of the panel, other than what scrolls in a place of its own."""
    return list(
        one.page.evaluate(
            """(width) => [...document.querySelectorAll('.cfs-understood *')]
                .filter((each) => !each.closest('.cfs-drawn, .cfs-live') && each.getBoundingClientRect().right > width + 1)
                .map((each) => each.outerHTML.slice(0, 120))""",
            one.page.evaluate("document.querySelector('.cfs').getBoundingClientRect().width"),
        )
    )


def test_it_says_what_how_with_what_and_what_to_change_in_that_order(explained: Any) -> None:
    one = explained("explained-notes")
    text = one.page.text_content(".cfs-explained")
    order = (
        "Image editing with a prompt · Kite.1 Context", "kite_context_edit", "Takes a picture of yours", "How it works",
        "Your picture", "Decode and save", "Models and what they do", "What to change first", "Will it fit?",
        "Yes, 13.0 to 14.4 GB of 16 GB", "Keep in mind", "LIC001", "The author's notes",
        "No language model was used", "8 facts",
    )  # fmt: skip
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert one.count(".cfs-stage") == 6 and one.count(".cfs-dot") == 6
    assert one.page.title() and one.count(".cfs-explained h2") == 1


def test_the_drawing_names_its_stages_and_its_dots_go_to_their_nodes(explained: Any) -> None:
    one = explained(canvas=1)
    drawn = one.page.locator(".cfs-drawn svg")
    assert drawn.get_attribute("aria-label") == (
        "The way through the workflow, 6 stages: Your picture, Picture to latent, Your sentence, Picture as reference, "
        "Sampling, Decode and save."
    )
    one.page.locator(".cfs-dot").nth(4).hover()
    assert one.page.text_content(".cfs-drawn-about") == "5 Sampling"
    one.page.locator(".cfs-dot").nth(4).click()
    assert ["goToNode", "192:31"] in one.calls() or [
        "openWorkflow",
        f"workflows/image/kite/{SLUG[11:]}.json",
    ] in one.calls()


def test_the_dots_are_one_stop_and_arrows_move_between_them(explained: Any) -> None:
    one = explained(canvas=1)
    assert one.page.locator(".cfs-dot[tabindex='0']").count() == 1
    one.page.locator(".cfs-dot").first.focus()
    one.press("ArrowRight", "ArrowRight")
    assert one.focused() == "3 Your sentence"
    assert one.page.text_content(".cfs-drawn-about") == "3 Your sentence"
    one.press("End")
    assert one.focused() == "6 Decode and save"
    one.press("Enter")
    one.page.wait_for_function("host.calls.some((each) => each[0] === 'goToNode' && each[1] === '192:8')")


def test_links_have_comfyuis_colours_and_missing_stages_are_marked(explained: Any) -> None:
    one = explained("explained-lacking")
    colours = one.page.eval_on_selector_all(".cfs-wire", "all => all.map(one => one.style.getPropertyValue('--wire'))")
    assert "#64b5f6" in colours and "#ff9cf9" in colours and "#ffa931" in colours
    assert one.count(".cfs-dot-missing") == one.count(".cfs-dot-triangle") == 1
    assert "1 lacks something." in one.page.locator(".cfs-drawn svg").get_attribute("aria-label")
    assert one.page.locator(".cfs-dot-missing").get_attribute("aria-label") == "5 Sampling: something is missing"
    one.page.click("[data-key=standing]")  # the way to what is missing
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()


def test_the_reader_is_chosen_and_remembered(explained: Any) -> None:
    one = explained(canvas=1)
    one.page.click("[data-key=copy]")
    one.page.click("[data-key=reader]")
    one.page.get_by_role("menuitemradio", name="Expert").click()
    assert "one pass, 20 steps" in one.page.text_content(".cfs-explain-lead")
    assert one.focused() == "Explained for: Expert"
    one.page.click("[data-key=copy]")
    copied = [each[1] for each in one.calls() if each[0] == "copy"]
    assert [text.split("\n")[2] for text in copied] == ["For a newcomer.", "For an expert."]
    one.page.evaluate("remount()")
    one.page.locator(".cfs-explained [data-key=reader]").wait_for()
    assert one.page.text_content("[data-key=reader]") == "Expert"


def test_facts_unfold_with_who_says_so(explained: Any) -> None:
    one = explained()
    facts = one.page.locator("[data-key=facts]")
    assert facts.get_attribute("aria-expanded") == "false"
    facts.click()
    assert facts.get_attribute("aria-expanded") == "true"
    told = one.page.inner_text(".cfs-facts-list")
    assert "18 to 28 steps are usual." in told and "knowledge/practice.json" in told
    assert "From the graph itself" in told and "ComfyUI's documentation of ReferenceLatent" in told


def test_a_code_unfolds_its_paragraph(explained: Any) -> None:
    one = explained()
    code = one.page.locator(".cfs-part-mind .cfs-code")
    code.click()
    one.page.locator(".cfs-part-mind .cfs-about").get_by_text("ComfyUI did not answer").wait_for()
    code.click()
    assert one.count(".cfs-part-mind .cfs-about") == 0


def test_notes_of_the_author_stay_text(explained: Any) -> None:
    one = explained("explained-notes")
    notes = one.page.locator(".cfs-part-author")
    assert "The model (huggingface.co)" in notes.inner_text() and notes.locator("a").count() == 0
    notes.get_by_role("button", name="Show the whole note").click()
    assert "kite_ae.safetensors · vae" in notes.inner_text()


def test_the_key_opens_it_and_leads_back(show: Any) -> None:
    one = show("explained", view={**VIEW, "focus": ""}, canvas=1)
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.page.focus("[data-back]")
    one.press("e")
    one.page.locator(".cfs-explained .cfs-stage").first.wait_for()
    assert one.page.text_content("[data-back]") == "Back" and one.focused() == "kite_context_edit"
    one.press("e")
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.press("e")
    one.page.locator(".cfs-explained .cfs-stage").first.wait_for()
    one.press("Escape")
    one.page.locator(".cfs-workflow .cfs-lead").wait_for()
    one.press("Escape")
    one.page.locator(".cfs-list").wait_for()


def test_the_bar_stands_for_the_parts_at_the_heaviest_moment(explained: Any) -> None:
    one = explained()
    assert one.page.locator(".cfs-part-fit .cfs-memory").get_attribute("aria-label") == (
        "13.0 to 14.4 GB of 16.0 GB at the heaviest moment: Weights 11.9 GB, VAE 300 MB, Working 0.8 to 2.2 GB."
    )
    widths = one.page.eval_on_selector_all(".cfs-memory-bar > i", "all => all.map((one) => one.style.width)")
    assert widths == ["74.38%", "1.88%", "5%", "8.75%"]
    assert "NVIDIA GeForce RTX 4070 Ti SUPER" in one.page.inner_text(".cfs-part-fit")
    one.page.click("[data-key=tune]")
    one.page.locator(".cfs-tuned .cfs-size[aria-checked=true]").wait_for()
    assert one.page.inner_text(".cfs-size[aria-checked=true]") == "8 GB"


def test_what_does_not_fit_is_marked_and_leads_to_this_machines_size(explained: Any) -> None:
    one = explained("explained-tight")
    assert one.count(".cfs-memory-end") == 1
    assert one.page.inner_text("[data-key=tune]") == "Fit it to this machine"


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("explained-no-machine", "GPU not known"),
        ("explained-cpu", "There is no GPU: 18.0 to 21.0 GB of RAM wanted"),
        ("explained-partner", "Needs no GPU memory here"),
        ("explained-unknown", "It cannot be told how much memory it wants"),
    ],
)
def test_other_machines_and_other_work(explained: Any, scenario: str, words: str) -> None:
    one = explained(scenario)
    told = one.page.inner_text(".cfs-part-fit")
    assert words in told
    assert one.count(".cfs-part-fit .cfs-memory") == (scenario in ("explained-no-machine", "explained-cpu"))
    if scenario == "explained-cpu":  # without a GPU all of it lies in RAM, and that is what the bar shows
        assert one.page.get_attribute(".cfs-memory", "aria-label").startswith("18.0 to 21.0 GB of 64.0 GB")


def test_an_empty_graph_says_so(explained: Any) -> None:
    one = explained("explained-nothing")
    assert "There is nothing to explain yet" in one.page.inner_text(".cfs-explained")
    assert one.count(".cfs-section") == 0


def test_no_graph_at_all_is_no_error(show: Any) -> None:
    one = show("explained", view={"page": "open", "focus": "explain"})
    one.page.get_by_text("The graph on the canvas is empty.").wait_for()


def test_an_error_can_be_tried_again(show: Any) -> None:
    one = show("explained", faults=("404", "Failed to load"))
    one.scenario.understood.fails["explain"] = (404, "unknown_workflow", "No workflow is called so.", "Check again.")
    one.page.evaluate("(view) => panel.show(view)", VIEW)
    one.page.get_by_text("No workflow is called so.").wait_for()
    one.scenario.understood.fails.clear()
    one.page.click("[data-key=retry]")
    one.page.locator(".cfs-stage").first.wait_for()


def test_while_it_waits_there_is_a_calm_outline(show: Any) -> None:
    one = show("explained")
    held: list[Any] = []
    one.page.route("**/comfyfixersmart/explain*", lambda route: held.append(route))
    one.page.evaluate("(view) => panel.show(view)", VIEW)
    one.page.locator(".cfs-explained .cfs-loading[role=status]").wait_for()
    assert one.page.evaluate("document.getAnimations().filter((each) => each.effect.getTiming().iterations === Infinity).length") == 0  # fmt: skip
    held[0].continue_()
    one.page.locator(".cfs-stage").first.wait_for()


def test_the_canvas_is_explained_anew_when_it_changed_and_late_answers_are_dropped(show: Any) -> None:
    one = show("explained", view={"page": "open", "focus": "explain"}, canvas=1, faults=("500",))
    one.page.locator(".cfs-stage").first.wait_for()
    held: list[Any] = []
    one.page.route("**/comfyfixersmart/explain*", lambda route: held.append(route))
    for count in (1, 2):
        one.page.evaluate("host.edited()")
        while len(held) < count:
            one.page.wait_for_timeout(20)
    assert one.count(".cfs-stage") == 6, "what was shown stays until the new one is there"
    with one.page.expect_response("**/comfyfixersmart/explain*"):
        held[1].continue_()
    with one.page.expect_response("**/comfyfixersmart/explain*"):
        held[0].fulfill(status=500, json={"error": {"code": "failed", "message": "too late", "hint": ""}})
    one.page.wait_for_timeout(100)
    assert one.count(".cfs-stage") == 6 and "too late" not in one.page.inner_text(".cfs-explained")


def test_a_huge_workflow_is_folded(explained: Any) -> None:
    one = explained("explained-huge")
    assert one.count(".cfs-stage") == 16 and one.count(".cfs-part-models li") == 12
    one.page.locator(".cfs-part-models .cfs-more").click()
    assert one.count(".cfs-part-models li") == 212
    assert one.page.evaluate("document.activeElement.textContent").startswith("harbour_style_0012")
    one.page.click("[data-key=facts]")
    assert one.count(".cfs-facts-list li") == 60
    assert wide(one) == []


@pytest.mark.parametrize("width", [224, 320, 600])
def test_long_and_hostile_names_stay_inside_and_stay_text(show: Any, width: int) -> None:
    for scenario in ("explained-long", "explained-hostile"):
        one = show(scenario, width=width)
        slug = next(iter(one.scenario.entries))
        one.page.evaluate("(view) => panel.show(view)", {**VIEW, "slug": slug})
        one.page.locator(".cfs-explained .cfs-section").first.wait_for()
        one.page.click("[data-key=facts]")
        assert one.count(".cfs-understood :is(script, iframe, img, a, object, style)") == 0
        assert wide(one) == [], scenario


def test_chinese_has_every_word_of_the_frame(explained: Any) -> None:
    one = explained(locale="zh")
    told = one.page.inner_text(".cfs-explained")
    for word in ("如何运作", "模型及其作用", "显存够吗？", "请留意", "8 条事实"):
        assert word in told


@pytest.mark.parametrize("tone", ["dark", "light"])
@pytest.mark.parametrize("scenario", ["explained-notes", "explained-lacking", "explained-unknown", "explained-tight"])
def test_axe_finds_nothing(explained: Any, axe: Any, tone: str, scenario: str) -> None:
    one = explained(scenario, tone=tone, width=320 if tone == "dark" else 224)
    one.page.click("[data-key=facts]")
    assert axe(one) == []
    assert wide(one) == []
